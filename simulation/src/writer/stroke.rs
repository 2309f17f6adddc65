//! What a writer does, as plans write it: `type`, `erase`, or `leave 5000`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub enum Stroke {
    /// Writes a mark somewhere in the text, and waits until it is kept.
    Type,
    /// Takes the oldest of their own marks out.
    Erase,
    /// Leaves, with everything that their device has of the document, and comes back after that time, with nothing.
    Leave(Duration),
}

/// Not a stroke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing that a writer does: `type`, `erase` and `leave 5000` (milliseconds) are")]
pub struct NoStroke(String);

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => f.write_str("type"),
            Self::Erase => f.write_str("erase"),
            Self::Leave(lasts) => write!(f, "leave {}", lasts.as_millis()),
        }
    }
}

impl FromStr for Stroke {
    type Err = NoStroke;

    fn from_str(text: &str) -> Result<Self, NoStroke> {
        let wrong = || NoStroke(text.to_owned());
        match text.split_once(' ') {
            None if text == "type" => Ok(Self::Type),
            None if text == "erase" => Ok(Self::Erase),
            Some(("leave", ms)) => ms.parse().map(Duration::from_millis).map(Self::Leave).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_reads_back() {
        for stroke in [Stroke::Type, Stroke::Erase, Stroke::Leave(Duration::from_millis(5))] {
            assert_eq!(stroke.to_string().parse(), Ok(stroke));
        }
        for wrong in ["", "leave", "leave soon", "type 3", "erases"] {
            assert!(wrong.parse::<Stroke>().is_err(), "{wrong:?}");
        }
    }
}
