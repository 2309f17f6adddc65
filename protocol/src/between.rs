//! What one node of an account says to another, passed on by their cloud.

use serde::{Deserialize, Serialize};

use crate::control::Register;
use crate::identity::{DeviceKey, PublicKey, SignatureBytes, sealing_key_payload};
use crate::migration::MigrationMessage;
use crate::{DeviceId, NodeId};

/// From node to node. The cloud takes it from the link of `from` only, and keeps nothing of it: what is lost is said again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Between {
    /// Who says it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// What.
    pub said: Said,
}

/// What a node says to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// Of a migration: subprotocol 0x0500.
    Migration(Box<MigrationMessage>),
    /// Asks for the key to which secrets for that device are sealed.
    WantsSealingKey,
    /// That key.
    SealingKey(SealingKey),
}

/// The key to which secrets for a device are sealed, with the device's own word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingKey {
    /// The device's key; its id is the hash of it.
    pub key: PublicKey,
    /// X25519.
    #[serde(with = "crate::octets")]
    pub sealing_key: [u8; 32],
    /// `key`'s signature over the sealing key ([`sealing_key_payload`]).
    pub signature: SignatureBytes,
}

impl SealingKey {
    /// That of a device.
    #[must_use]
    pub fn of(key: &DeviceKey) -> Self {
        let sealing_key = key.sealing_public();
        Self { key: key.public(), sealing_key, signature: key.sign(&sealing_key_payload(&sealing_key)) }
    }

    /// As a device said it when it registered.
    #[must_use]
    pub fn of_register(register: &Register) -> Self {
        let Register { key, sealing_key, sealing_signature: signature, .. } = *register;
        Self { key, sealing_key, signature }
    }

    /// The key itself, if it is the word of that device: whoever passed it on cannot have put another in its place.
    #[must_use]
    pub fn of_device(&self, device: DeviceId) -> Option<[u8; 32]> {
        let is_its = self.key.device_id() == device;
        let holds = || self.key.verify(&sealing_key_payload(&self.sealing_key), &self.signature).is_ok();
        (is_its && holds()).then_some(self.sealing_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealing_key_is_believed_of_the_device_that_signed_it() {
        let (device, other) = (DeviceKey::from_seed(&[1; 32]), DeviceKey::from_seed(&[2; 32]));
        let told = SealingKey::of(&device);
        assert_eq!(told.of_device(device.device_id()), Some(device.sealing_public()));
        assert_eq!(told.of_device(other.device_id()), None);
        let swapped = SealingKey { sealing_key: other.sealing_public(), ..told };
        assert_eq!(swapped.of_device(device.device_id()), None);
    }
}
