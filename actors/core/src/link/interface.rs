//! What a link is given and what it says.

use bytes::Bytes;
use std::sync::Arc;
use wayfare_protocol::capability::Capabilities;
use wayfare_protocol::codec::{Codec, DecodeError};
use wayfare_protocol::control::{Control, Pair, Register, Welcome};
use wayfare_protocol::frame::{FrameError, Kind};
use wayfare_protocol::identity::{DeviceKey, ServerIdentity};
use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{Access, AccountId, Limits, Refusal, StreamId};

use super::handshake::HandshakeError;

/// One end of one connection, as its owner knows it when the connection stands.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which end this is, and what it shows to the other.
    pub role: Role,
    /// The codec that both ends negotiated.
    pub codec: Codec,
    /// Bounds and durations.
    pub limits: Arc<Limits>,
}

/// Which end this is.
#[expect(clippy::large_enum_variant, reason = "made once per link")]
#[derive(Clone, Debug)]
pub enum Role {
    /// The end that connected. It opens odd streams.
    Dialer {
        /// Proves who it is.
        key: DeviceKey,
        /// The only server it signs a challenge for.
        expects: ServerIdentity,
        /// What it wants.
        purpose: Purpose,
    },
    /// The end that was connected to. It opens even streams and speaks first.
    Acceptor {
        /// Who it says it is.
        identity: ServerIdentity,
        /// 32 random bytes, used for this link only.
        nonce: [u8; 32],
        /// For people and `doctor`: its version.
        version: String,
    },
}

/// What a dialing end wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be linked as the registered device that it is.
    Register(Introduction),
    /// To become a registered device; the link ends when it is.
    Pair {
        /// The one-time code.
        code: String,
        /// The device's name, for people.
        name: String,
        /// What it may do from then on.
        access: Access,
    },
}

/// What a device says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// For people; at most [`wayfare_protocol::limits::DEVICE_NAME_MAX`] bytes.
    pub name: String,
    /// `linux`, `macos`, ...
    pub os: String,
    /// For people and `doctor`.
    pub version: String,
    /// What its node offers; `None` for a client.
    pub node: Option<Capabilities>,
}

/// What happened. Inputs of the application are ignored unless the link is up; all are ignored after [`Effect::Down`].
#[derive(Clone, Debug)]
pub enum Input {
    /// The transport delivered one message.
    Received(Bytes),
    /// The transport ended.
    Closed {
        /// Its reason, for people.
        why: String,
    },
    /// The transport has written that much of what was given with [`Effect::Transmit`].
    Flushed {
        /// Bytes, frame headers included.
        bytes: usize,
    },
    /// Answers [`Effect::Authenticate`].
    Admit(Result<Welcome, Refusal>),
    /// Answers [`Effect::AuthenticatePairing`].
    AdmitPairing(Result<AccountId, Refusal>),
    /// A control message for the other end.
    Send(Box<Control>),
    /// The application wants a stream; answered in the same step.
    OpenStream {
        /// Returned in the answer.
        ticket: u64,
        /// What is wanted at the other end.
        destination: Destination,
        /// How urgent its bytes are.
        class: Class,
    },
    /// A message of one to [`wayfare_protocol::limits::MESSAGE_MAX`] bytes. It waits here for credit, at most
    /// [`Limits::stream_backlog`] bytes in all; an application that heeds [`Effect::Credit`] never comes near that.
    SendMessage {
        /// On which stream.
        stream: StreamId,
        /// The message.
        bytes: Bytes,
    },
    /// The application is done with that many bytes of the messages it was given.
    Consumed {
        /// Of which stream.
        stream: StreamId,
        /// Message bytes.
        bytes: u32,
    },
    /// Ends a stream for both ends once its waiting messages are sent. The application hears no more of it.
    CloseStream {
        /// Which.
        stream: StreamId,
    },
    /// Ends a stream at once. The application hears no more of it.
    ResetStream {
        /// Which.
        stream: StreamId,
        /// Told to the other end.
        refusal: Refusal,
    },
    /// Ends the link in order: waiting control messages go first, streams just end.
    Goodbye(Refusal),
}

/// What to do.
#[derive(Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Hand this message to the transport, in order. Answered by [`Input::Flushed`].
    Transmit(Bytes),
    /// Look up this device, whose proof holds, and answer with [`Input::Admit`].
    Authenticate(Box<Register>),
    /// Check this pairing code; the proof of the key holds. Answer with [`Input::AdmitPairing`].
    AuthenticatePairing(Box<Pair>, Access),
    /// The link stands; at both ends.
    Up(Welcome),
    /// This device is registered now. [`Effect::Down`] follows.
    Paired {
        /// The account it belongs to.
        account: AccountId,
    },
    /// The other end sent a control message.
    Control(Box<Control>),
    /// The other end lives; said at most once per [`Limits::sign_every`].
    Sign,
    /// Answers [`Input::OpenStream`]. Nothing may be sent before the first [`Effect::Credit`].
    StreamOpened {
        /// From the question.
        ticket: u64,
        /// The stream.
        stream: StreamId,
    },
    /// Answers [`Input::OpenStream`].
    StreamRefused {
        /// From the question.
        ticket: u64,
        /// Why.
        refusal: Refusal,
    },
    /// The other end opened a stream. It stands; an application that does not want it resets it. The first
    /// [`Effect::Credit`], of `open.window`, follows.
    StreamRequested {
        /// The stream.
        stream: StreamId,
        /// What it is for.
        open: Open,
    },
    /// A whole message.
    Message {
        /// Of which stream.
        stream: StreamId,
        /// The message.
        bytes: Bytes,
    },
    /// The application may send so many more message bytes. Credits add up; the message that uses up the last byte may
    /// be longer than what is left.
    Credit {
        /// On which stream.
        stream: StreamId,
        /// Message bytes.
        bytes: u32,
    },
    /// The other end closed the stream, after every message it sent.
    StreamClosed {
        /// Which.
        stream: StreamId,
    },
    /// The stream ended because of a fault that either end found.
    StreamReset {
        /// Which.
        stream: StreamId,
        /// The fault.
        refusal: Refusal,
    },
    /// Something on the control stream was dropped. To be counted; the link goes on.
    Malformed {
        /// What.
        what: ControlError,
    },
    /// The link is over: said once, and last. What was to be transmitted before goes out, then the transport is closed.
    Down {
        /// Why.
        reason: Reason,
    },
}

/// Why something on the control stream was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The other end's message does not decode: broken, or of a newer kind.
    #[error("control message does not decode: {0}")]
    Undecodable(#[from] DecodeError),
    /// The other end's message is larger than [`wayfare_protocol::limits::MESSAGE_MAX`].
    #[error("control message is larger than a message may be")]
    TooLarge,
    /// A frame that means nothing on the control stream.
    #[error("a frame of kind {0:?} means nothing on the control stream")]
    Frame(Kind),
    /// A message of the handshake on a link that is up.
    #[error("a message of the handshake came on a link that is up")]
    Handshake,
    /// A message of this end that no peer would take.
    #[error("control message of {0} bytes is too large to be sent")]
    Unsendable(usize),
}

/// Why a link is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The transport ended.
    #[error("connection closed: {why}")]
    Closed {
        /// Its reason.
        why: String,
    },
    /// The other end said goodbye.
    #[error("refused by the other end: {0}")]
    Refused(Refusal),
    /// This end said goodbye, as its owner wanted.
    #[error("closed from this end: {0}")]
    Goodbye(Refusal),
    /// The challenge is another server's.
    #[error("the server is {found:?} and not {expected:?}")]
    WrongServer {
        /// The one this end connected to.
        expected: ServerIdentity,
        /// The one that spoke.
        found: ServerIdentity,
    },
    /// The handshake failed.
    #[error("handshake failed: {0}")]
    Handshake(#[from] HandshakeError),
    /// The device is registered; it dials again to use its key.
    #[error("paired with account {0}")]
    Paired(AccountId),
    /// Nothing came for [`Limits::link_silence`].
    #[error("the other end fell silent")]
    Silence,
    /// What came was not a frame.
    #[error("not a frame: {0}")]
    Framing(#[from] FrameError),
    /// The other end does not take its control messages: more than [`Limits::stream_backlog`] bytes wait.
    #[error("the other end does not take its control messages")]
    Overloaded,
}
