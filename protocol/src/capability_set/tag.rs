//! A tag: one thing that a node says it has, as text: `hardware.gpu` or `hardware.memory_gb=64`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::limits::TAG_MAX;
use crate::predicate::Number;

/// A key, alone (it is there) or with a value (`key=value`). Text up to [`TAG_MAX`] bytes, without control characters, and
/// without white space at the ends of key and value. The first `=` ends the key.
///
/// Tags order by key, then by value: those of one key stand side by side in a set.
#[derive(Clone, PartialEq, Eq)]
pub struct Tag {
    text: Box<str>,
    /// Bytes of the key; the whole text for a tag without a value.
    key: u16,
    /// What the value is as a number: read once, asked for often.
    number: Option<Number>,
}

/// Text that is not a tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// Nothing stands before the `=`, or nothing at all.
    #[error("the tag {text:?} has no key")]
    NoKey {
        /// The text.
        text: String,
    },
    /// Nothing stands behind the `=`.
    #[error("the tag {text:?} has an empty value; leave out the = to say that it is there")]
    NoValue {
        /// The text.
        text: String,
    },
    /// A key that is given apart from its value contains `=`.
    #[error("the key {key:?} of a tag contains =")]
    EqualsInKey {
        /// The key.
        key: String,
    },
    /// More than [`TAG_MAX`] bytes.
    #[error("a tag of {bytes} bytes is longer than {TAG_MAX}")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// A control character, or white space at an end of key or value.
    #[error("the tag {text:?} has a control character, or white space at an end of its key or value")]
    Untidy {
        /// The text.
        text: String,
    },
}

impl Tag {
    /// A tag from its text, `key` or `key=value`.
    ///
    /// # Errors
    /// If the text is not a tag.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, TagError> {
        let text = text.into();
        if text.len() > TAG_MAX {
            return Err(TagError::TooLong { bytes: text.len() });
        }
        let (key, value) = text.split_once('=').map_or((&*text, None), |(key, value)| (key, Some(value)));
        if key.is_empty() {
            return Err(TagError::NoKey { text: text.into() });
        }
        if value == Some("") {
            return Err(TagError::NoValue { text: text.into() });
        }
        let untidy = |part: &str| part.trim() != part;
        if text.chars().any(char::is_control) || untidy(key) || value.is_some_and(untidy) {
            return Err(TagError::Untidy { text: text.into() });
        }
        let number = value.and_then(Number::parse);
        let key = u16::try_from(key.len()).map_err(|_| TagError::TooLong { bytes: text.len() })?;
        Ok(Self { text, key, number })
    }

    /// A tag with a value.
    ///
    /// # Errors
    /// If key and value do not make a tag.
    pub fn with_value(key: &str, value: impl fmt::Display) -> Result<Self, TagError> {
        if key.contains('=') {
            return Err(TagError::EqualsInKey { key: key.to_owned() });
        }
        Self::new(format!("{key}={value}"))
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the first `=`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.text[..usize::from(self.key)]
    }

    /// What stands behind it; `None` for a tag that only says that its key is there.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.text.get(usize::from(self.key) + 1..)
    }

    /// The value as a number, if it is one.
    #[must_use]
    pub const fn number(&self) -> Option<Number> {
        self.number
    }
}

impl Ord for Tag {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key()).then_with(|| self.value().cmp(&other.value()))
    }
}

impl PartialOrd for Tag {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({:?})", self.text)
    }
}

impl FromStr for Tag {
    type Err = TagError;
    fn from_str(text: &str) -> Result<Self, TagError> {
        Self::new(text)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
