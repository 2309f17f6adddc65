//! A daemon's secret on its way to another device: sealed to that device, bound to the head at which it moves.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 32 | the device's X25519 public key ([`DeviceKey::sealing_public`]) |
//! | 33 | 32 | ephemeral X25519 public key |
//! | 65 | 48 | the seed, 32 bytes, by XChaCha20-Poly1305: ciphertext and tag |
//! | 113 | 64 | attestation: the daemon's own Ed25519 signature |
//!
//! With `shared` the X25519 secret of ephemeral and device key, and `public` the ephemeral and the device's public key:
//! the AEAD's key is the keyed BLAKE2s-256 of `shared` and `public` under `wayfare-sealed-key-v1`, its nonce the first 24 bytes
//! of that of `public` under `wayfare-sealed-nonce-v1` (an ephemeral key is used once, so no pair of key and nonce comes
//! twice), its additional data the signed head ([`SignedHead::bound`]). The attestation signs `wayfare-attest-key-v1`, bytes 1
//! to 112, and the signed head: who has no right to the key cannot hand out another in its name, nor this one at another head.
//!
//! The construction is that of an ECIES: what one does with X25519 and an AEAD where there is no session yet. It hides the seed
//! from everybody but the device; it does not make the device that sealed it forget.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use x25519_dalek::{PublicKey as SealingPublic, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use crate::entity::{EntityId, EntityKey};
use crate::head::SignedHead;
use crate::identity::{DeviceKey, IdentityError, SignatureBytes, keyed_hash};

const KEY_LABEL: &[u8] = b"wayfare-sealed-key-v1";
const NONCE_LABEL: &[u8] = b"wayfare-sealed-nonce-v1";
const ATTEST_LABEL: &[u8] = b"wayfare-attest-key-v1";
const VERSION: u8 = 1;
const BOX_LEN: usize = 48;

/// A daemon's secret that one device can open, at one head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ByteArray<{ SealedKey::LEN }>", into = "ByteArray<{ SealedKey::LEN }>")]
pub struct SealedKey {
    target: [u8; 32],
    ephemeral: [u8; 32],
    sealed: [u8; BOX_LEN],
    attestation: SignatureBytes,
}

/// The device's key cannot be sealed to: it is a point of small order, with which everybody shares a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device's sealing key is not usable")]
pub struct WeakTarget;

/// A sealed key that does not open. In the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It does not have the length of one.
    #[error("a sealed key has {} bytes, not {got}", SealedKey::LEN)]
    Length {
        /// Its bytes.
        got: usize,
    },
    /// Another version wrote it.
    #[error("a sealed key of version {got}, this process opens {VERSION}")]
    Version {
        /// Its version.
        got: u8,
    },
    /// The daemon did not seal it, or not at this head.
    #[error("the daemon's attestation of its sealed key: {0}")]
    Attestation(IdentityError),
    /// It is for another device.
    #[error("the key is sealed to another device")]
    Recipient,
    /// The seal is not whole.
    #[error("the seal of the key does not hold")]
    Seal,
    /// What was sealed is another daemon's key.
    #[error("what was sealed is the key of daemon {}", .got.short())]
    AnotherKey {
        /// Whose it is.
        got: EntityId,
    },
}

impl SealedKey {
    /// Bytes of a sealed key.
    pub const LEN: usize = 1 + 32 + 32 + BOX_LEN + 64;

    /// Seals a daemon's key to a device's sealing key, whose owner has been checked. `ephemeral` is 32 random bytes of this
    /// use alone.
    ///
    /// # Errors
    /// If the device's key is not usable.
    pub fn seal(
        key: &EntityKey,
        target: [u8; 32],
        head: &SignedHead,
        ephemeral: Zeroizing<[u8; 32]>,
    ) -> Result<Self, WeakTarget> {
        let entity = key.entity();
        let bound = head.bound(entity);
        let secret = StaticSecret::from(*ephemeral);
        let ephemeral = SealingPublic::from(&secret).to_bytes();
        let shared = secret.diffie_hellman(&SealingPublic::from(target));
        let (cipher, nonce) = cipher(&shared, &ephemeral, &target).ok_or(WeakTarget)?;

        let mut seed = key.seed();
        // Fails for texts of 256 GiB only.
        let tag = cipher.encrypt_inout_detached(&nonce, &bound, seed.as_mut_slice().into()).map_err(|_| WeakTarget)?;
        let mut sealed = [0; BOX_LEN];
        sealed[..32].copy_from_slice(seed.as_slice());
        sealed[32..].copy_from_slice(&tag);
        let attestation = key.sign(&attested(&target, &ephemeral, &sealed, &bound));
        Ok(Self { target, ephemeral, sealed, attestation })
    }

    /// The sealed key as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0] = VERSION;
        bytes[1..33].copy_from_slice(&self.target);
        bytes[33..65].copy_from_slice(&self.ephemeral);
        bytes[65..113].copy_from_slice(&self.sealed);
        bytes[113..145].copy_from_slice(&self.attestation.0);
        bytes[145..].copy_from_slice(&self.attestation.1);
        bytes
    }

    /// The sealed key of these bytes.
    ///
    /// # Errors
    /// If length or version are others.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpenError> {
        if bytes.len() != Self::LEN {
            return Err(OpenError::Length { got: bytes.len() });
        }
        if bytes[0] != VERSION {
            return Err(OpenError::Version { got: bytes[0] });
        }
        Ok(Self {
            target: piece(bytes, 1),
            ephemeral: piece(bytes, 33),
            sealed: piece(bytes, 65),
            attestation: SignatureBytes(piece(bytes, 113), piece(bytes, 145)),
        })
    }
}

/// There are as many bytes: the length was looked at.
fn piece<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut piece = [0; N];
    piece.copy_from_slice(&bytes[at..at + N]);
    piece
}

impl TryFrom<ByteArray<{ Self::LEN }>> for SealedKey {
    type Error = OpenError;
    fn try_from(bytes: ByteArray<{ Self::LEN }>) -> Result<Self, OpenError> {
        Self::decode(bytes.as_slice())
    }
}

impl From<SealedKey> for ByteArray<{ SealedKey::LEN }> {
    fn from(sealed: SealedKey) -> Self {
        Self::new(sealed.encode())
    }
}

impl DeviceKey {
    /// Opens a daemon's key that was sealed to this device at this head.
    ///
    /// # Errors
    /// The first of these that does not hold: the daemon's attestation, the recipient, the seal, the key inside.
    pub fn open(&self, entity: EntityId, head: &SignedHead, sealed: &SealedKey) -> Result<EntityKey, OpenError> {
        let SealedKey { target, ephemeral, sealed, attestation } = sealed;
        let bound = head.bound(entity);
        entity.verify(&attested(target, ephemeral, sealed, &bound), attestation).map_err(OpenError::Attestation)?;
        let secret = self.sealing_secret();
        if SealingPublic::from(&secret).as_bytes() != target {
            return Err(OpenError::Recipient);
        }
        let shared = secret.diffie_hellman(&SealingPublic::from(*ephemeral));
        let (cipher, nonce) = cipher(&shared, ephemeral, target).ok_or(OpenError::Seal)?;
        let mut seed = Zeroizing::new(piece::<32>(sealed, 0));
        let tag = Tag::from(piece::<16>(sealed, 32));
        cipher.decrypt_inout_detached(&nonce, &bound, seed.as_mut_slice().into(), &tag).map_err(|_| OpenError::Seal)?;
        let key = EntityKey::from_seed(&seed);
        if key.entity() == entity { Ok(key) } else { Err(OpenError::AnotherKey { got: key.entity() }) }
    }
}

/// `None`: one of the points is of small order, and the secret no secret.
fn cipher(shared: &SharedSecret, ephemeral: &[u8; 32], target: &[u8; 32]) -> Option<(XChaCha20Poly1305, XNonce)> {
    if !shared.was_contributory() {
        return None;
    }
    let key = Zeroizing::new(keyed_hash(KEY_LABEL, &[shared.as_bytes(), ephemeral, target]));
    let nonce = keyed_hash(NONCE_LABEL, &[ephemeral, target]);
    Some((XChaCha20Poly1305::new(<&Key>::from(&*key)), XNonce::from(piece::<24>(&nonce, 0))))
}

fn attested(target: &[u8; 32], ephemeral: &[u8; 32], sealed: &[u8; BOX_LEN], bound: &[u8]) -> Vec<u8> {
    [ATTEST_LABEL, target, ephemeral, sealed, bound].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Head;
    use crate::ownership::Lineage;
    use crate::{Epoch, codec};

    const EPHEMERAL: [u8; 32] = [0x0e; 32];

    fn daemon() -> EntityKey {
        EntityKey::from_seed(&[1; 32])
    }

    fn device() -> DeviceKey {
        DeviceKey::from_seed(&[2; 32])
    }

    fn head(position: u64) -> SignedHead {
        let head = Head { inbox_position: position, ..Head::default() };
        SignedHead::sign(&daemon(), Lineage(0), Epoch { generation: 1, n: 1 }, head)
    }

    fn sealed() -> SealedKey {
        SealedKey::seal(&daemon(), device().sealing_public(), &head(5), Zeroizing::new(EPHEMERAL)).expect("sealed")
    }

    fn open(sealed: &SealedKey) -> Result<EntityId, OpenError> {
        device().open(daemon().entity(), &head(5), sealed).map(|key| key.entity())
    }

    /// The daemon attests it, whatever is in it.
    fn attested_again(mut sealed: SealedKey) -> SealedKey {
        let bound = head(5).bound(daemon().entity());
        sealed.attestation = daemon().sign(&attested(&sealed.target, &sealed.ephemeral, &sealed.sealed, &bound));
        sealed
    }

    #[test]
    fn the_device_opens_what_was_sealed_to_it() {
        let key = device().open(daemon().entity(), &head(5), &sealed()).expect("it opens");
        assert_eq!(*key.seed(), *daemon().seed());
        let bytes = sealed().encode();
        assert_eq!(SealedKey::decode(&bytes), Ok(sealed()));
        assert_eq!(codec::decode::<SealedKey>(&codec::encode(&sealed())), Ok(sealed()));
        assert!(!bytes.windows(32).any(|window| window == *daemon().seed()));
    }

    #[test]
    fn another_length() {
        for got in [0, SealedKey::LEN - 1, SealedKey::LEN + 1] {
            assert_eq!(SealedKey::decode(&vec![VERSION; got]), Err(OpenError::Length { got }));
        }
    }

    #[test]
    fn another_version() {
        let mut bytes = sealed().encode();
        bytes[0] = 2;
        assert_eq!(SealedKey::decode(&bytes), Err(OpenError::Version { got: 2 }));
        assert!(codec::decode::<SealedKey>(&codec::encode(&ByteArray::new(bytes))).is_err());
    }

    #[test]
    fn nobody_but_the_daemon_attests_and_only_at_its_head() {
        let wrong = Err(OpenError::Attestation(IdentityError::InvalidSignature));
        let bytes = sealed().encode();
        for at in 1..SealedKey::LEN {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert_eq!(open(&SealedKey::decode(&changed).expect("of that length")), wrong, "byte {at}");
        }
        let other_head = device().open(daemon().entity(), &head(6), &sealed()).map(|key| key.entity());
        assert_eq!(other_head, wrong);
        let other = EntityKey::from_seed(&[9; 32]);
        let other = SealedKey::seal(&other, device().sealing_public(), &head(5), Zeroizing::new(EPHEMERAL));
        assert_eq!(open(&other.expect("sealed")), wrong);
    }

    #[test]
    fn another_device_does_not_open_it() {
        let other = DeviceKey::from_seed(&[3; 32]);
        let opened = other.open(daemon().entity(), &head(5), &sealed()).map(|key| key.entity());
        assert_eq!(opened, Err(OpenError::Recipient));
        // Nor when the daemon attests that it is for that one.
        let renamed = attested_again(SealedKey { target: other.sealing_public(), ..sealed() });
        let opened = other.open(daemon().entity(), &head(5), &renamed).map(|key| key.entity());
        assert_eq!(opened, Err(OpenError::Seal));
    }

    #[test]
    fn a_seal_that_is_not_whole() {
        for at in [0, 31, 32, 47] {
            let mut broken = sealed();
            broken.sealed[at] ^= 1;
            assert_eq!(open(&attested_again(broken)), Err(OpenError::Seal));
        }
        let weak = attested_again(SealedKey { ephemeral: [0; 32], ..sealed() });
        assert_eq!(open(&weak), Err(OpenError::Seal));
    }

    #[test]
    fn another_daemons_key_inside() {
        // As if the daemon sealed a key that is not its own.
        let (other, target) = (EntityKey::from_seed(&[9; 32]), device().sealing_public());
        let secret = StaticSecret::from(EPHEMERAL);
        let ephemeral = SealingPublic::from(&secret).to_bytes();
        let shared = secret.diffie_hellman(&SealingPublic::from(target));
        let (cipher, nonce) = cipher(&shared, &ephemeral, &target).expect("contributory");
        let mut seed = other.seed();
        let bound = head(5).bound(daemon().entity());
        let tag = cipher.encrypt_inout_detached(&nonce, &bound, seed.as_mut_slice().into()).expect("short");
        let mut swapped = sealed();
        swapped.sealed[..32].copy_from_slice(seed.as_slice());
        swapped.sealed[32..].copy_from_slice(&tag);
        assert_eq!(open(&attested_again(swapped)), Err(OpenError::AnotherKey { got: other.entity() }));
    }

    #[test]
    fn nothing_is_sealed_to_a_key_that_shares_its_secret_with_everybody() {
        for weak in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            assert_eq!(SealedKey::seal(&daemon(), weak, &head(5), Zeroizing::new(EPHEMERAL)), Err(WeakTarget));
        }
    }
}
