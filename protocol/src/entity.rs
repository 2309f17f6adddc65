//! Identity of what moves: an Ed25519 key of its own, that goes with it from device to device.
//!
//! A daemon *is* its public key: who holds the secret may speak for it, and what it signed can be checked against its id
//! alone. [`Origin`] is the short name under which its events are numbered.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use crate::DeviceId;
use crate::identity::{IdentityError, PublicKey, SignatureBytes, keyed_hash};
use crate::ids::{IdError, bytes_of_hex};

const ENTITY_ORIGIN_LABEL: &[u8] = b"wayfare-origin-v1";
const DEVICE_ORIGIN_LABEL: &[u8] = b"wayfare-device-origin-v1";
const CLIENT_ORIGIN_LABEL: &[u8] = b"wayfare-client-origin-v1";

/// What moves, by its public key. Written as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub PublicKey);

impl EntityId {
    /// The first eight hexadecimal digits: enough for a person's handful of daemons.
    #[must_use]
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.0.0[..4])
    }

    /// The short name under which its events are numbered: the first 8 bytes, little-endian, of the keyed BLAKE2s-256 of
    /// its public key.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::of_hash(ENTITY_ORIGIN_LABEL, &[&self.0.0])
    }

    /// Checks a signature of this entity over a payload.
    ///
    /// # Errors
    /// If the id is no public key, or the signature is not its own.
    pub fn verify(&self, payload: &[u8], signature: &SignatureBytes) -> Result<(), IdentityError> {
        self.0.verify(payload, signature)
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0.0))
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityId({})", self.short())
    }
}

impl FromStr for EntityId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        bytes_of_hex("an EntityId", text).map(|bytes| Self(PublicKey(bytes)))
    }
}

impl Serialize for EntityId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for EntityId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            PublicKey::deserialize(deserializer).map(Self)
        }
    }
}

/// An entity's secret. There is one of it in the mesh, so it is not cloned; it is overwritten when it is dropped, and its
/// debug text shows only the public half.
pub struct EntityKey(SigningKey);

impl fmt::Debug for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityKey({})", self.entity().short())
    }
}

impl EntityKey {
    /// The key of a seed of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, to be stored or sealed; overwritten when it is dropped.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn entity(&self) -> EntityId {
        EntityId(PublicKey(self.0.verifying_key().to_bytes()))
    }

    /// Signs a payload. Payloads begin with a label of their use, so that a signature means nothing in another.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> SignatureBytes {
        let signature = self.0.sign(payload);
        SignatureBytes(*signature.r_bytes(), *signature.s_bytes())
    }
}

/// Who an event comes from, in 64 bits: a daemon, a device or a client. Each numbers its own events from 1.
///
/// It is a name and proves nothing: who may use it is decided where events are accepted. Two of `n` origins are the same
/// with a chance of about `n²/2⁶⁵`. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(pub u64);

impl Origin {
    /// The origin of events that a device itself sends.
    #[must_use]
    pub fn of_device(device: DeviceId) -> Self {
        Self::of_hash(DEVICE_ORIGIN_LABEL, &[&device.0])
    }

    /// The origin of events of one client: a program of a device, under a name that it keeps as long as it goes on
    /// numbering. Two programs with one name would be one origin, and each other's gaps.
    #[must_use]
    pub fn of_client(device: DeviceId, name: &str) -> Self {
        Self::of_hash(CLIENT_ORIGIN_LABEL, &[&device.0, name.as_bytes()])
    }

    fn of_hash(label: &[u8], parts: &[&[u8]]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = keyed_hash(label, parts);
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    fn key() -> EntityKey {
        EntityKey::from_seed(&[7; 32])
    }

    #[test]
    fn an_id_reads_back_from_its_text_and_from_nothing_else() {
        let entity = key().entity();
        let text = entity.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(entity));
        assert!(text.starts_with(&entity.short()));
        for wrong in ["", &text[1..], &text.to_uppercase(), &format!("{text}00"), &text.replace(&text[..1], "g")] {
            let error = wrong.parse::<EntityId>().expect_err("no entity");
            assert_eq!(error.to_string(), format!("{wrong:?} is not an EntityId"));
        }
    }

    #[test]
    fn an_id_travels_as_its_32_bytes() {
        let entity = key().entity();
        let bytes = codec::encode(&entity);
        assert_eq!(bytes.as_ref(), entity.0.0);
        assert_eq!(codec::decode::<EntityId>(&bytes), Ok(entity));
    }

    #[test]
    fn only_the_entity_signs_for_itself() {
        let (key, other) = (key(), EntityKey::from_seed(&[8; 32]));
        let signature = key.sign(b"payload");
        assert_eq!(key.entity().verify(b"payload", &signature), Ok(()));
        assert_eq!(key.entity().verify(b"another", &signature), Err(IdentityError::InvalidSignature));
        assert_eq!(other.entity().verify(b"payload", &signature), Err(IdentityError::InvalidSignature));
        let mut none = [0; 32];
        none[0] = 2; // no point of the curve has y = 2
        let no_point = EntityId(PublicKey(none));
        assert_eq!(no_point.verify(b"payload", &signature), Err(IdentityError::InvalidPublicKey));
    }

    #[test]
    fn a_key_is_its_seed_and_shows_only_its_public_half() {
        let key = key();
        assert_eq!(*key.seed(), [7; 32]);
        assert_eq!(EntityKey::from_seed(&key.seed()).entity(), key.entity());
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("EntityKey({})", key.entity().short()));
        assert!(!shown.contains("07070707"));
    }

    #[test]
    fn the_same_bytes_have_another_origin_in_each_use() {
        let bytes = [9; 32];
        let entity = EntityId(PublicKey(bytes)).origin();
        let device = Origin::of_device(DeviceId(bytes));
        let client = Origin::of_client(DeviceId(bytes), "");
        assert!(entity != device && device != client && client != entity);
        assert_ne!(client, Origin::of_client(DeviceId(bytes), "feed"));
    }

    #[test]
    fn an_origin_is_the_first_eight_bytes_of_the_keyed_hash() {
        let entity = key().entity();
        let hash = keyed_hash(b"wayfare-origin-v1", &[&entity.0.0]);
        assert_eq!(entity.origin().0.to_le_bytes(), hash[..8]);
        assert_eq!(Origin(0x1f).to_string(), "000000000000001f");
    }
}
