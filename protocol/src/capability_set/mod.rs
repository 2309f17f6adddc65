//! What a node can do, as a set of tags and metadata: what placement looks at.
//!
//! A **tag** says that something is there, or has a value (`hardware.gpu`, `hardware.memory_gb=64`); a key may have several
//! values. **Metadata** maps a key to exactly one text. Both are ordered and bounded. [`CapabilitySet::of`] derives the set
//! of a device from its [`Capabilities`](crate::capability::Capabilities); [`names`] has the tags that have a meaning here.

mod derive;
pub mod names;
mod tag;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::bounded;
use crate::limits::{CAPABILITY_TEXT_MAX, METADATA_KEY_MAX, METADATA_MAX, METADATA_VALUE_MAX, TAGS_MAX};
use crate::predicate::Number;

pub use tag::{Tag, TagError};

/// Tags and metadata of a node, or those that a daemon asks for. The empty set says nothing, and asks for nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct CapabilitySet {
    /// Sorted, without repeats: the tags of one key stand side by side.
    tags: Vec<Tag>,
    /// The fingerprint of each tag's key, in the same order: what a search looks at.
    #[serde(skip)]
    prints: Vec<u64>,
    metadata: BTreeMap<String, String>,
    /// Bytes of all texts.
    #[serde(skip)]
    text: usize,
}

/// Tells most keys apart without a look at them: the last bytes of a key, and its length.
fn fingerprint(key: &str) -> u64 {
    let last = match key.as_bytes() {
        [.., a, b, c, d, e, f, g, h] => [*a, *b, *c, *d, *e, *f, *g, *h],
        short => {
            let mut last = [0; 8];
            last[..short.len()].copy_from_slice(short);
            last
        }
    };
    u64::from_le_bytes(last) ^ ((key.len() as u64) << 56)
}

/// Something that a set cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// Text that is not a tag.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// A tag that only a node's program gives.
    #[error("the tag {tag} says which code a node has; only its program may give it")]
    Reserved {
        /// The tag.
        tag: Tag,
    },
    /// More than [`TAGS_MAX`] tags.
    #[error("more than {TAGS_MAX} tags")]
    TooManyTags,
    /// More than [`METADATA_MAX`] metadata.
    #[error("more than {METADATA_MAX} metadata")]
    TooMuchMetadata,
    /// A key that is empty or longer than [`METADATA_KEY_MAX`] bytes.
    #[error("a key of metadata has {bytes} bytes, not 1 to {METADATA_KEY_MAX}")]
    MetadataKey {
        /// How many.
        bytes: usize,
    },
    /// A value of more than [`METADATA_VALUE_MAX`] bytes.
    #[error("the metadata {key:?} has {bytes} bytes, more than {METADATA_VALUE_MAX}")]
    MetadataValue {
        /// Its key.
        key: String,
        /// How many.
        bytes: usize,
    },
    /// All texts together are more than [`CAPABILITY_TEXT_MAX`] bytes.
    #[error("capabilities of {bytes} bytes are more than {CAPABILITY_TEXT_MAX}")]
    TooMuchText {
        /// How many.
        bytes: usize,
    },
}

/// A set as it travels.
#[derive(Deserialize)]
#[serde(rename = "CapabilitySet")]
struct Form {
    #[serde(deserialize_with = "tags")]
    tags: Vec<Tag>,
    #[serde(deserialize_with = "metadata")]
    metadata: BTreeMap<String, String>,
}

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    bounded::list(deserializer, TAGS_MAX, "tags")
}

fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    bounded::texts(deserializer, METADATA_MAX, "metadata")
}

impl TryFrom<Form> for CapabilitySet {
    type Error = CapabilityError;
    fn try_from(form: Form) -> Result<Self, CapabilityError> {
        let mut set = Self::new();
        for tag in form.tags {
            set.insert(tag)?;
        }
        for (key, value) in form.metadata {
            set.set_metadata(key, value)?;
        }
        Ok(set)
    }
}

impl CapabilitySet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { tags: Vec::new(), prints: Vec::new(), metadata: BTreeMap::new(), text: 0 }
    }

    /// The set with one more tag, given as text.
    ///
    /// # Errors
    /// If the text is not a tag, or the set is full.
    pub fn with_tag(mut self, tag: &str) -> Result<Self, CapabilityError> {
        self.insert(Tag::new(tag)?)?;
        Ok(self)
    }

    /// The set with one more entry of metadata.
    ///
    /// # Errors
    /// As [`Self::set_metadata`].
    pub fn with_metadata(mut self, key: &str, value: &str) -> Result<Self, CapabilityError> {
        self.set_metadata(key, value)?;
        Ok(self)
    }

    /// Adds a tag; `false` if it was there.
    ///
    /// # Errors
    /// If the set is full. It is then as before.
    pub fn insert(&mut self, tag: Tag) -> Result<bool, CapabilityError> {
        // A set that travels comes in order: it is built without a search.
        let at = if self.tags.last().is_none_or(|last| *last < tag) {
            self.tags.len()
        } else {
            match self.tags.binary_search(&tag) {
                Ok(_) => return Ok(false),
                Err(at) => at,
            }
        };
        if self.tags.len() >= TAGS_MAX {
            return Err(CapabilityError::TooManyTags);
        }
        self.text = fits(self.text + tag.as_str().len())?;
        self.prints.insert(at, fingerprint(tag.key()));
        self.tags.insert(at, tag);
        Ok(true)
    }

    /// Takes a tag out; `false` if it was not there.
    pub fn remove(&mut self, tag: &Tag) -> bool {
        let Ok(at) = self.tags.binary_search(tag) else { return false };
        self.prints.remove(at);
        self.text -= self.tags.remove(at).as_str().len();
        true
    }

    /// Sets an entry of metadata; an entry of that key is replaced.
    ///
    /// # Errors
    /// If key or value is too long, or the set is full. It is then as before.
    pub fn set_metadata(&mut self, key: impl Into<String>, value: impl Into<String>) -> Result<(), CapabilityError> {
        let (key, value) = (key.into(), value.into());
        if key.is_empty() || key.len() > METADATA_KEY_MAX {
            return Err(CapabilityError::MetadataKey { bytes: key.len() });
        }
        if value.len() > METADATA_VALUE_MAX {
            return Err(CapabilityError::MetadataValue { key, bytes: value.len() });
        }
        let replaced = self.metadata.get(&key).map(|old| key.len() + old.len());
        if replaced.is_none() && self.metadata.len() >= METADATA_MAX {
            return Err(CapabilityError::TooMuchMetadata);
        }
        self.text = fits(self.text - replaced.unwrap_or(0) + key.len() + value.len())?;
        self.metadata.insert(key, value);
        Ok(())
    }

    /// All tags, in order.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// All metadata, in order.
    #[must_use]
    pub const fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Whether it has the very tag, value and all.
    #[must_use]
    pub fn contains(&self, tag: &Tag) -> bool {
        self.of_key(tag.key()).iter().any(|has| has.value() == tag.value())
    }

    /// The tags of a key.
    #[must_use]
    pub fn of_key(&self, key: &str) -> &[Tag] {
        let print = fingerprint(key);
        let mut from = 0;
        while let Some(found) = self.prints[from..].iter().position(|has| *has == print) {
            let first = from + found;
            let same = self.tags[first..].iter().take_while(|tag| tag.key() == key).count();
            if same > 0 {
                return &self.tags[first..first + same];
            }
            from = first + 1;
        }
        &[]
    }

    /// The largest number among a key's values; `None` if none is a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        self.of_key(key).iter().filter_map(Tag::number).max().map(Number::get)
    }

    /// Whether it has neither tags nor metadata.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.metadata.is_empty()
    }

    /// The first tag of another set that this one lacks.
    #[must_use]
    pub fn missing_tag<'a>(&self, wanted: &'a Self) -> Option<&'a Tag> {
        wanted.tags.iter().find(|tag| !self.contains(tag))
    }

    /// The first metadata of another set that this one lacks or has another value for.
    #[must_use]
    pub fn missing_metadata<'a>(&self, wanted: &'a Self) -> Option<(&'a str, &'a str)> {
        let mut wanted = wanted.metadata.iter();
        wanted.find(|(key, value)| self.metadata.get(*key) != Some(value)).map(|(key, value)| (&**key, &**value))
    }
}

fn fits(bytes: usize) -> Result<usize, CapabilityError> {
    if bytes > CAPABILITY_TEXT_MAX { Err(CapabilityError::TooMuchText { bytes }) } else { Ok(bytes) }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tags, metadata, prints: _, text: _ } = self;
        f.debug_struct("CapabilitySet").field("tags", tags).field("metadata", metadata).finish()
    }
}
