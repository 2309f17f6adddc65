//! Where an owner stands: its inbox and its outputs, and the entity's word on it.

use bytes::{Buf as _, BufMut as _};
use serde::{Deserialize, Serialize};

use crate::Epoch;
use crate::entity::{EntityId, EntityKey};
use crate::identity::{IdentityError, SignatureBytes};
use crate::ownership::Lineage;

const HEAD_LABEL: &[u8; 15] = b"wayfare-head-v1";

/// The position of an owner in its two sequences, which are never compared with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// Count of accepted inputs.
    pub inbox_position: u64,
    /// BLAKE3 chained over the inbox's log frames.
    #[serde(with = "crate::octets")]
    pub inbox_digest: [u8; 32],
    /// Number of the last output; 0 when there is none.
    pub output_sequence: u64,
    /// XXH3-64 of the last output: detects accidents, not forgery ([`crate::causal`]).
    pub output_hash: u64,
}

impl Head {
    /// Bytes of a head in a fixed layout.
    pub const LEN: usize = 56;

    /// The head as bytes: inbox position 8, inbox digest 32, output sequence 8, output hash 8; numbers little-endian.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let mut rest = &mut bytes[..];
        rest.put_u64_le(self.inbox_position);
        rest.put_slice(&self.inbox_digest);
        rest.put_u64_le(self.output_sequence);
        rest.put_u64_le(self.output_hash);
        bytes
    }

    /// The head of these bytes.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let mut rest = &bytes[..];
        let inbox_position = rest.get_u64_le();
        let mut inbox_digest = [0; 32];
        rest.copy_to_slice(&mut inbox_digest);
        Self { inbox_position, inbox_digest, output_sequence: rest.get_u64_le(), output_hash: rest.get_u64_le() }
    }
}

/// The entity's word that it stands there: on which branch of its history, owned under which epoch.
///
/// Signed is, one after the other, numbers little-endian: `wayfare-head-v1`, the entity 32, lineage 4, epoch's generation 4,
/// epoch's n 8, head 56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// Where it stands.
    pub head: Head,
    /// On which branch.
    pub lineage: Lineage,
    /// Under which owner.
    pub epoch: Epoch,
    /// By the entity.
    pub signature: SignatureBytes,
}

impl SignedHead {
    /// Bytes that are signed.
    const SIGNED_LEN: usize = HEAD_LABEL.len() + 32 + 4 + 4 + 8 + Head::LEN;
    /// Bytes of [`SignedHead::bound`].
    pub const BOUND_LEN: usize = Self::SIGNED_LEN + 64;

    /// Signs a head.
    #[must_use]
    pub fn sign(key: &EntityKey, lineage: Lineage, epoch: Epoch, head: Head) -> Self {
        let payload = payload(key.entity(), lineage, epoch, &head);
        Self { head, lineage, epoch, signature: key.sign(&payload) }
    }

    /// Checks that this entity signed it.
    ///
    /// # Errors
    /// If the id is no public key, or the signature is not its own over this head, lineage and epoch.
    pub fn verify(&self, entity: EntityId) -> Result<(), IdentityError> {
        entity.verify(&payload(entity, self.lineage, self.epoch, &self.head), &self.signature)
    }

    /// What another secret is bound to that shall hold for this signed head only: what was signed, and the signature.
    #[must_use]
    pub fn bound(&self, entity: EntityId) -> [u8; Self::BOUND_LEN] {
        let mut bytes = [0; Self::BOUND_LEN];
        bytes[..Self::SIGNED_LEN].copy_from_slice(&payload(entity, self.lineage, self.epoch, &self.head));
        bytes[Self::SIGNED_LEN..Self::SIGNED_LEN + 32].copy_from_slice(&self.signature.0);
        bytes[Self::SIGNED_LEN + 32..].copy_from_slice(&self.signature.1);
        bytes
    }
}

fn payload(entity: EntityId, lineage: Lineage, epoch: Epoch, head: &Head) -> [u8; SignedHead::SIGNED_LEN] {
    let mut bytes = [0; SignedHead::SIGNED_LEN];
    let mut at = 0;
    let parts: [&[u8]; 6] = [
        HEAD_LABEL,
        &entity.0.0,
        &lineage.0.to_le_bytes(),
        &epoch.generation.to_le_bytes(),
        &epoch.n.to_le_bytes(),
        &head.encode(),
    ];
    for part in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { inbox_position: 3, inbox_digest: [4; 32], output_sequence: 5, output_hash: 6 };
    const EPOCH: Epoch = Epoch { generation: 1, n: 2 };

    fn signed() -> (EntityId, SignedHead) {
        let key = EntityKey::from_seed(&[1; 32]);
        (key.entity(), SignedHead::sign(&key, Lineage(0), EPOCH, HEAD))
    }

    #[test]
    fn a_head_reads_back_from_its_bytes() {
        assert_eq!(Head::decode(&HEAD.encode()), HEAD);
        assert_eq!(HEAD.encode()[..9], [3, 0, 0, 0, 0, 0, 0, 0, 4]);
    }

    #[test]
    fn the_entity_alone_says_where_it_stands() {
        let (entity, signed) = signed();
        assert_eq!(signed.verify(entity), Ok(()));
        let other = EntityKey::from_seed(&[2; 32]);
        assert_eq!(signed.verify(other.entity()), Err(IdentityError::InvalidSignature));
        let forged = SignedHead::sign(&other, Lineage(0), EPOCH, HEAD);
        assert_eq!(forged.verify(entity), Err(IdentityError::InvalidSignature));
    }

    #[test]
    fn nothing_of_what_was_signed_can_be_changed() {
        let (entity, signed) = signed();
        let changed = [
            SignedHead { lineage: Lineage(1), ..signed },
            SignedHead { epoch: Epoch { generation: 2, ..EPOCH }, ..signed },
            SignedHead { epoch: Epoch { n: 3, ..EPOCH }, ..signed },
            SignedHead { head: Head { inbox_position: 4, ..HEAD }, ..signed },
            SignedHead { head: Head { inbox_digest: [5; 32], ..HEAD }, ..signed },
            SignedHead { head: Head { output_sequence: 6, ..HEAD }, ..signed },
            SignedHead { head: Head { output_hash: 7, ..HEAD }, ..signed },
        ];
        for changed in changed {
            assert_eq!(changed.verify(entity), Err(IdentityError::InvalidSignature), "{changed:?}");
            assert_ne!(changed.bound(entity), signed.bound(entity));
        }
        let unsigned = SignedHead { signature: SignatureBytes([0; 32], [0; 32]), ..signed };
        assert_ne!(unsigned.bound(entity), signed.bound(entity));
    }
}
