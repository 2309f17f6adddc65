//! A cloud node's actors, assembled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ractor::Actor;
use tokio::sync::OwnedSemaphorePermit;
use wayfare_core::account::{self, Place, Registered};
use wayfare_core::pairing::Code;
use wayfare_protocol::between::SealingKey;
use wayfare_protocol::control::{Pair, Register, Welcome};
use wayfare_protocol::identity::{ServerIdentity, is_device_name};
use wayfare_protocol::limits::DEVICE_NAME_MAX;
use wayfare_protocol::{Access, AccountId, ErrorCode, Limits, Refusal};

use crate::account::{Home, Spares};
use crate::actor;
use crate::directory::Directory;
use crate::document::{self, Library};
use crate::edge::account_actor;
use crate::gate::Gate;
use crate::ids::Ids;
use crate::link::accepted::{self, Admission, Door};
use crate::link::{AccountOwner, Doorkeeper, LinkOwner};
use crate::pairing::PairingDesk;
use crate::ports::{Clock, Connection, ControlStore, DeviceRow, Pending, Ports, SpareStore, StoreError};
use crate::supervisor::{self, Child, Order, Supervisor, SupervisorRef};

/// Who the cloud is.
#[derive(Clone)]
pub struct Identity {
    /// Who it says it is to those who dial.
    pub server: ServerIdentity,
    /// Version of the program.
    pub version: String,
}

/// A running cloud node.
pub struct CloudNode {
    root: SupervisorRef,
    accounts: Arc<Accounts>,
    pairing: PairingDesk,
    door: Door,
    unauthenticated: Gate,
}

/// Room for one connection that has not said who it is yet.
#[derive(Debug)]
pub struct Admitted(OwnedSemaphorePermit);

/// An account in use.
#[derive(Clone)]
struct Running {
    directory: Arc<Directory>,
    library: Library,
}

/// The accounts in use in this process, each with its supervisor; started when a device of theirs first comes.
struct Accounts {
    running: Mutex<BTreeMap<AccountId, Running>>,
    root: Mutex<Option<SupervisorRef>>,
    store: Arc<dyn ControlStore>,
    spares: Arc<dyn SpareStore>,
    ports: Ports,
    limits: Limits,
}

impl CloudNode {
    /// Starts the cloud's actors. Accounts are started when a device of theirs comes.
    ///
    /// # Errors
    /// If an actor cannot be started.
    pub async fn start(
        ports: Ports,
        store: Arc<dyn ControlStore>,
        spares: Arc<dyn SpareStore>,
        identity: Identity,
        limits: Limits,
    ) -> Result<Self, actor::Fatal> {
        let failed = |error: ractor::SpawnErr| actor::Fatal(error.to_string());
        let runtime = ports.runtime();
        let pairing = PairingDesk::default();
        let children = vec![pairing.child(limits.clone(), runtime.clone())];
        let arguments = supervisor::Arguments { limits: limits.clone(), runtime: runtime.clone(), children };
        let (root, _) = Supervisor::spawn(None, Supervisor, arguments).await.map_err(failed)?;
        let accounts = Arc::new(Accounts {
            running: Mutex::default(),
            root: Mutex::new(Some(root.clone())),
            store: Arc::clone(&store),
            spares,
            ports: ports.clone(),
            limits: limits.clone(),
        });
        let doorkeeper = CloudDoor {
            accounts: Arc::clone(&accounts),
            store,
            clock: Arc::clone(&ports.clock),
            pairing: pairing.clone(),
        };
        let unauthenticated = Gate::new(limits.unauthenticated_links);
        let door = Door {
            identity: identity.server,
            version: identity.version,
            limits: Arc::new(limits),
            doorkeeper: Arc::new(doorkeeper),
            random: Arc::clone(&ports.random),
            runtime,
        };
        Ok(Self { root, accounts, pairing, door, unauthenticated })
    }

    /// Takes a connection in.
    ///
    /// # Errors
    /// `Overloaded` if too many connections have not said who they are yet; the connection is dropped.
    pub fn accept(&self, connection: Connection) -> Result<(), Refusal> {
        self.accept_admitted(self.admit()?, connection);
        Ok(())
    }

    /// Room for a connection that is still being made, so that a door can refuse before it is.
    ///
    /// # Errors
    /// `Overloaded` if too many connections have not said who they are yet.
    pub fn admit(&self) -> Result<Admitted, Refusal> {
        let full = || Refusal::new(ErrorCode::Overloaded, "too many connections have not said who they are yet");
        self.unauthenticated.try_enter().map(Admitted).ok_or_else(full)
    }

    /// Takes a connection in that there is room for.
    pub fn accept_admitted(&self, room: Admitted, connection: Connection) {
        let child = accepted::child_with_permit(self.door.clone(), connection, room.0);
        let _ = self.root.cast(Order::Start(child)); // the cloud is ending
    }

    /// Makes a pairing code good: for one use, for `limits.pairing_valid`.
    pub fn issue_pairing_code(&self, code: Code) {
        self.pairing.issue(code);
    }

    /// The documents of an account.
    #[must_use]
    pub fn library(&self, account: AccountId) -> Library {
        self.accounts.running(account).library
    }

    /// Ends in order: says goodbye on every link, then stops the actors.
    pub async fn stop(&self) {
        let running: Vec<_> = self
            .accounts
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .map(|running| Arc::clone(&running.directory))
            .collect();
        crate::shutdown::goodbye(&running, &self.door.limits, &self.door.runtime).await;
        crate::shutdown::stop(&self.root, &self.door.limits, &self.door.runtime).await;
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

impl Accounts {
    /// The account's actors; started if they are not.
    fn running(&self, account: AccountId) -> Running {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.entry(account).or_insert_with(|| self.start(account)).clone()
    }

    fn start(&self, account: AccountId) -> Running {
        let directory = Arc::new(Directory::default());
        let place = Place::Cloud { generation: self.store.generation() };
        let config = account::Config { place, limits: self.limits.clone() };
        let ids = Arc::new(Ids::new(Arc::clone(&self.ports.clock), Arc::clone(&self.ports.random)));
        let home = Home::Cloud {
            account,
            store: Arc::clone(&self.store),
            logs: Arc::clone(&self.ports.logs),
            spares: Spares { store: Arc::clone(&self.spares), ids: Arc::clone(&ids) },
        };
        let library = Library::new(document::Environs {
            account,
            directory: Arc::clone(&directory),
            logs: Arc::clone(&self.ports.logs),
            assets: Arc::clone(&self.ports.assets),
            ids,
            runtime: self.ports.runtime(),
            limits: Arc::new(self.limits.clone()),
            has_above: false,
            keeps: true,
        });
        let child = account_actor(config, home, Arc::clone(&directory), library.clone(), self.ports.runtime());
        let runtime = self.ports.runtime();
        let arguments = supervisor::Arguments { limits: self.limits.clone(), runtime, children: vec![child] };
        let known = Arc::new((Arc::clone(&directory), AtomicBool::new(false)));
        // One supervisor per account: what fails in one concerns no other.
        let supervisor = Child::new(
            format!("account {account}"),
            Arc::new(move |root| {
                let (arguments, known) = (arguments.clone(), Arc::clone(&known));
                Box::pin(async move {
                    let (known, has_run) = &*known;
                    if has_run.swap(true, Ordering::Relaxed) {
                        // Links of before are unknown to the new account, and dial again. At the first start there may be
                        // some already, which wait for it.
                        crate::shutdown::say_goodbye(known, &arguments.limits);
                        known.clear();
                    }
                    let (supervisor, _) = Supervisor::spawn_linked(None, Supervisor, arguments, root).await?;
                    known.set_supervisor(supervisor.clone());
                    Ok(supervisor.get_cell())
                })
            }),
        );
        if let Some(root) = self.root.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _ = root.cast(Order::Start(supervisor)); // the cloud is ending
        }
        Running { directory, library }
    }
}

/// The cloud's door: registered devices, and those that bring a pairing code.
struct CloudDoor {
    accounts: Arc<Accounts>,
    store: Arc<dyn ControlStore>,
    clock: Arc<dyn Clock>,
    pairing: PairingDesk,
}

impl Doorkeeper for CloudDoor {
    fn admit(&self, register: Register) -> Pending<Admission> {
        let (store, accounts) = (Arc::clone(&self.store), Arc::clone(&self.accounts));
        let at = self.clock.now().wall;
        Box::pin(async move {
            let device = register.key.device_id();
            let Some(row) = store.device(device).await.map_err(failed)? else {
                let detail = format!("device {} is not registered here: pair it first", device.short());
                return Err(Refusal::new(ErrorCode::Unauthenticated, detail));
            };
            if let Some(at) = row.revoked_at {
                return Err(account::revoked(row.called(), at));
            }
            let sealing_key = SealingKey::of_register(&register);
            let name = checked_name(register.name)?;
            if register.node.is_some() && !row.access.may_write() {
                return Err(Refusal::new(ErrorCode::Forbidden, "a device that may only read has no node"));
            }
            let registered = Registered { device, name, os: register.os, node: register.node, access: row.access };
            let row = match (&registered.node, &row.node) {
                // A program beside the device's node says nothing about the device.
                (None, Some(_)) => DeviceRow { last_seen: at, ..row },
                (node, _) => DeviceRow {
                    name: registered.name.clone(),
                    os: registered.os.clone(),
                    node: node.clone(),
                    last_seen: at,
                    ..row
                },
            };
            store.put_device(row.clone()).await.map_err(failed)?;
            let directory = accounts.running(row.account).directory;
            if registered.node.is_some() {
                directory.tell_account(account::Input::SealingKey(sealing_key));
            }
            let welcome = Welcome { account: row.account, generation: store.generation(), at };
            let owner = AccountOwner::of_device(directory, registered, true);
            Ok((welcome, Box::new(owner) as Box<dyn LinkOwner>))
        })
    }

    fn pair(&self, pair: Pair, access: Access, peer: String) -> Pending<Result<AccountId, Refusal>> {
        let (store, pairing) = (Arc::clone(&self.store), self.pairing.clone());
        let accounts = Arc::clone(&self.accounts);
        let at = self.clock.now().wall;
        Box::pin(async move {
            let name = checked_name(pair.name)?;
            pairing.attempt(Code(pair.code), peer).await?;
            let account = store.default_account();
            let device = pair.key.device_id();
            let registered = Registered { device, name: name.clone(), os: String::new(), node: None, access };
            let row = DeviceRow {
                device,
                account,
                key: pair.key,
                name,
                os: String::new(),
                node: None,
                access,
                registered_at: at,
                last_seen: at,
                given: None,
                revoked_at: None,
            };
            store.pair_device(row).await.map_err(failed)?;
            // An account that runs may know it as revoked, or not at all.
            accounts.running(account).directory.tell_account(account::Input::Paired(registered));
            tracing::info!(device = %device.short(), "device paired");
            Ok(account)
        })
    }
}

fn failed(error: StoreError) -> Refusal {
    Refusal::new(ErrorCode::StorageFailed, error.to_string())
}

fn checked_name(name: String) -> Result<String, Refusal> {
    if is_device_name(&name) {
        return Ok(name);
    }
    let detail = format!("a device's name has 1 to {DEVICE_NAME_MAX} bytes and no control characters");
    Err(Refusal::new(ErrorCode::Malformed, detail))
}
