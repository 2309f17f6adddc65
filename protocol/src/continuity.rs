//! Whether events are one unbroken chain: proofs that others can check, and what a log shows by itself.
//!
//! A [`ContinuityProof`] claims that between two events of a chain nothing is missing and nothing was changed; whoever has
//! the events checks it. It rests on XXH3-64 and finds accidents: against an adversary its ends must be signed
//! ([`crate::head::SignedHead`]).

use bytes::{Buf as _, BufMut as _};
use serde::{Deserialize, Serialize};

use crate::causal::{CausalLink, Chain, ChainError, fork_sentinel};
use crate::entity::Origin;
use crate::limits::PROOF_EVENTS_MAX;

/// From one event of a chain to a later one. As bytes: five numbers of 8 bytes, little-endian, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContinuityProof {
    /// Whose chain.
    pub origin: Origin,
    /// Number of the event that it begins after; 0: the genesis.
    pub from_sequence: u64,
    /// Number of the last event.
    pub to_sequence: u64,
    /// Hash of the event that it begins after.
    pub from_hash: u64,
    /// Hash of the last event.
    pub to_hash: u64,
}

/// A proof that does not hold, or cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Its ends are of two chains.
    #[error("a proof between origins {from} and {to}")]
    TwoOrigins {
        /// Of the first end.
        from: Origin,
        /// Of the last.
        to: Origin,
    },
    /// It ends before it begins.
    #[error("a proof from event {from} back to {to}")]
    InvalidRange {
        /// Where it begins.
        from: u64,
        /// Where it ends.
        to: u64,
    },
    /// It spans too many events to be checked at once.
    #[error("a proof over {events} events, more than {PROOF_EVENTS_MAX}")]
    SpanTooLarge {
        /// How many.
        events: u64,
    },
    /// The events that it is checked with do not go far enough.
    #[error("event {sequence} is missing")]
    Missing {
        /// The first one that is missing.
        sequence: u64,
    },
    /// An event does not follow the one before it.
    #[error("event {sequence}: {why}")]
    Broken {
        /// Which should have followed.
        sequence: u64,
        /// What is wrong.
        why: ChainError,
    },
    /// The last event is another one.
    #[error("the last event is {got:016x} where the proof says {expected:016x}")]
    AnotherEnd {
        /// Its hash by the proof.
        expected: u64,
        /// Its hash.
        got: u64,
    },
}

impl ContinuityProof {
    /// Bytes of a proof.
    pub const LEN: usize = 40;

    /// A proof between two heads of one chain.
    ///
    /// # Errors
    /// If there is none between them, or the span is too large.
    pub fn between(from: &Chain, to: &Chain) -> Result<Self, ProofError> {
        if from.origin() != to.origin() {
            return Err(ProofError::TwoOrigins { from: from.origin(), to: to.origin() });
        }
        let proof = Self {
            origin: from.origin(),
            from_sequence: from.sequence(),
            to_sequence: to.sequence(),
            from_hash: from.hash(),
            to_hash: to.hash(),
        };
        proof.span()?;
        Ok(proof)
    }

    /// How many events it spans.
    fn span(&self) -> Result<u64, ProofError> {
        let (from, to) = (self.from_sequence, self.to_sequence);
        match to.checked_sub(from) {
            None => Err(ProofError::InvalidRange { from, to }),
            Some(events) if events > PROOF_EVENTS_MAX => Err(ProofError::SpanTooLarge { events }),
            Some(events) => Ok(events),
        }
    }

    /// Checks the proof with the events after `from_sequence`, in order. Reads as many as it spans and no more.
    ///
    /// # Errors
    /// Where it does not hold.
    pub fn verify<'a>(&self, events: impl IntoIterator<Item = (CausalLink, &'a [u8])>) -> Result<(), ProofError> {
        let span = self.span()?;
        let mut chain = Chain::resume(self.origin, self.from_sequence, self.from_hash);
        let mut events = events.into_iter();
        for _ in 0..span {
            let sequence = chain.sequence() + 1;
            let (link, payload) = events.next().ok_or(ProofError::Missing { sequence })?;
            chain = chain.validate(&link, payload).map_err(|why| ProofError::Broken { sequence, why })?;
        }
        if chain.hash() != self.to_hash {
            return Err(ProofError::AnotherEnd { expected: self.to_hash, got: chain.hash() });
        }
        Ok(())
    }

    /// The proof as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let mut rest = &mut bytes[..];
        for field in [self.origin.0, self.from_sequence, self.to_sequence, self.from_hash, self.to_hash] {
            rest.put_u64_le(field);
        }
        bytes
    }

    /// The proof of these bytes. Any 40 bytes are one; [`ContinuityProof::verify`] says whether it holds.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let mut rest = &bytes[..];
        Self {
            origin: Origin(rest.get_u64_le()),
            from_sequence: rest.get_u64_le(),
            to_sequence: rest.get_u64_le(),
            from_hash: rest.get_u64_le(),
            to_hash: rest.get_u64_le(),
        }
    }
}

/// What a log of events shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// One unbroken chain from its beginning.
    Continuous {
        /// Where it stands.
        head: Chain,
    },
    /// One unbroken chain from the head of the snapshot that its owner started from.
    Migrated {
        /// That head.
        base: Chain,
        /// Where it stands.
        head: Chain,
    },
    /// An event with the right number whose parent is another one: two histories were put together.
    Forked {
        /// Number of that event.
        at: u64,
        /// What its parent would have been.
        expected: u64,
        /// What it is.
        got: u64,
    },
    /// It cannot be told: events are missing, or of another chain.
    Unverifiable {
        /// How many events fit before.
        after: u64,
        /// What does not fit.
        why: ChainError,
    },
}

/// What these events show, which begin right after `base`. A base at sequence 0 is a genesis, of a fork or not.
///
/// Needs no payload from before the base: its hash is in it.
#[must_use]
pub fn assess<'a>(base: Chain, events: impl IntoIterator<Item = (CausalLink, &'a [u8])>) -> Continuity {
    let mut head = base;
    for (after, (link, payload)) in (0..).zip(events) {
        head = match head.validate(&link, payload) {
            Ok(next) => next,
            Err(ChainError::ParentMismatch { expected, got }) => {
                return Continuity::Forked { at: link.sequence, expected, got };
            }
            Err(why @ (ChainError::OriginMismatch { .. } | ChainError::SequenceGap { .. } | ChainError::Exhausted)) => {
                return Continuity::Unverifiable { after, why };
            }
        };
    }
    if base.sequence() == 0 { Continuity::Continuous { head } } else { Continuity::Migrated { base, head } }
}

/// That one chain begins where another one stood, under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ForkRecord {
    /// The chain that was forked.
    pub original: Origin,
    /// The new one.
    pub forked: Origin,
    /// The event at which.
    pub at_sequence: u64,
    /// What the new one's genesis names as its parent.
    pub sentinel: u64,
}

/// A fork's record that is not right in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// A chain is no fork of itself.
    #[error("origin {0} as a fork of itself")]
    SameOrigin(Origin),
    /// Its sentinel is of another place.
    #[error("the fork's sentinel is {got:016x} where its place has {expected:016x}")]
    SentinelMismatch {
        /// Of its place.
        expected: u64,
        /// Its own.
        got: u64,
    },
}

impl ForkRecord {
    /// The record of a fork.
    ///
    /// # Errors
    /// If both are one.
    pub fn new(original: Origin, forked: Origin, at_sequence: u64) -> Result<Self, ForkError> {
        let record = Self { original, forked, at_sequence, sentinel: fork_sentinel(original, at_sequence) };
        record.verify()?;
        Ok(record)
    }

    /// Checks the record by itself.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self) -> Result<(), ForkError> {
        if self.original == self.forked {
            return Err(ForkError::SameOrigin(self.original));
        }
        let expected = fork_sentinel(self.original, self.at_sequence);
        if expected != self.sentinel {
            return Err(ForkError::SentinelMismatch { expected, got: self.sentinel });
        }
        Ok(())
    }

    /// The new chain before its first event.
    #[must_use]
    pub fn chain(&self) -> Chain {
        Chain::fork(self.forked, self.original, self.at_sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin(5);

    type Events = Vec<(CausalLink, &'static [u8])>;

    fn events(mut chain: Chain, count: usize) -> (Events, Chain) {
        let texts: [&'static [u8]; 3] = [b"one", b"", b"three"];
        let events = (0..count).map(|n| (chain.append(n as u64, texts[n % 3]).expect("room"), texts[n % 3])).collect();
        (events, chain)
    }

    fn genesis() -> Chain {
        Chain::genesis(ORIGIN)
    }

    #[test]
    fn a_proof_holds_with_the_events_that_it_spans() {
        let (all, head) = events(genesis(), 9);
        let proof = ContinuityProof::between(&genesis(), &head).expect("a proof");
        assert_eq!(proof.verify(all.clone()), Ok(()));
        assert_eq!(ContinuityProof::decode(&proof.encode()), proof);
        let (_, middle) = events(genesis(), 4);
        let later = ContinuityProof::between(&middle, &head).expect("a proof");
        assert_eq!(later.verify(all[4..].to_vec()), Ok(()));
        assert_eq!(ContinuityProof::between(&head, &head).expect("a proof").verify([]), Ok(()));
    }

    #[test]
    fn every_way_in_which_a_proof_does_not_hold() {
        let (all, head) = events(genesis(), 5);
        let proof = ContinuityProof::between(&genesis(), &head).expect("a proof");
        assert_eq!(proof.verify(all[..3].to_vec()), Err(ProofError::Missing { sequence: 4 }));
        let gap = [&all[..2], &all[3..]].concat();
        let why = ChainError::SequenceGap { expected: 3, got: 4 };
        assert_eq!(proof.verify(gap), Err(ProofError::Broken { sequence: 3, why }));
        let mut changed = all.clone();
        changed[1].1 = b"other";
        let broken = proof.verify(changed);
        let parent =
            |error| matches!(error, ProofError::Broken { sequence: 3, why: ChainError::ParentMismatch { .. } });
        assert!(broken.is_err_and(parent), "{broken:?}");
        let mut last = all.clone();
        last[4].1 = b"other";
        assert!(matches!(proof.verify(last), Err(ProofError::AnotherEnd { expected, .. }) if expected == head.hash()));
        let back = ContinuityProof { from_sequence: 6, ..proof };
        assert_eq!(back.verify(all.clone()), Err(ProofError::InvalidRange { from: 6, to: 5 }));
        let other = Chain::genesis(Origin(6));
        let two = ProofError::TwoOrigins { from: Origin(6), to: ORIGIN };
        assert_eq!(ContinuityProof::between(&other, &head), Err(two));
        let long = ContinuityProof { to_sequence: PROOF_EVENTS_MAX + 1, ..proof };
        let events = PROOF_EVENTS_MAX + 1;
        assert_eq!(long.verify(all), Err(ProofError::SpanTooLarge { events }));
    }

    #[test]
    fn the_longest_proof_is_checked() {
        let (all, head) = events(genesis(), PROOF_EVENTS_MAX as usize);
        assert_eq!(ContinuityProof::between(&genesis(), &head).expect("a proof").verify(all), Ok(()));
    }

    /// Nothing but sequence and hash is known of what was before: the payload of the last event is not needed.
    #[test]
    fn a_chain_is_verified_across_a_move() {
        let (before, moved) = events(genesis(), 4);
        let base = Chain::resume(ORIGIN, moved.sequence(), moved.hash());
        let (after, head) = events(base, 3);
        assert_eq!(assess(base, after.clone()), Continuity::Migrated { base, head });
        assert_eq!(assess(genesis(), [before, after].concat()), Continuity::Continuous { head });
        assert_eq!(assess(base, []), Continuity::Migrated { base, head: base });
    }

    #[test]
    fn two_histories_put_together_show() {
        let (shared, at) = events(genesis(), 2);
        let (mut one, mut other) = (at, at);
        one.append(0, b"here").expect("room");
        let elsewhere = other.append(0, b"there").expect("room");
        let next = one.append(0, b"next").expect("room");
        let mixed = [shared.as_slice(), &[(elsewhere, b"there" as &[u8]), (next, b"next")]].concat();
        assert_eq!(assess(genesis(), mixed), Continuity::Forked { at: 4, expected: other.hash(), got: next.parent });
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        let (all, _) = events(genesis(), 5);
        let why = ChainError::SequenceGap { expected: 1, got: 3 };
        assert_eq!(assess(genesis(), all[2..].to_vec()), Continuity::Unverifiable { after: 0, why });
        let why = ChainError::OriginMismatch { expected: ORIGIN, got: Origin(6) };
        let (strange, _) = events(Chain::genesis(Origin(6)), 1);
        let mixed = [&all[..2], &strange[..]].concat();
        assert_eq!(assess(genesis(), mixed), Continuity::Unverifiable { after: 2, why });
    }

    #[test]
    fn a_fork_is_known_by_its_sentinel() {
        let record = ForkRecord::new(ORIGIN, Origin(6), 100).expect("a fork");
        assert_eq!(record.verify(), Ok(()));
        let (all, head) = events(record.chain(), 3);
        assert_eq!(assess(record.chain(), all.clone()), Continuity::Continuous { head });
        // As a chain of its own it would be another one.
        assert!(matches!(assess(Chain::genesis(Origin(6)), all), Continuity::Forked { at: 1, .. }));
        assert_eq!(ForkRecord::new(ORIGIN, ORIGIN, 1), Err(ForkError::SameOrigin(ORIGIN)));
        let moved = ForkRecord { at_sequence: 101, ..record };
        let (expected, got) = (fork_sentinel(ORIGIN, 101), record.sentinel);
        assert_eq!(moved.verify(), Err(ForkError::SentinelMismatch { expected, got }));
    }
}
