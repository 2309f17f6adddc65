//! What a link costs the cloud: devices that have proved who they are, and tell now and then how busy they are.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use ractor::Actor as _;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use wayfare_actors::actor::{self, Runtime};
use wayfare_actors::link::{LinkCommand, LinkOwner, LinkRef, uplink};
use wayfare_actors::ports::{Address, Clock as _, ControlStore as _, DeviceRow};
use wayfare_actors::supervisor::{self, Child, Order, Policy, Supervisor};
use wayfare_core::link::{self, Introduction};
use wayfare_io::transport::WsTransport;
use wayfare_io::{BootTimer, SqliteStore, SystemClock};
use wayfare_protocol::capability::{Capabilities, Load};
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::{Control, Welcome};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::stream::Open;
use wayfare_protocol::{Access, ErrorCode, Limits, Refusal, StreamId};

use super::memory::line;
use super::rounded;
use crate::patience::until;
use crate::world::World;

/// Handshakes at a time: the cloud lets 64 strangers in.
const AT_ONCE: usize = 32;
/// The links are held for so long before memory is read, and their load is of that time.
const HELD: Duration = Duration::from_secs(60);
/// Descriptors besides those of the links.
const OTHER_FILES: u64 = 500;

/// The bench's one line.
#[derive(Clone, Debug, Serialize)]
pub struct Links {
    links: u32,
    kib_per_link: f64,
    cpu_pct: f64,
    wss_kib_per_link: f64,
    wss_cpu_pct: f64,
}

/// So many devices on one cloud process over `ws` on loopback, and again over `wss`.
///
/// # Errors
/// If there may not be so many open files, or a link does not come up.
pub async fn links(count: u32) -> Result<Links> {
    raise_open_files(u64::from(count) + OTHER_FILES)?;
    let plain = measure(count, "[tls]\nplaintext = true").await?;
    let tls = measure(count, "").await?;
    Ok(Links {
        links: count,
        kib_per_link: rounded(plain.kib_per_link),
        cpu_pct: rounded(plain.cpu_pct),
        wss_kib_per_link: rounded(tls.kib_per_link),
        wss_cpu_pct: rounded(tls.cpu_pct),
    })
}

struct Cost {
    kib_per_link: f64,
    cpu_pct: f64,
}

async fn measure(count: u32, tls: &str) -> Result<Cost> {
    let mut world = World::unhurried()?;
    world.cloud_tables(tls);
    world.start_cloud().await?;
    let first = world.device_key("first")?;
    let address = world.paired(&first, "first", None).await?;
    world.cloud().stop().await?;
    register(&world.cloud().data().join("control.sqlite"), count).await?;
    world.cloud().start().await?;
    let pid = world.cloud().pid()?;
    let empty = line(pid, "VmRSS:")?;
    let mut links = Held::connect(count, &address, &world.limits()).await?;
    let beating = tokio::spawn(beat(Arc::clone(&links.up), world.limits().heartbeat_every));
    let (cpu, since) = (cpu_seconds(pid)?, Instant::now());
    tokio::time::sleep(HELD).await;
    let cpu_pct = (cpu_seconds(pid)? - cpu) / since.elapsed().as_secs_f64() * 100.0;
    let full = line(pid, "VmRSS:")?;
    beating.abort();
    if let Ok(why) = links.lost.try_recv() {
        anyhow::bail!("a link was lost: {why}");
    }
    eprintln!("{count} links, {tls:?}: {empty} KiB empty, {full} KiB after {HELD:?}, {cpu_pct:.1} % of a processor");
    links.supervisor.stop(None);
    world.ended_well();
    Ok(Cost { kib_per_link: (full - empty) / f64::from(count), cpu_pct })
}

fn key(number: u32) -> DeviceKey {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    DeviceKey::from_seed(&seed)
}

/// Registers devices as pairing does, while no cloud uses the store.
async fn register(store: &std::path::Path, count: u32) -> Result<()> {
    let now = SystemClock.now().wall;
    let store = SqliteStore::open(store, now).await?;
    for number in 0..count {
        let key = key(number).public();
        let row = DeviceRow {
            device: key.device_id(),
            account: store.default_account(),
            key,
            name: format!("device-{number}"),
            os: "linux".to_owned(),
            node: Some(Capabilities::default()),
            registered_at: now,
            last_seen: now,
            access: Access::Everything,
            given: None,
            revoked_at: None,
        };
        store.put_device(row).await?;
    }
    store.close().await;
    Ok(())
}

type Up = Arc<Mutex<Vec<LinkRef>>>;

/// Links that are up.
struct Held {
    up: Up,
    /// Why some are not up any more.
    lost: mpsc::UnboundedReceiver<String>,
    supervisor: supervisor::SupervisorRef,
}

impl Held {
    async fn connect(count: u32, address: &Address, limits: &Limits) -> Result<Self> {
        let runtime = Runtime { clock: Arc::new(SystemClock), timer: Arc::new(BootTimer::new()?), trace: None };
        let arguments =
            supervisor::Arguments { limits: limits.clone(), runtime: runtime.clone(), children: Vec::new() };
        let (supervisor, _) = Supervisor::spawn(None, Supervisor, arguments).await?;
        let (up, places) = (Up::default(), Arc::new(Semaphore::new(AT_ONCE)));
        let (told, lost) = mpsc::unbounded_channel();
        let transport = Arc::new(WsTransport::new(false));
        for number in 0..count {
            Arc::clone(&places).acquire_owned().await?.forget();
            let machine = wayfare_core::uplink::Config {
                key: key(number),
                expects: address.identity.clone(),
                introduction: Introduction {
                    name: format!("device-{number}"),
                    os: "linux".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    node: Some(Capabilities::default()),
                },
                codec: Codec::Bincode,
                limits: limits.clone(),
                seed: u64::from(number),
            };
            let config = uplink::Config { machine, address: address.clone(), transport: transport.clone() };
            let (up, places, told) = (Arc::clone(&up), Arc::clone(&places), told.clone());
            let owner = move || -> Box<dyn LinkOwner> {
                let (up, places, told) = (Arc::clone(&up), Arc::clone(&places), told.clone());
                Box::new(Owner { up, places, told })
            };
            let arguments = uplink::arguments(config, owner, runtime.clone());
            let child = Child::new(
                format!("link {number}"),
                Arc::new(move |supervisor| {
                    let arguments = arguments.clone();
                    Box::pin(async move { Ok(actor::spawn(arguments, supervisor).await?.get_cell()) })
                }),
            );
            supervisor.cast(Order::Start(child.with(Policy::Temporary)))?;
        }
        let mut links = Self { up, lost, supervisor };
        until("every link", || (links.count() >= usize::try_from(count).ok()?).then_some(())).await?;
        while links.lost.try_recv().is_ok() {} // dials that were repeated
        Ok(links)
    }

    fn count(&self) -> usize {
        self.up.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Each link tells its load as a node does, all of them spread over the time.
async fn beat(up: Up, every: Duration) {
    let links = up.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let pause = every / u32::try_from(links.len().max(1)).unwrap_or(u32::MAX);
    loop {
        for link in &links {
            let load = Load { cpu_percent: 7, memory_percent: 30, gpu_percent: None };
            link.input(link::Input::Send(Box::new(Control::Heartbeat(load))));
            tokio::time::sleep(pause).await;
        }
    }
}

/// Keeps a link that is up; a lost one counts no more.
struct Owner {
    up: Up,
    places: Arc<Semaphore>,
    told: mpsc::UnboundedSender<String>,
}

impl LinkOwner for Owner {
    fn up(&mut self, link: LinkRef, _welcome: &Welcome) {
        self.up.lock().unwrap_or_else(PoisonError::into_inner).push(link);
        self.places.add_permits(1);
    }

    fn control(&mut self, _control: Control) {}

    fn stream_requested(&mut self, link: &LinkRef, stream: StreamId, _open: Open) {
        let refusal = Refusal::new(ErrorCode::Unsupported, "this device serves nothing");
        link.command(LinkCommand::End { stream, fault: Some(refusal) });
    }

    fn down(&mut self, why: &str) {
        let _ = self.told.send(why.to_owned()); // nobody counts any more
    }

    fn gave_up(&mut self, refusal: &Refusal) {
        self.down(&refusal.to_string());
    }
}

/// Seconds of processor time of a process, by `/proc/<pid>/stat` (proc(5)).
fn cpu_seconds(pid: i32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').context("no name in stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).context("a short stat").and_then(|text| Ok(text.parse::<f64>()?));
    // utime and stime are fields 14 and 15; the third is the first after the name. A tick is 1/100 s on Linux.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn raise_open_files(wanted: u64) -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < wanted {
        anyhow::ensure!(hard >= wanted, "{wanted} open files are needed, and {hard} allowed (ulimit -Hn)");
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    }
    Ok(())
}
