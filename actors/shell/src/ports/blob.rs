//! The port of blobs: immutable bytes, known by their content.

use bytes::Bytes;
use wayfare_protocol::{ChunkId, Wall};

use super::Pending;

/// A blob store that did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Nothing was done.
    #[error("blob store: {0}")]
    Refused(String),
    /// It may have been done or not. Everything here may be asked for again.
    #[error("blob store: outcome unknown: {0}")]
    Unknown(String),
    /// What is kept under that id is not what was put there. Putting it again mends it.
    #[error("blob {0} is damaged")]
    Damaged(ChunkId),
}

/// Keeps bytes under the BLAKE3 of their content. Whoever puts the same twice has it once.
pub trait BlobStore: Send + Sync {
    /// Keeps bytes under their id, which whoever puts them has computed or checked; ends when they survive a loss of power. Of what is
    /// there already the time of its last put is renewed.
    fn put(&self, id: ChunkId, bytes: Bytes) -> Pending<Result<(), BlobError>>;
    /// The bytes of an id, whole and checked against it; `None`: they are not there.
    fn get(&self, id: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>>;
    /// Whether something is there under that id. It is not read, and so not checked.
    fn has(&self, id: ChunkId) -> Pending<Result<bool, BlobError>>;
    /// Forgets the bytes of an id; what is not there is forgotten already.
    fn delete(&self, id: ChunkId) -> Pending<Result<(), BlobError>>;
    /// The ids that begin with that byte and were last put before a time, in order: what may be deleted, if nothing needs it.
    /// Who puts a blob has until then to say that it is needed.
    fn list(&self, first_byte: u8, put_before: Wall) -> Pending<Result<Vec<ChunkId>, BlobError>>;
}
