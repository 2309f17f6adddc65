//! The causal chain: every output of an entity names the one before it by its hash.
//!
//! A link is 32 bytes, little-endian:
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | origin |
//! | 8 | 8 | horizon: a summary of whose events the entity had observed ([`crate::horizon`]) |
//! | 16 | 8 | sequence, from 1 without a gap; 0 is the genesis, which is no event |
//! | 24 | 8 | parent: the hash of the event before |
//!
//! The hash of an event is XXH3-64 over its link and then its payload. It finds accidents, not forgery: what must hold
//! against an adversary is signed ([`crate::head::SignedHead`]). A [`Chain`] keeps the hash of its last event and never the
//! payload, so that whoever is given sequence and hash goes on with it correctly.

use bytes::{Buf as _, BufMut as _};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::entity::Origin;
use crate::octets::Octets;

/// Ends what a fork's sentinel is hashed from.
const FORK_LABEL: &[u8] = b"fork";
/// Payloads up to this length are hashed in one piece on the stack, which is faster than in parts.
const SHORT_MAX: usize = 224;

/// Where an event stands in its entity's chain. Travels as its 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Octets", into = "Octets")]
pub struct CausalLink {
    /// Whose chain.
    pub origin: Origin,
    /// Whose events the entity had observed: the summary of its [`Horizon`](crate::horizon::Horizon).
    pub horizon: u64,
    /// Its number, from 1.
    pub sequence: u64,
    /// Hash of the event before.
    pub parent: u64,
}

impl CausalLink {
    /// Bytes of a link.
    pub const LEN: usize = 32;

    /// The link as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let mut rest = &mut bytes[..];
        for field in [self.origin.0, self.horizon, self.sequence, self.parent] {
            rest.put_u64_le(field);
        }
        bytes
    }

    /// The link of these bytes. Any 32 bytes are one; whether it fits its chain is for [`Chain::validate`] to say.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let mut rest = &bytes[..];
        Self {
            origin: Origin(rest.get_u64_le()),
            horizon: rest.get_u64_le(),
            sequence: rest.get_u64_le(),
            parent: rest.get_u64_le(),
        }
    }

    /// The hash of the event of this link and payload. Allocates nothing.
    #[must_use]
    pub fn hash(&self, payload: &[u8]) -> u64 {
        let link = self.encode();
        if payload.len() <= SHORT_MAX {
            let mut event = [0; Self::LEN + SHORT_MAX];
            event[..Self::LEN].copy_from_slice(&link);
            event[Self::LEN..Self::LEN + payload.len()].copy_from_slice(payload);
            return xxh3_64(&event[..Self::LEN + payload.len()]);
        }
        let mut hash = Xxh3Default::new();
        hash.update(&link);
        hash.update(payload);
        hash.digest()
    }
}

impl From<Octets> for CausalLink {
    fn from(bytes: Octets) -> Self {
        Self::decode(&bytes.0)
    }
}

impl From<CausalLink> for Octets {
    fn from(link: CausalLink) -> Self {
        Self(link.encode())
    }
}

/// An event that does not follow its chain, or a chain that cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The event is of another chain.
    #[error("the event is of origin {got}, the chain of {expected}")]
    OriginMismatch {
        /// The chain's.
        expected: Origin,
        /// The event's.
        got: Origin,
    },
    /// Events before it are missing, or it was there before.
    #[error("the event has sequence {got} where {expected} follows")]
    SequenceGap {
        /// What follows.
        expected: u64,
        /// The event's.
        got: u64,
    },
    /// The event before it was another one.
    #[error("the event's parent is {got:016x} where the event before it is {expected:016x}")]
    ParentMismatch {
        /// Hash of the event before.
        expected: u64,
        /// The event's parent.
        got: u64,
    },
    /// There is no number left for another event.
    #[error("the chain has used all of its sequence numbers")]
    Exhausted,
}

/// The head of a chain: all that is needed to append to it, and to check what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chain {
    origin: Origin,
    sequence: u64,
    hash: u64,
}

impl Chain {
    /// A chain without events.
    #[must_use]
    pub fn genesis(origin: Origin) -> Self {
        Self::begin(origin, 0)
    }

    /// A chain without events that begins where another one stood: its genesis names the sentinel of that place as its
    /// parent, which everyone can compute again.
    #[must_use]
    pub fn fork(origin: Origin, parent: Origin, at_sequence: u64) -> Self {
        Self::begin(origin, fork_sentinel(parent, at_sequence))
    }

    /// A chain that goes on after the event of that sequence and hash.
    #[must_use]
    pub fn resume(origin: Origin, sequence: u64, hash: u64) -> Self {
        Self { origin, sequence, hash }
    }

    fn begin(origin: Origin, parent: u64) -> Self {
        let link = CausalLink { origin, horizon: 0, sequence: 0, parent };
        Self { origin, sequence: 0, hash: link.hash(&[]) }
    }

    /// Whose chain.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Number of the last event; 0 when there is none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Hash of the last event, or of the genesis.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Takes the next event in and gives its link. Allocates nothing.
    ///
    /// # Errors
    /// If there is no number left; the chain is as before.
    pub fn append(&mut self, horizon: u64, payload: &[u8]) -> Result<CausalLink, ChainError> {
        let sequence = self.sequence.checked_add(1).ok_or(ChainError::Exhausted)?;
        let link = CausalLink { origin: self.origin, horizon, sequence, parent: self.hash };
        (self.sequence, self.hash) = (sequence, link.hash(payload));
        Ok(link)
    }

    /// The chain after this event, if it follows.
    ///
    /// # Errors
    /// What does not fit: origin, then sequence, then parent.
    pub fn validate(self, link: &CausalLink, payload: &[u8]) -> Result<Self, ChainError> {
        let expected = self.sequence.checked_add(1).ok_or(ChainError::Exhausted)?;
        if link.origin != self.origin {
            return Err(ChainError::OriginMismatch { expected: self.origin, got: link.origin });
        }
        if link.sequence != expected {
            return Err(ChainError::SequenceGap { expected, got: link.sequence });
        }
        if link.parent != self.hash {
            return Err(ChainError::ParentMismatch { expected: self.hash, got: link.parent });
        }
        Ok(Self { origin: self.origin, sequence: expected, hash: link.hash(payload) })
    }
}

/// What stands for the event at which a chain was forked: XXH3-64 over its origin, its sequence, both little-endian, and
/// `fork`.
#[must_use]
pub fn fork_sentinel(origin: Origin, sequence: u64) -> u64 {
    let mut bytes = [0; 16 + FORK_LABEL.len()];
    bytes[..8].copy_from_slice(&origin.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&sequence.to_le_bytes());
    bytes[16..].copy_from_slice(FORK_LABEL);
    xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORIGIN: Origin = Origin(0x0102_0304_0506_0708);

    #[test]
    fn a_link_is_32_bytes_in_this_order() {
        let link = CausalLink { origin: ORIGIN, horizon: 0x11, sequence: 0x22, parent: 0x33 };
        let bytes = link.encode();
        assert_eq!(bytes[..8], [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!((bytes[8], bytes[16], bytes[24]), (0x11, 0x22, 0x33));
        assert_eq!(CausalLink::decode(&bytes), link);
        assert_eq!(crate::codec::encode(&link).as_ref(), bytes);
    }

    #[test]
    fn the_first_event_follows_the_genesis() {
        let genesis = [ORIGIN.0.to_le_bytes(), [0; 8], [0; 8], [0; 8]].concat();
        let mut chain = Chain::genesis(ORIGIN);
        assert_eq!((chain.sequence(), chain.hash()), (0, xxh3_64(&genesis)));
        let link = chain.append(5, b"one").expect("room");
        assert_eq!(link, CausalLink { origin: ORIGIN, horizon: 5, sequence: 1, parent: xxh3_64(&genesis) });
        assert_eq!(chain.hash(), xxh3_64(&[&link.encode()[..], b"one"].concat()));
    }

    #[test]
    fn every_way_not_to_follow_has_its_name() {
        let mut chain = Chain::genesis(ORIGIN);
        chain.append(0, b"one").expect("room");
        let before = chain;
        let link = chain.append(0, b"two").expect("room");
        assert_eq!(before.validate(&link, b"two"), Ok(chain));

        let (expected, got) = (ORIGIN, Origin(9));
        let strange = CausalLink { origin: got, sequence: 7, parent: 0, ..link };
        assert_eq!(before.validate(&strange, b"two"), Err(ChainError::OriginMismatch { expected, got }));
        for got in [0, 1, 3, u64::MAX] {
            let gap = CausalLink { sequence: got, parent: 0, ..link };
            assert_eq!(before.validate(&gap, b"two"), Err(ChainError::SequenceGap { expected: 2, got }));
        }
        let orphan = CausalLink { parent: link.parent ^ 1, ..link };
        let (expected, got) = (before.hash(), orphan.parent);
        assert_eq!(before.validate(&orphan, b"two"), Err(ChainError::ParentMismatch { expected, got }));
    }

    #[test]
    fn a_changed_payload_shows_at_the_next_event() {
        let mut chain = Chain::genesis(ORIGIN);
        let one = chain.append(0, b"one").expect("room");
        let two = chain.append(0, b"two").expect("room");
        let wrong = Chain::genesis(ORIGIN).validate(&one, b"eno").expect("a link alone cannot tell");
        assert!(matches!(wrong.validate(&two, b"two"), Err(ChainError::ParentMismatch { .. })));
    }

    /// Whoever is given sequence and hash needs nothing else, and no payload: a chain goes on after a move.
    #[test]
    fn a_chain_goes_on_from_its_sequence_and_hash_alone() {
        let mut chain = Chain::genesis(ORIGIN);
        chain.append(3, b"whatever the state is, this is not it").expect("room");
        let mut moved = Chain::resume(ORIGIN, chain.sequence(), chain.hash());
        let link = moved.append(4, b"after").expect("room");
        assert_eq!(chain.validate(&link, b"after"), Ok(moved));
    }

    #[test]
    fn a_chain_without_numbers_left_says_so_and_stays_as_it_is() {
        let mut last = Chain::resume(ORIGIN, u64::MAX - 1, 1);
        let link = last.append(0, b"").expect("one is left");
        let full = last;
        assert_eq!(last.append(0, b""), Err(ChainError::Exhausted));
        assert_eq!(last, full);
        assert_eq!(full.validate(&link, b""), Err(ChainError::Exhausted));
    }

    #[test]
    fn a_fork_begins_at_a_sentinel_that_everyone_can_compute() {
        let sentinel = xxh3_64(&[&ORIGIN.0.to_le_bytes()[..], &100u64.to_le_bytes(), b"fork"].concat());
        assert_eq!(fork_sentinel(ORIGIN, 100), sentinel);
        let genesis = CausalLink { origin: Origin(2), horizon: 0, sequence: 0, parent: sentinel };
        let fork = Chain::fork(Origin(2), ORIGIN, 100);
        assert_eq!(fork, Chain::resume(Origin(2), 0, genesis.hash(b"")));
        assert_ne!(fork, Chain::genesis(Origin(2)));
        assert_ne!(fork, Chain::fork(Origin(2), ORIGIN, 101));
    }

    proptest! {
        #[test]
        fn an_event_has_one_hash_however_long_it_is(
            fields in any::<[u64; 4]>(),
            payload in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let [origin, horizon, sequence, parent] = fields;
            let link = CausalLink { origin: Origin(origin), horizon, sequence, parent };
            prop_assert_eq!(link.hash(&payload), xxh3_64(&[&link.encode()[..], &payload].concat()));
        }

        #[test]
        fn what_was_appended_validates_and_nothing_changed_does(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20),
            at in any::<prop::sample::Index>(),
            bit in 0usize..256,
        ) {
            let mut chain = Chain::genesis(ORIGIN);
            let links: Vec<_> = payloads.iter().map(|payload| chain.append(1, payload).expect("room")).collect();
            let mut seen = Chain::genesis(ORIGIN);
            for (link, payload) in links.iter().zip(&payloads) {
                seen = seen.validate(link, payload).expect("it follows");
            }
            prop_assert_eq!(seen, chain);

            // One bit of one link changed: this event does not follow, or what comes after it does not.
            let at = at.index(links.len());
            let mut changed = links.clone();
            let mut bytes = changed[at].encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            changed[at] = CausalLink::decode(&bytes);
            let end = changed.iter().zip(&payloads).try_fold(Chain::genesis(ORIGIN), |seen, (link, payload)| {
                seen.validate(link, payload)
            });
            prop_assert_ne!(end, Ok(chain));
        }
    }
}
