//! A value of an output: in the document, or in a file beside it.

/// A value of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text in the document. JSON is its text.
    Text(String),
    /// A file: its path from the document.
    Link(String),
}
