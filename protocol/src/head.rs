//! Where an owner stands: its inbox and its outputs.

use serde::{Deserialize, Serialize};

/// The position of an owner in its two sequences, which are never compared with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// Count of accepted inputs.
    pub inbox_position: u64,
    /// BLAKE3 chained over the inbox's log frames.
    pub inbox_digest: [u8; 32],
    /// Number of the last output; 0 when there is none.
    pub output_sequence: u64,
    /// XXH3-64 of the last output's link: detects accidents, not forgery.
    pub output_hash: u64,
}
