//! What faults have hit: how often, and in which phases of the machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayfare_core::Mark;

use crate::evidence::Evidence;
use crate::fault::{Kind, What};
use crate::marks;

/// What faults have hit.
pub struct Hits {
    evidence: Arc<Evidence>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    by_kind: BTreeMap<Kind, u64>,
    struck: BTreeMap<(Kind, Mark), u64>,
}

impl Hits {
    /// None yet.
    #[must_use]
    pub fn new(evidence: &Arc<Evidence>) -> Arc<Self> {
        Arc::new(Self { evidence: Arc::clone(evidence), counts: Mutex::default() })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many faults of each kind had something to hit.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<Kind, u64> {
        self.counts().by_kind.clone()
    }

    /// How often each kind met each phase.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<(Kind, Mark), u64> {
        self.counts().struck.clone()
    }
}

/// One fault that has begun. It counts once, when it first hits something.
pub struct Strike {
    what: What,
    has_hit: AtomicBool,
    hits: Arc<Hits>,
}

impl fmt::Debug for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strike").field("what", &self.what).finish_non_exhaustive()
    }
}

impl Strike {
    /// One that has not hit anything yet.
    #[must_use]
    pub fn new(what: What, hits: &Arc<Hits>) -> Arc<Self> {
        Arc::new(Self { what, has_hit: AtomicBool::new(false), hits: Arc::clone(hits) })
    }

    /// The phases of the machines that it would hit now.
    #[must_use]
    pub fn present(&self) -> BTreeSet<Mark> {
        self.hits.evidence.present(|place| marks::is_hit(&self.what, place))
    }

    /// It hits something. Always `true`.
    pub fn hit(&self) -> bool {
        if !self.has_hit.load(Ordering::Relaxed) {
            self.hit_at(self.present());
        }
        true
    }

    /// The same in those phases.
    pub fn hit_at(&self, present: BTreeSet<Mark>) {
        if !self.has_hit.swap(true, Ordering::Relaxed) {
            let kind = Kind::from(&self.what);
            let mut counts = self.hits.counts();
            *counts.by_kind.entry(kind).or_default() += 1;
            for mark in present {
                *counts.struck.entry((kind, mark)).or_default() += 1;
            }
        }
    }
}
