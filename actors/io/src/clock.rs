//! The system's two clocks.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use wayfare_actors::ports::{Clock, Random};
use wayfare_protocol::{Boot, Now, Wall};

// Time that runs on while the machine sleeps has another name on every system.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT: ClockId = ClockId::CLOCK_MONOTONIC;

/// The machine's clocks: CLOCK_BOOTTIME for deadlines, CLOCK_REALTIME to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now {
            boot: boot_now(),
            wall: Wall(u64::try_from(read(ClockId::CLOCK_REALTIME).as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

pub(crate) fn boot_now() -> Boot {
    Boot(read(BOOT))
}

fn read(clock: ClockId) -> Duration {
    // Both clocks are read without privilege on every system this is built for, so this cannot fail at run time.
    Duration::from(clock_gettime(clock).expect("the clock can be read"))
}

/// The system's random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    /// If the system gives no random bytes: nothing that needs them could go on safely.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system gives random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_never_goes_back() {
        let first = SystemClock.now();
        assert!(SystemClock.now().boot >= first.boot);
    }

    #[test]
    fn two_draws_differ() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        OsRandom.fill(&mut first);
        OsRandom.fill(&mut second);
        assert_ne!(first, second);
    }
}
