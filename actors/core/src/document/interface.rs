//! What a document's machine is made of, is told, and decides.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::{DocumentId, Limits, Refusal};

use crate::collection::Links;

use super::body::Likeness;
use super::edit::{Edit, EditError};
use crate::machine::OpId;

/// Names a replica or an editor for as long as it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// How somebody is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerKind {
    /// A replica of ours: frames go in pieces, and what is durable is told.
    Replica,
    /// A client of y-websocket.
    Editor {
        /// Whether it may change the document.
        may_write: bool,
    },
}

/// Which document, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub document: DocumentId,
    /// The number under which changes made here are added: of this life alone.
    pub client: u32,
    /// Whether a cloud above this place has a replica too.
    pub has_above: bool,
    /// Whether what is appended outlives the process. If not, only the replica above keeps anything.
    pub keeps: bool,
    /// Bounds.
    pub limits: Limits,
}

/// A record of the log: an update, or a piece of a long one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Whether the update is everything before it, merged.
    pub is_history: bool,
    /// Which piece of the update it is, from 0. A first one without the rest was cut off by a crash.
    pub piece: u32,
    /// The update goes on in the next record.
    pub more: bool,
    /// At most [`DOCUMENT_RECORD_MAX`](wayfare_protocol::limits::DOCUMENT_RECORD_MAX) bytes.
    pub bytes: Bytes,
}

/// Somebody in this process who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// What is asked from within the process.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The text.
    Text,
    /// The entries of a map.
    Entries {
        /// Which map.
        map: String,
    },
    /// To be told when the replica above and this one have told each other everything, and what was changed here is durable in both.
    Settled,
    /// The whole history, to change a copy of it.
    History,
    /// What it leads to.
    Links,
    /// To change it as it is now. Answered when the change is durable here.
    Edit(Vec<Edit>),
    /// To take in what was changed in a copy. Answered when it is durable here.
    Merge(Bytes),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The text.
    Text(String),
    /// The entries.
    Entries(std::collections::BTreeMap<String, String>),
    /// The history.
    History(Bytes),
    /// What it leads to.
    Links(Links),
    /// Both replicas have it all.
    Settled,
    /// The change is durable, or does not fit.
    Edited(Result<(), EditError>),
    /// It is refused.
    Refused(Refusal),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The log was folded, or there was none: go on.
    Recovered,
    /// Somebody is connected.
    PeerOpened {
        /// Who.
        peer: PeerId,
        /// How.
        kind: PeerKind,
    },
    /// A peer takes more.
    PeerCredit {
        /// Who.
        peer: PeerId,
        /// Bytes.
        bytes: u64,
    },
    /// A piece of a frame came.
    Frame {
        /// From whom.
        peer: PeerId,
        /// The frame goes on in the next piece.
        more: bool,
        /// The piece.
        bytes: Bytes,
    },
    /// Whole frames of an editor that came together, in order: the changes in them are passed on and appended as one.
    Frames {
        /// From whom.
        peer: PeerId,
        /// The frames.
        frames: Vec<Bytes>,
    },
    /// Of the frames with changes that were sent to a replica, all through that number are durable there.
    Kept {
        /// Who.
        peer: PeerId,
        /// The number.
        through: u64,
    },
    /// A peer has gone.
    PeerClosed {
        /// Who.
        peer: PeerId,
    },
    /// The cloud is within reach.
    AboveUp,
    /// It is not any more.
    AboveDown,
    /// The stream to the cloud's replica is open.
    AboveOpened {
        /// The replica.
        peer: PeerId,
    },
    /// The stream to the cloud's replica was refused or ended.
    AboveClosed,
    /// Somebody in this process asks.
    Ask {
        /// Who.
        ask: AskId,
        /// What.
        what: Ask,
    },
    /// Records are durable.
    Appended {
        /// Which.
        op: OpId,
    },
    /// A merged history was read again.
    Verified {
        /// Which.
        op: OpId,
        /// Whether it is the same document, or what is not.
        outcome: Result<(), String>,
    },
    /// An attempt to take a version has ended.
    Versioned {
        /// Which.
        op: OpId,
        /// The newest version has that text.
        is_taken: bool,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Append to the log. Ends in [`Input::Appended`].
    Append {
        /// Joins effect and outcome.
        op: OpId,
        /// The records.
        records: Vec<Record>,
    },
    /// Send a message, already encoded for the kind of peer.
    Send {
        /// To whom.
        peer: PeerId,
        /// The message.
        message: Bytes,
    },
    /// A peer is let go, and told why.
    Close {
        /// Who.
        peer: PeerId,
        /// Why.
        refusal: Refusal,
    },
    /// Open a stream to the cloud's replica. Ends in [`Input::AboveOpened`] or [`Input::AboveClosed`].
    OpenAbove,
    /// Answer somebody in this process.
    Tell {
        /// Whom.
        ask: AskId,
        /// What.
        told: Told,
    },
    /// Read a merged history as a next life would, and compare. Ends in [`Input::Verified`].
    Verify {
        /// Joins effect and outcome.
        op: OpId,
        /// The history.
        history: Bytes,
        /// What it must be like.
        expected: Box<Likeness>,
    },
    /// See to it that this text is a version, if it is not that of the newest. Ends in [`Input::Versioned`].
    Version {
        /// Joins effect and outcome.
        op: OpId,
        /// The text as it is now.
        text: String,
    },
    /// A merged history is not the document that it was merged from: the log stays as it is.
    NotMerged {
        /// What differs.
        why: String,
    },
    /// Forget records below that number.
    Trim {
        /// The first that is kept.
        before: u64,
    },
    /// The log does not hold a document.
    Broken {
        /// What is wrong.
        why: String,
    },
    /// Nobody has it open: it may be unloaded.
    Unload,
}
