//! What a node asks its cloud when a daemon is to go elsewhere, and the answer.

use serde::{Deserialize, Deserializer, Serialize};

use super::PlacementDecision;
use crate::NodeId;
use crate::bounded;
use crate::capability_filter::CapabilityFilter;
use crate::capability_set::CapabilitySet;
use crate::daemon::{DaemonKind, MeshDaemon};
use crate::entity::EntityId;
use crate::limits::PLACEMENT_CANDIDATES_MAX;

/// Asks which node a daemon of this node should move to, by what its code requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementAsk {
    /// Which daemon.
    pub daemon: EntityId,
    /// Its code.
    pub kind: DaemonKind,
    /// The node that it would leave.
    pub from: NodeId,
    /// What it requires of its node.
    pub filter: CapabilityFilter,
    /// What it requires besides, as a set.
    pub required: CapabilitySet,
    /// What it would like.
    pub optional: CapabilitySet,
}

impl PlacementAsk {
    /// For a daemon with that code.
    #[must_use]
    pub fn of(daemon: EntityId, kind: DaemonKind, from: NodeId, code: &dyn MeshDaemon) -> Self {
        Self {
            daemon,
            kind,
            from,
            filter: code.requirements(),
            required: code.required_capabilities(),
            optional: code.optional_capabilities(),
        }
    }
}

/// Where a daemon would go, and how every node was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The best node; `None`: every node is vetoed.
    pub decision: Option<PlacementDecision>,
    /// Those that may be chosen first, the best of them first; at most [`PLACEMENT_CANDIDATES_MAX`].
    #[serde(deserialize_with = "candidates")]
    pub candidates: Vec<Judged>,
}

/// How a node was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The node.
    pub node: NodeId,
    /// Its name, for people.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of judging a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It may be chosen.
    Eligible {
        /// Its score in millionths.
        score: u32,
        /// The factors below 1, in millionths.
        factors: Vec<(String, u32)>,
    },
    /// It may not.
    Vetoed {
        /// Why, for people: `is offline`.
        why: String,
    },
}

fn candidates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Judged>, D::Error> {
    bounded::list(deserializer, PLACEMENT_CANDIDATES_MAX, "candidates")
}
