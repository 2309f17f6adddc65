//! What a source is made of, is told, and decides.

use wayfare_protocol::entity::EntityId;
use wayfare_protocol::migration::MigrationMessage;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, Row};
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{Epoch, Head, Limits, MigrationId, NodeId, Refusal, SignedHead};

use super::super::Wrong;
use crate::daemon::{MoveAnswer, MoveAsk};
use crate::machine::OpId;

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// What leaves.
    pub daemon: EntityId,
    /// This node.
    pub here: NodeId,
    /// Bounds and durations.
    pub limits: Limits,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The node has started again and found a daemon that is sealed or released.
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
    /// The entity's word, or why there is none.
    Attested(Result<Attested, String>),
    /// The row; `None`: there is none.
    Read(Result<Option<Row>, Refusal>),
    /// The store's answer to the claim; a refusal where its outcome is not known.
    Claimed(Result<ClaimOutcome, Refusal>),
}

/// What the entity's key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The head, signed.
    pub head: SignedHead,
    /// The key itself, sealed for the target and bound to that; `None` where it was not wanted or the target has it.
    pub sealed_key: Option<SealedKey>,
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
    /// Sign a head with the entity's key, and seal the key for the target.
    Attest {
        /// Joins effect and outcome.
        op: OpId,
        /// Where it stands.
        head: Head,
        /// On which branch.
        lineage: Lineage,
        /// Under which epoch.
        epoch: Epoch,
        /// Whose the key will be too.
        key_for: Option<NodeId>,
    },
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
    /// Claim the daemon's row.
    Claim {
        /// Joins effect and outcome.
        op: OpId,
        /// For whom.
        claim: Claim,
    },
    /// Overwrite and delete the entity's key here.
    ZeroizeKey,
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
