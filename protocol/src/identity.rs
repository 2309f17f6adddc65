//! Device identity: an Ed25519 key, and the keyed BLAKE2s-256 hashes derived from it.
//!
//! Every hash here is BLAKE2s in its native keyed mode with an ASCII label as the key (RFC 7693), so that a value made for
//! one use means nothing in another. Signatures are verified strictly: malleable ones and small-order keys are rejected.

use std::fmt;

use blake2::Blake2sMac256;
use blake2::digest::{KeyInit, Mac};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::limits::DEVICE_NAME_MAX;
use crate::{DeviceId, octets};

const DEVICE_LABEL: &[u8] = b"wayfare-device-v1";
const SEALING_LABEL: &[u8] = b"wayfare-sealing-v1";
const CHALLENGE_LABEL: &[u8] = b"wayfare-link-challenge-v1";

/// BLAKE2s-256 of the parts, one after the other, keyed with a label of 1 to 32 bytes.
///
/// # Panics
/// If the label is empty or longer than 32 bytes: labels are constants.
#[must_use]
pub fn keyed_hash(label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Blake2sMac256::new_from_slice(label).expect("labels are 1 to 32 bytes");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// An Ed25519 public key as it travels: 32 bytes that may not be a point of the curve.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
#[serde(transparent)]
pub struct PublicKey(#[serde(with = "octets")] pub [u8; 32]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", data_encoding::HEXLOWER.encode(&self.0[..8]))
    }
}

/// An Ed25519 signature as it travels: its halves, since serde has arrays up to 32 only. 64 bytes in one in formats that carry
/// names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
pub struct SignatureBytes(pub [u8; 32], pub [u8; 32]);

impl Serialize for SignatureBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_bytes([self.0, self.1].as_flattened())
        } else {
            (self.0, self.1).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for SignatureBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <([u8; 32], [u8; 32])>::deserialize(deserializer).map(|(r, s)| Self(r, s));
        }
        let bytes: [u8; 64] = deserializer.deserialize_bytes(octets::Exactly)?;
        let mut halves = Self([0; 32], [0; 32]);
        halves.0.copy_from_slice(&bytes[..32]);
        halves.1.copy_from_slice(&bytes[32..]);
        Ok(halves)
    }
}

/// A signature or a key that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The bytes are not a usable public key.
    #[error("not an Ed25519 public key")]
    InvalidPublicKey,
    /// The signature is not this key's over this payload.
    #[error("the signature does not hold")]
    InvalidSignature,
}

impl PublicKey {
    /// Checks a signature over a payload.
    ///
    /// # Errors
    /// If the key is no point, or the signature is not its own.
    pub fn verify(&self, payload: &[u8], signature: &SignatureBytes) -> Result<(), IdentityError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| IdentityError::InvalidPublicKey)?;
        let signature = Signature::from_components(signature.0, signature.1);
        key.verify_strict(payload, &signature).map_err(|_| IdentityError::InvalidSignature)
    }

    /// The device that holds this key.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        DeviceId(keyed_hash(DEVICE_LABEL, &[&self.0]))
    }
}

/// A device's secret. Its debug text shows only the public half.
#[derive(Clone)]
pub struct DeviceKey(SigningKey);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({:?})", self.public())
    }
}

impl DeviceKey {
    /// The key of a seed of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, to be stored.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The device that holds this key.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        self.public().device_id()
    }

    /// The public half of the X25519 key that secrets for this device are sealed to.
    #[must_use]
    pub fn sealing_public(&self) -> [u8; 32] {
        x25519_dalek::PublicKey::from(&self.sealing_secret()).to_bytes()
    }

    /// The X25519 key that secrets for this device are sealed to.
    pub(crate) fn sealing_secret(&self) -> x25519_dalek::StaticSecret {
        let seed = Zeroizing::new(self.seed());
        x25519_dalek::StaticSecret::from(keyed_hash(SEALING_LABEL, &[&*seed]))
    }

    /// Signs a payload.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> SignatureBytes {
        let signature = self.0.sign(payload);
        SignatureBytes(*signature.r_bytes(), *signature.s_bytes())
    }
}

/// Who a server is, as the dialing end knows it before it connects. Part of what the dialing end signs, so that a challenge
/// relayed by another server is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum ServerIdentity {
    /// SHA-256 of the certificate of its own CA, pinned at pairing.
    Ca(
        #[serde(with = "octets")]
        #[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
        [u8; 32],
    ),
    /// `scheme://host:port`, with a public certificate or in a browser.
    Origin(String),
    /// A node, spoken to over its own unix socket.
    Node(DeviceId),
}

/// What a dialing end signs: label, nonce, device, subprotocol, server; each with its length where it varies.
#[must_use]
pub fn challenge_payload(nonce: &[u8; 32], device: DeviceId, subprotocol: &str, server: &ServerIdentity) -> Vec<u8> {
    let server = crate::codec::encode(server);
    let mut payload = Vec::with_capacity(160);
    payload.extend_from_slice(CHALLENGE_LABEL);
    payload.extend_from_slice(nonce);
    payload.extend_from_slice(&device.0);
    for part in [subprotocol.as_bytes(), &server] {
        payload.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        payload.extend_from_slice(part);
    }
    payload
}

/// What a device signs to say which X25519 key is its own.
#[must_use]
pub fn sealing_key_payload(sealing_key: &[u8; 32]) -> Vec<u8> {
    [SEALING_LABEL, sealing_key].concat()
}

/// Whether a device can be called that: 1 to [`DEVICE_NAME_MAX`] bytes that people can see.
#[must_use]
pub fn is_device_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= DEVICE_NAME_MAX && !name.chars().any(char::is_control)
}
