//! Assets in memory and as files: their contract, and what only files can suffer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use wayfare_actors::asset::MemoryAssets;
use wayfare_actors::contract::asset::{self as contract, AssetWorld};
use wayfare_actors::ports::{AssetError, AssetStore, Pending};
use wayfare_io::FileAssets;
use wayfare_protocol::{AccountId, AssetId};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, account: AccountId, asset: AssetId) -> std::path::PathBuf {
        self.0.path().join(account.to_string()).join(format!("{:02x}", asset.0[0])).join(asset.to_string())
    }

    async fn store(&self) -> FileAssets {
        FileAssets::open(self.0.path(), WEEK).await.unwrap()
    }
}

impl AssetWorld for Folder {
    fn open(&self) -> Pending<Arc<dyn AssetStore>> {
        let path = self.0.path().to_owned();
        Box::pin(async move { Arc::new(FileAssets::open(&path, WEEK).await.unwrap()) as Arc<dyn AssetStore> })
    }

    fn damage(&self, account: AccountId, asset: AssetId) {
        let mut bytes = std::fs::read(self.file(account, asset)).unwrap();
        bytes[0] ^= 1;
        std::fs::write(self.file(account, asset), bytes).unwrap();
    }
}

struct Memory(MemoryAssets);

impl AssetWorld for Memory {
    fn open(&self) -> Pending<Arc<dyn AssetStore>> {
        let store: Arc<dyn AssetStore> = Arc::new(self.0.clone());
        Box::pin(async move { store })
    }

    fn damage(&self, account: AccountId, asset: AssetId) {
        self.0.damage(account, asset);
    }
}

#[tokio::test]
async fn files_keep_the_contract_of_assets() {
    contract::all(Folder::new).await;
}

#[tokio::test]
async fn memory_keeps_the_contract_of_assets() {
    contract::all(|| Memory(MemoryAssets::default())).await;
}

/// A part that a crash took away ends what is there: what follows it is written again.
#[tokio::test]
async fn an_upload_ends_at_its_first_gap() {
    let (folder, account, asset) = (Folder::new(), AccountId::LOCAL, AssetId::of(b"onetwothree"));
    let store = folder.store().await;
    for (at, part) in [(0, "one"), (3, "two"), (6, "three")] {
        store.write(account, asset, at, Bytes::from_static(part.as_bytes())).await.unwrap();
    }
    let uploads = folder.0.path().join(account.to_string()).join("uploads").join(asset.to_string());
    std::fs::remove_file(uploads.join(format!("{:016x}", 3))).unwrap();
    assert_eq!(store.written(account, asset).await, Ok(3));
    assert_eq!(store.finish(account, asset).await, Err(AssetError::Other(asset)));
    assert!(!folder.file(account, asset).exists() && !uploads.exists(), "nothing is left of it");
}

/// Also where this process has read it before.
#[tokio::test]
async fn a_file_that_was_changed_is_read_again() {
    let (folder, account, asset) = (Folder::new(), AccountId::LOCAL, AssetId::of(b"one"));
    let store = folder.store().await;
    store.write(account, asset, 0, Bytes::from_static(b"one")).await.unwrap();
    store.finish(account, asset).await.unwrap();
    assert_eq!(store.read(account, asset, 0, 3).await, Ok(Some(Bytes::from_static(b"one"))));
    std::fs::write(folder.file(account, asset), b"more").unwrap();
    assert_eq!(store.read(account, asset, 0, 3).await, Err(AssetError::Damaged(asset)));
}

#[tokio::test]
async fn an_upload_that_nobody_goes_on_with_is_forgotten_and_assets_stay() {
    let (folder, account) = (Folder::new(), AccountId::LOCAL);
    let (asset, begun) = (AssetId::of(b"one"), AssetId::of(b"two"));
    let store = folder.store().await;
    store.write(account, asset, 0, Bytes::from_static(b"one")).await.unwrap();
    store.finish(account, asset).await.unwrap();
    store.write(account, begun, 0, Bytes::from_static(b"t")).await.unwrap();
    assert_eq!(folder.store().await.written(account, begun).await, Ok(1));
    let store = FileAssets::open(folder.0.path(), Duration::ZERO).await.unwrap();
    assert_eq!(store.written(account, begun).await, Ok(0));
    assert_eq!(store.size(account, asset).await, Ok(Some(3)));
}
