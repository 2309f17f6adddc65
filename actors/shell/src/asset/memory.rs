//! Assets in memory: for tests, the simulation, and programs that keep none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{AccountId, AssetId, Wall};

use crate::ports::{AssetError, AssetStore, Pending};

type Key = (AccountId, AssetId);

#[derive(Debug, Default)]
struct Kept {
    whole: BTreeMap<Key, Bytes>,
    uploads: BTreeMap<Key, Vec<u8>>,
    owed: BTreeSet<Key>,
    met: BTreeMap<AccountId, ServerIdentity>,
    unlinked: BTreeMap<Key, Wall>,
}

/// See the module. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct MemoryAssets(Arc<Mutex<Kept>>);

impl MemoryAssets {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a byte of an asset, behind the back of whoever uses it.
    pub fn damage(&self, account: AccountId, asset: AssetId) {
        if let Some(bytes) = self.kept().whole.get_mut(&(account, asset)) {
            let mut changed = bytes.to_vec();
            changed[0] ^= 1;
            *bytes = changed.into();
        }
    }
}

/// What is known at once.
fn done<T: Send + 'static>(result: Result<T, AssetError>) -> Pending<Result<T, AssetError>> {
    Box::pin(async { result })
}

impl AssetStore for MemoryAssets {
    fn size(&self, account: AccountId, asset: AssetId) -> Pending<Result<Option<u64>, AssetError>> {
        done(Ok(self.kept().whole.get(&(account, asset)).map(|bytes| bytes.len() as u64)))
    }

    fn read(
        &self,
        account: AccountId,
        asset: AssetId,
        from: u64,
        length: usize,
    ) -> Pending<Result<Option<Bytes>, AssetError>> {
        let Some(bytes) = self.kept().whole.get(&(account, asset)).cloned() else { return done(Ok(None)) };
        if AssetId::of(&bytes) != asset {
            return done(Err(AssetError::Damaged(asset)));
        }
        let begin = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
        let end = begin.saturating_add(length).min(bytes.len());
        done(Ok(Some(bytes.slice(begin..end))))
    }

    fn written(&self, account: AccountId, asset: AssetId) -> Pending<Result<u64, AssetError>> {
        done(Ok(self.kept().uploads.get(&(account, asset)).map_or(0, |bytes| bytes.len() as u64)))
    }

    fn write(&self, account: AccountId, asset: AssetId, at: u64, bytes: Bytes) -> Pending<Result<(), AssetError>> {
        let mut kept = self.kept();
        let upload = kept.uploads.entry((account, asset)).or_default();
        if upload.len() as u64 != at {
            return done(Err(AssetError::Refused(format!("{} bytes are there, not {at}", upload.len()))));
        }
        upload.extend_from_slice(&bytes);
        done(Ok(()))
    }

    fn finish(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let mut kept = self.kept();
        let bytes = kept.uploads.remove(&(account, asset)).unwrap_or_default();
        if AssetId::of(&bytes) != asset {
            return done(Err(AssetError::Other(asset)));
        }
        kept.whole.insert((account, asset), bytes.into());
        done(Ok(()))
    }

    fn delete(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let mut kept = self.kept();
        kept.whole.remove(&(account, asset));
        kept.uploads.remove(&(account, asset));
        done(Ok(()))
    }

    fn owe(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        self.kept().owed.insert((account, asset));
        done(Ok(()))
    }

    fn settle(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        self.kept().owed.remove(&(account, asset));
        done(Ok(()))
    }

    fn owed(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>> {
        done(Ok(self.kept().owed.iter().filter(|key| key.0 == account).map(|(_, asset)| *asset).collect()))
    }

    fn met(&self, account: AccountId) -> Pending<Result<Option<ServerIdentity>, AssetError>> {
        done(Ok(self.kept().met.get(&account).cloned()))
    }

    fn note_met(&self, account: AccountId, cloud: ServerIdentity) -> Pending<Result<(), AssetError>> {
        self.kept().met.insert(account, cloud);
        done(Ok(()))
    }

    fn list(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>> {
        done(Ok(self.kept().whole.keys().filter(|key| key.0 == account).map(|(_, asset)| *asset).collect()))
    }

    fn note_unlinked(&self, account: AccountId, asset: AssetId, since: Wall) -> Pending<Result<(), AssetError>> {
        self.kept().unlinked.insert((account, asset), since);
        done(Ok(()))
    }

    fn forget_unlinked(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        self.kept().unlinked.remove(&(account, asset));
        done(Ok(()))
    }

    fn unlinked(&self, account: AccountId) -> Pending<Result<BTreeMap<AssetId, Wall>, AssetError>> {
        let kept = self.kept();
        let own = kept.unlinked.iter().filter(|(key, _)| key.0 == account);
        done(Ok(own.map(|((_, asset), since)| (*asset, *since)).collect()))
    }
}
