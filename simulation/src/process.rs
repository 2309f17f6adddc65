//! The processes of the world: the very trees that the binaries run, over simulated ports, started, killed and started again.

mod cloud;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wayfare_actors::actor::Fatal;
use wayfare_actors::edge::{self, EdgeNode, NodePorts};
use wayfare_actors::ports::{Address, AssetStore, DeviceRow, Ports};
use wayfare_actors::prefetch::Ahead;
use wayfare_protocol::capability::{Capabilities, Hardware, RuntimeSpec};
use wayfare_protocol::daemon::{DaemonFactory, DaemonKind};
use wayfare_protocol::identity::{DeviceKey, ServerIdentity};
use wayfare_protocol::session::Language;
use wayfare_protocol::{Access, AccountId, EntityId, Limits, Wall};

use crate::clock::Clocks;
use crate::ledger::{LEDGER, Ledgers, SLIP, Slips};
use crate::life::Life;
use crate::place::Place;
use crate::ports::{
    Assets, Blobs, Disk, Folder, Hosts, Keys, Network, SimHosts, SimKeys, SimRandom, SimTime, SimTransport, SimWorkers,
};
use crate::running::Process;
use crate::seed::Seed;
use crate::trace::{ProcessTrace, Tracer};
use crate::trap::Traps;
use crate::world::World;

pub use cloud::CloudMachine;

/// The language of the fake kernel.
pub const LANGUAGE: &str = "fake";

/// Who the cloud is, to everybody.
pub const CLOUD: ServerIdentity = ServerIdentity::Ca([7; 32]);

/// What all processes share.
#[derive(Clone)]
pub struct Surroundings {
    /// Time.
    pub world: Arc<World>,
    /// Where the trace goes.
    pub tracer: Arc<Tracer>,
    /// The network.
    pub network: Arc<Network>,
    /// The bounds that everybody is held to.
    pub limits: Limits,
    /// The clocks of all machines.
    pub clocks: Arc<Clocks>,
    /// What is to happen at an exact step.
    pub traps: Arc<Traps>,
}

impl Surroundings {
    /// The ports of one life of a process. Persons have no disk of their own; theirs is never asked.
    #[must_use]
    pub fn ports(
        &self,
        place: Place,
        seed: &Seed,
        life: &Arc<Life>,
        disk: &Arc<Disk>,
        assets: Arc<dyn AssetStore>,
    ) -> Option<Ports> {
        let time =
            Arc::new(SimTime { world: Arc::clone(&self.world), clock: self.clocks.of(place), life: Arc::clone(life) });
        let trace = ProcessTrace {
            tracer: Arc::clone(&self.tracer),
            place,
            name: place.to_string(),
            life: Arc::clone(life),
            traps: Arc::clone(&self.traps),
        };
        let network = Arc::clone(&self.network);
        Some(Ports {
            clock: Arc::clone(&time) as _,
            timer: time,
            random: Arc::new(SimRandom::new(seed)),
            transport: Arc::new(SimTransport { network, place, life: Arc::clone(life) }),
            logs: disk.open(life)?,
            assets,
            trace: Some(Arc::new(trace)),
        })
    }
}

/// The key of a place.
#[must_use]
pub fn key(seed: &Seed, place: Place) -> DeviceKey {
    DeviceKey::from_seed(&seed.child("keys").child(&place.to_string()).bytes())
}

/// The row of a registered device.
#[must_use]
pub fn device_row(key: &DeviceKey, name: String, account: AccountId, node: Option<Capabilities>) -> DeviceRow {
    DeviceRow {
        device: key.device_id(),
        account,
        key: key.public(),
        name,
        os: "simulated".to_owned(),
        node,
        registered_at: Wall(0),
        last_seen: Wall(0),
        access: Access::Everything,
        given: None,
        revoked_at: None,
    }
}

/// What a node can do: with a kernel, or without.
#[must_use]
pub fn capabilities(has_kernels: bool) -> Capabilities {
    let language = Language::from_word(LANGUAGE);
    let runtime = RuntimeSpec {
        kernel: LANGUAGE.to_owned(),
        language,
        display_name: "Fake".to_owned(),
        environment: String::new(),
    };
    let runtimes = if has_kernels { vec![runtime] } else { Vec::new() };
    Capabilities { hardware: Hardware::default(), runtimes, tags: Vec::new() }
}

/// The cloud's address.
#[must_use]
pub fn cloud_address() -> Address {
    Address { url: Place::Cloud.url(), identity: CLOUD }
}

/// The first node reads everything ahead, the second pays for what comes, and others read nothing ahead.
fn reads_ahead(node: usize) -> Option<Ahead> {
    (node < 2).then(|| Ahead::new(node == 1, BTreeSet::new()))
}

/// An edge node: its machine, and the process on it, if one runs.
pub struct NodeMachine {
    number: usize,
    seed: Seed,
    key: DeviceKey,
    disk: Arc<Disk>,
    hosts: Arc<Hosts>,
    keys: Arc<Keys>,
    blobs: Arc<Blobs>,
    assets: Arc<Assets>,
    /// The folder that is bound to a project, if there is one.
    folder: Option<Arc<Folder>>,
    starts: u64,
    /// Whether it runs without the bounds that it was given: what it must not do.
    ignores_limits: bool,
    ledgers: Ledgers,
    /// Code of other daemons.
    code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
    /// Whether it has the code of daemons.
    pub has_code: bool,
    /// Whether it says that it has that in any case: what it must not do.
    boasts: bool,
    /// Whether it has a kernel.
    pub has_kernels: bool,
    /// Whether its operator keeps it off: nothing starts its process.
    pub is_away: bool,
    /// Whether it is gone for good.
    is_lost: bool,
    /// Its process. Session hosts outlive it.
    pub process: Process<EdgeNode>,
}

impl NodeMachine {
    /// A machine on which nothing runs yet.
    #[must_use]
    pub fn new(
        number: usize,
        seed: Seed,
        key: DeviceKey,
        disk: Arc<Disk>,
        hosts: Arc<Hosts>,
        blobs: Arc<Blobs>,
        assets: Arc<Assets>,
    ) -> Self {
        Self {
            number,
            seed,
            key,
            disk,
            hosts,
            keys: Arc::default(),
            blobs,
            assets,
            folder: None,
            starts: 0,
            ignores_limits: false,
            ledgers: Ledgers::default(),
            code: BTreeMap::new(),
            has_code: true,
            boasts: false,
            has_kernels: true,
            is_away: false,
            is_lost: false,
            process: Process::default(),
        }
    }

    /// The same machine without the bounds that it was given.
    #[must_use]
    pub fn without_limits(self) -> Self {
        Self { ignores_limits: true, ..self }
    }

    /// The same machine, saying that it has the code of daemons whether or not it has.
    #[must_use]
    pub fn that_boasts(self) -> Self {
        Self { boasts: true, ..self }
    }

    /// The same machine with other code of its daemons.
    #[must_use]
    pub fn with_ledgers(self, ledgers: Ledgers) -> Self {
        Self { ledgers, ..self }
    }

    /// The same machine with the code of other daemons, and not of its own.
    #[must_use]
    pub fn with_code(self, code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>) -> Self {
        Self { code, has_code: false, ..self }
    }

    /// The same machine with another place for keys.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys: Arc::new(keys), ..self }
    }

    /// The same machine with a folder that is bound to a project, if there is one.
    #[must_use]
    pub fn with_folder(self, folder: Option<Arc<Folder>>) -> Self {
        Self { folder, ..self }
    }

    /// That folder.
    #[must_use]
    pub fn folder(&self) -> Option<&Arc<Folder>> {
        self.folder.as_ref()
    }

    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &Arc<Disk> {
        &self.disk
    }

    /// Its blob store.
    #[must_use]
    pub fn blobs(&self) -> &Arc<Blobs> {
        &self.blobs
    }

    /// Its session hosts.
    #[must_use]
    pub fn hosts(&self) -> &Arc<Hosts> {
        &self.hosts
    }

    /// Daemons of which it keeps a log or the key; none where it is gone.
    #[must_use]
    pub fn daemons(&self) -> BTreeSet<EntityId> {
        if self.is_lost {
            return BTreeSet::new();
        }
        self.disk.daemons().into_iter().chain(self.keys.all()).collect()
    }

    /// Chunks of snapshots that it keeps and of which none of its logs tells; none where it is gone.
    #[must_use]
    pub fn strays(&self) -> u64 {
        let needed = self.disk.chunks();
        if self.is_lost { 0 } else { self.blobs.all().difference(&needed).count() as u64 }
    }

    /// The code of daemons with which it runs, if it has or claims to have the world's own.
    fn code(&self, has_own: bool) -> BTreeMap<DaemonKind, Arc<dyn DaemonFactory>> {
        let own: [(_, Arc<dyn DaemonFactory>); 2] = [(LEDGER, Arc::new(self.ledgers.clone())), (SLIP, Arc::new(Slips))];
        let own = own.into_iter().filter(|_| has_own);
        let own = own.filter_map(|(kind, code)| Some((kind.parse().ok()?, code)));
        self.code.clone().into_iter().chain(own).collect()
    }

    /// Of which kinds it has the code of daemons.
    #[must_use]
    pub fn kinds(&self) -> Vec<DaemonKind> {
        self.code(self.has_code).into_keys().collect()
    }

    /// Starts the process if none runs, and the node is not away.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start(&mut self, around: &Surroundings) -> Result<(), Fatal> {
        if self.process.is_there() || self.is_away || self.is_lost {
            return Ok(());
        }
        self.starts += 1;
        let (place, life) = (Place::Node(self.number), Life::begin());
        let seed = self.seed.numbered("start", self.starts);
        let assets = self.assets.open(&life);
        let ports = around.ports(place, &seed, &life, &self.disk, assets).ok_or_else(in_use)?;
        let hosts = Arc::new(SimHosts { hosts: Arc::clone(&self.hosts), life: Arc::clone(&life) });
        let identity = edge::Identity {
            policy: wayfare_protocol::capability::Policy::default(),
            key: self.key.clone(),
            name: place.to_string(),
            os: "simulated".to_owned(),
            version: "simulated".to_owned(),
            capabilities: capabilities(self.has_kernels),
            cloud: Some(cloud_address()),
            ahead: reads_ahead(self.number),
            seed: seed.child("jitter").draws().number(),
        };
        let limits = if self.ignores_limits { Limits::default() } else { around.limits.clone() };
        let node_ports = NodePorts {
            hosts,
            blobs: self.blobs.open(&life) as _,
            keys: Arc::new(SimKeys(Arc::clone(&self.keys))),
            workers: Arc::new(SimWorkers),
            code: self.code(self.has_code || self.boasts),
        };
        let node = Arc::new(EdgeNode::start(ports, node_ports, identity, limits).await?);
        if let Some(folder) = &self.folder {
            folder.bind(node.binder(), &life);
        }
        let accepts = Arc::clone(&node);
        around.network.open_door(place, Arc::clone(&life), Arc::new(move |connection| accepts.accept(connection)));
        self.process.begin(life, node);
        Ok(())
    }

    /// Whether it is gone for good.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// It is gone, with everything on it; `false` if nothing ran there.
    pub async fn lose(&mut self, around: &Surroundings) -> bool {
        self.is_lost = true;
        self.crash(around, true).await
    }

    /// Kills the process, and with the loss of power everything else on the machine; `false` if none runs.
    pub async fn crash(&mut self, around: &Surroundings, loses_power: bool) -> bool {
        if loses_power {
            self.hosts.crash_all();
        }
        let Some((life, node)) = self.process.take() else { return false };
        life.end();
        node.kill().await;
        around.world.settle().await;
        around.network.process_ended(Place::Node(self.number), &life, !loses_power);
        around.tracer.evidence().gone(&Place::Node(self.number).to_string(), None);
        self.hosts.node_ended(&life);
        self.disk.crash(loses_power);
        true
    }
}

fn in_use() -> Fatal {
    Fatal("the disk of this machine is in use by another process".to_owned())
}
