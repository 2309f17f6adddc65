//! What a daemon's host is made of, is told, and decides.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonFactory, DaemonInfo, DaemonKey, DaemonKind, Durability, OutputFrame,
};
use wayfare_protocol::entity::EntityId;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::ownership::Row;
use wayfare_protocol::snapshot::{Snapshot, SnapshotBytes};
use wayfare_protocol::{Epoch, Head, Limits, NodeId, Refusal};

use super::InboxRecord;
use super::record::Record;
use crate::machine::OpId;
use crate::outputs::ReaderId;
use crate::ownership;
use crate::placement::Hosted;
use crate::session::Caller;

/// The code that a node has, by kind.
pub type Factories = Arc<BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>>;

/// Who the daemon is, and its code.
#[derive(Clone)]
pub struct Config {
    /// Its identity.
    pub entity: EntityId,
    /// Its name and kind, when it is made; later its log says its name.
    pub key: DaemonKey,
    /// What an acknowledged event survives, when it is made; later its log says.
    pub durability: Durability,
    /// The node it lives on.
    pub here: NodeId,
    /// The node's name, for people.
    pub device_name: String,
    /// The code that this node has.
    pub factories: Factories,
    /// Seed of what is random for the daemon, new at every start.
    pub seed: u64,
    /// Bounds and durations.
    pub limits: Limits,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("entity", &self.entity).field("key", &self.key).finish_non_exhaustive()
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The daemon is new: record that.
    Create,
    /// It comes from another node: this is its snapshot, already in this node's blob store.
    Arrive {
        /// Where the answer goes.
        caller: Caller,
        /// Where its bytes are.
        manifest: Manifest,
        /// Its bytes, each chunk checked.
        snapshot: SnapshotBytes,
    },
    /// The logs were folded: go on.
    Recovered,
    /// Somebody asks something.
    Call {
        /// Where the answer goes.
        caller: Caller,
        /// The epoch that the router knows; `None` from a client on this node.
        epoch: Option<Epoch>,
        /// What is asked.
        call: DaemonCall,
    },
    /// A migration asks something.
    Move {
        /// Where the answer goes.
        caller: Caller,
        /// What is asked.
        ask: MoveAsk,
    },
    /// Somebody wants outputs, from a sequence on.
    ReaderOpened {
        /// Who.
        reader: ReaderId,
        /// The first.
        from: u64,
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
    /// Background work ended.
    Worked {
        /// Which.
        work: u64,
        /// Its result, or why there is none.
        result: Result<Bytes, String>,
    },
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

/// What a migration asks of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveAsk {
    /// Where it stands and whose it is.
    Stand,
    /// This row was read over this node's own link to the store.
    Row(Row),
    /// It has been shown where this follower stands: keep it until a row above that epoch is read.
    Keep(Epoch),
    /// A snapshot of now. Frames after it are kept until [`MoveAsk::LetGo`].
    Cut,
    /// Keep no frames for a migration any more.
    LetGo,
    /// The frames of the inbox after a position.
    Frames {
        /// The last position that is not wanted.
        after: u64,
        /// Bytes at the most, one frame at the least.
        bytes_max: usize,
    },
    /// Accept nothing more, and say where it ends.
    Seal,
    /// Go on after all, if the store agrees.
    Abort,
    /// Process these frames of the owner, as it did.
    Follow(Frames),
    /// Another node has it for good, and this node by the row at this epoch or an earlier one no more: end and delete what is kept here.
    ForgetReleased(Epoch),
    /// A copy that follows is of no use: end and delete it, unless it is kept for a row above this epoch.
    ForgetFollower(Epoch),
    /// How busy it keeps its node, for one who looks which daemon is to leave.
    Measure,
    /// The newest snapshot that is recorded, of a daemon for which this node acts.
    Newest,
}

/// Frames of an inbox, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// Each byte for byte.
    pub frames: Vec<Bytes>,
    /// What the owner gave up among them: position and reason.
    pub dead: Vec<(u64, String)>,
}

/// The answer to a [`MoveAsk`], and to [`Input::Arrive`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveAnswer {
    /// A snapshot is stored; where its bytes are, and where it stands.
    Cut(Manifest, Head),
    /// Frames, and where the host stands now.
    Frames(Frames, Head),
    /// It has stopped here.
    Sealed(Head),
    /// The abort is asked for. What the store decides comes as a row.
    Aborting,
    /// It stands here, and that is logged.
    Stands(Head),
    /// Frames are missing before the first.
    Gap {
        /// The last position that is there.
        after: u64,
    },
    /// Where it stands and whose it is, once that is recorded.
    Standing(Standing),
    /// Forgotten.
    Forgotten,
    /// How busy the daemon keeps this node, which acts for it.
    Measured(DaemonKind, Hosted<EntityId>),
    /// The newest snapshot.
    Newest(Box<Newest>),
    /// It was not done, and why.
    Refused(Refusal),
}

/// A snapshot that is recorded, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The row under which this node acts.
    pub row: Row,
    /// What an acknowledged event survives.
    pub durability: Durability,
    /// Where its bytes are.
    pub manifest: Manifest,
    /// Where it stands.
    pub head: Head,
}

/// Where a daemon stands on a node, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This node has nothing of it. The answer of whoever finds no host.
    Absent,
    /// It follows another node's daemon.
    Follows {
        /// Where it stands.
        head: Head,
        /// It is kept until a row above this epoch is read.
        kept: Option<Epoch>,
    },
    /// This node owns it.
    Owns {
        /// By this row.
        row: Row,
        /// What an acknowledged event survives.
        durability: Durability,
        /// Whether it may be moved by replay.
        is_deterministic: bool,
    },
    /// It was sealed here, and no later row was read.
    Sealed {
        /// The row under which.
        row: Row,
        /// What an acknowledged event survives.
        durability: Durability,
        /// Where it ended.
        head: Head,
    },
    /// Another node owns it.
    Released {
        /// By this row.
        row: Row,
    },
}

/// An answer of either kind.
#[expect(clippy::large_enum_variant, reason = "made and handed on, never kept")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a call.
    Call(DaemonAnswer),
    /// To a migration.
    Move(MoveAnswer),
}

/// Why a snapshot's bytes are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The store does not say now.
    #[error("{0}")]
    Later(String),
    /// They are not in the store, or damaged.
    #[error("{0}")]
    Lost(String),
}

/// How an effect ended. A failed append is not among them: the actor stops and is rebuilt from its logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The records are as durable as the daemon wants them.
    Appended,
    /// The snapshot is stored, or why not.
    Stored(Result<Manifest, String>),
    /// A snapshot's bytes, or why they are not there.
    Loaded(Result<SnapshotBytes, LoadError>),
    /// Every record of both logs, the inbox's first.
    Reread(Vec<Record>),
    /// Records of the inbox log.
    Read(Vec<InboxRecord>),
    /// What another daemon, or whoever is on the way to it, answered.
    Answered(DaemonAnswer),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Nothing is kept of it any more: delete its logs, and its actor is done.
    Remove,
    /// Append to the inbox log.
    AppendInbox {
        /// Joins effect and outcome.
        op: OpId,
        /// The records.
        records: Vec<InboxRecord>,
        /// What they must survive.
        durability: Durability,
    },
    /// Append to the outputs log.
    AppendOutputs {
        /// Joins effect and outcome.
        op: OpId,
        /// The record.
        frame: OutputFrame,
        /// What it must survive.
        durability: Durability,
    },
    /// Store a snapshot.
    StoreSnapshot {
        /// Joins effect and outcome.
        op: OpId,
        /// It.
        snapshot: Box<Snapshot>,
    },
    /// Read a snapshot.
    LoadSnapshot {
        /// Joins effect and outcome.
        op: OpId,
        /// Where its bytes are.
        manifest: Manifest,
    },
    /// Read both logs from their beginning.
    Reread {
        /// Joins effect and outcome.
        op: OpId,
    },
    /// Read the inbox log.
    ReadInbox {
        /// Joins effect and outcome.
        op: OpId,
        /// Number of the first record.
        from: u64,
        /// Bytes at the most, one record at the least.
        bytes_max: usize,
    },
    /// Records before these numbers may be deleted, and every snapshot but this one.
    Trim {
        /// Of the inbox log.
        inbox: u64,
        /// Of the outputs log.
        outputs: u64,
        /// The snapshot that is needed.
        snapshot: Manifest,
    },
    /// Run background work.
    Work {
        /// Which.
        work: u64,
        /// Whose code does it.
        kind: DaemonKind,
        /// On what.
        input: Bytes,
    },
    /// Answer.
    Reply {
        /// Whom.
        caller: Caller,
        /// With what.
        answer: Answer,
    },
    /// Send one message, already encoded, to a reader.
    Send {
        /// To whom.
        reader: ReaderId,
        /// The message.
        message: Bytes,
    },
    /// A reader is refused.
    RefuseReader {
        /// Who.
        reader: ReaderId,
        /// Why.
        refusal: Refusal,
    },
    /// Ask another daemon, wherever it lives. May never be answered.
    Ask {
        /// Joins effect and outcome.
        op: OpId,
        /// Whom.
        daemon: EntityId,
        /// What.
        call: DaemonCall,
    },
    /// Something for the control store.
    Ownership(ownership::Effect),
    /// The daemon's description changed.
    Publish(Box<DaemonInfo>),
}
