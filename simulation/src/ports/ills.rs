//! What can be wrong with a disk, a store and session hosts, for a while.

use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::ports::LogName;

use crate::hits::Strike;
use crate::world::Event;

/// What is wrong with a disk.
#[derive(Default)]
pub struct DiskIlls {
    /// There is no room for a record.
    pub full: Option<Arc<Strike>>,
    /// The next sync fails.
    pub fails: Option<Arc<Strike>>,
    /// Every sync takes so much longer.
    pub slow: Option<(Duration, Arc<Strike>)>,
    /// What happens in the middle of the next append: its machine loses power.
    pub tear: Option<Event>,
    /// The log whose last append was in the middle when power was lost: its last record is not whole.
    pub(super) torn: Option<LogName>,
}

impl DiskIlls {
    pub(super) fn is_full(&self) -> bool {
        self.full.as_ref().is_some_and(|strike| {
            strike.hit();
            true
        })
    }

    pub(super) fn sync_fails(&mut self) -> bool {
        self.fails.take().is_some_and(|strike| strike.hit())
    }

    pub(super) fn delay(&self) -> Duration {
        self.slow.as_ref().map_or(Duration::ZERO, |(delay, strike)| {
            strike.hit();
            *delay
        })
    }
}

/// What is wrong with a store.
#[derive(Default)]
pub struct StoreIlls {
    /// Nothing is done; who asks hears after so long that the outcome is unknown.
    pub out: Option<(Duration, Arc<Strike>)>,
    /// Now and then the outcome is unknown, whether it was done or not, or the store refuses.
    pub erring: Option<Arc<Strike>>,
}

impl StoreIlls {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.out.is_none() && self.erring.is_none()
    }
}

/// What is wrong with the session hosts of a machine.
#[derive(Default)]
pub struct HostIlls {
    /// None can be started.
    pub start_fails: Option<Arc<Strike>>,
    /// Nobody who connects is answered before that nanosecond.
    pub connect_hangs: Option<(u64, Arc<Strike>)>,
    /// Everything that a kernel says takes so much longer.
    pub slow_kernel: Option<(Duration, Arc<Strike>)>,
}
