//! The port of spares: in the cloud, a snapshot of each daemon from which another node can go on.

use bytes::Bytes;
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{AccountId, ChunkId, EntityId};

use super::{BlobError, Pending};

/// Keeps one spare of each daemon, with its chunks beside it: what two daemons have in common is there twice, so that neither is in the
/// way of the other. Whoever uses this asks for one spare of a daemon after the other.
pub trait SpareStore: Send + Sync {
    /// The spares of an account. Those that cannot be read are left out.
    fn all(&self, account: AccountId) -> Pending<Result<Vec<Spare>, BlobError>>;
    /// Whether a chunk is there. It is not read, and so not checked.
    fn has(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<bool, BlobError>>;
    /// Keeps a chunk for a spare that is to come; ends when it survives a loss of power.
    fn put(&self, account: AccountId, daemon: EntityId, bytes: Bytes) -> Pending<Result<(), BlobError>>;
    /// This is its daemon's spare from now on: ends when that survives a loss of power. Chunks that it does not have are deleted.
    fn keep(&self, account: AccountId, spare: Spare) -> Pending<Result<(), BlobError>>;
    /// A chunk, whole and checked; `None`: it is not there.
    fn get(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>>;
}
