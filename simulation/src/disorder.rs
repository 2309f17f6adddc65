//! The one place that goes through an unordered map: what the mutation does that the comparison of runs must catch.

#![expect(clippy::disallowed_types, reason = "that its order differs from run to run is the point")]

use std::collections::HashMap;

/// The items in an order that differs from run to run.
pub(crate) fn unordered<T>(items: Vec<T>) -> Vec<T> {
    items.into_iter().enumerate().collect::<HashMap<_, _>>().into_values().collect()
}
