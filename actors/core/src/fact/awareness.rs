//! Who looks at a document just now, which is told and never kept.

use serde::{Deserialize, Serialize};
use wayfare_protocol::DocumentId;

/// Something about awareness. A mark is a word that nobody shows twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awareness {
    /// A person shows where they are in a document.
    Shown {
        /// Which document.
        document: DocumentId,
        /// What they show.
        mark: u64,
    },
    /// A person sees where others are.
    Seen {
        /// In which document.
        document: DocumentId,
        /// What those show.
        marks: Vec<u64>,
    },
    /// When everybody has left and nothing more is under way, a person sees where others are.
    Left {
        /// In which document.
        document: DocumentId,
        /// What those show.
        marks: Vec<u64>,
    },
    /// A disk is given something to keep.
    Stored {
        /// What is shown by somebody and is in that.
        marks: Vec<u64>,
    },
}
