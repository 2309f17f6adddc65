//! A running node: what `wayfare-node` is made of.
//!
//! It holds the lock of its data folder, opens the local door, and runs one [`EdgeNode`] at a time. When `cloud.toml` appears or
//! changes, that one is stopped and another is started in its place: session hosts live on, and clients dial again.

mod ahead_routes;
mod door;
mod folder_routes;
mod http;
mod waiting_routes;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval};
use wayfare_actors::actor::{Fatal, Trace};
use wayfare_actors::edge::{EdgeNode, Identity, NodePorts};
use wayfare_actors::ports::{Connection, Ports, StartError};
use wayfare_actors::prefetch::Ahead;
use wayfare_actors::watch::Watch;
use wayfare_io::http::TokenError;
use wayfare_io::transport::{DoorError, UnixDoor, WsTransport};
use wayfare_io::{
    BootTimer, DataDir, DataDirError, EntityKeyFiles, FileAssets, FileBlobs, KeyFileError, LogStoreError, OsRandom,
    SegmentLogStore, SystemClock, ThreadWorkers, TraceFile, load_or_create_key,
};
use wayfare_protocol::Limits;
use wayfare_protocol::capability::{Capabilities, Hardware, Policy};
use wayfare_protocol::daemon::{DaemonFactory, DaemonKind};
use wayfare_protocol::identity::DeviceKey;

use crate::cloud_file::{Cloud, CloudFileError};
use crate::config::{ConfigError, NodeConfig};
use crate::folder::DataFolder;
use crate::folders::{FolderError, Folders};
use crate::hardware::LoadMeter;
use crate::hardware::gpu::{self, GpuMeter, NoGpu};
use crate::hardware::power::{SUPPLIES, power};
use crate::hosts::{HostSettings, LocalSessionHosts, find_program};
use crate::kernels::{KernelPlaces, Kernels};

pub(crate) use ahead_routes::AHEAD;
use door::Guests;
pub(crate) use folder_routes::{FOLDERS, LocalAnswer, ask_local};
use http::{HttpDoor, Settings, Shelf};
pub(crate) use waiting_routes::{CLOUD, CloudState, QUEUE, ToWait};

/// How often `cloud.toml` and the node's actors are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a node cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Its cloud.
    #[error(transparent)]
    Cloud(#[from] CloudFileError),
    /// Its logs.
    #[error(transparent)]
    Logs(#[from] LogStoreError),
    /// Its local door.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The token of its HTTP door.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Its HTTP door over TCP.
    #[error("cannot listen for HTTP on {listen}: {why}")]
    HttpListen {
        /// Where.
        listen: SocketAddr,
        /// The system's reason.
        why: std::io::Error,
    },
    /// The folders that are bound to projects.
    #[error(transparent)]
    Folders(#[from] FolderError),
    /// The session host's program.
    #[error(transparent)]
    SessionHost(#[from] StartError),
    /// Its trace file.
    #[error("trace file {path}: {why}", path = path.display())]
    TraceFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: std::io::Error,
    },
    /// Signals or timers.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
    /// Its actors did not start.
    #[error("the node cannot start: {0}")]
    Start(#[from] Fatal),
    /// Its actors failed again and again.
    #[error("the node stopped: its parts failed and restarting them did not help; the log says why")]
    Stopped,
}

/// What a node that is up says of itself.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Its name.
    pub name: String,
    /// Its id, short.
    pub device: String,
    /// The kernels that it found.
    pub kernels: Vec<String>,
}

/// What ends one [`EdgeNode`].
enum Turn {
    Stop,
    Cloud(Option<Cloud>),
    Failed,
}

/// A node before its actors.
struct Daemon {
    folder: DataFolder,
    key: DeviceKey,
    name: String,
    limits: Limits,
    capabilities: Capabilities,
    policy: Policy,
    ahead: Ahead,
    node_ports: NodePorts,
    ports: Ports,
    meter: LoadMeter,
    guests: Guests,
    terminate: Signal,
    interrupt: Signal,
    _lock: DataDir,
}

/// What the machine is made of, and a meter of its load.
async fn measure(config: &NodeConfig, limits: &Limits) -> (LoadMeter, Hardware) {
    let program = config.gpu_program();
    let gpus = match gpu::probe(&program, limits.hardware_probe).await {
        Ok(gpus) => gpus,
        Err(NoGpu::NoProgram(_) | NoGpu::None) => Vec::new(),
        Err(error) => {
            tracing::warn!(%error, "no graphics processor is offered");
            Vec::new()
        }
    };
    let (every, within) = (limits.heartbeat_every, limits.hardware_probe);
    let meter = LoadMeter::new((!gpus.is_empty()).then(|| GpuMeter::start(program, &gpus, every, within)));
    let hardware = meter.hardware(&gpus);
    (meter, hardware)
}

/// Runs a node until it is told to stop by SIGTERM or SIGINT. `ready` is called once, when it can be used.
///
/// # Errors
/// If it cannot start, or its parts failed and restarting them did not help.
pub(crate) async fn run(
    config: &NodeConfig,
    code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
    ready: impl FnOnce(&Ready),
) -> Result<(), DaemonError> {
    let mut daemon = Daemon::open(config, code).await?;
    let mut cloud = Cloud::load(&daemon.folder.cloud())?;
    let name = daemon.name(cloud.as_ref());
    let settings = Settings { name, listen: config.http.listen, origin: config.mrmd_origin()? };
    let shelf = Shelf::default();
    let folders = Folders::open(&daemon.folder, &settings.name, &daemon.limits)?;
    let (folder, ahead) = (daemon.folder.clone(), daemon.ahead.clone());
    let set = ahead_routes::Settings { folder, ahead, shelf: shelf.clone() };
    let own = folder_routes::routes(&folders).merge(ahead_routes::routes(set)).merge(waiting_routes::routes(&shelf));
    let (_http, mut pages) = HttpDoor::open(&daemon.folder, &daemon.key, settings, &shelf, own, &daemon.limits).await?;
    let mut ready = Some(ready);
    loop {
        let node = daemon.start(cloud.as_ref()).await?;
        shelf.put(&node);
        folders.bind(node.binder());
        if let Some(ready) = ready.take() {
            ready(&daemon.ready(cloud.as_ref()));
        }
        match daemon.serve(&node, cloud.as_ref(), &mut pages).await {
            Turn::Stop => {
                tracing::info!("stopping; session hosts live on");
                node.stop().await;
                // A door that is gone says sooner than a refused connection that nobody is there.
                let _ = std::fs::remove_file(daemon.folder.door());
                let _ = std::fs::remove_file(daemon.folder.http_door());
                return Ok(());
            }
            Turn::Cloud(changed) => {
                tracing::info!(paired = changed.is_some(), "cloud.toml changed: starting anew with it");
                node.stop().await;
                cloud = changed;
            }
            Turn::Failed => return Err(DaemonError::Stopped),
        }
    }
}

impl Daemon {
    async fn open(
        config: &NodeConfig,
        code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
    ) -> Result<Self, DaemonError> {
        let lock = DataDir::open(&config.data_dir)?;
        let folder = DataFolder::new(&config.data_dir);
        let limits = config.limits();
        let key = load_or_create_key(&folder.key(), &OsRandom)?;
        let kernels = Kernels::discover(&KernelPlaces::of_process(&config.venvs));
        for broken in kernels.broken() {
            tracing::warn!(%broken, "kernel left out");
        }
        let (meter, hardware) = measure(config, &limits).await;
        let capabilities = Capabilities { hardware, runtimes: kernels.runtimes(), tags: config.tags.clone() };
        let program = find_program(config.session_host.as_deref())?;
        let data = folder.path().to_owned();
        let hosts =
            LocalSessionHosts::new(HostSettings { data, program, venvs: config.venvs.clone(), limits: limits.clone() });
        let trace = config.trace_file.as_ref().map(|path| {
            let opened = TraceFile::open(path).map_err(|why| DaemonError::TraceFile { path: path.clone(), why });
            opened.map(|trace| Arc::new(trace) as Arc<dyn Trace>)
        });
        let clock = Arc::new(SystemClock);
        let watch = Watch::new(&config.name, &limits, Arc::clone(&clock) as _, trace.transpose()?);
        let ports = Ports {
            clock,
            timer: Arc::new(BootTimer::new()?),
            random: Arc::new(OsRandom),
            transport: Arc::new(WsTransport::new(false)),
            logs: Arc::new(SegmentLogStore::open(&folder.logs(), &limits)?),
            assets: Arc::new(FileAssets::open(&folder.assets(), limits.asset_upload).await?),
            trace: Some(Arc::new(watch)),
        };
        let node_ports = NodePorts {
            hosts: Arc::new(hosts),
            blobs: Arc::new(FileBlobs::open(&folder.blobs()).await?),
            keys: Arc::new(EntityKeyFiles::open(&folder.keys())?),
            workers: Arc::new(ThreadWorkers),
            code,
        };
        Ok(Self {
            guests: Guests::listen(UnixDoor::open(&folder.door())?, limits.handshake, limits.unauthenticated_links),
            ahead: Ahead::new(config.metered, ahead_routes::remembered(&folder)?),
            folder,
            key,
            name: config.name.clone(),
            limits,
            capabilities,
            policy: config.policy,
            node_ports,
            ports,
            meter,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _lock: lock,
        })
    }

    fn ready(&self, cloud: Option<&Cloud>) -> Ready {
        Ready {
            name: self.name(cloud),
            device: self.key.device_id().short(),
            kernels: self.capabilities.runtimes.iter().map(|runtime| runtime.kernel.clone()).collect(),
        }
    }

    fn name(&self, cloud: Option<&Cloud>) -> String {
        cloud.and_then(|cloud| cloud.name.clone()).unwrap_or_else(|| self.name.clone())
    }

    async fn start(&self, cloud: Option<&Cloud>) -> Result<EdgeNode, Fatal> {
        let mut seed = [0; 8];
        self.ports.random.fill(&mut seed);
        let identity = Identity {
            key: self.key.clone(),
            name: self.name(cloud),
            os: std::env::consts::OS.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: self.capabilities.clone(),
            policy: self.policy,
            cloud: cloud.map(|cloud| cloud.address.clone()),
            ahead: Some(self.ahead.clone()),
            seed: u64::from_le_bytes(seed),
        };
        let insecure_plaintext = cloud.is_some_and(|cloud| cloud.insecure_plaintext);
        let ports = Ports { transport: Arc::new(WsTransport::new(insecure_plaintext)), ..self.ports.clone() };
        EdgeNode::start(ports, self.node_ports.clone(), identity, self.limits.clone()).await
    }

    async fn serve(&mut self, node: &EdgeNode, cloud: Option<&Cloud>, pages: &mut Receiver<Connection>) -> Turn {
        let mut look = interval(LOOK_EVERY);
        let mut beat = interval(self.limits.heartbeat_every);
        for ticker in [&mut look, &mut beat] {
            ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                biased;
                _ = self.terminate.recv() => return Turn::Stop,
                _ = self.interrupt.recv() => return Turn::Stop,
                _ = look.tick() => {
                    if !node.is_running() {
                        return Turn::Failed;
                    }
                    self.keep_name(node, cloud);
                    if let Some(changed) = self.changed(cloud) {
                        return Turn::Cloud(changed);
                    }
                }
                _ = beat.tick() => {
                    node.power(power(Path::new(SUPPLIES)));
                    node.heartbeat(self.meter.read());
                }
                Some(connection) = self.guests.next() => node.accept(connection),
                Some(connection) = pages.recv() => node.accept_proven(connection),
            }
        }
    }

    /// What the cloud calls this device is kept like a name that was given at pairing: it holds without the cloud too.
    fn keep_name(&self, node: &EdgeNode, cloud: Option<&Cloud>) {
        let (Some(name), Some(cloud)) = (node.take_called(), cloud) else { return };
        tracing::info!(name, "this device was renamed");
        let renamed = Cloud { name: Some(name), ..cloud.clone() };
        if let Err(error) = renamed.save(&self.folder.cloud()) {
            tracing::warn!(%error, "this device calls itself as before while the cloud is away");
        }
    }

    /// What `cloud.toml` says now, if that is not what it said.
    fn changed(&self, cloud: Option<&Cloud>) -> Option<Option<Cloud>> {
        match Cloud::load(&self.folder.cloud()) {
            Ok(now) if now.as_ref() != cloud => Some(now),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "going on with the cloud as it was");
                None
            }
        }
    }
}
