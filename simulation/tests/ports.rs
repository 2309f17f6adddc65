//! The simulated ports pass the contracts that the real ones pass.

use std::sync::Arc;

use wayfare_actors::contract::blob::BlobWorld;
use wayfare_actors::contract::log::LogWorld;
use wayfare_actors::contract::store::StoreWorld;
use wayfare_actors::contract::{blob, log, store};
use wayfare_actors::ports::{BlobError, BlobStore, ControlStore, LogName, LogStore, Pending};
use wayfare_core::oracle::Setting;
use wayfare_protocol::{AccountId, ChunkId, Limits};
use wayfare_simulation::Seed;
use wayfare_simulation::evidence::Evidence;
use wayfare_simulation::fault::What;
use wayfare_simulation::hits::{Hits, Strike};
use wayfare_simulation::life::Life;
use wayfare_simulation::ports::{Blobs, Disk, StoreRows, Sync};
use wayfare_simulation::world::World;

/// Runs a suite while the world's events happen.
fn in_world(suite: impl AsyncFnOnce(Arc<World>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::new(&Seed::root(1));
        let events = Arc::clone(&world);
        tokio::select! {
            biased;
            () = suite(world) => {}
            () = events.run() => {}
        }
    });
}

struct OneDisk(Arc<Disk>);

impl LogWorld for OneDisk {
    fn open(&self) -> Pending<Arc<dyn LogStore>> {
        let store = self.0.open(&Life::begin()).expect("the store before has been dropped");
        Box::pin(async move { store as Arc<dyn LogStore> })
    }

    fn open_second(&self) -> Pending<Option<String>> {
        let refused = self.0.open(&Life::begin()).is_none().then(|| "it is open".to_owned());
        Box::pin(async move { refused })
    }

    fn tear(&self, _name: LogName) {
        self.0.crash(true); // nothing was under way: half a record is no record on this disk
    }
}

#[test]
fn the_simulated_log_keeps_the_contract_of_logs() {
    in_world(async |world| {
        log::all(|| OneDisk(Disk::new(&world, &Seed::root(2), Sync::Durable))).await;
    });
}

struct OneStore(Arc<StoreRows>);

impl StoreWorld for OneStore {
    fn open(&self) -> Pending<Arc<dyn ControlStore>> {
        let store = self.0.open(&Life::begin());
        Box::pin(async move { store as Arc<dyn ControlStore> })
    }
}

#[test]
fn the_simulated_store_keeps_the_contract_of_control_stores() {
    in_world(async |world| {
        let account = AccountId(uuid::Uuid::from_u128(9));
        store::all(|| OneStore(StoreRows::new(&world, &Seed::root(3), account))).await;
    });
}

struct OneBlobs(Arc<Blobs>);

impl BlobWorld for OneBlobs {
    fn open(&self) -> Pending<Arc<dyn BlobStore>> {
        let store = self.0.open(&Life::begin());
        Box::pin(async move { store as Arc<dyn BlobStore> })
    }

    fn damage(&self, id: ChunkId) {
        self.0.damage(id);
    }
}

#[test]
fn the_simulated_blobs_keep_the_contract_of_blobs() {
    in_world(async |world| {
        blob::all(|| OneBlobs(Blobs::new(&world, &Seed::root(4)))).await;
    });
}

#[test]
fn erring_blobs_may_be_put_when_they_say_unknown_and_are_not_when_refused() {
    in_world(async |world| {
        let setting = Setting::of_world(Limits::default());
        let strike =
            Strike::new(What::StoreErrors, &Hits::new(&Evidence::new(Arc::clone(&world), &setting, Vec::new())));
        let blobs = Blobs::new(&world, &Seed::root(5));
        let store = blobs.open(&Life::begin());
        let (mut unknown_and_there, mut unknown_and_not) = (0, 0);
        for n in 0u32..100 {
            let bytes = bytes::Bytes::copy_from_slice(&n.to_le_bytes());
            let id = ChunkId::of(&bytes);
            blobs.ail(|ills| ills.erring = Some(Arc::clone(&strike)));
            let put = store.put(id, bytes).await;
            blobs.ail(|ills| ills.erring = None);
            let is_there = store.has(id).await.unwrap();
            match put {
                Ok(()) => assert!(is_there),
                Err(BlobError::Refused(_)) => assert!(!is_there),
                Err(BlobError::Unknown(_)) if is_there => unknown_and_there += 1,
                Err(_) => unknown_and_not += 1,
            }
        }
        assert!(unknown_and_there > 0 && unknown_and_not > 0);
    });
}
