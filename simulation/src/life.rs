//! One life of a process: from its start to its end. What it asked of the world and what comes after its end concern nobody; what
//! comes while it is frozen waits until it goes on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::world::{Event, World};

/// See the module.
pub struct Life {
    lived: AtomicBool,
    /// It ends with its next step.
    doomed: AtomicBool,
    /// What has come since it was frozen; `None` while it goes on.
    frozen: Mutex<Option<VecDeque<Event>>>,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").field("lived", &self.is_lived()).finish_non_exhaustive()
    }
}

impl Life {
    /// A new life.
    #[must_use]
    pub fn begin() -> Arc<Self> {
        Arc::new(Self { lived: AtomicBool::new(true), doomed: AtomicBool::new(false), frozen: Mutex::new(None) })
    }

    fn frozen(&self) -> MutexGuard<'_, Option<VecDeque<Event>>> {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_lived(&self) -> bool {
        self.lived.load(Ordering::Relaxed)
    }

    /// Ends it: its ports do nothing any more.
    pub fn end(&self) {
        self.lived.store(false, Ordering::Relaxed);
        let kept = self.frozen().take();
        drop(kept); // outside of the lock
    }

    /// It has taken its last step: it ends before the next.
    pub fn doom(&self) {
        self.doomed.store(true, Ordering::Relaxed);
    }

    /// It takes a step; `false` if it has ended.
    pub fn step(&self) -> bool {
        if self.doomed.load(Ordering::Relaxed) {
            self.end();
        }
        self.is_lived()
    }

    /// Something happens to it: nothing if it has ended; when it goes on again, if it is frozen. `true`: it has happened.
    pub fn meet(&self, event: impl FnOnce() -> bool + Send + 'static) -> bool {
        if !self.is_lived() {
            return false;
        }
        if let Some(kept) = self.frozen().as_mut() {
            kept.push_back(Box::new(event));
            return false;
        }
        event()
    }

    /// From now on nothing happens to it. `false`: it has ended, or is frozen already.
    pub fn freeze(&self) -> bool {
        let mut frozen = self.frozen();
        let can = self.is_lived() && frozen.is_none();
        if can {
            *frozen = Some(VecDeque::new());
        }
        can
    }

    /// It goes on: everything that has come meanwhile happens at once, in the order in which it came.
    pub fn thaw(&self, world: &Arc<World>) {
        let kept = self.frozen().take().unwrap_or_default();
        let now = world.nanos();
        for (after, event) in (0..).zip(kept) {
            world.at(now + after, event);
        }
    }
}
