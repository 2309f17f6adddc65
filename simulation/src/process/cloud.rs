//! The cloud's machine.

use std::sync::Arc;

use wayfare_actors::actor::Fatal;
use wayfare_actors::cloud::{self, CloudNode};

use super::{CLOUD, Surroundings, in_use};
use crate::life::Life;
use crate::place::Place;
use crate::ports::{Assets, Disk, Spares, StoreRows};
use crate::running::Process;
use crate::seed::Seed;

/// The cloud: its machine, and the process on it, if one runs.
pub struct CloudMachine {
    seed: Seed,
    disk: Arc<Disk>,
    store: Arc<StoreRows>,
    spares: Spares,
    assets: Arc<Assets>,
    starts: u64,
    /// Its process.
    pub process: Process<CloudNode>,
}

impl CloudMachine {
    /// A machine on which nothing runs yet.
    #[must_use]
    pub fn new(seed: Seed, disk: Arc<Disk>, store: Arc<StoreRows>, assets: Arc<Assets>) -> Self {
        let spares = Spares::default();
        Self { seed, disk, store, spares, assets, starts: 0, process: Process::default() }
    }

    /// The same machine with another place for spares.
    #[must_use]
    pub fn with_spares(self, spares: Spares) -> Self {
        Self { spares, ..self }
    }

    /// What it keeps of daemons.
    #[must_use]
    pub fn spares(&self) -> &Spares {
        &self.spares
    }

    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &Arc<Disk> {
        &self.disk
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &Arc<StoreRows> {
        &self.store
    }

    /// Starts the process if none runs.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start(&mut self, around: &Surroundings) -> Result<(), Fatal> {
        if self.process.is_there() {
            return Ok(());
        }
        self.starts += 1;
        let life = Life::begin();
        let seed = self.seed.numbered("start", self.starts);
        let assets = self.assets.open(&life);
        let ports = around.ports(Place::Cloud, &seed, &life, &self.disk, assets).ok_or_else(in_use)?;
        let identity = cloud::Identity { server: CLOUD, version: "simulated".to_owned() };
        let node = Arc::new(
            CloudNode::start(
                ports,
                self.store.open(&life),
                Arc::new(self.spares.clone()),
                identity,
                around.limits.clone(),
            )
            .await?,
        );
        let accepts = Arc::clone(&node);
        around.network.open_door(
            Place::Cloud,
            Arc::clone(&life),
            Arc::new(move |connection| {
                let _ = accepts.accept(connection); // a refused connection is dropped
            }),
        );
        self.process.begin(life, node);
        Ok(())
    }

    /// Kills the process; `false` if none runs.
    pub async fn crash(&mut self, around: &Surroundings) -> bool {
        let Some((life, node)) = self.process.take() else { return false };
        life.end();
        node.kill().await;
        around.world.settle().await;
        around.network.process_ended(Place::Cloud, &life, true);
        around.tracer.evidence().gone(&Place::Cloud.to_string(), None);
        self.disk.crash(false);
        true
    }
}
