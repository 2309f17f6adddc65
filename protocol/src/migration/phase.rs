//! How far a migration is, and where that leaves the daemon.

use serde::{Deserialize, Serialize};

/// The phases of seed 004.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::VariantArray,
)]
pub enum MigrationPhase {
    /// The source writes a snapshot.
    Snapshot,
    /// The target fetches it.
    Transfer,
    /// The target makes the daemon from it.
    Restore,
    /// The target processes what the source has accepted since.
    Replay,
    /// The source has sealed, and the row is decided.
    Cutover,
    /// The row names the target; the source cleans up.
    Complete,
}

/// Where a daemon is while it is moved, as people are shown it. A function of the phase and of nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
pub enum Superposition {
    /// At the source.
    Localized,
    /// At the source; a copy is being made.
    Spreading,
    /// Live at the source and followed at the target.
    Superposed,
    /// At rest: sealed at the source, not yet live at the target.
    Collapsed,
    /// At the target.
    Resolved,
}

impl MigrationPhase {
    /// Where the daemon is in this phase.
    #[must_use]
    pub fn superposition(self) -> Superposition {
        match self {
            Self::Snapshot => Superposition::Localized,
            Self::Transfer | Self::Restore => Superposition::Spreading,
            Self::Replay => Superposition::Superposed,
            Self::Cutover => Superposition::Collapsed,
            Self::Complete => Superposition::Resolved,
        }
    }
}
