//! Numbers of predicates: finite, and so ordered.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A finite number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Number(f64);

/// Infinity, or not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of a predicate is not finite")]
pub struct NotFinite;

impl Number {
    /// A number.
    ///
    /// # Errors
    /// If it is not finite.
    pub fn new(number: f64) -> Result<Self, NotFinite> {
        // Adding zero turns -0 into 0, so that equal numbers have equal bytes.
        if number.is_finite() { Ok(Self(number + 0.0)) } else { Err(NotFinite) }
    }

    /// The number that a text is: decimal digits, with a sign, a point and an exponent where needed. `None` for anything
    /// else, white space and other words for numbers included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(text.parse().ok()?).ok()
    }

    /// Its value.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Number {}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<f64> for Number {
    type Error = NotFinite;
    fn try_from(number: f64) -> Result<Self, NotFinite> {
        Self::new(number)
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> Self {
        number.0
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
