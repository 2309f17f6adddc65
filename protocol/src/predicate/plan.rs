//! Which clauses to look at first.

use super::{Clause, Condition, Predicate, Subject};

impl Predicate {
    /// The same predicate with the children of every `And` and `Or` in order of their static cost, equals as they stood. What
    /// it holds for does not change: clauses are pure, and never fail.
    #[must_use]
    pub fn plan(self) -> Self {
        match self {
            Self::Clause(_) => self,
            Self::And(children) => Self::And(planned(children)),
            Self::Or(children) => Self::Or(planned(children)),
            Self::Not(child) => Self::Not(Box::new(child.plan())),
        }
    }

    /// What it takes at most, in units of a comparison of short texts.
    fn cost(&self) -> u32 {
        match self {
            Self::Clause(clause) => clause.cost(),
            Self::And(children) | Self::Or(children) => children.iter().map(Self::cost).fold(1, u32::saturating_add),
            Self::Not(child) => child.cost(),
        }
    }
}

fn planned(children: Vec<Predicate>) -> Vec<Predicate> {
    let mut children: Vec<_> = children.into_iter().map(Predicate::plan).collect();
    children.sort_by_cached_key(Predicate::cost);
    children
}

impl Clause {
    /// Finding the key, and then what a value costs. Metadata are few and have one value.
    fn cost(&self) -> u32 {
        let find = match self.subject {
            Subject::Metadata => 2,
            Subject::Tags => 4,
        };
        find + match self.condition {
            Condition::Exists => 0,
            Condition::Equals(_) | Condition::StringPrefix(_) => 1,
            Condition::NumericAtLeast(_) | Condition::NumericAtMost(_) | Condition::NumericInRange { .. } => 3,
            Condition::StringMatches(_) => 6,
            Condition::SemverAtLeast(_) | Condition::SemverAtMost(_) | Condition::SemverCompatible(_) => 8,
        }
    }
}
