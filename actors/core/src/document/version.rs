//! Versions of a document: what its text was. A version's text is an asset; the list of them is the map [`VERSIONS`] of a document of
//! its own, whose id follows from the document's ([`DocumentId::versions`](wayfare_protocol::DocumentId::versions)).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use wayfare_protocol::{AssetId, Wall};

use super::{Body, Edit};

/// The map of versions: `<milliseconds>-<first digits of the id>`, so that they are in the order of their times, to what they are.
pub const VERSIONS: &str = "versions";

/// Digits of an id in a key: two places may make a version in the same millisecond.
const KEY_DIGITS: usize = 8;

/// Lines that are not as in the version before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Lines that came.
    pub added: u64,
    /// Lines that went.
    pub removed: u64,
}

/// One of them: in the map as `<id> <bytes>`, and then perhaps `<lines that came> <lines that went>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// When it was taken, by the clock of whoever took it.
    pub at: Wall,
    /// Its text.
    pub asset: AssetId,
    /// Bytes of that.
    pub size: u64,
    /// What changed since the version before; `None`: it is not known yet.
    pub lines: Option<Lines>,
}

impl Version {
    /// The versions that a list has, the oldest first. What cannot be read is left out.
    #[must_use]
    pub fn all(entries: &BTreeMap<String, String>) -> Vec<Self> {
        let read = |(key, value): (&String, &String)| -> Option<Self> {
            let (at, _) = key.split_once('-')?;
            let words: Words = value.parse().ok()?;
            let version = Self { at: Wall(at.parse().ok()?), asset: words.asset, size: words.size, lines: words.lines };
            (version.key() == *key).then_some(version)
        };
        entries.iter().filter_map(read).collect()
    }

    /// Those of a list's history.
    #[must_use]
    pub fn all_of(list: &Body) -> Vec<Self> {
        Self::all(&list.entries(VERSIONS))
    }

    /// What it is called in the map.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{:013}-{}", self.at.0, self.short())
    }

    /// What a person calls it: the first digits of its text's id. Versions of one name have one text.
    #[must_use]
    pub fn short(&self) -> String {
        self.asset.to_string()[..KEY_DIGITS].to_owned()
    }

    /// The edit of the list by which it is in it.
    #[must_use]
    pub fn put(&self) -> Edit {
        let mut value = format!("{} {}", self.asset, self.size);
        if let Some(Lines { added, removed }) = self.lines {
            value.push_str(&format!(" {added} {removed}"));
        }
        Edit::Put { map: VERSIONS.to_owned(), key: self.key(), value }
    }

    /// The edit by which it is not any more.
    #[must_use]
    pub fn removal(&self) -> Edit {
        Edit::Remove { map: VERSIONS.to_owned(), key: self.key() }
    }
}

/// What an entry says.
struct Words {
    asset: AssetId,
    size: u64,
    lines: Option<Lines>,
}

/// Text that says nothing of a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a version's id and bytes")]
struct WordsError(String);

impl FromStr for Words {
    type Err = WordsError;
    fn from_str(text: &str) -> Result<Self, WordsError> {
        let words: Vec<&str> = text.split(' ').collect();
        let read = || {
            let (asset, size, lines) = match words.as_slice() {
                [asset, size] => (asset, size, None),
                [asset, size, added, removed] => {
                    (asset, size, Some(Lines { added: added.parse().ok()?, removed: removed.parse().ok()? }))
                }
                _ => return None,
            };
            Some(Self { asset: asset.parse().ok()?, size: size.parse().ok()?, lines })
        };
        read().ok_or_else(|| WordsError(text.to_owned()))
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{} -{}", self.added, self.removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(at: u64, text: &str, lines: Option<Lines>) -> Version {
        Version { at: Wall(at), asset: AssetId::of(text.as_bytes()), size: text.len() as u64, lines }
    }

    #[test]
    fn a_list_says_the_versions_that_were_put_there_in_the_order_of_their_times() {
        let mut list = Body::new(1);
        let first = version(999, "one", None);
        let second = version(1_750_000_000_000, "two", Some(Lines { added: 2, removed: 1 }));
        list.edit(&[second.put(), first.put()]).unwrap();
        assert_eq!(Version::all_of(&list), [first.clone(), second.clone()]);
        list.edit(&[first.removal()]).unwrap();
        assert_eq!(Version::all_of(&list), [second]);
    }

    #[test]
    fn what_is_no_version_is_left_out() {
        let good = version(5, "one", None);
        let id = good.asset.to_string();
        let key = good.key();
        for (key, value) in [
            (key.as_str(), ""),
            (&key, &id),
            (&key, &format!("{id} x")),
            (&key, &format!("{id} 3 1")),
            (&key, &format!("{id} 3 1 2 3")),
            ("5-00000000", &format!("{id} 3")),
            ("x", &format!("{id} 3")),
        ] {
            let entries = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            assert_eq!(Version::all(&entries), [], "{key}: {value}");
        }
    }
}
