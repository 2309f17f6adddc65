//! Predicates: what a daemon asks of a node's [`CapabilitySet`], as a tree of clauses joined by and, or, not.
//!
//! A **clause** looks at the tags of a key, or at the metadata of a key, and holds if one of its values meets the condition.
//!
//! | condition | holds for a value that |
//! |---|---|
//! | `Exists` | is there; a tag without a value is enough |
//! | `Equals` | is that text |
//! | `NumericAtLeast`, `NumericAtMost`, `NumericInRange` | is a finite decimal number there, ends included |
//! | `SemverAtLeast`, `SemverAtMost`, `SemverCompatible` | is a version there ([`Version`]) |
//! | `StringPrefix`, `StringMatches` | begins with, contains the text |
//!
//! A tag without a value meets `Exists` and nothing else. A value that is not a number meets no numeric condition, one that is
//! no version no condition of versions: such a clause is false and never an error. An empty `And` holds, an empty `Or` does not.
//!
//! Evaluation is pure. [`Predicate::plan`] puts cheap clauses first without changing any result, [`Predicate::explain`] says
//! what held and why, and the wire form is a flat list in which every node is used once (`wire.rs`).

mod condition;
mod explain;
mod number;
mod plan;
#[cfg(test)]
mod tests;
mod version;
mod wire;

use std::fmt;

use crate::capability_set::CapabilitySet;

pub use condition::Condition;
pub use explain::{Outcome, Trace};
pub use number::{NotFinite, Number};
pub use version::{NotAVersion, Version};
pub use wire::{PredicateError, PredicateNode};

/// A condition on a capability set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// One condition on one key.
    Clause(Clause),
    /// All of them hold.
    And(Vec<Predicate>),
    /// One of them holds.
    Or(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
}

/// One condition on the values of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Where it looks.
    pub subject: Subject,
    /// The key.
    pub key: String,
    /// What a value must be.
    pub condition: Condition,
}

/// Where a clause looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The tags of the key, of which there may be several.
    Tags,
    /// The one text of the key in the metadata.
    Metadata,
}

impl Clause {
    /// Whether one of the key's values meets the condition.
    #[must_use]
    pub fn holds(&self, set: &CapabilitySet) -> bool {
        match self.subject {
            Subject::Tags => set.of_key(&self.key).iter().any(|tag| self.condition.met_by_tag(tag)),
            Subject::Metadata => set.metadata().get(&self.key).is_some_and(|value| self.condition.met_by_text(value)),
        }
    }
}

impl Predicate {
    /// Whether it holds for a set.
    #[must_use]
    pub fn holds(&self, set: &CapabilitySet) -> bool {
        match self {
            Self::Clause(clause) => clause.holds(set),
            Self::And(all) => all.iter().all(|one| one.holds(set)),
            Self::Or(any) => any.iter().any(|one| one.holds(set)),
            Self::Not(one) => !one.holds(set),
        }
    }

    /// A condition on the tags of a key.
    #[must_use]
    pub fn tag(key: &str, condition: Condition) -> Self {
        Self::Clause(Clause { subject: Subject::Tags, key: key.to_owned(), condition })
    }

    /// A condition on the metadata of a key.
    #[must_use]
    pub fn metadata(key: &str, condition: Condition) -> Self {
        Self::Clause(Clause { subject: Subject::Metadata, key: key.to_owned(), condition })
    }

    /// A tag of the key is there, with or without a value.
    #[must_use]
    pub fn exists(key: &str) -> Self {
        Self::tag(key, Condition::Exists)
    }

    /// The tag `key=value` is there.
    #[must_use]
    pub fn equals(key: &str, value: &str) -> Self {
        Self::tag(key, Condition::Equals(value.to_owned()))
    }

    /// A value of the key is a number, and at least this one.
    #[must_use]
    pub fn numeric_at_least(key: &str, number: impl Into<Number>) -> Self {
        Self::tag(key, Condition::NumericAtLeast(number.into()))
    }

    /// Its opposite: what holds where this one does not.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// How many nodes it has.
    #[must_use]
    pub fn nodes(&self) -> usize {
        1 + match self {
            Self::Clause(_) => 0,
            Self::And(children) | Self::Or(children) => children.iter().map(Self::nodes).sum(),
            Self::Not(child) => child.nodes(),
        }
    }
}

/// `hardware.memory_gb >= 64`, `metadata owner = "ops"`.
impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject {
            Subject::Tags => {}
            Subject::Metadata => f.write_str("metadata ")?,
        }
        f.write_str(&self.key)?;
        self.condition.fmt(f)
    }
}

/// For people: `hardware.gpu and (hardware.memory_gb >= 64 or not scope:home)`.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clause(clause) => clause.fmt(f),
            Self::And(all) => joined(f, all, " and ", "always"),
            Self::Or(any) => joined(f, any, " or ", "never"),
            Self::Not(one) => {
                f.write_str("not ")?;
                bracketed(f, one)
            }
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, children: &[Predicate], word: &str, none: &str) -> fmt::Result {
    let Some((first, rest)) = children.split_first() else { return f.write_str(none) };
    bracketed(f, first)?;
    for child in rest {
        f.write_str(word)?;
        bracketed(f, child)?;
    }
    Ok(())
}

/// Brackets stand around whatever joins several predicates.
fn bracketed(f: &mut fmt::Formatter<'_>, predicate: &Predicate) -> fmt::Result {
    match predicate {
        Predicate::And(children) | Predicate::Or(children) if !children.is_empty() => write!(f, "({predicate})"),
        Predicate::Clause(_) | Predicate::Not(_) | Predicate::And(_) | Predicate::Or(_) => write!(f, "{predicate}"),
    }
}
