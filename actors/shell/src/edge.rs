//! An edge node's actors, assembled.

mod door;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ractor::{Actor, ActorRef};
use wayfare_core::account::{self, Place};
use wayfare_protocol::capability::{self, Capabilities, Load, Power};
use wayfare_protocol::capability_set::{CapabilityError, CapabilitySet, names};
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::{DaemonFactory, DaemonKey, DaemonKind, Durability};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::session::{Environment, Language, SessionKey, SessionName};
use wayfare_protocol::{AccountId, EntityId, Limits, NodeId, SessionId};

use crate::account::{AccountCommand, AccountExecutor, Home};
use crate::actor::{self, Mail, Runtime};
use crate::children::{daemon_child, session_child};
use crate::daemon::{self, Beginning, Chunks};
use crate::directory::Directory;
use crate::document::{self, Library};
use crate::folder::Binder;
use crate::ids::Ids;
use crate::link::{AccountOwner, LinkOwner, accepted, uplink};
use crate::migration;
use crate::ports::{Address, BlobStore, Connection, EntityKeys, LogName, Ports, SessionHosts, Workers};
use crate::prefetch::{self, Ahead};
use crate::run_queue::Queue;
use crate::session::Environs;
use crate::supervisor::{self, Child, Order, Policy, Supervisor, SupervisorRef};
use door::Doors;

/// Who the node is.
#[derive(Clone)]
pub struct Identity {
    /// Its key.
    pub key: DeviceKey,
    /// Its name, for people.
    pub name: String,
    /// `linux`, `macos`, ...
    pub os: String,
    /// Version of the program.
    pub version: String,
    /// What it offers.
    pub capabilities: Capabilities,
    /// What it takes from other devices.
    pub policy: capability::Policy,
    /// Its cloud, if it is paired.
    pub cloud: Option<Address>,
    /// What it reads ahead of its cloud's documents; `None`: nothing.
    pub ahead: Option<Ahead>,
    /// Seed of its redial jitter.
    pub seed: u64,
}

/// What an edge node has besides the ports that every process has.
#[derive(Clone)]
pub struct NodePorts {
    /// Starts and finds session hosts.
    pub hosts: Arc<dyn SessionHosts>,
    /// Where snapshots are.
    pub blobs: Arc<dyn BlobStore>,
    /// Where the keys of daemons are.
    pub keys: Arc<dyn EntityKeys>,
    /// Does the background work of daemons.
    pub workers: Arc<dyn Workers>,
    /// The code of daemons, by kind.
    pub code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
}

/// A running edge node.
pub struct EdgeNode {
    root: SupervisorRef,
    directory: Arc<Directory>,
    library: Library,
    moves: migration::Environs,
    queue: Queue,
    doors: Doors,
}

impl EdgeNode {
    /// Starts the node's actors: the account, every session that has a log, and the link to the cloud.
    ///
    /// # Errors
    /// If its logs cannot be listed or an actor cannot be started.
    pub async fn start(
        ports: Ports,
        node_ports: NodePorts,
        mut identity: Identity,
        limits: Limits,
    ) -> Result<Self, actor::Fatal> {
        let runtime = ports.runtime();
        let directory = Arc::new(Directory::default());
        let node = NodeId(identity.key.device_id());
        let NodePorts { hosts, blobs, keys, workers, code } = node_ports;
        let announced =
            announced(&mut identity.capabilities, code.keys()).map_err(|error| actor::Fatal(error.to_string()))?;
        let ids = Arc::new(Ids::new(Arc::clone(&ports.clock), Arc::clone(&ports.random)));
        let library = library(&identity, &ports, &directory, &ids, &limits);
        let queue = queue(&identity, &ports, &library, &ids, &limits);
        let environs = Environs {
            directory: Arc::clone(&directory),
            logs: Arc::clone(&ports.logs),
            library: library.clone(),
            hosts,
            ids,
            runtime: runtime.clone(),
        };
        let daemons = daemon::Environs {
            directory: Arc::clone(&directory),
            logs: Arc::clone(&ports.logs),
            chunks: Chunks::new(blobs),
            keys,
            workers,
            factories: daemon::measured(code, &ports.clock, &limits),
            ids: Arc::clone(&environs.ids),
            runtime: runtime.clone(),
        };
        let moves = migration::Environs::new(daemons.clone(), &identity, &limits);
        let logs = ports.logs.list().await?;
        let of_session = |name: &LogName| if let LogName::Inbox(session) = name { Some(*session) } else { None };
        let of_daemon = |name: &LogName| if let LogName::DaemonInbox(daemon) = name { Some(*daemon) } else { None };
        let sessions: BTreeSet<_> = logs.iter().filter_map(of_session).collect();
        let found: BTreeSet<_> = logs.iter().filter_map(of_daemon).collect();
        migration::forget_strays(daemons.keys.as_ref(), &found).await;
        let home = Home::Node {
            environs: Box::new(environs.clone()),
            daemons: Box::new(daemons.clone()),
            moves: Box::new(moves.clone()),
            device_name: identity.name.clone(),
            sessions: sessions.clone(),
            found: found.clone(),
            cloud: identity.cloud.as_ref().map(|cloud| cloud.identity.clone()),
        };
        let place = Place::Node {
            node,
            name: identity.name.clone(),
            os: identity.os.clone(),
            capabilities: identity.capabilities.clone(),
            announced,
            policy: identity.policy,
        };
        let mut children = vec![account_child(place, home, library.clone(), &environs, &limits)];
        for entity in found {
            let config = found_daemon(entity, node, &identity, &daemons, &limits);
            children.push(daemon_child(config, daemons.clone(), Beginning::Found));
        }
        for session in sessions {
            let config = recovered(session, node, &identity, &limits);
            children.push(session_child(config, environs.clone(), false));
        }
        children.extend(queue.found(&logs));
        children.extend(cloud_children(&identity, &ports, &directory, &library, &limits));
        let arguments = supervisor::Arguments { limits: limits.clone(), runtime, children };
        let (root, _) =
            Supervisor::spawn(None, Supervisor, arguments).await.map_err(|error| actor::Fatal(error.to_string()))?;
        directory.set_supervisor(root.clone());
        let doors = Doors::new(node, &identity, &ports, &directory, limits);
        Ok(Self { root, directory, library, moves, queue, doors })
    }

    /// Takes a connection in that came through the local door.
    pub fn accept(&self, connection: Connection) {
        let child = accepted::child(self.doors.own.clone(), connection);
        let _ = self.root.cast(Order::Start(child)); // the node is ending
    }

    /// Takes a connection in whose other end has proven already that it is a program of this user: a page that showed the token.
    pub fn accept_proven(&self, connection: Connection) {
        let child = accepted::child(self.doors.pages.clone(), connection);
        let _ = self.root.cast(Order::Start(child)); // the node is ending
    }

    /// The documents here.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Where runs wait for the cloud.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Binds folders to projects here.
    #[must_use]
    pub fn binder(&self) -> Binder {
        let (library, limits) = (self.library.clone(), self.doors.own.limits.as_ref().clone());
        Binder { root: self.root.clone(), library, runtime: self.doors.own.runtime.clone(), limits }
    }

    /// Tells the cloud how busy the node is. If that is too much for too long, a daemon leaves it.
    pub fn heartbeat(&self, load: Load) {
        self.directory.tell_upstreams(Control::Heartbeat(load));
        self.moves.loaded(load);
    }

    /// Says where the machine has its power from. Said again and again: an account that was restarted has forgotten it.
    pub fn power(&self, power: Power) {
        self.directory.tell_account(account::Input::Power(power));
    }

    /// What the cloud calls this node, where that is not what it calls itself; said once. Whoever runs the node starts it anew with that.
    #[must_use]
    pub fn take_called(&self) -> Option<String> {
        self.directory.take_called()
    }

    /// Ends in order: says goodbye on every link, then stops the actors. Session hosts live on.
    pub async fn stop(&self) {
        let (limits, runtime) = (&self.doors.own.limits, &self.doors.own.runtime);
        crate::shutdown::goodbye(std::slice::from_ref(&self.directory), limits, runtime).await;
        crate::shutdown::stop(&self.root, limits, runtime).await;
    }

    /// Ends all actors at once and says nothing to anybody, as a crash does. For tests of what survives one.
    pub async fn kill(&self) {
        crate::shutdown::kill(&self.root).await;
    }

    /// Whether its actors still run. They end by themselves only when restarting did not help.
    #[must_use]
    pub fn is_running(&self) -> bool {
        crate::shutdown::is_running(&self.root)
    }
}

fn library(identity: &Identity, ports: &Ports, directory: &Arc<Directory>, ids: &Arc<Ids>, limits: &Limits) -> Library {
    Library::new(document::Environs {
        account: AccountId::LOCAL, // a node has one account, whose id changes when it is paired
        directory: Arc::clone(directory),
        logs: Arc::clone(&ports.logs),
        assets: Arc::clone(&ports.assets),
        ids: Arc::clone(ids),
        runtime: ports.runtime(),
        limits: Arc::new(limits.clone()),
        has_above: identity.cloud.is_some(),
        keeps: true,
    })
}

fn queue(identity: &Identity, ports: &Ports, library: &Library, ids: &Arc<Ids>, limits: &Limits) -> Queue {
    Queue {
        device: identity.key.device_id(),
        directory: Arc::clone(&library.environs().directory),
        logs: Arc::clone(&ports.logs),
        library: library.clone(),
        ids: Arc::clone(ids),
        runtime: ports.runtime(),
        limits: limits.clone(),
        is_paired: identity.cloud.is_some(),
    }
}

/// A session whose log will say its name: until then it has none that anybody sees.
fn recovered(session: SessionId, node: NodeId, identity: &Identity, limits: &Limits) -> wayfare_core::session::Config {
    let name = SessionName { project: "unnamed".to_owned(), name: session.to_string() };
    wayfare_core::session::Config {
        session,
        key: SessionKey { name, language: Language::from_word("python") },
        here: node,
        device_name: identity.name.clone(),
        environment: Environment::default(),
        limits: limits.clone(),
    }
}

/// A daemon whose log will say its name and its kind.
fn found_daemon(
    entity: EntityId,
    node: NodeId,
    identity: &Identity,
    environs: &daemon::Environs,
    limits: &Limits,
) -> wayfare_core::daemon::Config {
    let unnamed = || "unnamed".parse::<DaemonKind>().ok().zip(format!("unnamed-{}", entity.short()).parse().ok());
    let (kind, name) = unnamed().unwrap_or_else(|| unreachable!("both are valid names"));
    wayfare_core::daemon::Config {
        entity,
        key: DaemonKey { name, kind },
        durability: Durability::default(),
        here: node,
        device_name: identity.name.clone(),
        factories: Arc::clone(&environs.factories),
        seed: 0,
        limits: limits.clone(),
    }
}

/// What the node announces of itself: what its user and its hardware say, and then what its program knows, which lists show too.
fn announced<'a>(
    capabilities: &mut Capabilities,
    kinds: impl Iterator<Item = &'a DaemonKind>,
) -> Result<CapabilitySet, CapabilityError> {
    let mut set = CapabilitySet::of(capabilities)?;
    let code = kinds.map(|kind| names::daemon(kind.as_str())).collect::<Result<Vec<_>, _>>()?;
    for tag in code.into_iter().chain([names::subprotocol(names::MIGRATION)]) {
        capabilities.tags.push(tag.to_string());
        set.insert(tag)?;
    }
    Ok(set)
}

fn account_child(place: Place, home: Home, library: Library, environs: &Environs, limits: &Limits) -> Child {
    let config = account::Config { place, limits: limits.clone() };
    account_actor(config, home, Arc::clone(&environs.directory), library, environs.runtime.clone())
}

/// The account under its supervisor: its siblings cannot do without its state.
pub(crate) fn account_actor(
    config: account::Config,
    home: Home,
    directory: Arc<Directory>,
    library: Library,
    runtime: Runtime,
) -> Child {
    let arguments = crate::account::arguments(config, home, Arc::clone(&directory), library, runtime);
    let started = move |actor: ActorRef<Mail<AccountExecutor>>| {
        let _ = actor.cast(Mail::Command(AccountCommand::Collect)); // it was started this moment
        directory.set_account(actor);
    };
    Child::of(arguments, started).with(Policy::Escalate)
}

/// What speaks with the cloud, if there is one.
fn cloud_children(
    identity: &Identity,
    ports: &Ports,
    directory: &Arc<Directory>,
    library: &Library,
    limits: &Limits,
) -> Vec<Child> {
    let Some(cloud) = &identity.cloud else { return Vec::new() };
    let ahead = identity
        .ahead
        .clone()
        .map(|ahead| prefetch::child(ahead, library.clone(), Arc::clone(directory), ports.runtime(), limits));
    ahead.into_iter().chain([uplink_child(identity, cloud.clone(), ports, directory, limits)]).collect()
}

fn uplink_child(
    identity: &Identity,
    cloud: Address,
    ports: &Ports,
    directory: &Arc<Directory>,
    limits: &Limits,
) -> Child {
    let machine = wayfare_core::uplink::Config {
        key: identity.key.clone(),
        expects: cloud.identity.clone(),
        introduction: wayfare_core::link::Introduction {
            name: identity.name.clone(),
            os: identity.os.clone(),
            version: identity.version.clone(),
            node: Some(identity.capabilities.clone()),
        },
        codec: Codec::Bincode,
        limits: limits.clone(),
        seed: identity.seed,
    };
    let config = uplink::Config { machine, address: cloud, transport: Arc::clone(&ports.transport) };
    let directory = Arc::clone(directory);
    let owner = move || -> Box<dyn LinkOwner> { Box::new(AccountOwner::of_upstream(Arc::clone(&directory))) };
    let arguments = uplink::arguments(config, owner, ports.runtime());
    Child::of(arguments, |_| ())
}
