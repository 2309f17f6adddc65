//! Blobs as files: `<first byte>/<id>` below a folder. The time of a blob's last put is its file's.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use wayfare_actors::ports::{BlobError, BlobStore, Pending};
use wayfare_protocol::{ChunkId, Wall};

use crate::durable_files::DurableFiles;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct FileBlobs(DurableFiles);

impl FileBlobs {
    /// Opens a folder of blobs, and makes it if there is none.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub async fn open(root: &Path) -> io::Result<Self> {
        Ok(Self(DurableFiles::folder(root).await?))
    }

    async fn read(self, id: ChunkId) -> Result<Option<Bytes>, BlobError> {
        let Some(bytes) = self.0.read(&path(id)).await.map_err(refused)? else { return Ok(None) };
        let (is_whole, bytes) = off_thread(move || (id.is_of(&bytes), bytes)).await?;
        if is_whole { Ok(Some(bytes)) } else { Err(BlobError::Damaged(id)) }
    }

    async fn listed(self, first_byte: u8, put_before: Wall) -> Result<Vec<ChunkId>, BlobError> {
        let mut ids = Vec::new();
        for name in self.0.names(&folder(first_byte)).await.map_err(refused)? {
            // Whatever else lies there is not ours to speak of.
            let Ok(id) = name.parse::<ChunkId>() else { continue };
            let file = self.0.stat(&path(id)).await.map_err(refused)?;
            if file.is_some_and(|file| put_at(&file) < put_before) {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(ids)
    }
}

impl BlobStore for FileBlobs {
    fn put(&self, id: ChunkId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        let this = self.clone();
        Box::pin(async move { this.0.write(&path(id), bytes).await.map_err(unknown) })
    }

    fn get(&self, id: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        Box::pin(self.clone().read(id))
    }

    fn has(&self, id: ChunkId) -> Pending<Result<bool, BlobError>> {
        let this = self.clone();
        Box::pin(async move { Ok(this.0.stat(&path(id)).await.map_err(refused)?.is_some()) })
    }

    fn delete(&self, id: ChunkId) -> Pending<Result<(), BlobError>> {
        let this = self.clone();
        Box::pin(async move { this.0.delete(&path(id)).await.map_err(unknown) })
    }

    fn list(&self, first_byte: u8, put_before: Wall) -> Pending<Result<Vec<ChunkId>, BlobError>> {
        Box::pin(self.clone().listed(first_byte, put_before))
    }
}

fn folder(first_byte: u8) -> String {
    format!("{first_byte:02x}/")
}

fn path(id: ChunkId) -> String {
    format!("{}{id}", folder(id.0[0]))
}

/// Nothing was done.
pub(crate) fn refused(why: opendal::Error) -> BlobError {
    BlobError::Refused(why.to_string())
}

/// It may have been done.
pub(crate) fn unknown(why: opendal::Error) -> BlobError {
    BlobError::Unknown(why.to_string())
}

fn put_at(file: &opendal::Metadata) -> Wall {
    let modified = file.last_modified().map_or(UNIX_EPOCH, SystemTime::from);
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| BlobError::Unknown("the process ends".to_owned()))
}
