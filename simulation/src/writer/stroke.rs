//! What a writer does, as plans write it: `type`, `erase`, `attach`, `show 5000`, or `leave 5000`.

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
    /// Brings a file that is no document, and writes a mark with a link to it.
    Attach,
    /// Has the document open in an editor for so long, and shows where they are.
    Show(Duration),
    /// Leaves, with everything that their device has of the document, and comes back after that time, with nothing.
    Leave(Duration),
}

/// Not a stroke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is nothing that a writer does: `type`, `erase`, `attach`, `show 5000` and `leave 5000` (milliseconds) are"
)]
pub struct NoStroke(String);

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => f.write_str("type"),
            Self::Erase => f.write_str("erase"),
            Self::Attach => f.write_str("attach"),
            Self::Show(lasts) => write!(f, "show {}", lasts.as_millis()),
            Self::Leave(lasts) => write!(f, "leave {}", lasts.as_millis()),
        }
    }
}

impl FromStr for Stroke {
    type Err = NoStroke;

    fn from_str(text: &str) -> Result<Self, NoStroke> {
        let lasts = |ms: &str| ms.parse().map(Duration::from_millis).map_err(|_| NoStroke(text.to_owned()));
        match (text, text.split_once(' ')) {
            ("type", _) => Ok(Self::Type),
            ("erase", _) => Ok(Self::Erase),
            ("attach", _) => Ok(Self::Attach),
            (_, Some(("show", ms))) => lasts(ms).map(Self::Show),
            (_, Some(("leave", ms))) => lasts(ms).map(Self::Leave),
            _ => Err(NoStroke(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_reads_back() {
        let lasts = Duration::from_millis(5);
        for stroke in [Stroke::Type, Stroke::Erase, Stroke::Attach, Stroke::Show(lasts), Stroke::Leave(lasts)] {
            assert_eq!(stroke.to_string().parse(), Ok(stroke));
        }
        for wrong in ["", "leave", "leave soon", "type 3", "erases"] {
            assert!(wrong.parse::<Stroke>().is_err(), "{wrong:?}");
        }
    }
}
