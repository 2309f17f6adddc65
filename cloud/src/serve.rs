//! A cloud from its start to its end.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use data_encoding::BASE64URL_NOPAD;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};
use wayfare_actors::actor::Trace;
use wayfare_actors::cloud::{CloudNode, Identity};
use wayfare_actors::ports::{Clock as _, ControlStore, Ports, Random as _};
use wayfare_actors::watch::Watch;
use wayfare_io::http::{self, Bounds};
use wayfare_io::tls::ServerTls;
use wayfare_io::transport::{TcpDoor, WsTransport};
use wayfare_io::{
    BootTimer, BucketKeys, DataDir, FileAssets, FileSpares, OsRandom, SegmentLogStore, SqliteStore, SystemClock,
    TraceFile,
};
use wayfare_protocol::Limits;
use wayfare_protocol::pairing::{PairingAnchor, origin};

use crate::admin::{self, Admin};
use crate::cloud::Cloud;
use crate::config::{CloudConfig, Security};
use crate::door;
use crate::files::Files;
use crate::http::Parts;
use crate::invitation::Invitation;
use crate::open_files::allow_open_files;

/// How often it is looked whether the actors still run.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a cloud ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In order, as a signal wanted.
    Drained,
    /// At once, as a second signal wanted.
    AtOnce,
    /// Its actors ended by themselves: restarting them did not help.
    Broken,
}

/// A cloud whose doors are open.
struct Running {
    cloud: Cloud,
    store: Arc<SqliteStore>,
    tls: Arc<ServerTls>,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
    doors: Vec<AbortHandle>,
    admin_door: AbortHandle,
    limits: Limits,
    url: String,
    is_new: bool,
    files: Files,
    // Last, so that the folder is free when everything else has ended.
    _data: DataDir,
}

/// Serves until a signal comes. What people are told goes to `words`: the pairing string on the first start, and that it is
/// ready.
///
/// # Errors
/// If it cannot be started.
pub async fn serve(config: &CloudConfig, words: &mut impl Write) -> Result<Ended> {
    let mut signals = Signals::new().context("signals")?;
    let running = start(config).await?;
    if running.is_new {
        let string = running.cloud.invite().context("pairing string")?;
        let valid = running.limits.pairing_valid.as_secs() / 60;
        say(words, &format!("pairing string: {string}"));
        say(words, &format!("on a device, within {valid} minutes: wayfare login '{string}'"));
    }
    say(words, &format!("ready on {}", running.url));
    tracing::info!(url = running.url, "ready");
    let ended = running.watch(&mut signals).await;
    if ended == Ended::Broken {
        tracing::error!("the actors have ended: restarting them did not help");
        return Ok(ended);
    }
    tracing::info!("going down");
    tokio::select! {
        biased;
        () = signals.next() => Ok(Ended::AtOnce),
        () = running.drain() => Ok(Ended::Drained),
    }
}

/// Nobody may be reading; that is no reason to stop.
fn say(words: &mut impl Write, line: &str) {
    let _ = writeln!(words, "{line}").and_then(|()| words.flush());
}

async fn start(config: &CloudConfig) -> Result<Running> {
    match allow_open_files() {
        Ok(most) => tracing::debug!(most, "open files"),
        Err(error) => tracing::warn!(%error, "the number of open files stays as it was: it bounds the links"),
    }
    let limits = config.limits();
    let metrics = crate::metrics::start()?;
    let data = DataDir::open(&config.data_dir).context("data folder")?;
    let files = Files::of(data.path());
    files.withdraw()?;
    let listener = bind(config.listen).await?;
    let http_listener = match config.http_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let admin_listener = bind(config.admin_listen).await?;
    let (listen, admin_listen) = (listener.local_addr()?, admin_listener.local_addr()?);
    let port = config.public_port.unwrap_or(listen.port());
    let security = config.security()?;
    let tls = Arc::new(server_tls(config, security, &files, port).context("certificate")?);
    let invitation = Invitation {
        tls: security != Security::Plain,
        host: config.public_host(),
        port,
        anchor: tls.ca_sha256().as_ref().map(PairingAnchor::of),
    };
    let url = invitation.draw(&OsRandom).context("the address for devices (names, public_port)")?.url();
    warn_of_insecurity(config, security, admin_listen);

    let clock = SystemClock;
    let store = Arc::new(SqliteStore::open(&files.store(), clock.now().wall).await?);
    let account = store.account(store.default_account()).await?;
    let ports = ports(config, &files, &limits).await?;
    let identity = Identity { server: tls.identity().clone(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let shared: Arc<dyn ControlStore> = Arc::clone(&store) as _;
    let spares = Arc::new(FileSpares::open(&files.spares()).await.context("spares")?);
    let node = CloudNode::start(ports, Arc::clone(&shared), spares, identity, limits.clone()).await?;
    let cloud = Cloud::new(node, Arc::clone(&shared), invitation, limits.clone());

    let token = token();
    let http_listen = http_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    files.announce(listen, http_listen, admin_listen, &token)?;
    let own_tls = (security != Security::Plain).then(|| tls.server_config());
    let device_door = TcpDoor::new(listener, own_tls, limits.handshake);
    let bounds = Bounds {
        connections: limits.unauthenticated_links,
        request: limits.handshake,
        lasts: Some(limits.handshake * 2),
    };
    let devices =
        tokio::spawn(http::serve(device_door, door::routes(cloud.clone(), config.certificate_names()), bounds));
    let is_local = admin_listen.ip().is_loopback();
    let admin = admin::routes(Admin { cloud: cloud.clone(), metrics: metrics.clone(), token, is_local });
    let admin_door = TcpDoor::new(admin_listener, None, limits.handshake);
    let bounds =
        Bounds { connections: limits.admin_connections, request: limits.request, lasts: Some(limits.request * 2) };
    let admins = tokio::spawn(http::serve(admin_door, admin, bounds));
    let mut doors = vec![devices.abort_handle()];
    if let Some(listener) = http_listener {
        let parts = Parts { config, cloud: &cloud, store: &shared, tls: &tls, limits: &limits };
        doors.push(crate::http::open(listener, &parts)?);
    }
    let admin_door = admins.abort_handle();
    let is_new = account.devices.is_empty();
    Ok(Running { cloud, store, tls, metrics, doors, admin_door, limits, url, is_new, files, _data: data })
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Without TLS the cloud still is who its CA says: a device that was paired over plain text stays paired when TLS comes.
fn server_tls(config: &CloudConfig, security: Security<'_>, files: &Files, port: u16) -> Result<ServerTls> {
    Ok(match security {
        Security::OwnCa | Security::Plain => ServerTls::local(&files.tls(), &config.certificate_names())?,
        Security::Public { certificate, key, host } => {
            ServerTls::from_files(certificate, key, &origin(true, host, port))?
        }
    })
}

fn warn_of_insecurity(config: &CloudConfig, security: Security<'_>, admin: SocketAddr) {
    if security == Security::Plain && !config.listen.ip().is_loopback() {
        tracing::warn!(
            listen = %config.listen,
            "INSECURE: links are not encrypted; whoever is on the way can read and change everything, code that runs included"
        );
    }
    if config.assets.is_exposed() {
        tracing::warn!(
            endpoint = config.assets.endpoint,
            "INSECURE: assets go to their bucket and come from it unencrypted; whoever is on the way can read them"
        );
    }
    if !admin.ip().is_loopback() {
        tracing::warn!(%admin, "health, metrics and the admin token pass unencrypted and can be reached from other machines");
    }
}

async fn ports(config: &CloudConfig, files: &Files, limits: &Limits) -> Result<Ports> {
    let trace = match &config.trace_file {
        Some(path) => {
            let file = TraceFile::open(path).with_context(|| format!("trace file {}", path.display()))?;
            Some(Arc::new(file) as Arc<dyn Trace>)
        }
        None => None,
    };
    let clock = Arc::new(SystemClock);
    let watch = Watch::new("cloud", limits, Arc::clone(&clock) as _, trace);
    Ok(Ports {
        clock,
        timer: Arc::new(BootTimer::new().context("timer")?),
        random: Arc::new(OsRandom),
        transport: Arc::new(WsTransport::new(false)),
        logs: Arc::new(SegmentLogStore::open(&files.logs(), limits)?),
        assets: Arc::new(assets(config, files, limits).await.context("assets")?),
        trace: Some(Arc::new(watch)),
    })
}

async fn assets(config: &CloudConfig, files: &Files, limits: &Limits) -> Result<FileAssets> {
    let (folder, uploads) = (files.assets(), limits.asset_upload);
    Ok(match config.assets.bucket()? {
        Some(bucket) => FileAssets::in_bucket(&folder, uploads, &bucket, BucketKeys::from_env()?).await?,
        None => FileAssets::open(&folder, uploads).await?,
    })
}

fn token() -> String {
    let mut bytes = [0; 32];
    OsRandom.fill(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}

impl Running {
    /// Until a signal comes or the actors end. Looks after the certificate meanwhile.
    async fn watch(&self, signals: &mut Signals) -> Ended {
        let mut look = interval(LOOK_EVERY);
        let mut refresh = interval(self.limits.tls_refresh);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        refresh.tick().await; // the first is at once, and the certificate is fresh
        loop {
            tokio::select! {
                biased;
                () = signals.next() => return Ended::Drained,
                _ = look.tick() => {
                    if !self.cloud.is_healthy() {
                        return Ended::Broken;
                    }
                    self.metrics.run_upkeep();
                }
                _ = refresh.tick() => self.refresh().await,
            }
        }
    }

    async fn refresh(&self) {
        let tls = Arc::clone(&self.tls);
        match tokio::task::spawn_blocking(move || tls.refresh()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "certificate not renewed; the one in use stays"),
            Err(error) => tracing::error!(%error, "certificate not renewed; the one in use stays"),
        }
    }

    /// Takes nothing more in, says goodbye on every link, and closes what is open; as far as there is time.
    async fn drain(self) {
        self.doors.iter().for_each(AbortHandle::abort);
        let ending = async {
            self.cloud.drain().await;
            self.store.close().await;
        };
        if tokio::time::timeout(self.limits.drain, ending).await.is_err() {
            tracing::warn!("not everything ended within {:?}", self.limits.drain);
        }
        self.admin_door.abort();
        if let Err(error) = self.files.withdraw() {
            tracing::warn!(%error, "files of a running cloud are left");
        }
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
