//! The chunks of snapshots on a node: what needs them is said here before they are put, and what nothing needs is deleted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayfare_core::holds::{Hold, Holds, Strays};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::{ChunkId, EntityId, Wall};

use crate::actor::Runtime;
use crate::ports::{BlobError, BlobStore, LogError, LogName, LogStore, Pending};

/// See the module. Clones are the same.
#[derive(Clone)]
pub struct Chunks {
    store: Arc<dyn BlobStore>,
    holds: Arc<Mutex<Holds>>,
    /// Who deletes: between the last look at what needs a chunk and its end nobody begins to rely on it.
    deleting: Arc<tokio::sync::Mutex<()>>,
}

/// What was left behind could not be looked for.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error(transparent)]
    Logs(#[from] LogError),
}

impl Chunks {
    /// Those in a store, none of which is known to be needed.
    #[must_use]
    pub fn new(store: Arc<dyn BlobStore>) -> Self {
        Self { store, holds: Arc::default(), deleting: Arc::default() }
    }

    /// Where they are.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn BlobStore> {
        &self.store
    }

    fn holds<T>(&self, change: impl FnOnce(&mut Holds) -> T) -> T {
        // A panic while the lock is held cannot leave it half-changed: each change is one call.
        change(&mut self.holds.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Chunks are needed from now on; ends when none of them is being deleted any more, so that what is there stays.
    pub(crate) async fn hold(&self, hold: Hold, manifest: &Manifest) {
        let unneeded = self.holds(|holds| holds.hold(hold, manifest));
        drop(self.deleting.lock().await);
        self.delete(unneeded).await;
    }

    /// They are not needed for that any more; ends when what nothing needs is deleted.
    pub(crate) fn release(&self, hold: Hold) -> Pending<()> {
        self.deleted(|holds| holds.release(hold))
    }

    /// A daemon's log tells of a snapshot.
    pub(crate) fn recorded(&self, daemon: EntityId, manifest: &Manifest) -> Pending<()> {
        self.deleted(|holds| holds.recorded(daemon, manifest))
    }

    /// A daemon's host begins; that is the newest snapshot of which its log tells.
    pub(crate) fn found(&self, daemon: EntityId, newest: Option<&Manifest>) -> Pending<()> {
        self.deleted(|holds| holds.found(daemon, newest))
    }

    /// A daemon is not here any more.
    pub(crate) fn removed(&self, daemon: EntityId) -> Pending<()> {
        self.deleted(|holds| holds.removed(daemon))
    }

    /// Changes what is needed at once; what nothing needs then is deleted by whoever waits for it.
    fn deleted(&self, change: impl FnOnce(&mut Holds) -> BTreeSet<ChunkId>) -> Pending<()> {
        let (unneeded, this) = (self.holds(change), self.clone());
        Box::pin(async move { this.delete(unneeded).await })
    }

    async fn delete(&self, chunks: BTreeSet<ChunkId>) {
        for chunk in chunks {
            let _turn = self.deleting.lock().await;
            if self.holds(|holds| holds.needs(&chunk)) {
                continue;
            }
            if let Err(error) = self.store.delete(chunk).await {
                tracing::warn!(%error, %chunk, "a chunk that nothing needs stays for now");
            }
        }
    }

    /// Deletes what crashes have left behind, again and again, for as long as this runs.
    pub(crate) async fn collect(self, logs: Arc<dyn LogStore>, runtime: Runtime, every: Duration) {
        let mut strays = Strays::default();
        loop {
            runtime.sleep(every).await;
            match self.look(&mut strays, logs.as_ref()).await {
                Ok(found) => {
                    if !found.is_empty() {
                        tracing::info!(chunks = found.len(), "chunks that nothing needs are deleted");
                    }
                    self.delete(found).await;
                }
                Err(error) => tracing::warn!(%error, "chunks that nothing needs are not looked for now"),
            }
        }
    }

    async fn look(&self, strays: &mut Strays, logs: &dyn LogStore) -> Result<BTreeSet<ChunkId>, LookError> {
        let mut there = Vec::new();
        for first_byte in 0..=u8::MAX {
            there.extend(self.store.list(first_byte, Wall(u64::MAX)).await?);
        }
        let of_daemon = |name| if let LogName::DaemonInbox(daemon) = name { Some(daemon) } else { None };
        let daemons: Vec<_> = logs.list().await?.into_iter().filter_map(of_daemon).collect();
        Ok(self.holds(|holds| strays.look(holds, there, daemons)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use tokio::sync::Semaphore;
    use wayfare_core::OpId;
    use wayfare_protocol::EntityKey;

    use super::*;

    /// Chunks in memory; each deletion waits until it may go on.
    struct Slow {
        chunks: Arc<Mutex<BTreeMap<ChunkId, Bytes>>>,
        deletions: Arc<Semaphore>,
    }

    impl BlobStore for Slow {
        fn put(&self, id: ChunkId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
            self.chunks.lock().unwrap().insert(id, bytes);
            Box::pin(async { Ok(()) })
        }

        fn get(&self, id: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
            let found = self.chunks.lock().unwrap().get(&id).cloned();
            Box::pin(async { Ok(found) })
        }

        fn has(&self, id: ChunkId) -> Pending<Result<bool, BlobError>> {
            let is_there = self.chunks.lock().unwrap().contains_key(&id);
            Box::pin(async move { Ok(is_there) })
        }

        fn delete(&self, id: ChunkId) -> Pending<Result<(), BlobError>> {
            let (chunks, deletions) = (Arc::clone(&self.chunks), Arc::clone(&self.deletions));
            Box::pin(async move {
                deletions.acquire().await.unwrap().forget();
                chunks.lock().unwrap().remove(&id);
                Ok(())
            })
        }

        fn list(&self, first_byte: u8, _: Wall) -> Pending<Result<Vec<ChunkId>, BlobError>> {
            let there = self.chunks.lock().unwrap().keys().copied().filter(|id| id.0[0] == first_byte).collect();
            Box::pin(async move { Ok(there) })
        }
    }

    fn daemon(number: u8) -> EntityId {
        EntityKey::from_seed(&[number; 32]).entity()
    }

    /// Whoever comes for a chunk while it is being deleted finds that it is not there, and not that it is and then is gone.
    #[tokio::test]
    async fn nobody_relies_on_a_chunk_that_is_being_deleted() {
        let deletions = Arc::new(Semaphore::new(0));
        let chunks = Chunks::new(Arc::new(Slow { chunks: Arc::default(), deletions: Arc::clone(&deletions) }));
        let bytes = Bytes::from_static(b"of two daemons");
        let id = ChunkId::of(&bytes);
        let manifest = Manifest { total: 14, chunks: vec![(id, 14)] };
        chunks.hold(Hold::Storing(daemon(1), OpId(1)), &manifest).await;
        chunks.store().put(id, bytes).await.unwrap();
        let gone = tokio::spawn(chunks.removed(daemon(1)));
        tokio::task::yield_now().await;
        let coming = chunks.clone();
        let comes = tokio::spawn(async move {
            coming.hold(Hold::Coming(daemon(2)), &manifest).await;
            coming.store().has(id).await.unwrap()
        });
        tokio::task::yield_now().await;
        assert!(!comes.is_finished(), "it waits for the end of the deletion");
        deletions.add_permits(1);
        gone.await.unwrap();
        assert!(!comes.await.unwrap());
    }

    /// Nothing of what was asked to be deleted before is, if something needs it when its turn comes.
    #[tokio::test]
    async fn what_is_needed_again_before_its_turn_stays() {
        let deletions = Arc::new(Semaphore::new(9));
        let chunks = Chunks::new(Arc::new(Slow { chunks: Arc::default(), deletions }));
        let bytes = Bytes::from_static(b"of two daemons");
        let id = ChunkId::of(&bytes);
        let manifest = Manifest { total: 14, chunks: vec![(id, 14)] };
        chunks.store().put(id, bytes).await.unwrap();
        chunks.found(daemon(1), Some(&manifest)).await;
        let gone = chunks.removed(daemon(1));
        chunks.hold(Hold::Coming(daemon(2)), &manifest).await;
        gone.await;
        assert!(chunks.store().has(id).await.unwrap());
        chunks.release(Hold::Coming(daemon(2))).await;
        assert!(!chunks.store().has(id).await.unwrap());
    }
}
