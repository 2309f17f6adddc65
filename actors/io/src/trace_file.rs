//! A file of everything that the actors take and decide, to find out afterwards why something happened.

use std::fmt::Arguments;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use serde::Serialize;
use wayfare_actors::actor::Trace;
use wayfare_core::Fact;

use crate::clock::boot_now;

/// Lines that may wait for the disk; more are left out and counted.
const WAITING: usize = 64 * 1024;

/// Traces to a file, one line a step: boot time in seconds, the actor, `<` for an input or `>` for an effect. Facts are lines of
/// JSON with `at`, `actor` and `fact`, for `wayfare-sim check`. It holds what passes through links, so only its owner may read
/// it; raw frames are left out, because a pairing code may be in them. Dropping it writes what waits.
#[derive(Debug)]
pub struct TraceFile {
    lines: Option<SyncSender<String>>,
    left_out: AtomicU64,
    writer: Option<JoinHandle<()>>,
}

impl TraceFile {
    /// Appends to a file, which is made with mode 0600 if there is none.
    ///
    /// # Errors
    /// If the file cannot be opened or no thread can be started.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let (lines, waiting) = sync_channel(WAITING);
        let write = move || {
            if let Err(error) = write_all(BufWriter::new(file), &waiting) {
                tracing::error!(%error, "trace file not written any further");
            }
        };
        let writer = std::thread::Builder::new().name("trace file".to_owned()).spawn(write)?;
        let trace = Self { lines: Some(lines), left_out: AtomicU64::new(0), writer: Some(writer) };
        trace.fact("process", &Fact::Gap); // a life before this one may have lost its last lines
        Ok(trace)
    }

    fn write(&self, line: String) {
        let Some(lines) = &self.lines else { return };
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        let line = if left_out == 0 {
            line
        } else {
            format!("... {left_out} lines left out\n{}\n{line}", fact_line("process", &Fact::Gap))
        };
        match lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
            }
            // The disk refused, and that was said.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

#[derive(Serialize)]
struct FactLine<'a> {
    at: f64,
    actor: &'a str,
    fact: &'a Fact,
}

fn fact_line(actor: &str, fact: &Fact) -> String {
    let line = FactLine { at: boot_now().0.as_secs_f64(), actor, fact };
    serde_json::to_string(&line).unwrap_or_default() // plain data with text for keys
}

/// What a step says, without the bytes of a raw frame; what they mean is told by the steps that follow.
fn without_frames(mut text: String) -> String {
    let frame = ["Received(b\"", "Transmit(b\""].into_iter().filter_map(|word| text.find(word)).min();
    if let Some(at) = frame {
        text.truncate(at + "Received(".len());
        text.push_str("..)");
    }
    text
}

fn write_all(mut file: BufWriter<impl Write>, lines: &Receiver<String>) -> io::Result<()> {
    while let Ok(line) = lines.recv() {
        writeln!(file, "{line}")?;
        while let Ok(line) = lines.try_recv() {
            writeln!(file, "{line}")?;
        }
        file.flush()?;
    }
    Ok(())
}

impl Trace for TraceFile {
    fn note(&self, actor: &str, what: Arguments<'_>) {
        let at = boot_now().0.as_secs_f64();
        self.write(without_frames(format!("{at:.6} {actor} {what}")));
    }

    fn fact(&self, actor: &str, fact: &Fact) {
        self.write(fact_line(actor, fact));
    }

    fn compares_events(&self) -> bool {
        true
    }
}

impl Drop for TraceFile {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join(); // a panic of the writer has been printed
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use wayfare_core::link;

    use super::*;

    #[test]
    fn every_step_is_a_line_in_a_file_of_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        for round in 0..2 {
            let trace = TraceFile::open(&path).unwrap();
            trace.note("link", format_args!("< Round {round}"));
            trace.note("account", format_args!("> Send"));
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('{'));
        let shown: Vec<_> = lines.filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest).collect();
        assert_eq!(shown, ["link < Round 0", "account > Send", "link < Round 1", "account > Send"]);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_pairing_code_is_in_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let frame = bytes::Bytes::from_static(b"pair 7F3K-91QX");
        let trace = TraceFile::open(&path).unwrap();
        trace.note("link", format_args!("< {:?}", link::Input::Received(frame.clone())));
        trace.note("uplink", format_args!("> Link {{ op: 1, effect: {:?} }}", link::Effect::Transmit(frame)));
        drop(trace);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("link < Received(..)") && text.contains("effect: Transmit(..)"), "{text}");
        assert!(!text.contains("7F3K"), "{text}");
    }

    #[test]
    fn a_fact_is_a_line_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let trace = TraceFile::open(&path).unwrap();
        trace.fact("session", &Fact::Overdue { what: "an answer".to_owned() });
        drop(trace);
        let text = std::fs::read_to_string(&path).unwrap();
        let facts: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(facts[0]["fact"], "gap");
        assert_eq!(facts[1]["fact"]["overdue"]["what"], "an answer");
    }
}
