//! Blobs as files, through opendal: `<first byte>/<id>` below a folder, written elsewhere and renamed.
//!
//! A blob's file is written and synced under another name in `writing`, renamed to its own, and the folder synced: a crash
//! leaves a whole blob or none. What a crash left in `writing` is removed when the store is opened. The time of a blob's last
//! put is its file's.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use opendal::{ErrorKind, Operator};
use wayfare_actors::ports::{BlobError, BlobStore, Pending};
use wayfare_protocol::{ChunkId, Wall};

use crate::atomic_files;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct FileBlobs {
    root: Arc<Path>,
    files: Operator,
}

impl FileBlobs {
    /// Opens a folder of blobs, and makes it if there is none.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub async fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.into(), files: atomic_files::open(root).await? })
    }

    async fn write(self, id: ChunkId, bytes: Bytes) -> Result<(), BlobError> {
        self.files.write(&path(id), bytes).await.map_err(unknown)?;
        let folder = self.root.join(folder(id.0[0]));
        off_thread(move || sync(&folder)).await?.map_err(|why| BlobError::Unknown(why.to_string()))
    }

    async fn read(self, id: ChunkId) -> Result<Option<Bytes>, BlobError> {
        let read = match self.files.read(&path(id)).await {
            Ok(read) => read,
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(BlobError::Refused(why.to_string())),
        };
        let bytes = read.to_bytes();
        let (is_whole, bytes) = off_thread(move || (id.is_of(&bytes), bytes)).await?;
        if is_whole { Ok(Some(bytes)) } else { Err(BlobError::Damaged(id)) }
    }

    async fn listed(self, first_byte: u8, put_before: Wall) -> Result<Vec<ChunkId>, BlobError> {
        let refused = |why: opendal::Error| BlobError::Refused(why.to_string());
        let mut ids = Vec::new();
        for entry in self.files.list(&format!("{}/", folder(first_byte))).await.map_err(refused)? {
            // Whatever else lies there is not ours to speak of.
            let Ok(id) = entry.name().parse::<ChunkId>() else { continue };
            match self.files.stat(entry.path()).await {
                Ok(file) if put_at(&file) < put_before => ids.push(id),
                Ok(_) => {}
                Err(why) if why.kind() == ErrorKind::NotFound => {}
                Err(why) => return Err(refused(why)),
            }
        }
        ids.sort();
        Ok(ids)
    }
}

impl BlobStore for FileBlobs {
    fn put(&self, id: ChunkId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        Box::pin(self.clone().write(id, bytes))
    }

    fn get(&self, id: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        Box::pin(self.clone().read(id))
    }

    fn has(&self, id: ChunkId) -> Pending<Result<bool, BlobError>> {
        let files = self.files.clone();
        Box::pin(async move { files.exists(&path(id)).await.map_err(|why| BlobError::Refused(why.to_string())) })
    }

    fn delete(&self, id: ChunkId) -> Pending<Result<(), BlobError>> {
        let files = self.files.clone();
        Box::pin(async move { files.delete(&path(id)).await.map_err(unknown) })
    }

    fn list(&self, first_byte: u8, put_before: Wall) -> Pending<Result<Vec<ChunkId>, BlobError>> {
        Box::pin(self.clone().listed(first_byte, put_before))
    }
}

fn folder(first_byte: u8) -> String {
    format!("{first_byte:02x}")
}

fn path(id: ChunkId) -> String {
    format!("{}/{id}", folder(id.0[0]))
}

fn unknown(why: opendal::Error) -> BlobError {
    BlobError::Unknown(why.to_string())
}

fn put_at(file: &opendal::Metadata) -> Wall {
    let modified = file.last_modified().map_or(UNIX_EPOCH, SystemTime::from);
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The names in a folder survive a loss of power.
fn sync(folder: &PathBuf) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| BlobError::Unknown("the process ends".to_owned()))
}
