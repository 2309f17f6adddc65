//! The actor of an account: in the cloud, or on a node.

mod daemons;
mod memory_spares;
mod spares;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::AbortHandle;
use wayfare_core::account::{Account, Config, Effect, Input, LinkId};
use wayfare_core::prefetch::Input as Ahead;
use wayfare_core::{Machine as _, link, outputs};
use wayfare_protocol::control::Control;
use wayfare_protocol::document::ChangesMark;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::ownership::Claim;
use wayfare_protocol::session::OpenSession;
use wayfare_protocol::stream::Open;
use wayfare_protocol::{
    AccountId, AssetId, DeviceId, DocumentId, EntityId, Limits, ResourceId, SessionId, StreamId, Wall,
};

use crate::actor::{Arguments, Context, Executor, Fatal, Mail, Runtime, Start, Started};
use crate::children::session_child;
use crate::directory::Directory;
use crate::document::Library;
use crate::journal::JournalCommand;
use crate::link::{LinkCommand, StreamPeer, Unserved};
use crate::ports::{ControlStore, LogStore, StoreError};
use crate::prefetch::PrefetchCommand;
use crate::session::{Environs, SessionCommand};
use crate::supervisor::{Child, Order, Policy};
use crate::{daemon, device, journal, migration};
pub use memory_spares::MemorySpares;
pub use spares::Spares;

/// What stands around an account, by where it runs.
#[derive(Clone)]
pub enum Home {
    /// In the cloud.
    Cloud {
        /// Which account.
        account: AccountId,
        /// Its truth.
        store: Arc<dyn ControlStore>,
        /// Where journals are.
        logs: Arc<dyn LogStore>,
        /// Where spares are.
        spares: Spares,
    },
    /// On a node.
    Node {
        /// What its sessions need.
        environs: Box<Environs>,
        /// What its daemons need.
        daemons: Box<daemon::Environs>,
        /// What their migrations need.
        moves: Box<migration::Environs>,
        /// The node's name, for people.
        device_name: String,
        /// The sessions whose logs it had when it started.
        sessions: BTreeSet<SessionId>,
        /// Its daemons, likewise.
        found: BTreeSet<EntityId>,
        /// Its cloud, if it is paired.
        cloud: Option<ServerIdentity>,
    },
}

/// What an account is told besides its machine's inputs.
pub enum AccountCommand {
    /// To collect what nothing needs any more from now on.
    Collect,
}

/// The executor of an account.
pub struct AccountExecutor {
    config: Config,
    /// Those of `config`, once for all devices.
    limits: Arc<Limits>,
    home: Home,
    directory: Arc<Directory>,
    library: Library,
    /// Its documents are being brought into step with the cloud's.
    meeting: Option<AbortHandle>,
    runtime: Runtime,
}

/// The arguments of an account's actor.
pub fn arguments(
    config: Config,
    home: Home,
    directory: Arc<Directory>,
    library: Library,
    runtime: Runtime,
) -> Arguments<AccountExecutor> {
    let for_start = runtime.clone();
    let start: Start<AccountExecutor> = Arc::new(move |now| {
        let executor = AccountExecutor {
            limits: Arc::new(config.limits.clone()),
            config: config.clone(),
            home: home.clone(),
            directory: Arc::clone(&directory),
            library: library.clone(),
            meeting: None,
            runtime: for_start.clone(),
        };
        let machine = Account::new(config.clone(), now);
        let home = home.clone();
        Box::pin(async move {
            let inputs = match home {
                Home::Cloud { account, store, spares, .. } => {
                    vec![load(account, store.as_ref()).await?, spares.load(account).await]
                }
                Home::Node { sessions, found, cloud, .. } => {
                    vec![Input::Restarted { sessions, daemons: found, is_paired: cloud.is_some() }]
                }
            };
            Ok(Started { machine, executor, inputs })
        })
    });
    Arguments { name: "account".to_owned(), start, runtime }
}

async fn load(account: AccountId, store: &dyn ControlStore) -> Result<Input, Fatal> {
    let read = store.account(account).await.map_err(|error| Fatal(error.to_string()))?;
    let revoked = read.devices.iter().filter_map(|row| Some((row.device, row.revoked_at?))).collect();
    let given = read.devices.iter().filter_map(|row| Some((row.device, row.given.clone()?))).collect();
    let devices = read.devices.into_iter().map(|row| (row.registered(), row.last_seen)).collect();
    Ok(Input::Loaded { devices, revoked, given, rows: read.rows })
}

impl AccountExecutor {
    fn supervise(&self, child: Child) {
        if let Some(supervisor) = self.directory.supervisor() {
            let _ = supervisor.cast(Order::Start(child)); // the whole tree is ending
        }
    }

    fn create(&self, open: OpenSession) {
        let Home::Node { environs, device_name, .. } = &self.home else { return };
        let Some(here) = place_node(&self.config) else { return };
        let config = wayfare_core::session::Config {
            session: open.id,
            key: open.key,
            here,
            device_name: device_name.clone(),
            environment: open.environment,
            limits: self.config.limits.clone(),
        };
        self.supervise(session_child(config, environs.as_ref().clone(), true));
    }

    /// The device's presence is kept by an actor that begins with its first link.
    fn device_up(&self, device: DeviceId, link: LinkId) {
        let Home::Cloud { store, .. } = &self.home else { return };
        self.directory.set_device_link(device, link);
        if let Some(actor) = self.directory.device(device) {
            let _ = actor.cast(Mail::Input(device::link_up(link), None)); // it is being restarted
            return;
        }
        self.supervise(device_child(device, self, Arc::clone(store)));
    }

    /// The session's journal, started if there is none. It finds its owner in the directory whenever it is started.
    fn ensure_journal(&self, session: SessionId, executor: outputs::Executor) {
        let Home::Cloud { logs, .. } = &self.home else { return };
        if self.directory.has_journal(session) {
            return;
        }
        let limits = self.config.limits.clone();
        let config = wayfare_core::journal::Config { session, executor: Some(executor), limits };
        let directory = Arc::clone(&self.directory);
        let arguments = journal::arguments(config, Arc::clone(&directory), Arc::clone(logs), self.runtime.clone());
        self.directory.expect_journal(session);
        let child = Child::of(arguments, move |actor| directory.set_journal(session, actor));
        self.supervise(child.with(Policy::Persist));
    }

    fn claim(&self, op: wayfare_core::OpId, claim: Claim, context: &mut Context<Self>) {
        let Home::Cloud { account, store, .. } = &self.home else { return };
        let claimed = store.claim(*account, claim);
        context.perform(async move { Ok(Input::Claimed { op, outcome: claimed.await.map_err(StoreError::refusal) }) });
    }

    fn revoke(&self, op: wayfare_core::OpId, device: DeviceId, at: Wall, context: &mut Context<Self>) {
        let Home::Cloud { account, store, .. } = &self.home else { return };
        let revoked = store.revoke(*account, device, at);
        context.perform(async move { Ok(Input::Revoked { op, outcome: revoked.await.map_err(StoreError::refusal) }) });
    }

    fn rename(&self, op: wayfare_core::OpId, device: DeviceId, name: String, context: &mut Context<Self>) {
        let Home::Cloud { account, store, .. } = &self.home else { return };
        let renamed = store.rename(*account, device, name);
        context.perform(async move { Ok(Input::Renamed { op, outcome: renamed.await.map_err(StoreError::refusal) }) });
    }

    fn read(&self, stream: Unserved, session: SessionId, executor: outputs::Executor, want: outputs::Want) {
        match &self.home {
            Home::Cloud { .. } => {
                self.ensure_journal(session, executor);
                self.directory.command_journal(session, JournalCommand::Read { stream, want });
            }
            Home::Node { .. } => {
                self.directory.command_session(session, SessionCommand::Read { stream, want });
            }
        }
    }

    fn documents_above(&mut self, link: Option<LinkId>, context: &mut Context<Self>) {
        self.directory.set_documents_above(link);
        self.directory.tell_run_queue(link.is_some());
        if let Some(meeting) = self.meeting.take() {
            meeting.abort();
        }
        let is_read_ahead = self.directory.tell_prefetch(Mail::Command(PrefetchCommand::Above(link.is_some())));
        let library = self.library.clone();
        let cloud = if let Home::Node { cloud, .. } = &self.home { cloud.clone() } else { None };
        self.meeting = link.zip(cloud).map(|(_, cloud)| {
            context.spawn(async move {
                let assets = library.assets().clone();
                let meeting = async {
                    if !is_read_ahead {
                        library.meet().await;
                    }
                };
                futures_util::future::join(meeting, assets.bring(cloud)).await;
            })
        });
    }

    fn open_document(&self, link: LinkId, stream: StreamId, document: DocumentId) {
        if let Some(link) = self.directory.link(link) {
            self.library.serve(document, Unserved::new(link, stream));
        }
    }

    fn open_asset(&self, link: LinkId, stream: StreamId, asset: AssetId, context: &mut Context<Self>) {
        if let Some(link) = self.directory.link(link) {
            context.spawn(self.library.assets().clone().serve(asset, Unserved::new(link, stream)));
        }
    }

    fn send(&self, link: LinkId, control: Control) {
        if let Control::MrpRequest(asked) = &control {
            tracing::info!(trace = %asked.trace, session = %asked.session, link = link.0, "request passed on");
        }
        if let Some(link) = self.directory.link(link) {
            link.input(link::Input::Send(Box::new(control)));
        }
    }

    fn tell_changes(&self, link: LinkId, since: Option<ChangesMark>) {
        let life = self.library.ids().next().as_u64_pair().1; // its random half
        self.send(link, Control::Changes(self.directory.changes_since(since, life)));
    }

    fn join(&self, link: LinkId, stream: StreamId, onward: LinkId, open: Open) {
        let Some(from) = self.directory.link(link) else { return };
        let peer = StreamPeer::Joining(Arc::new(Unserved::new(from, stream)));
        let Some(onward) = self.directory.link(onward) else { return };
        onward.command(LinkCommand::Open { destination: open.destination, class: open.class, peer });
    }
}

fn place_node(config: &Config) -> Option<wayfare_protocol::NodeId> {
    match &config.place {
        wayfare_core::account::Place::Node { node, .. } => Some(*node),
        wayfare_core::account::Place::Cloud { .. } => None,
    }
}

fn device_child(device: DeviceId, account: &AccountExecutor, store: Arc<dyn ControlStore>) -> Child {
    let directory = Arc::clone(&account.directory);
    let limits = Arc::clone(&account.limits);
    let arguments = device::arguments(device, limits, Arc::clone(&directory), store, account.runtime.clone());
    Child::of(arguments, move |actor| directory.set_device(device, actor))
}

impl Executor for AccountExecutor {
    type Machine = Account;
    type Command = AccountCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Send { link: LinkId::HERE, control } => self.directory.answered(control),
            Effect::Send { link, control } => self.send(link, control),
            Effect::Call { session, caller, epoch, call } => {
                if let Some(asked) = call.run() {
                    tracing::info!(trace = %asked.run, %session, again = asked.again, "run asked of its session");
                }
                let asked = wayfare_core::session::Input::Call { caller, epoch, call };
                self.directory.tell_session(session, asked); // restarting: the caller's deadline answers
            }
            Effect::Create(open) => self.create(open),
            Effect::Ownership { resource: ResourceId::Session(session), input } => {
                self.directory.tell_session(session, wayfare_core::session::Input::Ownership(input));
            }
            Effect::Ownership { resource: ResourceId::Daemon(daemon), input } => {
                self.directory.tell_daemon(daemon, wayfare_core::daemon::Input::Ownership(input));
            }
            Effect::Announce { link, version, ttl, capabilities } => self.announce(link, (version, ttl), capabilities),
            Effect::StartDaemon(start) => self.start_daemon(start, context),
            Effect::CallDaemon { daemon, caller, epoch, call } => {
                let asked = wayfare_core::daemon::Input::Call { caller, epoch, call };
                self.directory.tell_daemon(daemon, asked); // restarting: the caller's deadline answers
            }
            Effect::ReadDaemon { link, stream, daemon, from } => self.read_daemon(link, stream, daemon, from),
            Effect::Migration(news) => self.migrate(news),
            Effect::TakeSpare { op, link, daemon, nodes } => self.take_spare(op, link, (daemon, nodes), context),
            Effect::TakeOver { op, daemon, take } => self.take_over(op, daemon, take, context),
            Effect::ServeSpare { link, stream, daemon, chunk } => {
                self.serve_spare((link, stream), daemon, chunk, context)
            }
            Effect::ServeChunk { link, stream, chunk } => self.serve_chunk(link, stream, chunk, context),
            Effect::OpenDocument { link, stream, document } => self.open_document(link, stream, document),
            Effect::OpenAsset { link, stream, asset } => self.open_asset(link, stream, asset, context),
            Effect::DocumentsAbove { link } => self.documents_above(link, context),
            Effect::Claim { op, claim } => self.claim(op, claim, context),
            Effect::Revoke { op, device, at } => self.revoke(op, device, at, context),
            Effect::Rename { op, device, name } => self.rename(op, device, name, context),
            Effect::TellChanges { link, since } => self.tell_changes(link, since),
            Effect::Changes(changes) => {
                self.directory.tell_prefetch(Mail::Input(Ahead::Changes(changes), None));
            }
            Effect::Called { name } => self.directory.set_called(name),
            Effect::DeviceUp { device, link } => self.device_up(device, link),
            Effect::CloseLink { link, refusal } => {
                if let Some(link) = self.directory.link(link) {
                    link.input(link::Input::Goodbye(refusal));
                }
            }
            Effect::JournalUp { session, executor, link, epoch } => {
                self.ensure_journal(session, executor.clone());
                self.directory.set_journal_owner(session, Some((link, executor, epoch)));
            }
            Effect::JournalDown { session } => self.directory.set_journal_owner(session, None),
            Effect::Read { link, stream, session, executor, want } => {
                let Some(link) = self.directory.link(link) else { return Ok(()) };
                self.read(Unserved::new(link, stream), session, executor, want);
            }
            Effect::Join { link, stream, onward, open } => self.join(link, stream, onward, open),
            Effect::Reset { link, stream, refusal } => {
                if let Some(link) = self.directory.link(link) {
                    link.command(LinkCommand::End { stream, fault: Some(refusal) });
                }
            }
        }
        Ok(())
    }

    fn command(&mut self, command: AccountCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            AccountCommand::Collect => self.collect(context),
        }
        Ok(())
    }
}
