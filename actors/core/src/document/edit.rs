//! Changes to a document.

/// A change made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces a piece of the text.
    Splice {
        /// Byte at which it begins; on the boundary of a character.
        at: usize,
        /// Bytes that go.
        delete: usize,
        /// What comes in their place.
        insert: String,
    },
    /// Sets an entry of a map.
    Put {
        /// The map.
        map: String,
        /// The entry.
        key: String,
        /// Its text.
        value: String,
    },
    /// Sets an entry of a map to a plain object, as a whole.
    PutObject {
        /// The map.
        map: String,
        /// The entry.
        key: String,
        /// Its fields.
        fields: Vec<(&'static str, Field)>,
    },
    /// Takes an entry out of a map, if it is there. What others put there meanwhile stays.
    Remove {
        /// The map.
        map: String,
        /// The entry.
        key: String,
    },
}

/// What a field of an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Not known.
    Null,
    /// A text.
    Text(String),
    /// A number. Readers that count in floating point have it exactly below 2^53.
    Number(u64),
}

impl Field {
    fn weight(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Text(text) => text.len(),
            Self::Number(_) => 8,
        }
    }
}

impl Edit {
    /// Bytes by which it makes the history longer, at least.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Splice { insert, .. } => insert.len(),
            Self::Put { key, value, .. } => key.len() + value.len(),
            Self::PutObject { key, fields, .. } => {
                key.len() + fields.iter().map(|(name, field)| name.len() + field.weight()).sum::<usize>()
            }
            Self::Remove { .. } => 0,
        }
    }
}

/// An edit that does not fit the document as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A splice beyond the text, or within a character.
    #[error("bytes {at}..{end} are not a piece of a text of {length} bytes")]
    OutOfText {
        /// Where it begins.
        at: usize,
        /// Where it ends.
        end: usize,
        /// Bytes of the text.
        length: usize,
    },
}
