//! What a value must be.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::capability_set::Tag;

use super::{Number, Version};

/// A condition on one value. The table of the module says when it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// It is there.
    Exists,
    /// It is this text.
    Equals(String),
    /// It is a number, at least this one.
    NumericAtLeast(Number),
    /// It is a number, at most this one.
    NumericAtMost(Number),
    /// It is a number between two, both included; none is if they are the wrong way round.
    NumericInRange {
        /// The least.
        from: Number,
        /// The most.
        through: Number,
    },
    /// It is a version, this one or later.
    SemverAtLeast(Version),
    /// It is a version, this one or earlier.
    SemverAtMost(Version),
    /// It is a version that can stand for this one: [`Version::compatible_with`].
    SemverCompatible(Version),
    /// It begins with this text.
    StringPrefix(String),
    /// It contains this text.
    StringMatches(String),
}

impl Condition {
    /// Whether a text meets it.
    #[must_use]
    pub fn met_by_text(&self, text: &str) -> bool {
        self.met(Some(text), || Number::parse(text))
    }

    /// Whether a tag of the key meets it.
    #[must_use]
    pub fn met_by_tag(&self, tag: &Tag) -> bool {
        self.met(tag.value(), || tag.number())
    }

    /// `None` is a tag without a value.
    fn met(&self, value: Option<&str>, number: impl FnOnce() -> Option<Number>) -> bool {
        let Some(value) = value else { return matches!(self, Self::Exists) };
        match self {
            Self::Exists => true,
            Self::Equals(wanted) => value == wanted,
            Self::NumericAtLeast(least) => number().is_some_and(|has| has >= *least),
            Self::NumericAtMost(most) => number().is_some_and(|has| has <= *most),
            Self::NumericInRange { from, through } => number().is_some_and(|has| *from <= has && has <= *through),
            Self::SemverAtLeast(least) => Version::parse(value).is_some_and(|has| has.at_least(least)),
            Self::SemverAtMost(most) => Version::parse(value).is_some_and(|has| most.at_least(&has)),
            Self::SemverCompatible(wanted) => Version::parse(value).is_some_and(|has| has.compatible_with(wanted)),
            Self::StringPrefix(prefix) => value.starts_with(prefix.as_str()),
            Self::StringMatches(part) => value.contains(part.as_str()),
        }
    }

    /// Bytes of the texts in it.
    pub(super) fn text(&self) -> usize {
        match self {
            Self::Equals(text) | Self::StringPrefix(text) | Self::StringMatches(text) => text.len(),
            Self::SemverAtLeast(version) | Self::SemverAtMost(version) | Self::SemverCompatible(version) => {
                version.to_string().len()
            }
            Self::Exists | Self::NumericAtLeast(_) | Self::NumericAtMost(_) | Self::NumericInRange { .. } => 0,
        }
    }
}

/// What stands behind the key: nothing, ` >= 64`, ` begins with "RTX"`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => Ok(()),
            Self::Equals(text) => write!(f, " = {text:?}"),
            Self::NumericAtLeast(number) => write!(f, " >= {number}"),
            Self::NumericAtMost(number) => write!(f, " <= {number}"),
            Self::NumericInRange { from, through } => write!(f, " in {from}..={through}"),
            Self::SemverAtLeast(version) => write!(f, " >= v{version}"),
            Self::SemverAtMost(version) => write!(f, " <= v{version}"),
            Self::SemverCompatible(version) => write!(f, " ^ v{version}"),
            Self::StringPrefix(text) => write!(f, " begins with {text:?}"),
            Self::StringMatches(text) => write!(f, " contains {text:?}"),
        }
    }
}
