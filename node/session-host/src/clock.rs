//! What time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};
use wayfare_protocol::{Boot, Now, Wall};

/// Both clocks. A boot clock that cannot be read (no Linux lacks it) stands still, which delays deadlines only.
pub(crate) fn now() -> Now {
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { boot: Boot(boot), wall: Wall(wall.as_millis() as u64) }
}
