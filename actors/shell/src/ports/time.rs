//! The ports of time: a clock that is read, a timer that wakes.

use wayfare_protocol::{Boot, Now};

use super::Pending;

/// Reads the clocks.
pub trait Clock: Send + Sync {
    /// Both readings of this moment. Boot time never goes back; wall time may.
    fn now(&self) -> Now;
}

/// Wakes.
pub trait Timer: Send + Sync {
    /// Ends at that instant of boot time or soon after, at once if it has passed. The real one follows CLOCK_BOOTTIME, so
    /// that a deadline which passed while the machine slept is met at once when it wakes.
    fn sleep_until(&self, at: Boot) -> Pending<()>;
}

/// Draws.
pub trait Random: Send + Sync {
    /// Fills the bytes with unpredictable ones (in the simulation: with those of its seed).
    fn fill(&self, bytes: &mut [u8]);
}
