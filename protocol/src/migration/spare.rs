//! A daemon's spare: what the cloud keeps of it, so that it can go on when its node is gone for good.

use serde::{Deserialize, Deserializer, Serialize};

use super::SnapshotReady;
use crate::bounded;
use crate::daemon::Durability;
use crate::entity::EntityId;
use crate::limits::SPARE_NODES_MAX;
use crate::sealed_key::SealedKey;
use crate::{Head, NodeId};

/// A snapshot of a daemon with what it takes to go on from it. Made by the daemon's owner, kept by the cloud, which can open none of
/// the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spare {
    /// Which daemon.
    pub daemon: EntityId,
    /// The newest snapshot that the owner has recorded, as a migration would offer it, without a key.
    pub ready: SnapshotReady,
    /// The entity's key, each for that node's eyes only and bound to the head.
    #[serde(deserialize_with = "keys")]
    pub sealed_keys: Vec<(NodeId, SealedKey)>,
}

impl Spare {
    /// The snapshot with the key for one node; `None`: that node cannot open it.
    #[must_use]
    pub fn for_node(&self, node: NodeId) -> Option<SnapshotReady> {
        let (_, key) = self.sealed_keys.iter().find(|(sealed_for, _)| *sealed_for == node)?;
        Some(SnapshotReady { sealed_key: Some(*key), is_sealed: true, ..self.ready.clone() })
    }
}

/// What is told of a spare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpareInfo {
    /// Where it stands.
    pub base: Head,
    /// Bytes of it.
    pub bytes: u64,
    /// Which nodes can go on from it.
    pub nodes: Vec<NodeId>,
}

impl From<&Spare> for SpareInfo {
    fn from(spare: &Spare) -> Self {
        let nodes = spare.sealed_keys.iter().map(|(node, _)| *node).collect();
        Self { base: spare.ready.head.head, bytes: spare.ready.manifest.total, nodes }
    }
}

/// The cloud lets a node go on with a daemon whose owner is gone for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// Which node.
    pub target: NodeId,
    /// From there. Its chunks are the cloud's.
    pub ready: SnapshotReady,
}

/// A daemon that went on from its spare, and what is lost by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Which.
    pub daemon: EntityId,
    /// Where it is now.
    pub target: NodeId,
    /// Where its spare stood: what was accepted after it is lost.
    pub base: Head,
    /// The last that the cloud heard of where the lost owner stood. It may have come further.
    pub known: Head,
    /// What acknowledged events were to survive: not the loss of their node.
    pub durability: Durability,
}

impl Recovery {
    /// Events that are known to be lost: at least so many.
    #[must_use]
    pub fn events_lost(&self) -> u64 {
        self.known.inbox_position.saturating_sub(self.base.inbox_position)
    }
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(NodeId, SealedKey)>, D::Error> {
    bounded::list::<D, _, (NodeId, SealedKey)>(deserializer, SPARE_NODES_MAX, "sealed keys")
}
