//! Blobs as files: their contract, and what only files can suffer.

use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use wayfare_actors::contract::blob::{self as contract, BlobWorld};
use wayfare_actors::ports::{BlobStore, Pending};
use wayfare_io::FileBlobs;
use wayfare_protocol::{ChunkId, Wall};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, id: ChunkId) -> std::path::PathBuf {
        self.0.path().join(format!("{:02x}", id.0[0])).join(id.to_string())
    }
}

impl BlobWorld for Folder {
    fn open(&self) -> Pending<Arc<dyn BlobStore>> {
        let path = self.0.path().to_owned();
        Box::pin(async move { Arc::new(FileBlobs::open(&path).await.unwrap()) as Arc<dyn BlobStore> })
    }

    fn damage(&self, id: ChunkId) {
        let mut bytes = std::fs::read(self.file(id)).unwrap();
        bytes[0] ^= 1;
        std::fs::write(self.file(id), bytes).unwrap();
    }
}

#[tokio::test]
async fn files_keep_the_contract_of_blobs() {
    contract::all(Folder::new).await;
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_removed() {
    let folder = Folder::new();
    drop(folder.open().await);
    let half = folder.0.path().join("writing/half");
    std::fs::write(&half, b"hal").unwrap();
    let store = folder.open().await;
    assert!(!half.exists());
    let id = ChunkId::of(b"whole");
    store.put(id, Bytes::from_static(b"whole")).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.0.path().join("writing")).unwrap().count(), 0);
    assert_eq!(std::fs::read(folder.file(id)).unwrap(), b"whole");
}

#[tokio::test]
async fn a_put_renews_the_time_of_what_is_there() {
    let folder = Folder::new();
    let store = folder.open().await;
    let id = ChunkId::of(b"one");
    store.put(id, Bytes::from_static(b"one")).await.unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(100);
    std::fs::File::options().write(true).open(folder.file(id)).unwrap().set_modified(long_ago).unwrap();
    std::fs::write(folder.file(id).with_file_name("strange"), b"not ours").unwrap();
    let old = Wall(100_001);
    assert_eq!(store.list(id.0[0], old).await.unwrap(), [id]);
    store.put(id, Bytes::from_static(b"one")).await.unwrap();
    assert_eq!(store.list(id.0[0], old).await.unwrap(), []);
    assert_eq!(store.list(id.0[0], Wall(u64::MAX)).await.unwrap(), [id]);
}
