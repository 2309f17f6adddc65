//! What is found when nothing more is under way.

use serde::{Deserialize, Serialize};
use wayfare_protocol::{EntityId, NodeId};

/// Who has something of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Homes {
    /// Which daemon.
    pub daemon: EntityId,
    /// Whom its row names; `None`: it has no row.
    pub owner: Option<NodeId>,
    /// Nodes that keep a log or the key of it.
    pub nodes: Vec<NodeId>,
}

/// Chunks of snapshots that a node keeps and of which no log there tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strays {
    /// Which node.
    pub node: NodeId,
    /// How many.
    pub chunks: u64,
}
