//! Snapshots of daemons in the blob store.

use std::collections::BTreeSet;
use std::sync::Arc;

use wayfare_core::daemon::LoadError;
use wayfare_protocol::Limits;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::snapshot::{Joining, Snapshot, SnapshotBytes};

use crate::ports::{BlobError, BlobStore, Pending};

/// Stores a snapshot, and says where its bytes are. Chunks that are there already are not written again.
pub(super) fn store(
    blobs: &Arc<dyn BlobStore>,
    snapshot: Snapshot,
    limits: &Limits,
) -> Pending<Result<Manifest, String>> {
    let (blobs, max, size) = (Arc::clone(blobs), limits.snapshot, limits.snapshot_chunk);
    Box::pin(async move {
        let encoded = snapshot.encode(max).map_err(|error| error.to_string())?;
        let (manifest, chunks) = encoded.cut(size, max).map_err(|error| error.to_string())?;
        for ((id, _), chunk) in manifest.chunks.iter().zip(chunks) {
            blobs.put(*id, chunk).await.map_err(|error| error.to_string())?;
        }
        Ok(manifest)
    })
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

/// Deletes what only the older of two snapshots needs.
pub(super) fn delete(blobs: &Arc<dyn BlobStore>, older: Option<Manifest>, newer: Option<Manifest>) -> Pending<()> {
    let blobs = Arc::clone(blobs);
    let needed: BTreeSet<_> = newer.into_iter().flat_map(|manifest| manifest.chunks).map(|(chunk, _)| chunk).collect();
    let gone: BTreeSet<_> = older.into_iter().flat_map(|manifest| manifest.chunks).map(|(chunk, _)| chunk).collect();
    Box::pin(async move {
        for chunk in gone.difference(&needed) {
            if let Err(error) = blobs.delete(*chunk).await {
                tracing::warn!(%error, %chunk, "a chunk that nobody needs stays");
            }
        }
    })
}
