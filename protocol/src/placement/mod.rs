//! Where a daemon is placed, and why.

mod ask;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::NodeId;
pub use ask::{Judged, Placement, PlacementAsk, Verdict};

/// The node that a daemon goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementDecision {
    /// The node.
    pub target_node: NodeId,
    /// Why this one.
    pub reason: PlacementReason,
}

/// Why a node was chosen (seed 004).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PlacementReason {
    /// It has the required capabilities; no other node could be chosen.
    CapabilityMatch,
    /// It has what the daemon would like besides: optional capabilities, or company it asked for.
    AffinityMatch,
    /// The best of several nodes with the required capabilities.
    LoadBalance,
    /// The daemon moves here from another node.
    Migration,
}

impl fmt::Display for PlacementReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CapabilityMatch => "it alone has what is required",
            Self::AffinityMatch => "it has what the daemon would like besides",
            Self::LoadBalance => "it is the best of several that have what is required",
            Self::Migration => "the daemon moves here from another node",
        })
    }
}
