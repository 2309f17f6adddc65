//! What can be wrong with a snapshot, one name for each.

use crate::codec::DecodeError;
use crate::entity::Origin;
use crate::limits::{KIND_MAX, MESSAGE_MAX};

use super::VERSION;

/// A snapshot that cannot be written, or bytes that are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is over the limit.
    #[error("snapshot of {size} bytes is over the limit of {max}")]
    TooLarge {
        /// Its bytes, all of them.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// The bytes do not begin like a snapshot.
    #[error("not a snapshot")]
    Magic,
    /// Another version wrote it.
    #[error("snapshot of version {got}, this process reads {VERSION}")]
    Version {
        /// Its version.
        got: u16,
    },
    /// It has flags that are not known.
    #[error("snapshot with unknown flags {0:#04x}")]
    Flags(u8),
    /// It ends before it should.
    #[error("snapshot ends after {got} bytes of {wanted}")]
    Truncated {
        /// Bytes that it says, or must at least have.
        wanted: u64,
        /// Bytes that are there.
        got: u64,
    },
    /// Something comes after it.
    #[error("{left} bytes after a snapshot")]
    Trailing {
        /// How many.
        left: u64,
    },
    /// Its sections cannot be as long as it says.
    #[error("the lengths in a snapshot add up to more than there can be")]
    Lengths,
    /// Bytes of state where it says that there is none.
    #[error("{bytes} bytes of state in the snapshot of a stateless daemon")]
    StateOfStateless {
        /// How many.
        bytes: u64,
    },
    /// The name of its kind is empty or too long.
    #[error("a snapshot's kind has {bytes} bytes, not 1 to {KIND_MAX}")]
    KindLength {
        /// How many.
        bytes: usize,
    },
    /// The name of its kind is no text.
    #[error("a snapshot's kind is not UTF-8")]
    KindText,
    /// Its horizon has more origins than can be read back.
    #[error("a snapshot's horizon of {bytes} bytes is over the limit of {MESSAGE_MAX}")]
    HorizonTooLarge {
        /// Its bytes.
        bytes: u64,
    },
    /// Its horizon cannot be read.
    #[error("a snapshot's horizon: {0}")]
    Horizon(DecodeError),
    /// Its chain is another entity's.
    #[error("a snapshot's chain is of origin {got}, its entity of {expected}")]
    OriginMismatch {
        /// The entity's.
        expected: Origin,
        /// The chain's.
        got: Origin,
    },
    /// Its chain does not stand where its head says; each as (sequence, hash).
    #[error("a snapshot's head is at {head:?} and its chain at {chain:?}")]
    HeadMismatch {
        /// By the head.
        head: (u64, u64),
        /// By the chain.
        chain: (u64, u64),
    },
    /// Some byte of it is not what was written.
    #[error("a snapshot's digest does not hold")]
    Digest,
}
