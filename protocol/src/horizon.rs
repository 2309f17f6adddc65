//! What an entity has observed of others: exactly, and as 64 bits that fit into a causal link.
//!
//! The summary is a Bloom filter of 64 bits over the origins observed, whatever their sequence. With `h` the XXH3-64 of an
//! origin's 8 bytes, little-endian, `a` its low and `b` its high half with the lowest bit set, an origin sets the bits
//! `(a + k·b) mod 64` for `k` = 0, 1, 2. An origin that was observed is never missing. One that was not seems to be there with
//! a chance of about 0.2 % after 2 origins, 0.7 % after 4, 3 % after 8, 15 % after 16, 32 % after 24 (measured by a test
//! below): beyond that ask the horizon itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

use crate::causal::CausalLink;
use crate::entity::Origin;

/// The highest sequence observed of every origin, and a logical time that grows with each observation.
///
/// It keeps an entry for every origin ever observed; how many there may be is for its owner to bound, by [`Horizon::len`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    seen: BTreeMap<Origin, u64>,
    time: u64,
    /// Of the keys of `seen`.
    summary: u64,
}

impl Horizon {
    /// Takes in that an event was observed. Logical time grows by one if it was newer than all before it of its origin;
    /// sequence 0 is before the first event and changes nothing.
    pub fn observe(&mut self, origin: Origin, sequence: u64) {
        if self.raise(origin, sequence) {
            self.time = self.time.saturating_add(1);
        }
    }

    /// Takes in all that another horizon has observed. Logical time is then after both.
    pub fn merge(&mut self, other: &Self) {
        for (origin, sequence) in other.iter() {
            self.raise(origin, sequence);
        }
        self.time = self.time.max(other.time).saturating_add(1);
    }

    /// Whether that was news.
    fn raise(&mut self, origin: Origin, sequence: u64) -> bool {
        if let Some(known) = self.seen.get_mut(&origin) {
            let is_newer = sequence > *known;
            *known = sequence.max(*known);
            return is_newer;
        }
        if sequence == 0 {
            return false;
        }
        self.seen.insert(origin, sequence);
        self.summary |= bits(origin);
        true
    }

    /// Whether that event was observed, exactly. Sequence 0 always was.
    #[must_use]
    pub fn has_observed(&self, origin: Origin, sequence: u64) -> bool {
        self.observed(origin) >= sequence
    }

    /// The highest sequence observed of an origin; 0 when there is none.
    #[must_use]
    pub fn observed(&self, origin: Origin) -> u64 {
        self.seen.get(&origin).copied().unwrap_or(0)
    }

    /// The origins observed, as the 64 bits that go into a link.
    #[must_use]
    pub fn summary(&self) -> u64 {
        self.summary
    }

    /// The logical time: how often something new was observed, and after every merge later than both.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Origins observed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Every origin observed with its highest sequence, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Origin, u64)> {
        self.seen.iter().map(|(origin, sequence)| (*origin, *sequence))
    }
}

fn bits(origin: Origin) -> u64 {
    let hash = xxh3_64(&origin.0.to_le_bytes());
    let step = (hash >> 32) | 1;
    (0..3).fold(0, |bits, k| bits | 1 << (hash.wrapping_add(step.wrapping_mul(k)) % 64))
}

/// Whether the origin may be in a summary. `false` is certain; `true` may be wrong, as often as the module says.
#[must_use]
pub fn might_contain(summary: u64, origin: Origin) -> bool {
    let bits = bits(origin);
    summary & bits == bits
}

/// Whether two events of different origins were made without knowing of each other, as far as their links tell: neither
/// summary holds the other's origin. `true` is certain of everything before them too: neither entity had observed any event
/// of the other. `false` says nothing. Two events of one origin are in order and never concurrent.
#[must_use]
pub fn potentially_concurrent(a: &CausalLink, b: &CausalLink) -> bool {
    a.origin != b.origin && !might_contain(a.horizon, b.origin) && !might_contain(b.horizon, a.origin)
}

/// How a horizon travels: without its summary, which follows from the rest.
#[derive(Deserialize)]
struct Portable {
    seen: BTreeMap<Origin, u64>,
    time: u64,
}

impl Serialize for Horizon {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "Portable")]
        struct Borrowed<'a> {
            seen: &'a BTreeMap<Origin, u64>,
            time: u64,
        }
        Borrowed { seen: &self.seen, time: self.time }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Horizon {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Portable { seen, time } = Portable::deserialize(deserializer)?;
        let summary = seen.keys().fold(0, |summary, origin| summary | bits(*origin));
        Ok(Self { seen, time, summary })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec;

    fn link(origin: u64, horizon: &Horizon) -> CausalLink {
        CausalLink { origin: Origin(origin), horizon: horizon.summary(), sequence: 1, parent: 0 }
    }

    #[test]
    fn time_grows_with_news_only() {
        let mut horizon = Horizon::default();
        horizon.observe(Origin(1), 0);
        assert!(horizon.is_empty() && horizon.time() == 0 && horizon.summary() == 0);
        horizon.observe(Origin(1), 5);
        horizon.observe(Origin(1), 5);
        horizon.observe(Origin(1), 4);
        assert_eq!((horizon.observed(Origin(1)), horizon.time()), (5, 1));
        horizon.observe(Origin(2), 1);
        assert_eq!((horizon.len(), horizon.time()), (2, 2));
        assert!(horizon.has_observed(Origin(1), 5) && !horizon.has_observed(Origin(1), 6));
        assert!(horizon.has_observed(Origin(3), 0) && !horizon.has_observed(Origin(3), 1));
    }

    #[test]
    fn after_a_merge_it_is_later_than_on_both_sides() {
        let (mut a, mut b) = (Horizon::default(), Horizon::default());
        a.observe(Origin(1), 9);
        for sequence in 1..=4 {
            b.observe(Origin(2), sequence);
        }
        b.observe(Origin(1), 3);
        a.merge(&b);
        assert_eq!(a.iter().collect::<Vec<_>>(), [(Origin(1), 9), (Origin(2), 4)]);
        assert_eq!(a.time(), 6);
        assert_eq!(a.summary(), bits(Origin(1)) | bits(Origin(2)));
    }

    #[test]
    fn an_origin_sets_three_bits_of_the_filter() {
        for origin in 0..1_000 {
            assert_eq!(bits(Origin(origin)).count_ones(), 3);
        }
        // By hand: h = xxh3_64(1, little-endian).
        let h = xxh3_64(&1u64.to_le_bytes());
        let (a, b) = (h as u32, (h >> 32) as u32 | 1);
        let by_hand = [0, 1, 2u32].map(|k| 1u64 << (a.wrapping_add(k.wrapping_mul(b)) % 64));
        assert_eq!(bits(Origin(1)), by_hand.iter().fold(0, |bits, bit| bits | bit));
    }

    #[test]
    fn those_who_knew_of_each_other_are_not_concurrent() {
        let (nothing, mut knows) = (Horizon::default(), Horizon::default());
        knows.observe(Origin(1), 1);
        assert!(potentially_concurrent(&link(1, &nothing), &link(2, &nothing)));
        assert!(!potentially_concurrent(&link(1, &nothing), &link(2, &knows)));
        assert!(!potentially_concurrent(&link(2, &knows), &link(1, &nothing)));
        assert!(!potentially_concurrent(&link(1, &nothing), &link(1, &nothing)));
    }

    #[test]
    fn strange_origins_seem_to_be_there_about_as_often_as_the_page_says() {
        for (count, per_mille) in [(2, 0..=3), (4, 3..=12), (8, 25..=60), (16, 120..=230), (24, 260..=400)] {
            let mut horizon = Horizon::default();
            let mut wrong = 0;
            for round in 0..2_000 {
                let of = |n: u64| Origin(xxh3_64(&(round * 1_000 + n).to_le_bytes()));
                horizon = Horizon::default();
                (0..count).for_each(|n| horizon.observe(of(n), 1));
                wrong += (100..200).filter(|n| might_contain(horizon.summary(), of(*n))).count();
            }
            assert_eq!(horizon.len() as u64, count);
            assert!(per_mille.contains(&(wrong / 200)), "{count} origins: {wrong} of 200000");
        }
    }

    proptest! {
        #[test]
        fn the_summary_kept_is_the_summary_computed(events in prop::collection::vec((0u64..50, 0u64..9), 0..200)) {
            let mut horizon = Horizon::default();
            for (origin, sequence) in &events {
                horizon.observe(Origin(*origin), *sequence);
            }
            let computed = horizon.iter().fold(0, |summary, (origin, _)| summary | bits(origin));
            prop_assert_eq!(horizon.summary(), computed);
            for (origin, sequence) in events {
                prop_assert!(horizon.has_observed(Origin(origin), sequence));
                prop_assert!(sequence == 0 || might_contain(horizon.summary(), Origin(origin)));
            }
            prop_assert_eq!(codec::decode::<Horizon>(&codec::encode(&horizon)), Ok(horizon.clone()));
            prop_assert_eq!(codec::decode_named::<Horizon>(&codec::encode_named(&horizon)), Ok(horizon));
        }
    }
}
