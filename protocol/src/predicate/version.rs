//! Versions as people write them, in the order of Semantic Versioning.

use std::fmt;
use std::str::FromStr;

use semver::{Comparator, Op, Prerelease};
use serde::{Deserialize, Serialize};

use crate::limits::TAG_MAX;

/// A version of one to three numbers: `3`, `3.11`, `v1.2.3-rc.1+build`. Parts that are left out count as 0. A leading `v`,
/// zeros before a number and the build are ignored; what follows the first `-` is a pre-release and comes before its release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    full: semver::Version,
    /// How many numbers were given, 1 to 3.
    given: u8,
}

/// Text that is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version of one to three numbers")]
pub struct NotAVersion {
    text: String,
}

impl Version {
    /// Reads a version; `None` for anything that is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(before, _build)| before);
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let (mut parts, mut given) = ([0_u64; 3], 0_u8);
        for number in numbers.split('.') {
            // `parse` alone would take a sign.
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *parts.get_mut(usize::from(given))? = number.parse().ok()?;
            given += 1;
        }
        let [major, minor, patch] = parts;
        let mut full = semver::Version::new(major, minor, patch);
        if let Some(pre) = pre {
            full.pre = Prerelease::new(pre).ok().filter(|pre| !pre.is_empty())?;
        }
        Some(Self { full, given })
    }

    /// Whether it comes before no part of the other: equal or later.
    #[must_use]
    pub fn at_least(&self, other: &Self) -> bool {
        self.full.cmp_precedence(&other.full).is_ge()
    }

    /// Whether it can stand for the wanted one: not older, and the first number that is not 0 is the same (`^` of
    /// Cargo). A pre-release stands only for pre-releases of the same three numbers, and what follows within the rule.
    #[must_use]
    pub fn compatible_with(&self, wanted: &Self) -> bool {
        let caret = Comparator {
            op: Op::Caret,
            major: wanted.full.major,
            minor: (wanted.given > 1).then_some(wanted.full.minor),
            patch: (wanted.given > 2).then_some(wanted.full.patch),
            pre: wanted.full.pre.clone(),
        };
        caret.matches(&self.full)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let semver::Version { major, minor, patch, pre, .. } = &self.full;
        match self.given {
            0 | 1 => write!(f, "{major}")?,
            2 => write!(f, "{major}.{minor}")?,
            _ => write!(f, "{major}.{minor}.{patch}")?,
        }
        if pre.is_empty() { Ok(()) } else { write!(f, "-{pre}") }
    }
}

impl FromStr for Version {
    type Err = NotAVersion;
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        Self::parse(text).ok_or_else(|| NotAVersion { text: text.chars().take(TAG_MAX).collect() })
    }
}

impl TryFrom<String> for Version {
    type Error = NotAVersion;
    fn try_from(text: String) -> Result<Self, NotAVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_read_leniently_and_written_in_one_way() {
        for (text, written) in [
            ("3", "3"),
            ("3.11", "3.11"),
            ("v1.2.3", "1.2.3"),
            ("22.04", "22.4"),
            ("1.2.3-rc.1+linux.x86-64", "1.2.3-rc.1"),
            ("1.2-beta", "1.2-beta"),
            ("1.0.0+a-b", "1.0.0"),
        ] {
            assert_eq!(version(text).to_string(), written);
            assert_eq!(version(written), version(text));
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in
            ["", "v", "1.", ".1", "1..2", "1.2.3.4", "+1", "-1", "1.2.3-", "1.x", "1.1.1w", "3.12.0rc1", " 1", "1_0"]
        {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
        assert_eq!(Version::parse("18446744073709551616"), None);
    }

    #[test]
    fn order_is_that_of_semantic_versioning() {
        let ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.2", "1.0.0-rc.10", "1", "1.0.1", "1.2", "1.10", "2"];
        for (at, text) in ordered.iter().enumerate() {
            for (other_at, other) in ordered.iter().enumerate() {
                assert_eq!(version(text).at_least(&version(other)), at >= other_at, "{text} {other}");
            }
        }
        assert!(version("1").at_least(&version("1.0.0+later")) && version("1.0").at_least(&version("1")));
    }

    #[test]
    fn the_first_number_that_is_not_zero_decides_what_is_compatible() {
        for (has, wanted, compatible) in [
            ("3.12.1", "3.11", true),
            ("3.10", "3.11", false),
            ("4.0", "3.11", false),
            ("0.3.9", "0.3.1", true),
            ("0.4.0", "0.3.1", false),
            ("0.0.3", "0.0.3", true),
            ("0.0.4", "0.0.3", false),
            ("0.0.4", "0.0", true),
            ("0.9", "0", true),
            ("1.3.0-rc.1", "1.2.0", false),
            ("1.2.0-rc.2", "1.2.0-rc.1", true),
            ("1.2.1", "1.2.0-rc.1", true),
        ] {
            assert_eq!(version(has).compatible_with(&version(wanted)), compatible, "{has} for {wanted}");
        }
    }
}
