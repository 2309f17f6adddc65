//! An accepted connection, from its first byte to its end.

use std::sync::Arc;

use ractor::{ActorCell, ActorRef};
use tokio::sync::OwnedSemaphorePermit;
use wayfare_core::Machine as _;
use wayfare_core::link::{self, Link, Role};
use wayfare_protocol::control::{Pair, Register, Welcome};
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{Access, AccountId, ErrorCode, Limits, Refusal};

use super::connection::{self, Outgoing};
use super::streams::Streams;
use super::{LinkCommand, LinkOwner, LinkRef};
use crate::actor::{self, Arguments, Context, Executor, Fatal, Mail, Runtime, Started};
use crate::ports::{Connection, Pending, Random};
use crate::supervisor::{Child, Policy};

/// The answer to a device: come in, with who owns its link from then on; or why not.
pub type Admission = Result<(Welcome, Box<dyn LinkOwner>), Refusal>;

/// Whoever may come in is decided here: the proof of a device's key has been checked by the link.
pub trait Doorkeeper: Send + Sync {
    /// May this device come in?
    fn admit(&self, register: Register) -> Pending<Admission>;
    /// May this device be registered, to do that much from then on?
    fn pair(&self, pair: Pair, access: Access, peer: String) -> Pending<Result<AccountId, Refusal>>;
}

/// What a door needs to take connections in.
#[derive(Clone)]
pub struct Door {
    /// Who the server says it is.
    pub identity: ServerIdentity,
    /// Its version, for people.
    pub version: String,
    /// Bounds and durations.
    pub limits: Arc<Limits>,
    /// Who may come in.
    pub doorkeeper: Arc<dyn Doorkeeper>,
    /// Draws nonces.
    pub random: Arc<dyn Random>,
    /// Clock and timer.
    pub runtime: Runtime,
}

/// The executor of an accepted link.
pub struct AcceptedLink {
    this: LinkRef,
    peer: String,
    doorkeeper: Arc<dyn Doorkeeper>,
    outgoing: Option<Outgoing>,
    owner: Option<Box<dyn LinkOwner>>,
    admitted: Option<(Welcome, Box<dyn LinkOwner>)>,
    permit: Option<OwnedSemaphorePermit>,
    streams: Streams,
    counted: Option<Counted>,
}

/// A link that is up, in the count of them.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("wayfare_links").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("wayfare_links").decrement(1.0);
    }
}

/// What an accepted link is told besides its machine's inputs.
pub enum AcceptedCommand {
    /// As any link.
    Link(LinkCommand),
    /// The doorkeeper let the device in.
    Admitted(Welcome, Box<dyn LinkOwner>),
}

impl From<LinkCommand> for AcceptedCommand {
    fn from(command: LinkCommand) -> Self {
        Self::Link(command)
    }
}

/// The child that serves one accepted connection.
#[must_use]
pub fn child(door: Door, connection: Connection) -> Child {
    child_of(door, connection, None)
}

/// The same for a connection that counts against a gate until it is authenticated or gone.
#[must_use]
pub fn child_with_permit(door: Door, connection: Connection, permit: OwnedSemaphorePermit) -> Child {
    child_of(door, connection, Some(permit))
}

fn child_of(door: Door, connection: Connection, permit: Option<OwnedSemaphorePermit>) -> Child {
    let connection = Arc::new(std::sync::Mutex::new(Some((connection, permit))));
    Child::new(
        "accepted link",
        Arc::new(move |supervisor: ActorCell| {
            let door = door.clone();
            let connection = Arc::clone(&connection);
            Box::pin(async move {
                let runtime = door.runtime.clone();
                let (address, waits) = tokio::sync::oneshot::channel();
                let waits = std::sync::Mutex::new(Some(waits));
                let start: actor::Start<AcceptedLink> = Arc::new(move |now| {
                    let taken = connection.lock().ok().and_then(|mut connection| connection.take());
                    let waits = waits.lock().ok().and_then(|mut waits| waits.take());
                    let door = door.clone();
                    Box::pin(async move {
                        let (Some((connection, permit)), Some(waits)) = (taken, waits) else {
                            return Err(Fatal("an accepted connection is served once".to_owned()));
                        };
                        let myself = waits.await.map_err(|_| Fatal("not started".to_owned()))?;
                        let mut started = begin(&door, connection, myself, now);
                        started.executor.permit = permit;
                        Ok(started)
                    })
                });
                let arguments = Arguments { name: "accepted link".to_owned(), start, runtime };
                let actor = actor::spawn(arguments, supervisor).await?;
                let _ = address.send(actor.clone()); // the actor waits for its own address
                Ok(actor.get_cell())
            })
        }),
    )
    .with(Policy::Temporary)
}

fn begin(
    door: &Door,
    connection: Connection,
    myself: ActorRef<Mail<AcceptedLink>>,
    now: wayfare_protocol::Now,
) -> Started<AcceptedLink> {
    let mut nonce = [0; 32];
    door.random.fill(&mut nonce);
    let role = Role::Acceptor { identity: door.identity.clone(), nonce, version: door.version.clone() };
    let machine = Link::new(link::Config { role, codec: connection.codec, limits: Arc::clone(&door.limits) }, now);
    let peer = connection.peer.clone();
    let this = LinkRef::Accepted(myself.clone());
    let tell = move |event| myself.cast(Mail::Command(LinkCommand::Connection(event).into())).is_ok();
    // The tasks end with the connection: the reader when the other end or the machine closes it, the writer when its
    // channel is dropped with the executor.
    let outgoing = connection::run(connection, tell, |task| {
        tokio::spawn(task);
    });
    let executor = AcceptedLink {
        this,
        peer,
        doorkeeper: Arc::clone(&door.doorkeeper),
        outgoing: Some(outgoing),
        owner: None,
        admitted: None,
        permit: None,
        streams: Streams::default(),
        counted: None,
    };
    Started { machine, executor, inputs: Vec::new() }
}

impl Executor for AcceptedLink {
    type Machine = Link;
    type Command = AcceptedCommand;

    fn execute(&mut self, effect: link::Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            link::Effect::Authenticate(register) => {
                let admit = self.doorkeeper.admit(*register);
                let myself = context.myself().clone();
                context.spawn(async move {
                    let mail = match admit.await {
                        Ok((welcome, owner)) => Mail::Command(AcceptedCommand::Admitted(welcome, owner)),
                        Err(refusal) => Mail::Input(link::Input::Admit(Err(refusal)), None),
                    };
                    let _ = myself.cast(mail); // the link is gone already
                });
            }
            link::Effect::AuthenticatePairing(pair, access) => {
                let answer = self.doorkeeper.pair(*pair, access, self.peer.clone());
                context.perform(async move { Ok(link::Input::AdmitPairing(answer.await)) });
            }
            link::Effect::Up(_) => {
                self.permit = None;
                self.counted = Some(Counted::new());
                if let Some((welcome, mut owner)) = self.admitted.take() {
                    owner.up(self.this.clone(), &welcome);
                    self.owner = Some(owner);
                }
            }
            link::Effect::Down { reason } => {
                tracing::debug!(peer = self.peer, %reason, "link over");
                self.streams.all_closed();
                self.counted = None;
                if let Some(mut owner) = self.owner.take() {
                    owner.down(&reason.to_string());
                }
                self.outgoing = None;
                context.myself().stop(None);
            }
            link::Effect::Transmit(frame) => {
                if let Some(outgoing) = &self.outgoing {
                    outgoing.send(frame);
                }
            }
            link::Effect::Malformed { what } => tracing::warn!(peer = self.peer, %what, "control message dropped"),
            other => super::streams_effect(other, &self.this, &mut self.streams, self.owner.as_deref_mut(), |input| {
                context.feed(input);
            }),
        }
        Ok(())
    }

    fn command(&mut self, command: AcceptedCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            AcceptedCommand::Admitted(welcome, owner) => {
                self.admitted = Some((welcome.clone(), owner));
                context.feed(link::Input::Admit(Ok(welcome)));
            }
            AcceptedCommand::Link(LinkCommand::Bind { stream, peer }) => {
                self.streams.bind(stream, peer).into_iter().for_each(|input| context.feed(input));
            }
            AcceptedCommand::Link(LinkCommand::Open { destination, class, peer }) => {
                let input = self.streams.open(destination, class, peer);
                context.feed(input);
            }
            AcceptedCommand::Link(LinkCommand::End { stream, fault }) => {
                let input = self.streams.end(stream, fault);
                context.feed(input);
            }
            AcceptedCommand::Link(LinkCommand::Connection(event)) => {
                if let Some(input) = super::connection_input(event) {
                    context.feed(input);
                }
            }
        }
        Ok(())
    }
}

/// The answer to a device that this door does not register.
#[must_use]
pub fn no_pairing() -> Refusal {
    Refusal::new(ErrorCode::PairingRefused, "devices are paired with a cloud, not here")
}
