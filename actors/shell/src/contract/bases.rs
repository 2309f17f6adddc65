//! What [`Bases`] must do, and some that are in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;
use wayfare_core::folder_assets::Base;
use wayfare_core::folder_binding::{Brief, Kept, Stamp, TextHash};
use wayfare_protocol::{AssetId, DocumentId};

use crate::ports::{Bases, Pending};

/// Where a folder's bases are.
pub trait BasesWorld {
    /// Them, as a process has them. Those before have been dropped.
    fn open(&self) -> Arc<dyn Bases>;
}

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: BasesWorld>(fresh: impl Fn() -> W) {
    what_was_put_is_there_after_reopening(&fresh()).await;
    what_was_put_of_files_is_there_after_reopening(&fresh()).await;
}

/// Until it is forgotten.
pub async fn what_was_put_is_there_after_reopening(world: &impl BasesWorld) {
    let document = DocumentId(Uuid::from_u128(5));
    let text = Some(TextHash::of("text"));
    let kept = |path: &str| Kept { path: path.to_owned(), base: Some("history".into()), text, writing: None };
    assert_eq!(world.open().get(document).await, Ok(None));
    for path in ["a.md", "b.md"] {
        assert_eq!(world.open().put(document, Some(kept(path))).await, Ok(()));
        assert_eq!(world.open().get(document).await, Ok(Some(kept(path))));
        assert_eq!(world.open().all().await, Ok(BTreeMap::from([(document, kept(path).brief())])));
    }
    for _ in 0..2 {
        assert_eq!(world.open().put(document, None).await, Ok(()));
    }
    assert_eq!(world.open().all().await, Ok(BTreeMap::new()));
}

/// All of it at once.
pub async fn what_was_put_of_files_is_there_after_reopening(world: &impl BasesWorld) {
    let base = |n| Base { asset: AssetId([n; 32]), stamp: Stamp { modified: 1, bytes: 2, inode: u64::from(n) } };
    assert_eq!(world.open().assets().await, Ok(BTreeMap::new()));
    for n in 1..3 {
        let assets = BTreeMap::from([(format!("{n}.png"), base(n))]);
        assert_eq!(world.open().put_assets(assets.clone()).await, Ok(()));
        assert_eq!(world.open().assets().await, Ok(assets));
    }
    assert_eq!(world.open().all().await, Ok(BTreeMap::new()), "they are no documents");
}

/// Bases in memory. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct MemoryBases(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    documents: BTreeMap<DocumentId, Kept>,
    assets: BTreeMap<String, Base>,
}

impl MemoryBases {
    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn done<T: Send + 'static>(value: T) -> Pending<Result<T, String>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl BasesWorld for MemoryBases {
    fn open(&self) -> Arc<dyn Bases> {
        Arc::new(self.clone())
    }
}

impl Bases for MemoryBases {
    fn all(&self) -> Pending<Result<BTreeMap<DocumentId, Brief>, String>> {
        done(self.remembered().documents.iter().map(|(document, kept)| (*document, kept.brief())).collect())
    }

    fn get(&self, document: DocumentId) -> Pending<Result<Option<Kept>, String>> {
        done(self.remembered().documents.get(&document).cloned())
    }

    fn assets(&self) -> Pending<Result<BTreeMap<String, Base>, String>> {
        done(self.remembered().assets.clone())
    }

    fn put_assets(&self, assets: BTreeMap<String, Base>) -> Pending<Result<(), String>> {
        self.remembered().assets = assets;
        done(())
    }

    fn put(&self, document: DocumentId, kept: Option<Kept>) -> Pending<Result<(), String>> {
        let documents = &mut self.remembered().documents;
        match kept {
            Some(kept) => documents.insert(document, kept),
            None => documents.remove(&document),
        };
        done(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bases_in_memory_keep_the_contract() {
        all(MemoryBases::default).await;
    }
}
