//! Oracles at work in a running process: what they find is counted and logged, and nothing else comes of it.

use std::fmt::Arguments;
use std::sync::{Arc, Mutex, PoisonError};

use wayfare_core::oracle::{Judge, Oracle, Seen, Setting};
use wayfare_core::{EffectMark, Fact, Mark};
use wayfare_protocol::Limits;

use crate::actor::Trace;
use crate::ports::Clock;

/// Counts rules that did not hold, with the oracle's name as its label.
pub const VIOLATIONS: &str = "wayfare_invariant_violations_total";

/// Judges the facts of one process in bounded memory, and passes everything on to another trace, if there is one.
pub struct Watch {
    place: String,
    clock: Arc<dyn Clock>,
    judge: Mutex<Judge>,
    onward: Option<Arc<dyn Trace>>,
}

impl Watch {
    /// Watches a process of that name, which keeps these bounds. Every count begins at 0.
    #[must_use]
    pub fn new(place: &str, limits: &Limits, clock: Arc<dyn Clock>, onward: Option<Arc<dyn Trace>>) -> Self {
        for oracle in Oracle::all() {
            metrics::counter!(VIOLATIONS, "oracle" => oracle.name()).absolute(0);
        }
        let judge = Mutex::new(Judge::new(&Setting::of_process(limits.clone())));
        Self { place: place.to_owned(), clock, judge, onward }
    }
}

impl Trace for Watch {
    fn note(&self, actor: &str, what: Arguments<'_>) {
        if let Some(onward) = &self.onward {
            onward.note(actor, what);
        }
    }

    fn fact(&self, actor: &str, fact: &Fact) {
        let seen = Seen { at: self.clock.now().boot.0, place: &self.place, fact };
        let violations = self.judge.lock().unwrap_or_else(PoisonError::into_inner).observe(seen);
        for violation in violations {
            metrics::counter!(VIOLATIONS, "oracle" => violation.oracle.name()).increment(1);
            tracing::error!(
                oracle = violation.oracle.name(),
                actor,
                detail = violation.detail,
                "an invariant is violated"
            );
        }
        if let Some(onward) = &self.onward {
            onward.fact(actor, fact);
        }
    }

    fn compares_events(&self) -> bool {
        self.onward.as_ref().is_some_and(|onward| onward.compares_events())
    }

    fn marks(&self, actor: &str, marks: &[Mark]) {
        if let Some(onward) = &self.onward {
            onward.marks(actor, marks);
        }
    }

    fn decides(&self, effect: EffectMark) {
        if let Some(onward) = &self.onward {
            onward.decides(effect);
        }
    }

    fn wants_marks(&self) -> bool {
        self.onward.as_ref().is_some_and(|onward| onward.wants_marks())
    }
}
