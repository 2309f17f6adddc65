//! What a session's machine is made of, is told, and decides.

use bytes::Bytes;
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::session::{Environment, SessionAnswer, SessionCall, SessionInfo, SessionKey};
use wayfare_protocol::{DocumentId, Epoch, Limits, NodeId, Refusal, SessionId};

use super::{Composed, EndedCell, InboxRecord, LoggedOutput};
use crate::machine::OpId;
use crate::outputs::{ReaderEffect, ReaderId, Want};
use crate::ownership;

/// Joins a call to its answer; chosen by the caller's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller(pub u64);

/// Who the session is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub session: SessionId,
    /// Its name and language, when it is made; later its log says.
    pub key: SessionKey,
    /// The node it lives on.
    pub here: NodeId,
    /// The node's name, for people.
    pub device_name: String,
    /// How its kernel is started, when it is made; later its log says.
    pub environment: Environment,
    /// Bounds and durations.
    pub limits: Limits,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The logs were folded (or there were none): go on.
    Recovered,
    /// The session is new: record that.
    Create,
    /// Somebody asks something.
    Call {
        /// Where the answer goes.
        caller: Caller,
        /// The epoch that the router knows; `None` from a client on this node.
        epoch: Option<Epoch>,
        /// What is asked.
        call: SessionCall,
    },
    /// Somebody wants to read.
    ReaderOpened {
        /// Who.
        reader: ReaderId,
        /// What.
        want: Want,
    },
    /// A reader takes more.
    ReaderCredit {
        /// Who.
        reader: ReaderId,
        /// Bytes.
        bytes: u64,
    },
    /// A reader has gone.
    ReaderClosed {
        /// Who.
        reader: ReaderId,
    },
    /// The session host said something.
    Host(Vec<HostMessage>),
    /// The connection to the session host is lost.
    HostClosed,
    /// The store became reachable, or answered, or told of a new row.
    Ownership(ownership::Input),
    /// An effect ended.
    Done {
        /// Which.
        op: OpId,
        /// How.
        outcome: Outcome,
    },
}

/// How an effect ended. A failed append is not among them: the actor stops and is rebuilt from its logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The records are durable.
    Appended,
    /// The records that were read.
    Read(Vec<OutputRecord>),
    /// The host's process runs, or why not.
    Started(Result<(), String>),
    /// The host is connected; its hello comes next.
    Connected,
    /// There is no host.
    Gone,
    /// There is one and it does not answer yet.
    NotYet,
    /// The host was ended by force.
    Killed,
    /// A run's output as a change to its document.
    Composed(Composed),
    /// A change was merged into a document, durably, or why not.
    Merged(Result<(), Refusal>),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Its creation was never durable: there is no such session, and its actor is done.
    NeverWas,
    /// Append to the inbox log.
    AppendInbox {
        /// Joins effect and outcome.
        op: OpId,
        /// The records.
        records: Vec<InboxRecord>,
    },
    /// Append to the outputs log.
    AppendOutputs {
        /// Joins effect and outcome.
        op: OpId,
        /// The records.
        records: Vec<LoggedOutput>,
    },
    /// Start a session host.
    StartHost {
        /// Joins effect and outcome.
        op: OpId,
        /// Which kernel of the session.
        kernel: u32,
        /// How.
        environment: Environment,
    },
    /// Connect to the living host.
    ConnectHost {
        /// Joins effect and outcome.
        op: OpId,
    },
    /// End the host by force.
    KillHost {
        /// Joins effect and outcome.
        op: OpId,
    },
    /// Say something to the host.
    ToHost(HostRequest),
    /// Close the connection to the host.
    CloseHost,
    /// Answer a call.
    Reply {
        /// Whose.
        caller: Caller,
        /// The answer.
        answer: SessionAnswer,
    },
    /// Something for readers.
    Reader(ReaderEffect),
    /// A reader is refused.
    RefuseReader {
        /// Who.
        reader: ReaderId,
        /// Why.
        refusal: Refusal,
    },
    /// Something for the control store.
    Ownership(ownership::Effect),
    /// The session's description changed.
    Publish(SessionInfo),
    /// Make of a run's output a change to the document of its cell. Nothing is changed by that but that files are kept.
    ComposeOutput {
        /// Joins effect and outcome.
        op: OpId,
        /// The run and its cell.
        ended: EndedCell,
    },
    /// Merge a change into this node's replica of a document.
    MergeOutput {
        /// Joins effect and outcome.
        op: OpId,
        /// The document.
        document: DocumentId,
        /// The update, in the encoding of Yjs.
        update: Bytes,
    },
}
