//! What a node's daemons have of their machine: a place for keys, which outlives its processes, and somebody who does their background
//! work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wayfare_actors::ports::{EntityKeys, Job, KeyError, KeysUnread, Pending, Workers};
use wayfare_protocol::{EntityId, EntityKey};

/// The keys of one machine.
#[derive(Default)]
pub struct Keys {
    kept: Mutex<BTreeMap<EntityId, [u8; 32]>>,
    /// They are kept also when they were deleted: what a place for keys must not do.
    stay: bool,
}

impl Keys {
    /// Keys that nobody can delete.
    #[must_use]
    pub fn that_stay() -> Self {
        Self { stay: true, ..Self::default() }
    }

    /// Whose are kept.
    #[must_use]
    pub fn all(&self) -> Vec<EntityId> {
        self.with(|keys| keys.keys().copied().collect())
    }

    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<EntityId, [u8; 32]>) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// [`Keys`] as a process sees them.
pub struct SimKeys(pub Arc<Keys>);

impl EntityKeys for SimKeys {
    fn put(&self, key: EntityKey) -> Pending<Result<(), KeyError>> {
        self.0.with(|keys| keys.insert(key.entity(), *key.seed()));
        Box::pin(async { Ok(()) })
    }

    fn get(&self, entity: EntityId) -> Pending<Result<Option<EntityKey>, KeyError>> {
        let seed = self.0.with(|keys| keys.get(&entity).copied());
        Box::pin(async move { Ok(seed.map(|seed| EntityKey::from_seed(&seed))) })
    }

    fn remove(&self, entity: EntityId) -> Pending<Result<(), KeyError>> {
        if !self.0.stay {
            self.0.with(|keys| keys.remove(&entity));
        }
        Box::pin(async { Ok(()) })
    }

    fn list(&self) -> Pending<Result<Vec<EntityId>, KeysUnread>> {
        let kept = self.0.with(|keys| keys.keys().copied().collect());
        Box::pin(async move { Ok(kept) })
    }
}

/// Does a job at once: threads would make the world depend on the machine that it runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimWorkers;

impl Workers for SimWorkers {
    fn run(&self, job: Job) -> Pending<Result<Bytes, String>> {
        Box::pin(async move { job() })
    }
}
