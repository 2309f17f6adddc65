//! The actors of migrations on a node: who is under way, how they find each other, their host and the store.
//!
//! One actor for each machine and daemon. What is said between two parties on one node goes straight to the other; everything
//! else goes through the account and the cloud, and may be lost: the machines say it again.

mod drain;
mod host;
mod keys;
mod orchestrator;
mod source;
mod spare;
mod target;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ractor::ActorRef;
use tokio::sync::oneshot;
use wayfare_core::Machine;
use wayfare_core::account::{self, StoreAnswer};
use wayfare_core::migration::{orchestrator as lead, source as leave, target as come};
use wayfare_core::session::Caller;
use wayfare_protocol::between::{Said, SealingKey};
use wayfare_protocol::daemon::{DaemonAnswer, DaemonKind};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::migration::{MigrationMessage, Party};
use wayfare_protocol::ownership::{Claim, Row};
use wayfare_protocol::placement::PlacementAsk;
use wayfare_protocol::{EntityId, ErrorCode, Limits, MigrationId, NodeId, Refusal, RequestId};

use crate::actor::{Arguments, Context, Executor, Mail, Start};
use crate::daemon;
use crate::edge::Identity;
use crate::supervisor::{Child, Order, Policy};
use drain::DrainExecutor;
pub use host::MoveReply;
pub(crate) use keys::forget_strays;
pub use orchestrator::Awaiting;
use orchestrator::{OrchestratorExecutor, Ordered};
use source::SourceExecutor;
use target::TargetExecutor;

/// Questions to the store that wait at most; of more the oldest are forgotten: they are asked again.
const ASKED: usize = 256;
/// Sealing keys of other devices that are kept.
const SEALING_KEYS: usize = 256;

/// What migrations on a node need.
#[derive(Clone)]
pub struct Environs {
    /// What the node's daemons need.
    pub daemons: daemon::Environs,
    /// The node.
    pub node: NodeId,
    /// Its key: what is sealed for it is opened with that.
    pub key: DeviceKey,
    /// Its name, for people.
    pub device_name: String,
    /// Bounds and durations.
    pub limits: Limits,
    /// Who is under way.
    pub moves: Arc<Moves>,
}

/// Everybody who is under way on a node.
#[derive(Default)]
pub struct Moves(Mutex<Known>);

type Asker = Box<dyn FnOnce(StoreAnswer) + Send>;

#[derive(Default)]
struct Known {
    orchestrators: Slots<OrchestratorExecutor>,
    ordered: BTreeMap<EntityId, Ordered>,
    /// Moves that go on with another orchestrator when the present one has ended.
    another: BTreeMap<EntityId, lead::Refused>,
    /// Who gives the daemons of this node away, once that was ordered.
    drain: Option<Slot<DrainExecutor>>,
    /// The code of daemons that are moved or given away.
    kinds: BTreeMap<EntityId, DaemonKind>,
    sources: Slots<SourceExecutor>,
    targets: Slots<TargetExecutor>,
    /// Who waits for the store. Ids rise with time.
    asked: BTreeMap<RequestId, Asker>,
    sealing: BTreeMap<NodeId, [u8; 32]>,
    /// Who waits for a sealing key.
    wanting: Vec<(NodeId, oneshot::Sender<[u8; 32]>)>,
}

type InputOf<X> = <<X as Executor>::Machine as Machine>::Input;

/// The actors of one kind, by daemon.
struct Slots<X: Executor>(BTreeMap<EntityId, Slot<X>>);

enum Slot<X: Executor> {
    /// It is being started, and is told these then.
    Expected(Vec<InputOf<X>>),
    Here(ActorRef<Mail<X>>),
}

impl<X: Executor> Default for Slots<X> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<X: Executor> Slots<X> {
    /// Tells the one of a daemon; `Err`: there is none.
    fn tell(&mut self, daemon: EntityId, input: InputOf<X>) -> Result<(), InputOf<X>> {
        match self.0.get_mut(&daemon) {
            Some(slot) => {
                slot.tell(input);
                Ok(())
            }
            None => Err(input),
        }
    }

    fn expect(&mut self, daemon: EntityId, first: Vec<InputOf<X>>) {
        self.0.insert(daemon, Slot::Expected(first));
    }

    fn set(&mut self, daemon: EntityId, actor: &ActorRef<Mail<X>>) {
        if let Some(before) = self.0.insert(daemon, Slot::Here(actor.clone())) {
            before.tell_what_waits(actor);
        }
    }
}

impl<X: Executor> Slot<X> {
    fn tell(&mut self, input: InputOf<X>) {
        match self {
            Self::Here(actor) => {
                let _ = actor.cast(Mail::Input(input, None)); // it is being restarted: it is told again
            }
            Self::Expected(waiting) => waiting.push(input),
        }
    }

    fn tell_what_waits(self, actor: &ActorRef<Mail<X>>) {
        if let Self::Expected(waiting) = self {
            for input in waiting {
                let _ = actor.cast(Mail::Input(input, None)); // it was started this moment
            }
        }
    }
}

impl Moves {
    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        // A panic while the lock is held cannot leave the maps half-changed: each change is one call.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Environs {
    /// Those of a node on which nothing is under way.
    #[must_use]
    pub fn new(daemons: daemon::Environs, identity: &Identity, limits: &Limits) -> Self {
        let (key, device_name) = (identity.key.clone(), identity.name.clone());
        let node = NodeId(key.device_id());
        Self { daemons, node, key, device_name, limits: limits.clone(), moves: Arc::default() }
    }

    /// Another node, or this one, has said something.
    pub fn said(&self, from: NodeId, said: Said) {
        match said {
            Said::Migration(message) => self.deliver(from, *message),
            Said::WantsSealingKey => self.say(from, Said::SealingKey(SealingKey::of(&self.key))),
            Said::SealingKey(key) => {
                if let Some(key) = key.of_device(from.0) {
                    self.learn_sealing_key(from, key);
                }
            }
        }
    }

    fn learn_sealing_key(&self, node: NodeId, key: [u8; 32]) {
        let waiting = self.moves.with(|known| {
            if known.sealing.len() >= SEALING_KEYS {
                known.sealing.clear();
            }
            known.sealing.insert(node, key);
            let (its, others) = std::mem::take(&mut known.wanting).into_iter().partition(|(of, _)| *of == node);
            known.wanting = others;
            let its: Vec<_> = its;
            its
        });
        for (_, asker) in waiting {
            let _ = asker.send(key); // it has given up
        }
    }

    /// The key to which secrets for a node are sealed. Ends never if the node does not answer: whoever waits has a deadline.
    fn sealing_key(&self, node: NodeId) -> oneshot::Receiver<[u8; 32]> {
        let (asker, key) = oneshot::channel();
        let known = self.moves.with(|known| known.sealing.get(&node).copied());
        match known {
            Some(key) => drop(asker.send(key)),
            None => {
                self.moves.with(|known| {
                    known.wanting.retain(|(_, asker)| !asker.is_closed());
                    known.wanting.push((node, asker));
                });
                self.say(node, Said::WantsSealingKey);
            }
        }
        key
    }

    fn say(&self, to: NodeId, said: Said) {
        if to == self.node {
            self.said(self.node, said);
        } else {
            self.daemons.directory.tell_account(account::Input::Say { to, said });
        }
    }

    fn deliver(&self, from: NodeId, message: MigrationMessage) {
        let daemon = message.daemon;
        match message.to {
            Party::Orchestrator => {
                // One that is gone has no use for it.
                let _ = self.moves.with(|known| {
                    known.orchestrators.tell(daemon, lead::Input::Message { from, message }).map_err(drop)
                });
            }
            Party::Source => self.tell_source(daemon, leave::Input::Message { from, message }),
            Party::Target => self.tell_target(daemon, come::Input::Message { from, message }),
        }
    }

    /// The cloud tells of a row.
    pub fn row(&self, row: &Row) {
        let Some(daemon) = row.resource.daemon() else { return };
        self.moves.with(|known| {
            // Who is not under way needs no row.
            let _ = known.orchestrators.tell(daemon, lead::Input::Row(row.clone())).map_err(drop);
            let _ = known.sources.tell(daemon, leave::Input::Row(row.clone())).map_err(drop);
            let _ = known.targets.tell(daemon, come::Input::Row(row.clone())).map_err(drop);
        });
    }

    /// The store has answered.
    pub fn answered(&self, request: RequestId, answer: StoreAnswer) {
        if let Some(asker) = self.moves.with(|known| known.asked.remove(&request)) {
            asker(answer);
        }
    }

    fn ask_store(&self, asker: Asker) -> RequestId {
        let request = RequestId(self.daemons.ids.next());
        self.moves.with(|known| {
            known.asked.insert(request, asker);
            while known.asked.len() > ASKED {
                known.asked.pop_first();
            }
        });
        request
    }

    fn read_row(&self, daemon: EntityId, asker: Asker) {
        let request = self.ask_store(asker);
        self.daemons.directory.tell_account(account::Input::ReadRow { request, daemon });
    }

    /// Asks the cloud where a daemon should go.
    fn place(&self, daemon: EntityId, from: NodeId, asker: Asker) {
        let kind = self.moves.with(|known| known.kinds.get(&daemon).cloned());
        let Some((factory, kind)) = kind.and_then(|kind| Some((self.daemons.factories.get(&kind)?, kind))) else {
            let refusal = Refusal::new(ErrorCode::NoCapability, "this node has no code for daemons of its kind");
            return asker(StoreAnswer::Placed(Err(refusal)));
        };
        let ask = Box::new(PlacementAsk::of(daemon, kind, from, factory.make().as_ref()));
        let request = self.ask_store(asker);
        self.daemons.directory.tell_account(account::Input::Place { request, ask });
    }

    /// Somebody wants to know where a daemon of this node would go.
    pub fn explain(&self, caller: Caller, daemon: EntityId, kind: DaemonKind) {
        self.moves.with(|known| known.kinds.insert(daemon, kind));
        let directory = Arc::clone(&self.daemons.directory);
        self.place(
            daemon,
            self.node,
            Box::new(move |answer| {
                let answer = match answer {
                    StoreAnswer::Placed(Ok(placement)) => DaemonAnswer::Placement(placement),
                    StoreAnswer::Placed(Err(refusal)) => DaemonAnswer::Refused(refusal),
                    StoreAnswer::Row(_) | StoreAnswer::Claimed(_) => return,
                };
                directory.tell_account(account::Input::DaemonAnswer { caller, answer });
            }),
        );
    }

    fn claim(&self, claim: Claim, asker: Asker) {
        let request = self.ask_store(asker);
        let claim = Box::new(claim);
        self.daemons.directory.tell_account(account::Input::MoveClaim { request, claim });
    }

    /// What was under way when this node ended goes on.
    pub fn resume(&self, daemon: EntityId, party: Party) {
        let migration = MigrationId(self.daemons.ids.next());
        match party {
            Party::Source => self.tell_source(daemon, leave::Input::Recovered { migration }),
            Party::Target => self.tell_target(daemon, come::Input::Recovered { migration }),
            Party::Orchestrator => {}
        }
    }

    /// Tells the source of a daemon; there is one from then on.
    fn tell_source(&self, daemon: EntityId, input: leave::Input) {
        let is_told = self.moves.with(|known| match known.sources.tell(daemon, input) {
            Ok(()) => true,
            Err(input) => {
                known.sources.expect(daemon, vec![input]);
                false
            }
        });
        if !is_told {
            let start = source::start(self.clone(), daemon);
            self.supervise(
                self.child(format!("source {daemon}"), start, move |known, actor| {
                    known.sources.set(daemon, actor);
                })
                .with(Policy::Persist),
            );
        }
    }

    /// Tells the target of a daemon; there is one from then on.
    fn tell_target(&self, daemon: EntityId, input: come::Input) {
        let others = self.moves.with(|known| {
            let others = known.targets.0.len();
            known.targets.tell(daemon, input).err().map(|input| {
                known.targets.expect(daemon, vec![input]);
                others
            })
        });
        if let Some(others) = others {
            let start = target::start(self.clone(), daemon, others);
            self.supervise(
                self.child(format!("target {daemon}"), start, move |known, actor| {
                    known.targets.set(daemon, actor);
                })
                .with(Policy::Persist),
            );
        }
    }

    fn child<X: Executor>(
        &self,
        name: String,
        start: Start<X>,
        set: impl Fn(&mut Known, &ActorRef<Mail<X>>) + Send + Sync + 'static,
    ) -> Child {
        let arguments = Arguments { name, start, runtime: self.daemons.runtime.clone() };
        let moves = Arc::clone(&self.moves);
        Child::of(arguments, move |actor| moves.with(|known| set(known, &actor)))
    }

    fn supervise(&self, child: Child) {
        if let Some(supervisor) = self.daemons.directory.supervisor() {
            let _ = supervisor.cast(Order::Start(child)); // the whole tree is ending
        }
    }
}

/// Takes the store's answer to a question of an actor; what that makes of it is its input.
fn asker<X: Executor>(
    context: &Context<X>,
    input: impl FnOnce(StoreAnswer) -> Option<InputOf<X>> + Send + 'static,
) -> Asker {
    let myself = context.myself().clone();
    Box::new(move |answer| {
        if let Some(input) = input(answer) {
            let _ = myself.cast(Mail::Input(input, None)); // it has ended
        }
    })
}

/// Whether this is the first start of an actor; later ones follow a failure, and go on from what is durable.
struct FirstStart(AtomicBool);

impl FirstStart {
    fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
