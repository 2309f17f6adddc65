//! Why a predicate holds for a set, or does not.

use std::fmt;

use crate::capability_set::CapabilitySet;

use super::{Clause, Predicate, Subject};

/// What became of each node of a predicate, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The clause as text, or `and`, `or`, `not`.
    pub what: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Of a clause: what the set has for its key.
    pub found: Vec<String>,
    /// Of the others: their children, in order.
    pub children: Vec<Trace>,
}

/// What became of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// Not looked at: what came before it had decided.
    Skipped,
}

impl Outcome {
    const fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

impl Predicate {
    /// What became of each node, evaluated in the same order and with the same result as [`Predicate::holds`].
    #[must_use]
    pub fn explain(&self, set: &CapabilitySet) -> Trace {
        match self {
            Self::Clause(clause) => Trace {
                what: clause.to_string(),
                outcome: Outcome::of(clause.holds(set)),
                found: clause.found(set),
                children: Vec::new(),
            },
            Self::And(children) => joined("and", children, set, Outcome::Fails),
            Self::Or(children) => joined("or", children, set, Outcome::Holds),
            Self::Not(child) => {
                let child = child.explain(set);
                let outcome = Outcome::of(child.outcome == Outcome::Fails);
                Trace { what: "not".to_owned(), outcome, found: Vec::new(), children: vec![child] }
            }
        }
    }

    fn skipped(&self) -> Trace {
        let (what, children) = match self {
            Self::Clause(clause) => (clause.to_string(), &[][..]),
            Self::And(children) => ("and".to_owned(), &children[..]),
            Self::Or(children) => ("or".to_owned(), &children[..]),
            Self::Not(child) => ("not".to_owned(), std::slice::from_ref(&**child)),
        };
        let children = children.iter().map(Self::skipped).collect();
        Trace { what, outcome: Outcome::Skipped, found: Vec::new(), children }
    }
}

/// Children in order until one decides.
fn joined(what: &str, children: &[Predicate], set: &CapabilitySet, decides: Outcome) -> Trace {
    let mut outcome = Outcome::of(decides == Outcome::Fails);
    let mut traces = Vec::with_capacity(children.len());
    for child in children {
        if outcome == decides {
            traces.push(child.skipped());
        } else {
            let trace = child.explain(set);
            outcome = trace.outcome;
            traces.push(trace);
        }
    }
    Trace { what: what.to_owned(), outcome, found: Vec::new(), children: traces }
}

impl Clause {
    fn found(&self, set: &CapabilitySet) -> Vec<String> {
        match self.subject {
            Subject::Tags => set.of_key(&self.key).iter().map(ToString::to_string).collect(),
            Subject::Metadata => {
                set.metadata().get(&self.key).map(|value| format!("{}={value}", self.key)).into_iter().collect()
            }
        }
    }
}

/// One line for each node, children further in.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line(f, 0)
    }
}

impl Trace {
    fn line(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Holds => "yes",
            Outcome::Fails => "no ",
            Outcome::Skipped => "-  ",
        };
        write!(f, "{mark} {:depth$}{}", "", self.what, depth = 2 * depth)?;
        if !self.found.is_empty() {
            write!(f, "  (has {})", self.found.join(", "))?;
        }
        writeln!(f)?;
        self.children.iter().try_for_each(|child| child.line(f, depth + 1))
    }
}
