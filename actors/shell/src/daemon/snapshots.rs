//! Snapshots of daemons in the blob store.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_core::OpId;
use wayfare_core::daemon::LoadError;
use wayfare_core::holds::Hold;
use wayfare_protocol::Limits;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::snapshot::{Joining, Snapshot, SnapshotBytes};

use super::Chunks;
use crate::ports::{BlobError, BlobStore, Pending};

/// Stores a snapshot, and says where its bytes are. They are needed from then on, until the log tells of them or of others.
pub(super) fn store(
    chunks: &Chunks,
    op: OpId,
    snapshot: Snapshot,
    limits: &Limits,
) -> Pending<Result<Manifest, String>> {
    let (chunks, max, size) = (chunks.clone(), limits.snapshot, limits.snapshot_chunk);
    Box::pin(async move {
        let encoded = snapshot.encode(max).map_err(|error| error.to_string())?;
        let (manifest, pieces) = encoded.cut(size, max).map_err(|error| error.to_string())?;
        let hold = Hold::Storing(snapshot.entity, op);
        chunks.hold(hold, &manifest).await;
        match put(chunks.store(), &manifest, pieces).await {
            Ok(()) => Ok(manifest),
            Err(error) => {
                chunks.release(hold).await;
                Err(error.to_string())
            }
        }
    })
}

async fn put(store: &Arc<dyn BlobStore>, manifest: &Manifest, pieces: Vec<Bytes>) -> Result<(), BlobError> {
    for ((id, _), piece) in manifest.chunks.iter().zip(pieces) {
        store.put(*id, piece).await?;
    }
    Ok(())
}

/// The bytes of a snapshot.
pub(crate) fn load(blobs: &Arc<dyn BlobStore>, manifest: Manifest) -> Pending<Result<SnapshotBytes, LoadError>> {
    let blobs = Arc::clone(blobs);
    Box::pin(async move {
        let mut snapshot = Joining::new(manifest.total);
        for (chunk, _) in manifest.chunks {
            let found = blobs.get(chunk).await.map_err(|error| match error {
                BlobError::Refused(_) | BlobError::Unknown(_) => LoadError::Later(error.to_string()),
                BlobError::Damaged(_) => LoadError::Lost(error.to_string()),
            })?;
            snapshot.push(found.ok_or_else(|| LoadError::Lost(format!("chunk {chunk} is not there")))?);
        }
        Ok(snapshot.finish())
    })
}
