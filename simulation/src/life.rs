//! One life of a process: from its start to its end. What it asked of the world and what comes after its end concern nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// See the module.
#[derive(Debug)]
pub struct Life {
    lived: AtomicBool,
}

impl Life {
    /// A new life.
    #[must_use]
    pub fn begin() -> Arc<Self> {
        Arc::new(Self { lived: AtomicBool::new(true) })
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_lived(&self) -> bool {
        self.lived.load(Ordering::Relaxed)
    }

    /// Ends it: its ports do nothing any more.
    pub fn end(&self) {
        self.lived.store(false, Ordering::Relaxed);
    }
}
