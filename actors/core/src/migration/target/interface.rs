//! What a target is made of, is told, and decides.

use wayfare_protocol::daemon::DaemonKey;
use wayfare_protocol::entity::EntityId;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::{FailureReason, MigrationMessage, SnapshotReady};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{Limits, MigrationId, NodeId, Refusal, SignedHead};

use super::super::Wrong;
use crate::daemon::{MoveAnswer, MoveAsk};
use crate::machine::OpId;

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// What comes.
    pub daemon: EntityId,
    /// This node.
    pub here: NodeId,
    /// Daemons that are on their way to this node beside it.
    pub others: usize,
    /// Bounds and durations.
    pub limits: Limits,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The node has started again and found a daemon that follows.
    Recovered {
        /// A new id, for what is said from here on.
        migration: MigrationId,
    },
    /// A message over an authenticated link.
    Message {
        /// Of whom.
        from: NodeId,
        /// What it says.
        message: MigrationMessage,
    },
    /// A row over this node's own link to the store, unasked.
    Row(Row),
    /// An effect ended.
    Done {
        /// Which.
        op: OpId,
        /// How.
        outcome: Outcome,
    },
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host's answer.
    Host(MoveAnswer),
    /// The node takes it in, or why not.
    Prepared(Result<(), FailureReason>),
    /// Every chunk is here, or why not.
    Pulled(Result<(), String>),
    /// The key is opened and kept, or why not.
    Opened(Result<(), String>),
    /// The row; `None`: there is none.
    Read(Result<Option<Row>, Refusal>),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Ask the daemon's host on this node; without one the answer is that it is absent.
    Host {
        /// Joins effect and outcome.
        op: OpId,
        /// What.
        ask: MoveAsk,
    },
    /// Find out whether this node has the code for such a daemon, and room.
    Prepare {
        /// Joins effect and outcome.
        op: OpId,
        /// Its name and kind.
        key: DaemonKey,
        /// Of its snapshot.
        bytes: u64,
    },
    /// Fetch the chunks of a snapshot that this node lacks.
    Pull {
        /// Joins effect and outcome.
        op: OpId,
        /// From whom.
        source: NodeId,
        /// What.
        manifest: Manifest,
    },
    /// Open the entity's key and keep it.
    OpenKey {
        /// Joins effect and outcome.
        op: OpId,
        /// What it is bound to.
        head: SignedHead,
        /// The key, sealed for this node.
        sealed: SealedKey,
    },
    /// Make a host for it from its snapshot, whose bytes are here. The host answers.
    Arrive {
        /// Joins effect and outcome.
        op: OpId,
        /// What it is.
        ready: Box<SnapshotReady>,
    },
    /// Overwrite and delete the entity's key here.
    ZeroizeKey,
    /// Send a message; this node itself may be meant.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: MigrationMessage,
    },
    /// Read the daemon's row.
    ReadRow {
        /// Joins effect and outcome.
        op: OpId,
    },
    /// A message changed nothing.
    Rejected {
        /// Whose.
        from: NodeId,
        /// Why.
        wrong: Wrong,
    },
    /// Its actor is done.
    Ended,
}
