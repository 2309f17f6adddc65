//! Assets in a bucket of S3: the contract of assets, and what only a bucket can suffer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use wayfare_actors::contract::asset::{self as contract, AssetWorld};
use wayfare_actors::ports::{AssetError, AssetStore, Pending};
use wayfare_io::{Bucket, BucketError, BucketKeys, FileAssets};
use wayfare_protocol::limits::{ASSET_PART, BUCKET_PART};
use wayfare_protocol::{AccountId, AssetId};
use wayfare_tests::bucket::{BUCKET, BucketServer, KEY_ID, SECRET};

const PREFIX: &str = "mesh/a";
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

struct InBucket {
    folder: TempDir,
    server: BucketServer,
}

impl InBucket {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = BucketServer::start(&folder.path().join("served")).unwrap();
        Self { folder, server }
    }

    fn bucket(&self) -> Bucket {
        Bucket {
            name: BUCKET.to_owned(),
            region: "eu-central-1".to_owned(),
            endpoint: Some(self.server.endpoint()),
            prefix: PREFIX.to_owned(),
        }
    }

    async fn try_open(&self, bucket: &Bucket, secret: &str) -> Result<FileAssets, BucketError> {
        let keys = BucketKeys::new(KEY_ID.to_owned(), secret.to_owned(), None);
        FileAssets::in_bucket(&self.folder.path().join("near"), WEEK, bucket, keys).await
    }

    async fn store(&self) -> FileAssets {
        self.try_open(&self.bucket(), SECRET).await.unwrap()
    }

    fn file(&self, account: AccountId, asset: AssetId) -> std::path::PathBuf {
        self.server.file(&format!("{PREFIX}/{account}/{:02x}/{asset}", asset.0[0]))
    }
}

impl AssetWorld for InBucket {
    fn open(&self) -> Pending<Arc<dyn AssetStore>> {
        let (folder, bucket) = (self.folder.path().join("near"), self.bucket());
        Box::pin(async move {
            let keys = BucketKeys::new(KEY_ID.to_owned(), SECRET.to_owned(), None);
            Arc::new(FileAssets::in_bucket(&folder, WEEK, &bucket, keys).await.unwrap()) as Arc<dyn AssetStore>
        })
    }

    fn damage(&self, account: AccountId, asset: AssetId) {
        let file = self.file(account, asset);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[0] ^= 1;
        std::fs::write(file, bytes).unwrap();
    }
}

#[tokio::test]
async fn a_bucket_keeps_the_contract_of_assets() {
    contract::all(InBucket::new).await;
}

/// In several parts to the bucket. What was uploaded stays here for the next attempt; nobody sees anything of it before.
#[tokio::test]
async fn a_bucket_that_goes_away_in_the_middle_of_an_upload_has_nothing_until_it_is_back() {
    let world = InBucket::new();
    let store = world.store().await;
    let bytes: Vec<u8> = (0u32..).flat_map(u32::to_le_bytes).take(2 * BUCKET_PART + ASSET_PART).collect();
    let (account, asset, size) = (AccountId::LOCAL, AssetId::of(&bytes), bytes.len() as u64);
    for (n, part) in bytes.chunks(ASSET_PART).enumerate() {
        store.write(account, asset, (n * ASSET_PART) as u64, Bytes::copy_from_slice(part)).await.unwrap();
    }
    // The upload begins, and one part arrives.
    world.server.leave_after(2);
    assert!(matches!(store.finish(account, asset).await, Err(AssetError::Unknown(_))));
    assert!(matches!(store.size(account, asset).await, Err(AssetError::Refused(_))), "it is not known to be absent");
    assert_eq!(store.written(account, asset).await, Ok(size));
    assert!(!world.file(account, asset).exists() && world.server.has_parts(), "it was not in the middle");
    world.server.come_back();
    assert_eq!(store.size(account, asset).await, Ok(None));
    store.finish(account, asset).await.unwrap();
    assert_eq!(store.size(account, asset).await, Ok(Some(size)));
    assert_eq!(store.written(account, asset).await, Ok(0));
    let end = store.read(account, asset, size - 10, 100).await.unwrap().unwrap();
    assert_eq!(end, bytes[bytes.len() - 10..]);
    // Also where nobody has read it before.
    let end = world.store().await.read(account, asset, size - 10, 100).await.unwrap().unwrap();
    assert_eq!(end, bytes[bytes.len() - 10..]);
}

/// After the first, which reads all of it.
#[tokio::test]
async fn each_piece_of_an_asset_is_one_request_for_as_long_as_it_is_what_it_was() {
    let world = InBucket::new();
    let store = world.store().await;
    let (account, asset) = (AccountId::LOCAL, AssetId::of(b"one"));
    store.write(account, asset, 0, Bytes::from_static(b"one")).await.unwrap();
    store.finish(account, asset).await.unwrap();
    let store = world.store().await;
    assert_eq!(store.read(account, asset, 0, 1).await, Ok(Some(Bytes::from_static(b"o"))));
    for (at, piece) in [(1, "n"), (2, "e")] {
        world.server.leave_after(1);
        assert_eq!(store.read(account, asset, at, 1).await, Ok(Some(Bytes::from(piece))));
    }
    world.server.come_back();
    world.server.has_changed();
    world.damage(account, asset);
    assert_eq!(store.read(account, asset, 1, 1).await, Err(AssetError::Damaged(asset)));
    std::fs::remove_file(world.file(account, asset)).unwrap();
    assert_eq!(store.read(account, asset, 1, 1).await, Ok(None));
}

#[tokio::test]
async fn what_is_wrong_with_a_bucket_is_said_when_it_is_opened() {
    let world = InBucket::new();
    let said =
        async |bucket: &Bucket, secret| world.try_open(bucket, secret).await.err().expect("an error").to_string();
    let other = Bucket { name: "other".to_owned(), ..world.bucket() };
    assert!(said(&other, SECRET).await.contains("NoSuchBucket"), "{}", said(&other, SECRET).await);
    assert!(said(&world.bucket(), "wrong").await.contains("SignatureDoesNotMatch"));
    world.server.leave_after(0);
    assert!(said(&world.bucket(), SECRET).await.contains("cannot use the bucket pictures"));
    world.server.come_back();
    // Assets that are in files would not be found.
    let folder = world.folder.path().join("near");
    let files = FileAssets::open(&folder, WEEK).await.unwrap();
    let (account, asset) = (AccountId::LOCAL, AssetId::of(b"one"));
    files.write(account, asset, 0, Bytes::from_static(b"one")).await.unwrap();
    files.finish(account, asset).await.unwrap();
    assert!(matches!(world.try_open(&world.bucket(), SECRET).await, Err(BucketError::Left(_))));
    // Brought there by hand, they are.
    let there = world.file(account, asset);
    std::fs::create_dir_all(there.parent().unwrap()).unwrap();
    let here = folder.join(account.to_string());
    std::fs::copy(here.join(format!("{:02x}", asset.0[0])).join(asset.to_string()), there).unwrap();
    std::fs::remove_dir_all(here).unwrap();
    assert_eq!(world.store().await.read(account, asset, 0, 3).await, Ok(Some(Bytes::from_static(b"one"))));
}
