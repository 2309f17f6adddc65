//! What a program does in a bound folder, as plans write it: `type`, `rename`, `remove`, `picture`, or `wait 5000`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub enum FileStroke {
    /// Writes a mark somewhere in a document's file, or into a new one.
    Type,
    /// Gives a document's file another name.
    Rename,
    /// Removes a document's file.
    Remove,
    /// Writes a file that is no document, over an earlier one or anew.
    Picture,
    /// Does nothing for so long.
    Wait(Duration),
}

/// Not one of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is nothing that is done in a folder: `type`, `rename`, `remove`, `picture` and `wait 5000` (milliseconds) are"
)]
pub struct NoFileStroke(String);

impl fmt::Display for FileStroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => f.write_str("type"),
            Self::Rename => f.write_str("rename"),
            Self::Remove => f.write_str("remove"),
            Self::Picture => f.write_str("picture"),
            Self::Wait(lasts) => write!(f, "wait {}", lasts.as_millis()),
        }
    }
}

impl FromStr for FileStroke {
    type Err = NoFileStroke;

    fn from_str(text: &str) -> Result<Self, NoFileStroke> {
        match text {
            "type" => Ok(Self::Type),
            "rename" => Ok(Self::Rename),
            "remove" => Ok(Self::Remove),
            "picture" => Ok(Self::Picture),
            _ => {
                let ms = text.strip_prefix("wait ").and_then(|ms| ms.parse().ok());
                ms.map(|ms| Self::Wait(Duration::from_millis(ms))).ok_or_else(|| NoFileStroke(text.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_reads_back() {
        let wait = FileStroke::Wait(Duration::from_millis(5));
        for stroke in [FileStroke::Type, FileStroke::Rename, FileStroke::Remove, FileStroke::Picture, wait] {
            assert_eq!(stroke.to_string().parse(), Ok(stroke));
        }
        for wrong in ["", "wait", "wait long", "type 3", "paint"] {
            assert!(wrong.parse::<FileStroke>().is_err(), "{wrong:?}");
        }
    }
}
