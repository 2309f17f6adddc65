//! Assets in memory, that outlive the process which brought them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_actors::asset::MemoryAssets;
use wayfare_actors::ports::{AssetError, AssetStore, Pending};
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{AccountId, AssetId, Wall};

use super::errand::Errands;
use crate::life::Life;
use crate::seed::Seed;
use crate::world::World;

/// The assets of one machine.
pub struct Assets {
    errands: Arc<Errands>,
    store: MemoryAssets,
    /// Whether it forgets what it said to have: what it must not do.
    forgets: bool,
}

impl Assets {
    /// Without assets.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed, forgets: bool) -> Arc<Self> {
        let errands = Arc::new(Errands::new(world, seed));
        Arc::new(Self { errands, store: MemoryAssets::default(), forgets })
    }

    /// Opens the store for a process.
    #[must_use]
    pub fn open(self: &Arc<Self>, life: &Arc<Life>) -> Arc<SimAssets> {
        Arc::new(SimAssets { assets: Arc::clone(self), life: Arc::clone(life) })
    }
}

/// The store as one process has it open.
pub struct SimAssets {
    assets: Arc<Assets>,
    life: Arc<Life>,
}

type Answer<T> = Pending<Result<T, AssetError>>;

impl SimAssets {
    fn ask<T: Send + 'static>(&self, work: impl FnOnce(&MemoryAssets) -> Answer<T> + Send + 'static) -> Answer<T> {
        let store = self.assets.store.clone();
        self.assets.errands.run(&self.life, Duration::ZERO, move || work(&store))
    }
}

impl AssetStore for SimAssets {
    fn size(&self, account: AccountId, asset: AssetId) -> Answer<Option<u64>> {
        self.ask(move |store| store.size(account, asset))
    }

    fn read(&self, account: AccountId, asset: AssetId, from: u64, length: usize) -> Answer<Option<Bytes>> {
        self.ask(move |store| store.read(account, asset, from, length))
    }

    fn written(&self, account: AccountId, asset: AssetId) -> Answer<u64> {
        self.ask(move |store| store.written(account, asset))
    }

    fn write(&self, account: AccountId, asset: AssetId, at: u64, bytes: Bytes) -> Answer<()> {
        self.ask(move |store| store.write(account, asset, at, bytes))
    }

    fn finish(&self, account: AccountId, asset: AssetId) -> Answer<()> {
        let forgets = self.assets.forgets;
        self.ask(move |store| {
            let done = store.finish(account, asset);
            if forgets {
                drop(store.delete(account, asset)); // it is done when it is asked for
            }
            done
        })
    }

    fn delete(&self, account: AccountId, asset: AssetId) -> Answer<()> {
        self.ask(move |store| store.delete(account, asset))
    }

    fn owe(&self, account: AccountId, asset: AssetId) -> Answer<()> {
        self.ask(move |store| store.owe(account, asset))
    }

    fn settle(&self, account: AccountId, asset: AssetId) -> Answer<()> {
        self.ask(move |store| store.settle(account, asset))
    }

    fn owed(&self, account: AccountId) -> Answer<Vec<AssetId>> {
        self.ask(move |store| store.owed(account))
    }

    fn met(&self, account: AccountId) -> Answer<Option<ServerIdentity>> {
        self.ask(move |store| store.met(account))
    }

    fn note_met(&self, account: AccountId, cloud: ServerIdentity) -> Answer<()> {
        self.ask(move |store| store.note_met(account, cloud))
    }

    fn list(&self, account: AccountId) -> Answer<Vec<AssetId>> {
        self.ask(move |store| store.list(account))
    }

    fn note_unlinked(&self, account: AccountId, asset: AssetId, since: Wall) -> Answer<()> {
        self.ask(move |store| store.note_unlinked(account, asset, since))
    }

    fn forget_unlinked(&self, account: AccountId, asset: AssetId) -> Answer<()> {
        self.ask(move |store| store.forget_unlinked(account, asset))
    }

    fn unlinked(&self, account: AccountId) -> Answer<BTreeMap<AssetId, Wall>> {
        self.ask(move |store| store.unlinked(account))
    }
}
