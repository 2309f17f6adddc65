//! What a cell wrote, as people and Jupyter think of it: streams, values in several media types, errors.

use std::collections::BTreeMap;

use crate::content::Content;
use crate::key::OutputKey;
use crate::note::Fields;

/// One output of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Whose it is.
    pub key: OutputKey,
    /// What it is.
    pub form: OutputForm,
    /// Fields of Jupyter's format that stand nowhere else, such as `metadata`.
    pub fields: Fields,
}

impl Output {
    /// An output without further fields.
    #[must_use]
    pub fn new(key: OutputKey, form: OutputForm) -> Self {
        Self { key, form, fields: Fields::new() }
    }
}

/// What an output is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputForm {
    /// Text as a terminal gets it.
    Stream {
        /// Which stream.
        name: StreamName,
        /// The text.
        text: Content,
    },
    /// One value in several media types.
    Value {
        /// Whether it is what the code came to.
        kind: ValueKind,
        /// Media type to value.
        data: BTreeMap<String, Content>,
    },
    /// The code failed.
    Error {
        /// Class of the error.
        name: String,
        /// Its message.
        message: String,
        /// Its traceback; a piece may have several lines.
        traceback: Vec<String>,
    },
    /// An output of Jupyter's that none of these holds without loss: its JSON.
    Json(Content),
}

/// A stream of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl StreamName {
    /// Its name: `stdout` or `stderr`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Why there is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// The value of the last expression.
    Result,
    /// The code displayed it.
    Display,
}
