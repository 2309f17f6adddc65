//! The simulated ports pass the contracts that the real ones pass.

use std::sync::Arc;

use wayfare_actors::contract::log::LogWorld;
use wayfare_actors::contract::store::StoreWorld;
use wayfare_actors::contract::{log, store};
use wayfare_actors::ports::{ControlStore, LogName, LogStore, Pending};
use wayfare_protocol::AccountId;
use wayfare_simulation::Seed;
use wayfare_simulation::life::Life;
use wayfare_simulation::ports::{Disk, StoreRows, Sync};
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
        self.0.crash(); // nothing was under way: half a record is no record on this disk
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
