//! The fencing number of an owner.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who may act for a resource: a higher epoch supersedes every lower one (ordered lexicographically).
///
/// Only the control store raises it. What is made out of the store's reach starts at [`Epoch::LOCAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Epoch {
    /// Generation of the control store that granted it; raised by a restore from backup; at least 1 for a store.
    pub generation: u32,
    /// Count of grants within that generation.
    pub n: u64,
}

impl Epoch {
    /// The epoch of what its creator owns before any store has seen it.
    pub const LOCAL: Self = Self { generation: 0, n: 1 };

    /// The epoch that a store of `generation` grants next after this one.
    #[must_use]
    pub fn next_in(self, generation: u32) -> Self {
        if self.generation == generation { Self { generation, n: self.n + 1 } } else { Self { generation, n: 1 } }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.n)
    }
}
