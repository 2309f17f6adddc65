//! An order to move a daemon, as plans write it: `live node1`, or `copy node0`.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};
use wayfare_protocol::migration::MoveMode;

use crate::place::Place;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct Order {
    /// The node at which the daemon is to go on; where it is already, maybe.
    pub to: usize,
    /// While it goes on, or stopped for that long.
    pub mode: MoveMode,
}

/// Not an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no order: `live node1` and `copy node1` are")]
pub struct NoOrder(String);

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.mode {
            MoveMode::Live => "live",
            MoveMode::StopAndCopy => "copy",
        };
        write!(f, "{word} {}", Place::Node(self.to))
    }
}

impl FromStr for Order {
    type Err = NoOrder;

    fn from_str(text: &str) -> Result<Self, NoOrder> {
        let wrong = || NoOrder(text.to_owned());
        let (word, place) = text.split_once(' ').ok_or_else(wrong)?;
        let mode = match word {
            "live" => MoveMode::Live,
            "copy" => MoveMode::StopAndCopy,
            _ => return Err(wrong()),
        };
        match place.parse() {
            Ok(Place::Node(to)) => Ok(Self { to, mode }),
            Ok(Place::Cloud | Place::Person(_)) | Err(_) => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_they_are_written() {
        for order in [Order { to: 1, mode: MoveMode::Live }, Order { to: 0, mode: MoveMode::StopAndCopy }] {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
        for wrong in ["live", "fly node1", "live cloud", "copy person0", "live node"] {
            assert_eq!(wrong.parse::<Order>(), Err(NoOrder(wrong.to_owned())));
        }
    }
}
