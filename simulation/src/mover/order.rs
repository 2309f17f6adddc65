//! What a mover orders, as plans write it: `live node1`, `copy any`, `drain node0`, or `keep node0`.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};
use wayfare_protocol::control::DrainOrder;
use wayfare_protocol::migration::MoveMode;

use crate::place::Place;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub enum Order {
    /// The daemon goes on elsewhere.
    Move {
        /// At that node, where it is already, maybe; `None`: at the one that fits best.
        to: Option<usize>,
        /// While it goes on, or stopped for that long.
        mode: MoveMode,
    },
    /// A node gives its daemons away, or not after all.
    Drain {
        /// Which.
        node: usize,
        /// Which of the two.
        order: DrainOrder,
    },
}

impl Order {
    /// The node that it names.
    #[must_use]
    pub fn node(self) -> Option<usize> {
        match self {
            Self::Move { to, .. } => to,
            Self::Drain { node, .. } => Some(node),
        }
    }
}

/// Not an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no order: `live node1`, `copy any`, `drain node1` and `keep node1` are")]
pub struct NoOrder(String);

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Move { mode: MoveMode::Live, .. } => "live",
            Self::Move { mode: MoveMode::StopAndCopy, .. } => "copy",
            Self::Drain { order: DrainOrder::Begin, .. } => "drain",
            Self::Drain { order: DrainOrder::Cancel, .. } => "keep",
        };
        match self.node() {
            Some(node) => write!(f, "{word} {}", Place::Node(node)),
            None => write!(f, "{word} any"),
        }
    }
}

impl FromStr for Order {
    type Err = NoOrder;

    fn from_str(text: &str) -> Result<Self, NoOrder> {
        let wrong = || NoOrder(text.to_owned());
        let (word, place) = text.split_once(' ').ok_or_else(wrong)?;
        let node = match (place, place.parse()) {
            ("any", _) => None,
            (_, Ok(Place::Node(node))) => Some(node),
            (_, Ok(Place::Cloud | Place::Person(_)) | Err(_)) => return Err(wrong()),
        };
        match (word, node) {
            ("live", to) => Ok(Self::Move { to, mode: MoveMode::Live }),
            ("copy", to) => Ok(Self::Move { to, mode: MoveMode::StopAndCopy }),
            ("drain", Some(node)) => Ok(Self::Drain { node, order: DrainOrder::Begin }),
            ("keep", Some(node)) => Ok(Self::Drain { node, order: DrainOrder::Cancel }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_they_are_written() {
        for text in ["live node1", "copy node0", "live any", "copy any", "drain node1", "keep node2"] {
            assert_eq!(text.parse::<Order>().map(|order| order.to_string()).as_deref(), Ok(text));
        }
        for wrong in ["live", "fly node1", "live cloud", "copy person0", "live node", "drain any", "keep cloud"] {
            assert_eq!(wrong.parse::<Order>(), Err(NoOrder(wrong.to_owned())));
        }
    }
}
