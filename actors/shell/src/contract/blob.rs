//! What a [`BlobStore`] must do.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use wayfare_protocol::{ChunkId, Wall};

use crate::ports::{BlobError, BlobStore, Pending};

/// Storage that outlives the stores opened on it.
pub trait BlobWorld {
    /// A store on this storage. The one before has been dropped.
    fn open(&self) -> Pending<Arc<dyn BlobStore>>;
    /// Changes a byte of what is kept under that id, behind the store's back.
    fn damage(&self, id: ChunkId);
}

const EVER: Wall = Wall(u64::MAX);

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: BlobWorld>(fresh: impl Fn() -> W) {
    what_was_put_is_there_under_its_hash(&fresh()).await;
    what_was_put_is_there_after_reopening(&fresh()).await;
    the_same_put_twice_is_there_once(&fresh()).await;
    what_is_deleted_is_gone(&fresh()).await;
    damage_is_told_and_mended_by_putting_again(&fresh()).await;
    a_list_has_what_was_put_before_and_begins_so(&fresh()).await;
}

/// Empty and large ones among them.
pub async fn what_was_put_is_there_under_its_hash(world: &impl BlobWorld) {
    let store = world.open().await;
    for bytes in [Bytes::new(), Bytes::from_static(b"one"), Bytes::from(vec![7; 3 << 20])] {
        let id = ChunkId::of(&bytes);
        assert!(!good("has", store.has(id).await), "before it was put");
        assert_eq!(good("get", store.get(id).await), None, "before it was put");
        good("put", store.put(id, bytes.clone()).await);
        assert!(good("has", store.has(id).await), "after it was put");
        assert!(good("get", store.get(id).await) == Some(bytes), "what was put is what is got");
    }
}

/// A new process finds what the old one was told is kept.
pub async fn what_was_put_is_there_after_reopening(world: &impl BlobWorld) {
    let store = world.open().await;
    let id = put(&store, b"one").await;
    drop(store);
    let store = world.open().await;
    assert_eq!(good("get", store.get(id).await), Some(Bytes::from_static(b"one")));
}

/// Also when many put it at once.
pub async fn the_same_put_twice_is_there_once(world: &impl BlobWorld) {
    let store = world.open().await;
    let bytes = Bytes::from(vec![9; 100_000]);
    let id = ChunkId::of(&bytes);
    let puts = join_all((0..8).map(|_| store.put(id, bytes.clone()))).await;
    assert!(puts.into_iter().all(|put| put == Ok(())), "every put is done");
    assert_eq!(good("list", store.list(id.0[0], EVER).await), [id]);
    assert!(good("get", store.get(id).await) == Some(bytes), "whole");
}

/// And may be deleted again, and put again.
pub async fn what_is_deleted_is_gone(world: &impl BlobWorld) {
    let store = world.open().await;
    let id = put(&store, b"one").await;
    let other = put(&store, b"two").await;
    for _ in 0..2 {
        good("delete", store.delete(id).await);
        assert_eq!((good("has", store.has(id).await), good("get", store.get(id).await)), (false, None));
    }
    assert!(good("has", store.has(other).await), "the other one stays");
    put(&store, b"one").await;
    assert_eq!(good("get", store.get(id).await), Some(Bytes::from_static(b"one")));
}

/// Wrong bytes are never given out, whoever brought them.
pub async fn damage_is_told_and_mended_by_putting_again(world: &impl BlobWorld) {
    let store = world.open().await;
    let id = put(&store, b"one").await;
    world.damage(id);
    assert_eq!(store.get(id).await, Err(BlobError::Damaged(id)));
    put(&store, b"one").await;
    assert_eq!(good("get", store.get(id).await), Some(Bytes::from_static(b"one")));
    good("put", store.put(id, Bytes::from_static(b"two")).await);
    assert_eq!(store.get(id).await, Err(BlobError::Damaged(id)));
}

/// In order; nothing that was put later, and nothing that begins with another byte.
pub async fn a_list_has_what_was_put_before_and_begins_so(world: &impl BlobWorld) {
    let store = world.open().await;
    let mut ids = Vec::new();
    for n in 0u32..300 {
        ids.push(put(&store, &n.to_le_bytes()).await);
    }
    ids.sort();
    let mut listed = Vec::new();
    for first in 0..=u8::MAX {
        assert_eq!(good("list", store.list(first, Wall(0)).await), [], "all were put after the beginning of time");
        let of_byte = good("list", store.list(first, EVER).await);
        assert!(of_byte.iter().all(|id| id.0[0] == first), "only those that begin so");
        listed.extend(of_byte);
    }
    assert_eq!(listed, ids, "all of them, in order");
}

async fn put(store: &Arc<dyn BlobStore>, bytes: &[u8]) -> ChunkId {
    let id = ChunkId::of(bytes);
    good("put", store.put(id, Bytes::copy_from_slice(bytes)).await);
    id
}

#[track_caller]
fn good<T>(what: &str, result: Result<T, BlobError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} failed: {error}"),
    }
}
