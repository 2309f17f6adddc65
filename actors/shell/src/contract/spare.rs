//! What a [`SpareStore`] must do.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::daemon::{DaemonKey, Durability};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::{SnapshotReady, Spare};
use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::{AccountId, ChunkId, DeviceId, EntityId, EntityKey, Epoch, Head, NodeId, SignedHead};

use crate::ports::{BlobError, Pending, SpareStore};

/// Storage that outlives the stores opened on it.
pub trait SpareWorld {
    /// A store on this storage. The one before has been dropped.
    fn open(&self) -> Pending<Arc<dyn SpareStore>>;
    /// Changes a byte of a chunk, behind the store's back.
    fn damage(&self, account: AccountId, daemon: EntityId, chunk: ChunkId);
}

const ONE: &[u8] = b"one";
const TWO: &[u8] = b"two";
const THREE: &[u8] = b"three";

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: SpareWorld>(fresh: impl Fn() -> W) {
    what_is_kept_is_there_after_reopening(&fresh()).await;
    a_newer_spare_takes_the_place_and_the_chunks_of_the_older(&fresh()).await;
    daemons_and_accounts_do_not_see_each_others(&fresh()).await;
    what_is_damaged_is_not_given_out_and_mended_by_putting_it_again(&fresh()).await;
}

fn account(number: u128) -> AccountId {
    AccountId(uuid::Uuid::from_u128(number))
}

fn key(number: u8) -> EntityKey {
    EntityKey::from_seed(&[number; 32])
}

fn spare(of: &EntityKey, position: u64, chunks: &[&[u8]]) -> Spare {
    let head = Head { inbox_position: position, ..Head::default() };
    let sizes = chunks.iter().map(|bytes| (ChunkId::of(bytes), u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
    let ready = SnapshotReady {
        source: NodeId(DeviceId([1; 32])),
        key: DaemonKey { name: "votes".parse().expect("a name"), kind: "tally".parse().expect("a kind") },
        durability: Durability::Disk,
        manifest: Manifest { total: chunks.iter().map(|bytes| bytes.len() as u64).sum(), chunks: sizes.collect() },
        head: SignedHead::sign(of, Lineage(0), Epoch { generation: 1, n: 1 }, head),
        is_sealed: false,
        sealed_key: None,
    };
    Spare { daemon: of.entity(), ready, sealed_keys: Vec::new() }
}

async fn fill(store: &dyn SpareStore, account: AccountId, spare: &Spare, chunks: &[&'static [u8]]) {
    for bytes in chunks {
        good("put", store.put(account, spare.daemon, Bytes::from_static(bytes)).await);
    }
    good("keep", store.keep(account, spare.clone()).await);
}

/// A new process finds the spare and its chunks.
pub async fn what_is_kept_is_there_after_reopening(world: &impl SpareWorld) {
    let (store, mine, spare) = (world.open().await, account(1), spare(&key(1), 7, &[ONE, TWO]));
    assert_eq!(good("all", store.all(mine).await), [], "before anything was kept");
    fill(store.as_ref(), mine, &spare, &[ONE, TWO]).await;
    drop(store);
    let store = world.open().await;
    assert_eq!(good("all", store.all(mine).await), std::slice::from_ref(&spare));
    for bytes in [ONE, TWO] {
        let chunk = ChunkId::of(bytes);
        assert!(good("has", store.has(mine, spare.daemon, chunk).await));
        assert_eq!(good("get", store.get(mine, spare.daemon, chunk).await).as_deref(), Some(bytes));
    }
}

/// Chunks of both are put once.
pub async fn a_newer_spare_takes_the_place_and_the_chunks_of_the_older(world: &impl SpareWorld) {
    let (store, mine) = (world.open().await, account(1));
    let (older, newer) = (spare(&key(1), 7, &[ONE, TWO]), spare(&key(1), 9, &[TWO, THREE]));
    fill(store.as_ref(), mine, &older, &[ONE, TWO]).await;
    fill(store.as_ref(), mine, &newer, &[THREE]).await;
    assert_eq!(good("all", store.all(mine).await), std::slice::from_ref(&newer));
    let has = async |bytes| good("has", store.has(mine, newer.daemon, ChunkId::of(bytes)).await);
    assert_eq!((has(ONE).await, has(TWO).await, has(THREE).await), (false, true, true));
}

/// Also of equal chunks.
pub async fn daemons_and_accounts_do_not_see_each_others(world: &impl SpareWorld) {
    let (store, mine, other) = (world.open().await, account(1), account(2));
    let (first, second) = (spare(&key(1), 7, &[ONE]), spare(&key(2), 7, &[ONE]));
    fill(store.as_ref(), mine, &first, &[ONE]).await;
    let chunk = ChunkId::of(ONE);
    assert!(!good("has", store.has(mine, second.daemon, chunk).await), "another daemon's");
    assert!(!good("has", store.has(other, first.daemon, chunk).await), "another account's");
    assert_eq!(good("get", store.get(mine, second.daemon, chunk).await), None);
    fill(store.as_ref(), mine, &second, &[ONE]).await;
    fill(store.as_ref(), mine, &spare(&key(1), 9, &[TWO]), &[TWO]).await;
    assert!(good("has", store.has(mine, second.daemon, chunk).await), "the other needs it still");
    assert_eq!(good("all", store.all(mine).await).len(), 2);
    assert_eq!(good("all", store.all(other).await), []);
}

/// As of every blob.
pub async fn what_is_damaged_is_not_given_out_and_mended_by_putting_it_again(world: &impl SpareWorld) {
    let (store, mine, spare) = (world.open().await, account(1), spare(&key(1), 7, &[ONE]));
    fill(store.as_ref(), mine, &spare, &[ONE]).await;
    let chunk = ChunkId::of(ONE);
    world.damage(mine, spare.daemon, chunk);
    assert_eq!(store.get(mine, spare.daemon, chunk).await, Err(BlobError::Damaged(chunk)));
    fill(store.as_ref(), mine, &spare, &[ONE]).await;
    assert_eq!(good("get", store.get(mine, spare.daemon, chunk).await).as_deref(), Some(ONE));
}

fn good<T>(what: &str, result: Result<T, BlobError>) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}
