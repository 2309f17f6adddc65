//! Oracles: what must hold of every run of the world, judged from the evidence at its end.

mod events;
mod kept;
mod once;
mod serves;

use crate::evidence::Facts;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oracle {
    /// A run is started at most once per attempt.
    Once,
    /// Events of a run are gapless, in order, and equal for everybody.
    Events,
    /// An acknowledged run is never lost.
    Kept,
    /// When faults have ended, everything is served again.
    Serves,
}

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub oracle: Oracle,
    /// What was seen.
    pub detail: String,
}

impl Oracle {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Once, Self::Events, Self::Kept, Self::Serves];

    /// Judges.
    #[must_use]
    pub fn judge(self, facts: &Facts) -> Vec<Violation> {
        let details = match self {
            Self::Once => once::judge(facts),
            Self::Events => events::judge(facts),
            Self::Kept => kept::judge(facts),
            Self::Serves => serves::judge(facts),
        };
        details.into_iter().map(|detail| Violation { oracle: self, detail }).collect()
    }
}
