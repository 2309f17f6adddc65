//! The ports of daemons: their keys, and somewhere to do their background work.

use bytes::Bytes;
use wayfare_protocol::{EntityId, EntityKey};

use super::Pending;

/// Keys that cannot be kept or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key of daemon {entity}: {why}")]
pub struct KeyError {
    /// Whose.
    pub entity: EntityId,
    /// The system's reason.
    pub why: String,
}

/// It could not be read which keys are kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of this node's daemons: {why}")]
pub struct KeysUnread {
    /// The system's reason.
    pub why: String,
}

/// Keeps the secrets of a node's daemons.
pub trait EntityKeys: Send + Sync {
    /// Keeps a key. Ends when it survives a loss of power.
    fn put(&self, key: EntityKey) -> Pending<Result<(), KeyError>>;
    /// A key that is kept.
    fn get(&self, entity: EntityId) -> Pending<Result<Option<EntityKey>, KeyError>>;
    /// Forgets a key for good, if it is there.
    fn remove(&self, entity: EntityId) -> Pending<Result<(), KeyError>>;
    /// Whose keys are kept.
    fn list(&self) -> Pending<Result<Vec<EntityId>, KeysUnread>>;
}

/// Something that takes its time and computes.
pub type Job = Box<dyn FnOnce() -> Result<Bytes, String> + Send>;

/// Does what would hold actors up, beside them.
pub trait Workers: Send + Sync {
    /// Does a job. One that panics has failed.
    fn run(&self, job: Job) -> Pending<Result<Bytes, String>>;
}
