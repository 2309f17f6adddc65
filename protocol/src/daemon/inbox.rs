//! A daemon's inbox: what it accepted, in the frames that were made durable together.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::entity::{EntityId, Origin};
use crate::{Wall, codec};

/// The inputs of one group commit. Its encoding is what is logged, what the digest chains over, and what travels to the target of a
/// migration, byte for byte (architecture §5.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFrame {
    /// Position of the first entry.
    pub first: u64,
    /// Randomness of these events.
    pub seed: u64,
    /// At least one.
    pub entries: Vec<InboxEntry>,
}

/// One accepted input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxEntry {
    /// When.
    pub at: Wall,
    /// What.
    pub input: Input,
}

/// What a daemon's host accepts into the inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// An event of a publisher.
    Published {
        /// Who.
        origin: Origin,
        /// Its number, one more than the last of this origin.
        sequence: u64,
        /// What it says.
        payload: Bytes,
    },
    /// A publisher no longer has what comes next by its numbers: it is lost, and the next is one more than `through`.
    Lost {
        /// Who.
        origin: Origin,
        /// The last number that is lost.
        through: u64,
    },
    /// A tick is due.
    Tick {
        /// When it was due.
        due: Wall,
        /// The host's number for it.
        tick: u64,
    },
    /// Background work ended.
    Worked {
        /// The host's number for it.
        work: u64,
        /// Its result, or why there is none.
        result: Result<Bytes, String>,
    },
    /// A dead letter is to be processed after all.
    Redriven {
        /// Its place when it was accepted.
        position: u64,
    },
    /// Somebody keeps a place in the outputs: those after it are kept until they are acknowledged.
    Subscribed {
        /// Who.
        subscriber: Origin,
        /// The last output that it does not want.
        after: u64,
    },
    /// Somebody gives up its place in the outputs.
    Unsubscribed {
        /// Who.
        subscriber: Origin,
    },
    /// Outputs of another daemon become events of this one.
    Fed {
        /// The other one.
        from: EntityId,
    },
    /// They do not any more.
    Unfed {
        /// The other one.
        from: EntityId,
    },
}

impl InboxFrame {
    /// Position of the last entry.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first + (self.entries.len() as u64).saturating_sub(1)
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// If the bytes are no frame, or it has no entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, codec::DecodeError> {
        let frame: Self = codec::decode(bytes)?;
        if frame.entries.is_empty() || frame.first == 0 {
            return Err(codec::DecodeError::Malformed {
                what: "frame of an inbox",
                why: "it has no entry, or its positions begin at 0".to_owned(),
            });
        }
        Ok(frame)
    }

    /// Seed of the event at a position: each has its own.
    #[must_use]
    pub fn seed_of(&self, position: u64) -> u64 {
        self.seed ^ position.wrapping_mul(0xA076_1D64_78BD_642F)
    }
}

/// The running BLAKE3 digest over an inbox's frames. Two inboxes with one digest are the same to the last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboxDigest(#[serde(with = "crate::octets")] pub [u8; 32]);

impl InboxDigest {
    /// The digest after one more frame.
    #[must_use]
    pub fn after(self, frame: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(frame);
        Self(*hasher.finalize().as_bytes())
    }
}
