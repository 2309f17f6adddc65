//! What an [`AssetStore`] must do.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{AccountId, AssetId, Wall};

use crate::ports::{AssetError, AssetStore, Pending};

/// Storage that outlives the stores opened on it.
pub trait AssetWorld {
    /// A store on this storage. The one before has been dropped.
    fn open(&self) -> Pending<Arc<dyn AssetStore>>;
    /// Changes a byte of an asset, behind the store's back.
    fn damage(&self, account: AccountId, asset: AssetId);
}

const MINE: AccountId = AccountId(Uuid::from_u128(1));
const OTHERS: AccountId = AccountId(Uuid::from_u128(2));

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: AssetWorld>(fresh: impl Fn() -> W) {
    what_was_uploaded_is_there_under_its_hash(&fresh()).await;
    an_upload_goes_on_after_reopening(&fresh()).await;
    an_upload_with_another_hash_is_nothing(&fresh()).await;
    accounts_see_nothing_of_each_other(&fresh()).await;
    damage_is_told_and_mended_by_uploading_again(&fresh()).await;
    what_is_deleted_is_gone(&fresh()).await;
    what_is_owed_is_owed_until_it_is_settled(&fresh()).await;
    the_cloud_that_was_met_last_is_known(&fresh()).await;
    every_asset_is_listed_and_nothing_else(&fresh()).await;
    what_is_noted_is_noted_until_it_is_forgotten(&fresh()).await;
}

async fn upload(store: &dyn AssetStore, account: AccountId, bytes: &Bytes) -> AssetId {
    let asset = AssetId::of(bytes);
    good("write", store.write(account, asset, 0, bytes.clone()).await);
    good("finish", store.finish(account, asset).await);
    asset
}

/// In parts or whole, an empty one too; and any range of it can be read.
pub async fn what_was_uploaded_is_there_under_its_hash(world: &impl AssetWorld) {
    let store = world.open().await;
    let bytes = Bytes::from((0u32..700_000).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let asset = AssetId::of(&bytes);
    let mut at = 0;
    for part in [1_000_000, 1_000_000, 800_000] {
        assert_eq!(good("size", store.size(MINE, asset).await), None, "before it is finished");
        assert_eq!(good("read", store.read(MINE, asset, 0, 1).await), None, "before it is finished");
        assert_eq!(good("written", store.written(MINE, asset).await), at as u64);
        good("write", store.write(MINE, asset, at as u64, bytes.slice(at..at + part)).await);
        at += part;
    }
    good("finish", store.finish(MINE, asset).await);
    assert_eq!(good("size", store.size(MINE, asset).await), Some(2_800_000));
    assert_eq!(good("written", store.written(MINE, asset).await), 0, "the upload is over");
    for (from, length, have) in
        [(0, 10, 0..10), (999_990, 20, 999_990..1_000_010), (2_799_990, 20, 2_799_990..2_800_000)]
    {
        let read = good("read", store.read(MINE, asset, from, length).await);
        assert!(read == Some(bytes.slice(have)), "{length} bytes from {from}");
    }
    assert_eq!(good("read", store.read(MINE, asset, 2_800_000, 5).await), Some(Bytes::new()), "nothing after its end");
    assert_eq!(good("read", store.read(MINE, asset, 2_900_000, 5).await), Some(Bytes::new()), "nor behind it");
    let empty = AssetId::of(b"");
    good("finish", store.finish(MINE, empty).await);
    assert_eq!(good("size", store.size(MINE, empty).await), Some(0));
    assert_eq!(good("read", store.read(MINE, empty, 0, 5).await), Some(Bytes::new()));
}

/// What was written before a crash need not be sent again.
pub async fn an_upload_goes_on_after_reopening(world: &impl AssetWorld) {
    let asset = AssetId::of(b"onetwo");
    let store = world.open().await;
    good("write", store.write(MINE, asset, 0, Bytes::from_static(b"one")).await);
    drop(store);
    let store = world.open().await;
    assert_eq!(good("written", store.written(MINE, asset).await), 3);
    good("write", store.write(MINE, asset, 3, Bytes::from_static(b"two")).await);
    good("finish", store.finish(MINE, asset).await);
    drop(store);
    let store = world.open().await;
    assert_eq!(good("read", store.read(MINE, asset, 0, 100).await), Some(Bytes::from_static(b"onetwo")));
}

/// And may begin anew.
pub async fn an_upload_with_another_hash_is_nothing(world: &impl AssetWorld) {
    let store = world.open().await;
    let asset = AssetId::of(b"one");
    good("write", store.write(MINE, asset, 0, Bytes::from_static(b"two")).await);
    assert_eq!(store.finish(MINE, asset).await, Err(AssetError::Other(asset)));
    assert_eq!(good("size", store.size(MINE, asset).await), None);
    assert_eq!(good("written", store.written(MINE, asset).await), 0);
    upload(store.as_ref(), MINE, &Bytes::from_static(b"one")).await;
    assert_eq!(good("read", store.read(MINE, asset, 0, 100).await), Some(Bytes::from_static(b"one")));
}

/// Also where they have the same file.
pub async fn accounts_see_nothing_of_each_other(world: &impl AssetWorld) {
    let store = world.open().await;
    let asset = upload(store.as_ref(), MINE, &Bytes::from_static(b"one")).await;
    assert_eq!(good("size", store.size(OTHERS, asset).await), None);
    good("owe", store.owe(MINE, asset).await);
    assert_eq!(good("owed", store.owed(OTHERS).await), []);
    good("delete", store.delete(OTHERS, asset).await);
    assert_eq!(good("size", store.size(MINE, asset).await), Some(3));
}

/// Wrong bytes are never given out, not even a part of them.
pub async fn damage_is_told_and_mended_by_uploading_again(world: &impl AssetWorld) {
    let store = world.open().await;
    let bytes = Bytes::from_static(b"one");
    let asset = upload(store.as_ref(), MINE, &bytes).await;
    drop(store);
    world.damage(MINE, asset);
    let store = world.open().await;
    assert_eq!(store.read(MINE, asset, 2, 1).await, Err(AssetError::Damaged(asset)));
    upload(store.as_ref(), MINE, &bytes).await;
    assert_eq!(good("read", store.read(MINE, asset, 0, 100).await), Some(bytes));
}

/// And may be deleted again.
pub async fn what_is_deleted_is_gone(world: &impl AssetWorld) {
    let store = world.open().await;
    let asset = upload(store.as_ref(), MINE, &Bytes::from_static(b"one")).await;
    let other = upload(store.as_ref(), MINE, &Bytes::from_static(b"two")).await;
    let begun = AssetId::of(b"three");
    good("write", store.write(MINE, begun, 0, Bytes::from_static(b"th")).await);
    for gone in [asset, asset, begun] {
        good("delete", store.delete(MINE, gone).await);
        assert_eq!(good("size", store.size(MINE, gone).await), None);
        assert_eq!(good("written", store.written(MINE, gone).await), 0);
    }
    assert_eq!(good("size", store.size(MINE, other).await), Some(3), "the other one stays");
}

/// Also after a crash.
pub async fn what_is_owed_is_owed_until_it_is_settled(world: &impl AssetWorld) {
    let mut assets = [AssetId::of(b"one"), AssetId::of(b"two")];
    assets.sort();
    let store = world.open().await;
    for asset in [assets[1], assets[0], assets[1]] {
        good("owe", store.owe(MINE, asset).await);
    }
    drop(store);
    let store = world.open().await;
    assert_eq!(good("owed", store.owed(MINE).await), assets);
    for _ in 0..2 {
        good("settle", store.settle(MINE, assets[0]).await);
        assert_eq!(good("owed", store.owed(MINE).await), [assets[1]]);
    }
}

/// Also after a crash, and each account's own.
pub async fn the_cloud_that_was_met_last_is_known(world: &impl AssetWorld) {
    let clouds = [ServerIdentity::Ca([7; 32]), ServerIdentity::Origin("https://mesh.example:7443".to_owned())];
    let store = world.open().await;
    assert_eq!(good("met", store.met(MINE).await), None);
    for cloud in &clouds {
        good("note", store.note_met(MINE, cloud.clone()).await);
    }
    drop(store);
    let store = world.open().await;
    assert_eq!(good("met", store.met(MINE).await).as_ref(), clouds.last());
    assert_eq!(good("met", store.met(OTHERS).await), None);
}

/// In order, and each account's own.
pub async fn every_asset_is_listed_and_nothing_else(world: &impl AssetWorld) {
    let store = world.open().await;
    assert_eq!(good("list", store.list(MINE).await), []);
    let (one, two, three) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"), Bytes::from_static(b"three"));
    let mut mine = [upload(store.as_ref(), MINE, &one).await, upload(store.as_ref(), MINE, &two).await];
    mine.sort();
    let others = upload(store.as_ref(), OTHERS, &three).await;
    good("write", store.write(MINE, AssetId::of(b"begun"), 0, Bytes::from_static(b"beg")).await);
    good("owe", store.owe(MINE, AssetId::of(b"owed")).await);
    good("note", store.note_unlinked(MINE, AssetId::of(b"noted"), Wall(1)).await);
    good("note", store.note_met(MINE, ServerIdentity::Ca([7; 32])).await);
    drop(store);
    let store = world.open().await;
    assert_eq!(good("list", store.list(MINE).await), mine);
    assert_eq!(good("list", store.list(OTHERS).await), [others]);
    good("delete", store.delete(MINE, mine[0]).await);
    assert_eq!(good("list", store.list(MINE).await), [mine[1]]);
}

/// Also after a crash, and whether or not the asset is there.
pub async fn what_is_noted_is_noted_until_it_is_forgotten(world: &impl AssetWorld) {
    let (one, two) = (AssetId::of(b"one"), AssetId::of(b"two"));
    let store = world.open().await;
    assert_eq!(good("unlinked", store.unlinked(MINE).await), BTreeMap::new());
    for (asset, since) in [(one, 5), (two, 6), (one, 1_750_000_000_000)] {
        good("note", store.note_unlinked(MINE, asset, Wall(since)).await);
    }
    drop(store);
    let store = world.open().await;
    let noted = BTreeMap::from([(one, Wall(1_750_000_000_000)), (two, Wall(6))]);
    assert_eq!(good("unlinked", store.unlinked(MINE).await), noted);
    assert_eq!(good("unlinked", store.unlinked(OTHERS).await), BTreeMap::new());
    good("delete", store.delete(MINE, one).await);
    for _ in 0..2 {
        good("forget", store.forget_unlinked(MINE, two).await);
        assert_eq!(good("unlinked", store.unlinked(MINE).await).keys().collect::<Vec<_>>(), [&one]);
    }
}

#[track_caller]
fn good<T>(what: &str, result: Result<T, AssetError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} failed: {error}"),
    }
}
