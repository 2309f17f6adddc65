//! Migration: a daemon leaves one node and goes on at another, and no event is lost or repeated.
//!
//! Three machines, one each for a migration: [`Orchestrator`], [`Source`], [`Target`]. What is durable is the row and the logs
//! of the hosts; the machines remember nothing across a crash and are made anew from those. The orchestrator holds no authority.
//!
//! The rules that all three hold (architecture §5.3):
//! * The source seals durably; the target shows the same head; then one compare-and-set on the row commits, or one aborts.
//! * Before a target lets anybody count on its head it records that it keeps it. From then on only a row at a higher epoch frees it.
//! * A source that is sealed resumes or releases only on a row that it has read; it deletes nothing before the owner that the row names has
//!   acknowledged.
//! * Rows are believed from this node's own link to the store only: [`Input::Row`](source::Input::Row) or the answer to a claim.

use std::time::Duration;

use wayfare_protocol::migration::MigrationStep;
use wayfare_protocol::{Epoch, Limits, MigrationId, NodeId};

pub mod orchestrator;
pub mod source;
pub mod target;
#[cfg(test)]
mod tests;

pub use orchestrator::Orchestrator;
pub use source::Source;
pub use target::Target;

/// Why a message changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is not awaited now.
    #[error("{message} is not accepted in phase {phase}")]
    Phase {
        /// The machine's phase.
        phase: &'static str,
        /// The message.
        message: &'static str,
    },
    /// It comes from another node than those who may send it.
    #[error("{message} from device {}, which may not say that", .from.0.short())]
    Peer {
        /// Who sent it.
        from: NodeId,
        /// The message.
        message: &'static str,
    },
    /// It is of another migration.
    #[error("a message of migration {0}")]
    Migration(MigrationId),
    /// It is of another epoch than the migration's.
    #[error("a message of epoch {0}")]
    Epoch(Epoch),
}

impl Wrong {
    fn phase(phase: &'static str, step: &MigrationStep) -> Self {
        Self::Phase { phase, message: step.name() }
    }

    fn peer(from: NodeId, step: &MigrationStep) -> Self {
        Self::Peer { from, message: step.name() }
    }
}

/// How long so many bytes may take from one node to another at the most.
#[must_use]
pub fn travel(limits: &Limits, bytes: u64) -> Duration {
    Duration::from_secs(bytes / limits.migration_rate.max(1))
}
