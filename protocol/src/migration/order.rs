//! What is ordered, by whom, and what becomes of it.

use serde::{Deserialize, Serialize};

use super::{FailureReason, MigrationPhase};
use crate::entity::EntityId;
use crate::{DeviceId, MigrationId, NodeId};

/// A person's or a node's wish that a daemon be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveOrder {
    /// Which.
    pub daemon: EntityId,
    /// Where to; `None`: to the node that fits best.
    pub to: Option<NodeId>,
    /// How.
    pub mode: MoveMode,
    /// Why.
    pub cause: MoveCause,
}

/// How a daemon is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveMode {
    /// While it goes on, if it is deterministic; else as [`MoveMode::StopAndCopy`].
    #[default]
    Live,
    /// It stops, is copied, and goes on.
    StopAndCopy,
}

/// Why a daemon is moved; decides who may order it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveCause {
    /// A person wants it: from any device of the account.
    Asked,
    /// Its node has too much to do: by that node only.
    Overload,
    /// Its node is emptied: by that node only.
    Drain,
    /// Its node is gone for good: by the node that the cloud lets go on with it.
    Loss,
}

impl MoveCause {
    /// Whether a device of the account may order a move of what this node owns.
    #[must_use]
    pub fn permits(self, by: DeviceId, owner: NodeId) -> bool {
        match self {
            Self::Asked | Self::Loss => true,
            Self::Overload | Self::Drain => by == owner.0,
        }
    }
}

/// A migration as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveInfo {
    /// Which.
    pub migration: MigrationId,
    /// Of which daemon.
    pub daemon: EntityId,
    /// From where; `None` before that is known.
    pub source: Option<NodeId>,
    /// To where; `None` before that is known.
    pub target: Option<NodeId>,
    /// How far it is.
    pub state: MoveState,
    /// Bytes of the snapshot.
    pub bytes: u64,
    /// The phases so far, and how many milliseconds after its beginning each began.
    pub phases: Vec<(MigrationPhase, u64)>,
    /// Milliseconds from the order to seal until the target said that it acts; `None` before that.
    pub pause_ms: Option<u64>,
}

/// How far a migration is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveState {
    /// Under way.
    Moving(MigrationPhase),
    /// The target has it.
    Moved,
    /// The source goes on.
    Failed(FailureReason),
    /// The store was not reached when it mattered: who has it is in the row.
    Unknown,
}
