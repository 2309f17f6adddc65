//! Spares in memory: for tests and the simulation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{AccountId, ChunkId, EntityId};

use crate::ports::{BlobError, Pending, SpareStore};

type Key = (AccountId, EntityId);

#[derive(Debug, Default)]
struct Kept {
    spares: BTreeMap<Key, Spare>,
    chunks: BTreeMap<Key, BTreeMap<ChunkId, Bytes>>,
}

/// See the module. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct MemorySpares(Arc<Mutex<Kept>>);

impl MemorySpares {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a byte of a chunk, behind the back of whoever uses it.
    pub fn damage(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) {
        let mut kept = self.kept();
        if let Some(bytes) = kept.chunks.get_mut(&(account, daemon)).and_then(|chunks| chunks.get_mut(&chunk)) {
            let mut changed = bytes.to_vec();
            changed[0] ^= 1;
            *bytes = changed.into();
        }
    }
}

/// What is known at once.
fn done<T: Send + 'static>(result: Result<T, BlobError>) -> Pending<Result<T, BlobError>> {
    Box::pin(async { result })
}

impl SpareStore for MemorySpares {
    fn all(&self, account: AccountId) -> Pending<Result<Vec<Spare>, BlobError>> {
        let kept = self.kept();
        let of_account = kept.spares.iter().filter(|((of, _), _)| *of == account);
        done(Ok(of_account.map(|(_, spare)| spare.clone()).collect()))
    }

    fn has(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<bool, BlobError>> {
        let kept = self.kept();
        done(Ok(kept.chunks.get(&(account, daemon)).is_some_and(|chunks| chunks.contains_key(&chunk))))
    }

    fn put(&self, account: AccountId, daemon: EntityId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        self.kept().chunks.entry((account, daemon)).or_default().insert(ChunkId::of(&bytes), bytes);
        done(Ok(()))
    }

    fn keep(&self, account: AccountId, spare: Spare) -> Pending<Result<(), BlobError>> {
        let mut kept = self.kept();
        let key = (account, spare.daemon);
        if let Some(chunks) = kept.chunks.get_mut(&key) {
            let is_needed = |chunk: &ChunkId| spare.ready.manifest.chunks.iter().any(|(id, _)| id == chunk);
            chunks.retain(|chunk, _| is_needed(chunk));
        }
        kept.spares.insert(key, spare);
        done(Ok(()))
    }

    fn get(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        let found = self.kept().chunks.get(&(account, daemon)).and_then(|chunks| chunks.get(&chunk)).cloned();
        done(match found {
            Some(bytes) if !chunk.is_of(&bytes) => Err(BlobError::Damaged(chunk)),
            found => Ok(found),
        })
    }
}
