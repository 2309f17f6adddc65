//! Why a migration did not go on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MigrationPhase;
use crate::daemon::DaemonKind;
use crate::limits::MIGRATION_REASON_MAX;
use crate::{Epoch, MigrationId, NodeId, Refusal};

/// Why a migration did not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FailureReason {
    /// The target takes it later.
    #[error("the target is not ready: {why}")]
    NotReady {
        /// Why not now.
        why: String,
    },
    /// The target cannot make such daemons.
    #[error("the target has no code for daemons of kind {kind}")]
    NoCode {
        /// The kind.
        kind: DaemonKind,
    },
    /// It may not be moved so.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// A daemon that is not declared deterministic cannot be moved live.
    #[error("the daemon is not deterministic")]
    NotDeterministic,
    /// Its state was not written, fetched or taken over.
    #[error("its state did not move: {why}")]
    StateFailed {
        /// Why.
        why: String,
    },
    /// The frames that the target lacks are not kept any more.
    #[error("frames after position {after} are not kept any more")]
    FramesGone {
        /// The last that the target has.
        after: u64,
    },
    /// A snapshot is larger than nodes take.
    #[error("a snapshot of {bytes} bytes is over the limit of {max}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// Another migration of the same daemon is under way.
    #[error("migration {0} of it is under way")]
    AlreadyMigrating(MigrationId),
    /// The entity's key could not be sealed or opened.
    #[error("its key did not move: {why}")]
    IdentityTransport {
        /// Why.
        why: String,
    },
    /// Nothing happened for too long.
    #[error("nothing happened for too long in phase {0}")]
    Timeout(MigrationPhase),
    /// Target and source do not stand at the same place, or the source's word for its place is not the entity's.
    #[error("the target does not stand where the source does")]
    WrongHead,
    /// The control store did not answer.
    #[error("the control store cannot be reached")]
    StoreUnreachable,
    /// No node can take it.
    #[error("no other node can take it")]
    NoTarget,
    /// The row changed meanwhile.
    #[error("device {} has it since epoch {epoch}", .owner.0.short())]
    Superseded {
        /// Whom it names.
        owner: NodeId,
        /// At which epoch.
        epoch: Epoch,
    },
    /// A person called it off.
    #[error("called off")]
    Cancelled,
}

impl FailureReason {
    /// Whether the same may go well a little later.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::NotReady { .. })
    }

    /// Something about the state, cut to what a message takes.
    pub fn state(why: impl fmt::Display) -> Self {
        Self::StateFailed { why: cut(&why.to_string()) }
    }

    /// Something about the key, cut to what a message takes.
    pub fn identity(why: impl fmt::Display) -> Self {
        Self::IdentityTransport { why: cut(&why.to_string()) }
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MIGRATION_REASON_MAX)].to_owned()
}
