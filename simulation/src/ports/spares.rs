//! The cloud's store of daemons' spares. It outlives its processes, and says who could go on with what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wayfare_actors::account::MemorySpares;
use wayfare_actors::ports::{BlobError, Pending, SpareStore};
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{AccountId, ChunkId, EntityId, NodeId};

/// See the module.
#[derive(Clone, Default)]
pub struct Spares {
    store: MemorySpares,
    /// Who can open the newest spare of a daemon.
    nodes: Arc<Mutex<BTreeMap<EntityId, BTreeSet<NodeId>>>>,
    /// Whether it keeps what spares are, and not what is in them: what it must not do.
    is_hollow: bool,
}

impl Spares {
    /// Those that are empty when they are needed.
    #[must_use]
    pub fn that_are_empty() -> Self {
        Self { is_hollow: true, ..Self::default() }
    }

    /// Whether one of these nodes can open the newest spare of a daemon that it has said to keep.
    #[must_use]
    pub fn can_be_opened(&self, daemon: EntityId, by: &[NodeId]) -> bool {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.get(&daemon).is_some_and(|nodes| by.iter().any(|node| nodes.contains(node)))
    }
}

impl SpareStore for Spares {
    fn all(&self, account: AccountId) -> Pending<Result<Vec<Spare>, BlobError>> {
        self.store.all(account)
    }

    fn has(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<bool, BlobError>> {
        self.store.has(account, daemon, chunk)
    }

    fn put(&self, account: AccountId, daemon: EntityId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        if self.is_hollow { Box::pin(async { Ok(()) }) } else { self.store.put(account, daemon, bytes) }
    }

    fn keep(&self, account: AccountId, spare: Spare) -> Pending<Result<(), BlobError>> {
        let nodes = spare.sealed_keys.iter().map(|(node, _)| *node).collect();
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).insert(spare.daemon, nodes);
        self.store.keep(account, spare)
    }

    fn get(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        self.store.get(account, daemon, chunk)
    }
}
