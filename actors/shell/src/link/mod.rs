//! Links: the actors at both ends of a connection.
//!
//! An accepted link lives as long as its connection ([`accepted`]); a dialed one dials again ([`uplink`]). Both keep the same
//! table of who is behind each stream ([`streams`]) and the same two tasks per connection ([`connection`]). Who owns the
//! link, an account or a client, is behind [`LinkOwner`].

pub mod accepted;
mod chunk;
mod connection;
mod owner;
mod streams;
mod unserved;
pub mod uplink;

use ractor::ActorRef;
use wayfare_core::link;
use wayfare_core::machine::OpId;
use wayfare_protocol::stream::{Class, Destination};
use wayfare_protocol::{ErrorCode, Refusal, StreamId};

use crate::actor::Mail;
pub use accepted::{AcceptedLink, Doorkeeper};
pub use chunk::{fetch_chunk, send_chunk};
pub use connection::ConnectionEvent;
pub use owner::{AccountOwner, LinkOwner};
pub use streams::StreamPeer;
pub use unserved::{Server, Unserved};
pub use uplink::UplinkExecutor;

/// What a link is told besides its machine's inputs.
pub enum LinkCommand {
    /// Put somebody behind a stream that the other end opened.
    Bind {
        /// The stream.
        stream: StreamId,
        /// Who.
        peer: Server,
    },
    /// Open a stream with somebody behind it.
    Open {
        /// What is wanted at the other end.
        destination: Destination,
        /// How urgent.
        class: Class,
        /// Who.
        peer: StreamPeer,
    },
    /// End a stream from this side: in order, or because of a fault. Who was behind it hears nothing.
    End {
        /// The stream.
        stream: StreamId,
        /// The fault.
        fault: Option<Refusal>,
    },
    /// The connection did something.
    Connection(ConnectionEvent),
}

/// The address of a link.
#[derive(Clone)]
pub enum LinkRef {
    /// One that was accepted.
    Accepted(ActorRef<Mail<AcceptedLink>>),
    /// One connection of one that dials.
    Dialed(ActorRef<Mail<UplinkExecutor>>, OpId),
}

impl LinkRef {
    /// Gives the link's machine an input. A link that is gone has told its owner: nobody misses it.
    pub fn input(&self, input: link::Input) {
        let _ = match self {
            Self::Accepted(actor) => actor.cast(Mail::Input(input, None)).is_ok(),
            Self::Dialed(actor, op) => {
                actor.cast(Mail::Input(wayfare_core::uplink::Input::Link { op: *op, input }, None)).is_ok()
            }
        };
    }

    /// Gives the link a command.
    pub fn command(&self, command: LinkCommand) {
        let _ = match self {
            Self::Accepted(actor) => actor.cast(Mail::Command(command.into())).is_ok(),
            Self::Dialed(actor, op) => actor.cast(Mail::Command(uplink::UplinkCommand::Link(*op, command))).is_ok(),
        };
    }

    /// Ends the link's actor when it has taken everything that it was given.
    pub(crate) async fn drained(&self) {
        let actor = match self {
            Self::Accepted(actor) => actor.get_cell(),
            Self::Dialed(actor, _) => actor.get_cell(),
        };
        let _ = actor.drain_and_wait(None).await; // one that has ended already has taken everything
    }
}

/// What readers are told whose source is gone for now.
pub(crate) fn restarting() -> Refusal {
    Refusal::new(ErrorCode::OwnerUnreachable, "what was read is being restarted; attach again")
}

/// What a connection's event is for a link's machine.
fn connection_input(event: ConnectionEvent) -> Option<link::Input> {
    Some(match event {
        ConnectionEvent::Received(frame, _permit) => link::Input::Received(frame),
        ConnectionEvent::Flushed(bytes) => link::Input::Flushed { bytes },
        ConnectionEvent::Closed(why) => link::Input::Closed { why },
    })
}

/// Carries out what a link that is up decides about its streams, and passes the rest to its owner.
fn streams_effect(
    effect: link::Effect,
    this: &LinkRef,
    streams: &mut streams::Streams,
    owner: Option<&mut (dyn LinkOwner + 'static)>,
    feed: impl FnMut(link::Input),
) {
    match effect {
        link::Effect::Control(control) => {
            if let Some(owner) = owner {
                owner.control(*control);
            }
        }
        link::Effect::Sign => {
            if let Some(owner) = owner {
                owner.sign();
            }
        }
        link::Effect::StreamRequested { stream, open } => {
            streams.requested(stream);
            if let Some(owner) = owner {
                owner.stream_requested(this, stream, open);
            }
        }
        link::Effect::StreamOpened { ticket, stream } => streams.opened(ticket, stream, this),
        link::Effect::StreamRefused { ticket, refusal } => streams.refused(ticket, refusal),
        link::Effect::Message { stream, bytes } => streams.message(stream, bytes).into_iter().for_each(feed),
        link::Effect::Credit { stream, bytes } => streams.credit(stream, bytes),
        link::Effect::StreamClosed { stream } => streams.closed(stream, None),
        link::Effect::StreamReset { stream, refusal } => streams.closed(stream, Some(refusal)),
        // Each kind of link sees to these itself.
        link::Effect::Transmit(_)
        | link::Effect::Authenticate(_)
        | link::Effect::AuthenticatePairing(..)
        | link::Effect::Up(_)
        | link::Effect::Paired { .. }
        | link::Effect::Malformed { .. }
        | link::Effect::Down { .. } => {}
    }
}
