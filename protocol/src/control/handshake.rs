//! What the two ends of a new link say to each other before anything else.

use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
use crate::identity::{PublicKey, ServerIdentity, SignatureBytes};
use crate::{AccountId, Wall};

/// The accepting end's question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Challenge {
    /// 32 random bytes, good for one use within [`crate::Limits::challenge_valid`].
    #[serde(with = "crate::octets")]
    #[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
    pub nonce: [u8; 32],
    /// Who asks. A dialing end signs only for the server that it is connected to by its own knowledge.
    pub server: ServerIdentity,
    /// For people and `doctor`: the server's version.
    pub version: String,
}

/// The dialing end's introduction and proof (seed 000: REGISTER).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Register {
    /// Its key; its id is the hash of it.
    pub key: PublicKey,
    /// Key for sealing secrets to this device (X25519), signed by `key`.
    #[serde(with = "crate::octets")]
    #[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
    pub sealing_key: [u8; 32],
    /// `key`'s signature over the sealing key ([`crate::identity::sealing_key_payload`]).
    pub sealing_signature: SignatureBytes,
    /// For people.
    pub name: String,
    /// `linux`, `macos`, ...
    pub os: String,
    /// For people and `doctor`.
    pub version: String,
    /// Whether a node runs there, and what it offers; `None` for a client.
    pub node: Option<Capabilities>,
    /// `key`'s signature over the challenge ([`crate::identity::challenge_payload`]).
    pub proof: SignatureBytes,
}

/// The accepting end's agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Welcome {
    /// The account of the device.
    pub account: AccountId,
    /// Generation of the control store that stands behind this link; 0 for a node, which has none.
    pub generation: u32,
    /// The server's time of day.
    pub at: Wall,
}

/// An unknown device's request. Its debug text does not show the code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Pair {
    /// The one-time code.
    pub code: String,
    /// The device's key.
    pub key: PublicKey,
    /// For people.
    pub name: String,
    /// `key`'s signature over the challenge, as in [`Register`]: the device has the key that it registers.
    pub proof: SignatureBytes,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("key", &self.key).field("name", &self.name).finish_non_exhaustive()
    }
}
