//! What faults have hit, and chores met: how often, and in which phases of the machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayfare_core::Mark;

use crate::chore::{self, Work};
use crate::evidence::Evidence;
use crate::fault::{self, What};
use crate::marks::Cause;
use crate::place::Place;

/// Something that is done to the world by plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A fault.
    Fault(What),
    /// A chore.
    Chore(Work),
}

impl From<What> for Deed {
    fn from(what: What) -> Self {
        Self::Fault(what)
    }
}

impl From<Work> for Deed {
    fn from(work: Work) -> Self {
        Self::Chore(work)
    }
}

impl Deed {
    fn is_at(&self, place: Place) -> bool {
        match self {
            Self::Fault(what) => what.is_at(place),
            Self::Chore(work) => work.is_at(place),
        }
    }

    fn cause(&self) -> Cause {
        match self {
            Self::Fault(what) => Cause::Fault(what.into()),
            Self::Chore(work) => Cause::Chore(work.into()),
        }
    }
}

/// What faults have hit, and chores met.
pub struct Hits {
    evidence: Arc<Evidence>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    by_cause: BTreeMap<Cause, u64>,
    /// Faults that were added, by name.
    own: BTreeMap<String, u64>,
    struck: BTreeMap<(Cause, Mark), u64>,
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
    pub fn faults(&self) -> BTreeMap<fault::Kind, u64> {
        let counts = self.counts();
        let faults = counts.by_cause.iter().filter_map(|(cause, count)| match cause {
            Cause::Fault(kind) => Some((*kind, *count)),
            Cause::Chore(_) => None,
        });
        faults.collect()
    }

    /// How many chores of each kind found something to do.
    #[must_use]
    pub fn chores(&self) -> BTreeMap<chore::Kind, u64> {
        let counts = self.counts();
        let chores = counts.by_cause.iter().filter_map(|(cause, count)| match cause {
            Cause::Chore(kind) => Some((*kind, *count)),
            Cause::Fault(_) => None,
        });
        chores.collect()
    }

    /// How many of the faults that were added had something to hit, by name.
    #[must_use]
    pub fn own(&self) -> BTreeMap<String, u64> {
        self.counts().own.clone()
    }

    /// How often each met each phase.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<(Cause, Mark), u64> {
        self.counts().struck.clone()
    }
}

/// One fault or chore that has begun. It counts once, when it first hits something.
pub struct Strike {
    deed: Deed,
    has_hit: AtomicBool,
    hits: Arc<Hits>,
}

impl fmt::Debug for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strike").field("deed", &self.deed).finish_non_exhaustive()
    }
}

impl Strike {
    /// One that has not hit anything yet.
    #[must_use]
    pub fn new(deed: impl Into<Deed>, hits: &Arc<Hits>) -> Arc<Self> {
        Arc::new(Self { deed: deed.into(), has_hit: AtomicBool::new(false), hits: Arc::clone(hits) })
    }

    /// The phases of the machines that it would hit now.
    #[must_use]
    pub fn present(&self) -> BTreeSet<Mark> {
        self.hits.evidence.present(|place| place.parse().is_ok_and(|place| self.deed.is_at(place)))
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
            let cause = self.deed.cause();
            let mut counts = self.hits.counts();
            *counts.by_cause.entry(cause).or_default() += 1;
            if let Deed::Fault(What::Own { fault, .. }) = &self.deed {
                *counts.own.entry(fault.clone()).or_default() += 1;
            }
            for mark in present {
                *counts.struck.entry((cause, mark)).or_default() += 1;
            }
        }
    }
}
