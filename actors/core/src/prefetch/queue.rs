//! What waits to be brought, in order, what is under way, and what failed and is tried again later.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::{Boot, DocumentId};

/// Which of two goes first: the smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    /// The higher, the later it changed; 0: not since anybody looks.
    changed: Reverse<u64>,
    /// The smaller goes first.
    then: u128,
}

impl Order {
    /// Before everything: what says what else there is.
    pub(super) const FIRST: Self = Self { changed: Reverse(u64::MAX), then: 0 };

    /// What changed last goes first, then what was made last: ids grow with time.
    pub(super) fn of_document(changed: u64, document: DocumentId) -> Self {
        Self { changed: Reverse(changed), then: u128::MAX - document.0.as_u128() }
    }

    /// What was added last goes first, then what is small.
    pub(super) fn of_asset(added: u64, size: u64) -> Self {
        Self { changed: Reverse(added), then: u128::from(size) }
    }
}

/// How one of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waits(Order),
    /// It may have been wanted again meanwhile.
    UnderWay {
        again: Option<Order>,
        order: Order,
    },
    Later {
        at: Boot,
        order: Order,
    },
}

#[derive(Debug)]
pub(super) struct Queue<K> {
    all: BTreeMap<K, Stage>,
    waiting: BTreeSet<(Order, K)>,
    running: BTreeSet<K>,
    later: BTreeSet<(Boot, K)>,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), waiting: BTreeSet::new(), running: BTreeSet::new(), later: BTreeSet::new() }
    }
}

impl<K: Copy + Ord> Queue<K> {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = K> + '_ {
        self.all.keys().copied()
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.all.contains_key(key)
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn under_way(&self) -> usize {
        self.running.len()
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &K> {
        self.running.iter()
    }

    /// It is wanted. One that is under way is brought once more after that.
    pub(super) fn add(&mut self, key: K, order: Order) {
        let stage = match self.all.get(&key).copied() {
            Some(Stage::Waits(before)) => {
                self.waiting.remove(&(before, key));
                Stage::Waits(before.min(order))
            }
            Some(Stage::UnderWay { order: before, .. }) => Stage::UnderWay { again: Some(order), order: before },
            Some(Stage::Later { at, order: before }) => Stage::Later { at, order: before.min(order) },
            None => Stage::Waits(order),
        };
        if let Stage::Waits(order) = stage {
            self.waiting.insert((order, key));
        }
        self.all.insert(key, stage);
    }

    pub(super) fn next(&mut self) -> Option<K> {
        self.next_if(|_| true)
    }

    /// The first that fits; it is under way from now on.
    pub(super) fn next_if(&mut self, fits: impl Fn(&K) -> bool) -> Option<K> {
        let (order, key) = *self.waiting.iter().find(|(_, key)| fits(key))?;
        self.waiting.remove(&(order, key));
        self.all.insert(key, Stage::UnderWay { again: None, order });
        self.running.insert(key);
        Some(key)
    }

    /// It was brought; `false`: it is wanted again already.
    pub(super) fn done(&mut self, key: &K) -> bool {
        self.running.remove(key);
        match self.all.remove(key) {
            Some(Stage::UnderWay { again: Some(order), .. }) => {
                self.add(*key, order);
                false
            }
            Some(_) | None => true,
        }
    }

    /// It was not brought, and is tried again then.
    pub(super) fn failed(&mut self, key: K, at: Boot) {
        self.running.remove(&key);
        if let Some(Stage::UnderWay { again, order }) = self.all.get(&key).copied() {
            self.all.insert(key, Stage::Later { at, order: again.map_or(order, |again| again.min(order)) });
            self.later.insert((at, key));
        }
    }

    /// What failed is tried again.
    pub(super) fn retry_all(&mut self) {
        self.wake(Boot(std::time::Duration::MAX));
    }

    pub(super) fn wake(&mut self, now: Boot) {
        while let Some((at, key)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, key));
            if let Some(Stage::Later { order, .. }) = self.all.get(&key).copied() {
                self.all.insert(key, Stage::Waits(order));
                self.waiting.insert((order, key));
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Of what is not under way only that stays.
    pub(super) fn keep(&mut self, stays: impl Fn(&K) -> bool) {
        self.all.retain(|key, stage| matches!(stage, Stage::UnderWay { .. }) || stays(key));
        let all = &self.all;
        self.waiting.retain(|(_, key)| all.contains_key(key));
        self.later.retain(|(_, key)| all.contains_key(key));
    }
}
