//! The cloud's store of daemons' spares. It outlives its processes, and knows of which daemons it has ever kept something.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wayfare_actors::account::MemorySpares;
use wayfare_actors::ports::{BlobError, Pending, SpareStore};
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{AccountId, ChunkId, EntityId};

/// See the module.
#[derive(Clone, Default)]
pub struct Spares {
    store: MemorySpares,
    kept: Arc<Mutex<BTreeSet<EntityId>>>,
    /// Whether it keeps what spares are, and not what is in them: what it must not do.
    is_hollow: bool,
}

impl Spares {
    /// Those that are empty when they are needed.
    #[must_use]
    pub fn that_are_empty() -> Self {
        Self { is_hollow: true, ..Self::default() }
    }

    /// Whether it has kept something of a daemon, and has said so.
    #[must_use]
    pub fn has_kept(&self, daemon: EntityId) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains(&daemon)
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
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(spare.daemon);
        self.store.keep(account, spare)
    }

    fn get(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        self.store.get(account, daemon, chunk)
    }
}
