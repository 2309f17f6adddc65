//! Finding the nodes that meet a filter.
//!
//! The required tag that fewest nodes have comes first, then the other tags in that order. Whatever is asked for with a number, and
//! every clause of a predicate on tags, is a union over the values of its key. As soon as few nodes are left they are looked at one by one.

use roaring::{MultiOps, RoaringBitmap};
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::capability_set::{Tag, names};
use wayfare_protocol::predicate::{Clause, Condition, Predicate, Subject};

use super::{CapabilityIndex, Entry, Key};

/// So few nodes are looked at one by one.
const FEW: u64 = 64;
/// A look at a value and the nodes that have it takes as long as a look at so many nodes.
const VALUE: u64 = 4;

/// The nodes that meet a filter, in an order that says nothing.
#[derive(Clone, Debug)]
pub struct Matches<'a> {
    index: &'a CapabilityIndex,
    numbers: RoaringBitmap,
}

impl<'a> Matches<'a> {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.numbers.len()).unwrap_or(usize::MAX)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What is known of each.
    pub fn iter(&self) -> impl Iterator<Item = &'a Entry> {
        let index = self.index;
        self.numbers.iter().filter_map(move |number| index.entry(number))
    }
}

fn looks_at_metadata(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Clause(clause) => clause.subject == Subject::Metadata,
        Predicate::And(children) | Predicate::Or(children) => children.iter().any(looks_at_metadata),
        Predicate::Not(child) => looks_at_metadata(child),
    }
}

impl CapabilityIndex {
    /// Every node that can be found.
    #[must_use]
    pub fn all(&self) -> Matches<'_> {
        Matches { index: self, numbers: self.live.clone() }
    }

    /// The nodes that meet the filter.
    #[must_use]
    pub fn query(&self, filter: &CapabilityFilter) -> Matches<'_> {
        self.query_with(filter, &[])
    }

    /// The nodes that meet the filter and have further tags.
    #[must_use]
    pub fn query_with(&self, filter: &CapabilityFilter, tags: &[&Tag]) -> Matches<'_> {
        let numbers = self.with_tags(filter.tags.iter().chain(tags.iter().copied()));
        let numbers = numbers.map(|numbers| self.meeting(filter, numbers)).unwrap_or_default();
        Matches { index: self, numbers }
    }

    /// The numbers with every one of the tags; `None` if a tag is nowhere.
    fn with_tags<'t>(&self, tags: impl Iterator<Item = &'t Tag>) -> Option<RoaringBitmap> {
        let mut each = tags.map(|tag| self.with_tag(tag)).collect::<Option<Vec<_>>>()?;
        each.sort_by_key(|numbers| numbers.len());
        let Some((first, rest)) = each.split_first() else { return Some(self.live.clone()) };
        let Some((second, rest)) = rest.split_first() else { return Some((*first).clone()) };
        let mut all = *first & *second;
        for numbers in rest {
            all &= *numbers;
        }
        Some(all)
    }

    fn with_tag(&self, tag: &Tag) -> Option<&RoaringBitmap> {
        let key = self.keys.get(tag.key())?;
        match tag.value() {
            None => Some(&key.bare),
            Some(value) => key.values.get(value),
        }
    }

    /// Those of the numbers that meet the whole filter, given that they have its tags.
    fn meeting(&self, filter: &CapabilityFilter, mut numbers: RoaringBitmap) -> RoaringBitmap {
        if numbers.len() <= FEW {
            return self.picked(&numbers, |entry| filter.matches(&entry.capabilities));
        }
        if !filter.any_tags.is_empty() {
            let mut any = RoaringBitmap::new();
            for found in filter.any_tags.iter().filter_map(|tag| self.with_tag(tag)) {
                any |= found;
            }
            numbers &= any;
        }
        if let Some(gpu) = &filter.gpu {
            numbers = self.with(names::GPU, &Condition::Exists, &numbers);
            if let Some(vendor) = &gpu.vendor {
                numbers = self.with(names::GPU_VENDOR, &Condition::Equals(vendor.clone()), &numbers);
            }
            numbers = self.at_least(names::VRAM_GB, gpu.vram_gb, numbers);
        }
        numbers = self.at_least(names::CPUS, filter.cpus, numbers);
        numbers = self.at_least(names::MEMORY_GB, filter.memory_gb, numbers);
        if let Some(predicate) = &filter.predicate {
            numbers = self.holding(predicate, &numbers);
        }
        if !filter.metadata.is_empty() {
            numbers = self.picked(&numbers, |entry| {
                filter.metadata.iter().all(|(key, value)| entry.capabilities.metadata().get(key) == Some(value))
            });
        }
        numbers
    }

    fn at_least(&self, key: &str, number: Option<u32>, within: RoaringBitmap) -> RoaringBitmap {
        match number {
            None => within,
            Some(number) => self.with(key, &Condition::NumericAtLeast(number.into()), &within),
        }
    }

    /// Those of the numbers for which the predicate holds.
    fn holding(&self, predicate: &Predicate, within: &RoaringBitmap) -> RoaringBitmap {
        if within.len() <= FEW {
            return self.picked(within, |entry| predicate.holds(&entry.capabilities));
        }
        match predicate {
            Predicate::Clause(clause) => self.meeting_clause(clause, within),
            Predicate::And(all) => {
                // Metadata need a look at each node: they come last, when few are left.
                let (by_node, by_sets): (Vec<_>, Vec<_>) = all.iter().partition(|one| looks_at_metadata(one));
                let mut left = within.clone();
                for one in by_sets.into_iter().chain(by_node) {
                    left = self.holding(one, &left);
                }
                left
            }
            Predicate::Or(any) => {
                let (mut found, mut left) = (RoaringBitmap::new(), within.clone());
                for one in any {
                    let more = self.holding(one, &left);
                    left -= &more;
                    found |= more;
                }
                found
            }
            Predicate::Not(one) => within - &self.holding(one, within),
        }
    }

    fn meeting_clause(&self, clause: &Clause, within: &RoaringBitmap) -> RoaringBitmap {
        match clause.subject {
            Subject::Tags => self.with(&clause.key, &clause.condition, within),
            Subject::Metadata => self.picked(within, |entry| clause.holds(&entry.capabilities)),
        }
    }

    /// Those of the numbers with a tag of the key whose value meets the condition.
    fn with(&self, key: &str, condition: &Condition, within: &RoaringBitmap) -> RoaringBitmap {
        let Some(Key { any, bare: _, values }) = self.keys.get(key) else { return RoaringBitmap::new() };
        if matches!(condition, Condition::Exists) {
            return any & within;
        }
        if let Condition::Equals(value) = condition {
            return values.get(value.as_str()).map(|numbers| numbers & within).unwrap_or_default();
        }
        // Where values are many and nodes few, the nodes are what to look at.
        if values.len() as u64 * VALUE > within.len() {
            let meets = |entry: &Entry| entry.capabilities.of_key(key).iter().any(|tag| condition.met_by_tag(tag));
            return self.picked(&(any & within), meets);
        }
        let meeting = values.iter().filter(|(value, _)| condition.met_by_text(value)).map(|(_, numbers)| numbers);
        meeting.union() & within
    }

    fn picked(&self, numbers: &RoaringBitmap, meets: impl Fn(&Entry) -> bool) -> RoaringBitmap {
        numbers.iter().filter(|number| self.entry(*number).is_some_and(&meets)).collect()
    }
}
