//! What a node says it can do, signed with its device's key: true whoever passes it on.
//!
//! A newer version replaces an older one and nothing else does, so what was said before cannot be brought back. An announcement is good for
//! a while after it was received, by the receiver's own clock; a node says it anew, under a higher version, before that is
//! over. The time of day in it is only shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capability_set::CapabilitySet;
use crate::identity::{DeviceKey, IdentityError, PublicKey, SignatureBytes};
use crate::limits::ANNOUNCEMENT_TTL_MAX;
use crate::{Boot, NodeId, Wall, codec};

/// Begins what is signed.
const LABEL: &[u8] = b"wayfare-capabilities-v1";

/// A node's capabilities, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// What is said.
    pub said: Said,
    /// The device's signature over [`Said::payload`].
    pub signature: SignatureBytes,
}

/// What an announcement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whose capabilities.
    pub node: NodeId,
    /// The key of the node's device.
    pub key: PublicKey,
    /// Grows with every announcement of the node, over restarts too.
    pub version: u64,
    /// When it was said, to show.
    pub at: Wall,
    /// Seconds for which it is good from its receipt, 1 to [`ANNOUNCEMENT_TTL_MAX`].
    pub ttl: u32,
    /// What the node can do.
    pub capabilities: CapabilitySet,
}

/// An announcement that is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnouncementError {
    /// The key is another device's.
    #[error("the announcement of node {} carries the key of device {}", node.0.short(), holder.0.short())]
    WrongKey {
        /// The node named.
        node: NodeId,
        /// Whose key it is.
        holder: NodeId,
    },
    /// It is good for no time, or for too long.
    #[error("an announcement is good for {ttl} s, not 1 to {ANNOUNCEMENT_TTL_MAX}")]
    Ttl {
        /// The seconds it says.
        ttl: u32,
    },
    /// The key is no key, or the signature is not its own over what is said.
    #[error("the announcement of node {}: {why}", node.0.short())]
    Signature {
        /// The node named.
        node: NodeId,
        /// Which of the two.
        why: IdentityError,
    },
}

impl Said {
    /// What is signed: a label, and all that is said in bincode.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        [LABEL, &codec::encode(self)].concat()
    }

    /// For how long it is good.
    #[must_use]
    pub fn good_for(&self) -> Duration {
        Duration::from_secs(self.ttl.into())
    }

    /// From when on it is no longer good, having been received at that moment.
    #[must_use]
    pub fn expires(&self, received: Boot) -> Boot {
        received.after(self.good_for())
    }
}

impl Announcement {
    /// Says what the device of that key can do.
    ///
    /// # Errors
    /// If it would be good for no time, or for too long.
    pub fn sign(
        key: &DeviceKey,
        version: u64,
        at: Wall,
        ttl: u32,
        capabilities: CapabilitySet,
    ) -> Result<Self, AnnouncementError> {
        let said = Said { node: NodeId(key.device_id()), key: key.public(), version, at, ttl, capabilities };
        check_ttl(ttl)?;
        let signature = key.sign(&said.payload());
        Ok(Self { said, signature })
    }

    /// Whether the node that it names said it.
    ///
    /// # Errors
    /// If the key is not the node's, the time for which it is good is out of bounds, or the signature does not hold.
    pub fn verify(&self) -> Result<(), AnnouncementError> {
        let Said { node, key, ttl, .. } = &self.said;
        let holder = NodeId(key.device_id());
        if holder != *node {
            return Err(AnnouncementError::WrongKey { node: *node, holder });
        }
        check_ttl(*ttl)?;
        key.verify(&self.said.payload(), &self.signature)
            .map_err(|why| AnnouncementError::Signature { node: *node, why })
    }
}

fn check_ttl(ttl: u32) -> Result<(), AnnouncementError> {
    if (1..=ANNOUNCEMENT_TTL_MAX).contains(&ttl) { Ok(()) } else { Err(AnnouncementError::Ttl { ttl }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> DeviceKey {
        DeviceKey::from_seed(&[n; 32])
    }

    fn announcement() -> Announcement {
        let set = CapabilitySet::new().with_tag("hardware.cpus=8").unwrap().with_metadata("owner", "ops").unwrap();
        Announcement::sign(&key(1), 7, Wall(1_767_323_045_000), 60, set).unwrap()
    }

    #[test]
    fn what_a_node_signed_is_believed_after_any_journey() {
        let said = announcement();
        said.verify().unwrap();
        for back in [codec::decode(&codec::encode(&said)), codec::decode_named(&codec::encode_named(&said))] {
            let back: Announcement = back.unwrap();
            assert_eq!(back, said);
            back.verify().unwrap();
        }
    }

    #[test]
    fn whatever_is_changed_breaks_the_signature() {
        let broken = |change: &dyn Fn(&mut Announcement)| {
            let mut changed = announcement();
            change(&mut changed);
            changed.verify().unwrap_err()
        };
        let node = announcement().said.node;
        let signature = AnnouncementError::Signature { node, why: IdentityError::InvalidSignature };
        assert_eq!(broken(&|it| it.said.version += 1), signature);
        assert_eq!(broken(&|it| it.said.at.0 += 1), signature);
        assert_eq!(broken(&|it| it.said.ttl += 1), signature);
        assert_eq!(
            broken(&|it| assert!(it.said.capabilities.insert("daemon:tally".parse().unwrap()).unwrap())),
            signature
        );
        assert_eq!(broken(&|it| it.said.capabilities.set_metadata("owner", "me").unwrap()), signature);
        assert_eq!(broken(&|it| it.signature.0[0] ^= 1), signature);
    }

    #[test]
    fn a_node_is_named_by_its_own_key_only() {
        let other = NodeId(key(2).device_id());
        let mut said = announcement();
        let holder = said.said.node;
        said.said.node = other;
        said.signature = key(1).sign(&said.said.payload());
        assert_eq!(said.verify(), Err(AnnouncementError::WrongKey { node: other, holder }));
        let mut said = announcement();
        said.said.key = key(2).public();
        assert_eq!(said.verify(), Err(AnnouncementError::WrongKey { node: holder, holder: other }));
    }

    /// A signature over the same bytes without the label says nothing here.
    #[test]
    fn a_signature_made_for_another_use_is_refused() {
        let mut said = announcement();
        said.signature = key(1).sign(&codec::encode(&said.said));
        assert!(matches!(said.verify(), Err(AnnouncementError::Signature { .. })));
    }

    #[test]
    fn a_time_out_of_bounds_is_neither_signed_nor_believed() {
        for ttl in [0, ANNOUNCEMENT_TTL_MAX + 1, u32::MAX] {
            let refused = Announcement::sign(&key(1), 1, Wall(0), ttl, CapabilitySet::new());
            assert_eq!(refused, Err(AnnouncementError::Ttl { ttl }));
            let mut said = announcement();
            said.said.ttl = ttl;
            said.signature = key(1).sign(&said.said.payload());
            assert_eq!(said.verify(), Err(AnnouncementError::Ttl { ttl }));
        }
    }

    #[test]
    fn it_is_good_for_its_time_from_its_receipt() {
        let received = Boot(Duration::from_secs(100));
        assert_eq!(announcement().said.expires(received), Boot(Duration::from_secs(160)));
    }
}
