//! What an orchestrator is made of, is told, and decides.

use wayfare_protocol::migration::{FailureReason, MigrationMessage, MoveInfo, MoveOrder, SnapshotReady};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{DeviceId, Limits, MigrationId, NodeId, Refusal};

use super::super::Wrong;
use crate::machine::OpId;

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id, new.
    pub migration: MigrationId,
    /// What is wanted.
    pub order: MoveOrder,
    /// By which device of the account.
    pub by: DeviceId,
    /// Bounds and durations.
    pub limits: Limits,
    /// For jitter.
    pub seed: u64,
}

/// Nodes that were chosen for a daemon and do not take it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub by: Vec<NodeId>,
    /// Why the last of them does not.
    pub reason: Option<FailureReason>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin.
    Start,
    /// Begin, and choose none of these.
    Another(Refused),
    /// Begin with this snapshot: the owner is gone for good, and its spare is all that there is.
    Recover(Box<SnapshotReady>),
    /// A message over an authenticated link.
    Message {
        /// Of whom.
        from: NodeId,
        /// What it says.
        message: MigrationMessage,
    },
    /// A row over this node's own link to the store, unasked.
    Row(Row),
    /// A person calls it off.
    Cancel,
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
    /// The row; `None`: there is none.
    Read(Result<Option<Row>, Refusal>),
    /// The node that fits best, if any does; a refusal where nobody could say.
    Chosen(Result<Option<NodeId>, Refusal>),
    /// The store's answer to the claim; a refusal where its outcome is not known.
    Claimed(Result<ClaimOutcome, Refusal>),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
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
    /// Find the node that fits best, among those that take daemons in.
    Choose {
        /// Joins effect and outcome.
        op: OpId,
        /// Not this one.
        source: NodeId,
        /// Nor these, which have refused.
        not: Vec<NodeId>,
    },
    /// Claim the daemon's row.
    Claim {
        /// Joins effect and outcome.
        op: OpId,
        /// For whom.
        claim: Claim,
    },
    /// A message changed nothing.
    Rejected {
        /// Whose.
        from: NodeId,
        /// Why.
        wrong: Wrong,
    },
    /// How far it is.
    Publish(Box<MoveInfo>),
    /// The chosen node refuses: another orchestrator is to begin in the place of this one, which ends.
    Another(Refused),
    /// Its actor is done.
    Ended,
}
