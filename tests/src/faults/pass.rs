//! One direction of a connection: bytes that arrive when the line's quality says.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use wayfare_simulation::scenario::Quality;
use wayfare_simulation::seed::{Draws, Seed};

use super::Line;

/// What is taken from one end before it is handed to the other.
const BUFFER: usize = 16 * 1024;
/// Pieces that are on the wire at once; of more, the sender waits.
const ON_THE_WIRE: usize = 256;
/// For so long what is sent is delayed alike: packets of one moment meet the same queues.
const SPELL: Duration = Duration::from_millis(200);

/// Passes bytes until the end of what is read, which it passes on too.
///
/// # Errors
/// If an end is gone, or bytes were lost and the line is whole again.
pub(super) async fn pass(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    line: watch::Receiver<Line>,
    quality: Quality,
    seed: &Seed,
) -> io::Result<()> {
    let (hand, mut handed) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WIRE);
    let (mut state, mut open) = (line.clone(), line);
    let reading = async move {
        let mut wire = Wire::new(quality, seed, Instant::now());
        let mut buffer = vec![0; BUFFER];
        let mut has_lost = false;
        loop {
            let length = tokio::select! {
                biased;
                _ = state.wait_for(|line| *line == Line::Whole), if has_lost => return Err(lost()),
                length = from.read(&mut buffer) => length?,
            };
            let now = *state.wait_for(|line| *line != Line::Held).await.map_err(io::Error::other)?;
            if now == Line::Lossy {
                has_lost = true;
                if length == 0 {
                    // The end is lost too: nobody hears of it before the line is whole.
                    let _ = state.wait_for(|line| *line == Line::Whole).await;
                    return Err(lost());
                }
                continue;
            }
            let piece = (wire.due(Instant::now(), length), buffer[..length].to_vec());
            if hand.send(piece).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let writing = async {
        while let Some((due, bytes)) = handed.recv().await {
            sleep_until(due).await;
            open.wait_for(|line| *line != Line::Held).await.map_err(io::Error::other)?;
            if bytes.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    tokio::try_join!(reading, writing).map(drop)
}

fn lost() -> io::Error {
    io::Error::other("bytes were lost")
}

/// When what is put on a wire arrives.
struct Wire {
    quality: Quality,
    draws: Draws,
    /// Until then it is taken by what was put on it before.
    free_at: Instant,
    /// The last arrival: nothing overtakes.
    last: Instant,
    delay: Duration,
    spell_ends: Instant,
}

impl Wire {
    fn new(quality: Quality, seed: &Seed, now: Instant) -> Self {
        Self { quality, draws: seed.draws(), free_at: now, last: now, delay: Duration::ZERO, spell_ends: now }
    }

    fn due(&mut self, now: Instant, bytes: usize) -> Instant {
        let Quality { latency, jitter, per_byte, .. } = self.quality;
        if now >= self.spell_ends {
            self.delay = latency + self.draws.duration(Duration::ZERO, jitter);
            self.spell_ends = now + SPELL;
        }
        self.free_at = self.free_at.max(now) + per_byte * u32::try_from(bytes).unwrap_or(u32::MAX);
        self.last = self.last.max(self.free_at + self.delay);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use wayfare_simulation::scenario::Profile;

    use super::*;

    #[test]
    fn bytes_arrive_after_latency_jitter_and_their_time_on_the_wire_in_order() {
        let quality = Profile::Lte.quality();
        let begin = Instant::now();
        let mut wire = Wire::new(quality, &Seed::root(1), begin);
        let mut last = begin;
        for step in 0..500_u32 {
            let sent = begin + Duration::from_millis(10) * step;
            let due = wire.due(sent, 1000);
            assert!(due >= last, "nothing overtakes");
            let least = sent + quality.latency + quality.per_byte * 1000;
            assert!(due >= least && due <= least + quality.jitter + SPELL, "{step}: {:?}", due - sent);
            last = due;
        }
        // A megabyte at 20 Mbit/s.
        let mut wire = Wire::new(quality, &Seed::root(1), begin);
        let arrives = (0..100).map(|_| wire.due(begin, 10_000)).last().expect("an arrival");
        assert!(arrives - begin >= Duration::from_millis(400), "{:?}", arrives - begin);
    }

    #[test]
    fn a_line_without_a_quality_takes_no_time() {
        let begin = Instant::now();
        let mut wire = Wire::new(Quality::default(), &Seed::root(1), begin);
        assert_eq!(wire.due(begin, 1_000_000), begin);
    }
}
