//! Migration of a daemon, subprotocol 0x0500: the ten messages of an orchestrator, a source and a target, and what a person orders.
//!
//! | message | from | to |
//! |---|---|---|
//! | `TakeSnapshot` | orchestrator | source |
//! | `SnapshotReady` | source, then orchestrator | orchestrator, then target |
//! | `RestoreComplete` | target | orchestrator and source |
//! | `BufferedEvents` | source | target; with the sealed head to the orchestrator too |
//! | `ReplayComplete` | target | orchestrator and source |
//! | `CutoverNotify` | orchestrator | source |
//! | `ActivateTarget` | orchestrator, or the source | target |
//! | `ActivateAck` | target | orchestrator and source |
//! | `CleanupComplete` | source | orchestrator |
//! | `MigrationFailed` | anybody | who takes part |
//!
//! No message moves authority: only the row does (architecture §5.3).

mod failure;
mod order;
mod phase;
mod spare;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};

use crate::bounded;
use crate::codec::{self, DecodeError};
use crate::daemon::{DaemonKey, Durability};
use crate::entity::EntityId;
use crate::limits::{MIGRATION_DEAD_MAX, MIGRATION_FRAMES_MAX};
use crate::manifest::Manifest;
use crate::sealed_key::SealedKey;
use crate::{Epoch, Head, MigrationId, NodeId, SignedHead};

pub use failure::FailureReason;
pub use order::{MoveCause, MoveInfo, MoveMode, MoveOrder, MoveState};
pub use phase::{MigrationPhase, Superposition};
pub use spare::{Recovery, Spare, SpareInfo, TakeOver};

/// Number of the subprotocol.
pub const MIGRATION_SUBPROTOCOL: u16 = 0x0500;
/// Tag of a node that takes daemons in.
pub const MIGRATION_TAG: &str = "subprotocol:0x0500";

/// A message between those who take part in a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationMessage {
    /// Which migration.
    pub migration: MigrationId,
    /// Of which daemon.
    pub daemon: EntityId,
    /// Epoch of the row under which it began.
    pub epoch: Epoch,
    /// For which of the parties: one node may be two of them.
    pub to: Party,
    /// What is said.
    pub step: MigrationStep,
}

/// Who takes part in a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display)]
pub enum Party {
    /// Who leads it.
    Orchestrator,
    /// The node that the daemon leaves.
    Source,
    /// The node that it comes to.
    Target,
}

/// What a [`MigrationMessage`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum MigrationStep {
    /// Take a snapshot.
    TakeSnapshot {
        /// For whom.
        target: NodeId,
        /// Accept nothing more before it is taken: stop-and-copy.
        seal: bool,
    },
    /// A snapshot is stored at the source.
    SnapshotReady(Box<SnapshotReady>),
    /// The target has made the daemon.
    RestoreComplete {
        /// Where it stands.
        head: Head,
    },
    /// Inputs that the source accepted after what the target has.
    BufferedEvents {
        /// Frames of the inbox, each byte for byte, in order.
        #[serde(deserialize_with = "frames")]
        frames: Vec<Bytes>,
        /// What the source gave up among them: position and reason.
        #[serde(deserialize_with = "dead")]
        dead: Vec<(u64, String)>,
        /// Position at which the source stood when it read them.
        stood: u64,
        /// The source accepts nothing more: this is where it ends.
        sealed: Option<SignedHead>,
    },
    /// The target has processed what it was sent.
    ReplayComplete {
        /// Where it stands.
        head: Head,
        /// Inputs by which it was behind the source, as far as it knows.
        behind: u64,
    },
    /// Accept nothing more, and say where that is.
    CutoverNotify {
        /// Who goes on.
        target: NodeId,
    },
    /// Look at the row: it is yours.
    ActivateTarget {
        /// Who is to be told besides.
        source: NodeId,
    },
    /// The row was read, names the target, and that is durable there.
    ActivateAck,
    /// The source keeps nothing of it any more.
    CleanupComplete,
    /// It is given up.
    MigrationFailed {
        /// Why.
        reason: FailureReason,
    },
}

/// A snapshot that the target may fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReady {
    /// Who has its bytes.
    pub source: NodeId,
    /// Name and kind of the daemon.
    pub key: DaemonKey,
    /// What an acknowledged event survives.
    pub durability: Durability,
    /// Where its bytes are.
    pub manifest: Manifest,
    /// Where it stands.
    pub head: SignedHead,
    /// The source accepts nothing after it: stop-and-copy, or a source that is gone for good.
    pub is_sealed: bool,
    /// The entity's key, for the target's eyes only and bound to `head`; `None` where the target has one of its own.
    pub sealed_key: Option<SealedKey>,
}

impl MigrationStep {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

impl MigrationMessage {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        codec::encode(self)
    }

    /// A message from bytes. More frames, reasons or bytes than a message may have are refused before memory is given for them.
    ///
    /// # Errors
    /// If the bytes are too many, or no such message.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes)
    }
}

fn frames<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bytes>, D::Error> {
    bounded::list(deserializer, MIGRATION_FRAMES_MAX, "frames")
}

fn dead<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(u64, String)>, D::Error> {
    bounded::list(deserializer, MIGRATION_DEAD_MAX, "events given up")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a length is refused before memory is given for it.
    #[test]
    fn more_frames_or_reasons_than_a_message_has_are_refused() {
        let message = |frames: usize, dead: usize| MigrationMessage {
            migration: MigrationId(uuid::Uuid::nil()),
            daemon: EntityId(crate::identity::PublicKey([1; 32])),
            epoch: Epoch::LOCAL,
            to: Party::Target,
            step: MigrationStep::BufferedEvents {
                frames: vec![Bytes::new(); frames],
                dead: vec![(1, String::new()); dead],
                stood: 1,
                sealed: None,
            },
        };
        let most = message(MIGRATION_FRAMES_MAX, MIGRATION_DEAD_MAX);
        assert_eq!(MigrationMessage::decode(&most.encode()), Ok(most));
        for many in [message(MIGRATION_FRAMES_MAX + 1, 0), message(0, MIGRATION_DEAD_MAX + 1)] {
            assert!(matches!(MigrationMessage::decode(&many.encode()), Err(DecodeError::Malformed { .. })));
        }
    }

    /// The largest messages fit what a link takes.
    #[test]
    fn the_largest_message_of_frames_fits_a_message_of_a_link() {
        use crate::limits::{DAEMON_EVENT_MAX, DAEMON_FRAME_ENTRIES, DAEMON_FRAME_MAX, DAEMON_REASON_MAX};
        // A frame is over its bound by one event at the most, and every entry of it may be given up.
        let frame = DAEMON_FRAME_MAX.max(DAEMON_EVENT_MAX + 1024);
        assert!(frame + DAEMON_FRAME_ENTRIES * (DAEMON_REASON_MAX + 16) + 4096 <= crate::limits::MESSAGE_MAX);
    }
}
