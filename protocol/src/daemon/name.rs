//! How daemons are named and kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Text that is not a daemon's name or kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a daemon's name: write 1 to 64 letters, digits, '-', '_' or '.'")]
pub struct DaemonNameError(String);

const LENGTH_MAX: usize = 64;

fn checked(text: &str) -> Result<String, DaemonNameError> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=LENGTH_MAX).contains(&text.chars().count()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(DaemonNameError(text.to_owned()))
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = DaemonNameError;
            fn from_str(text: &str) -> Result<Self, DaemonNameError> {
                checked(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = DaemonNameError;
            fn try_from(text: String) -> Result<Self, DaemonNameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// What people call a daemon; unique within an account.
    DaemonName
}
name! {
    /// Which code a daemon runs: the name of a factory.
    DaemonKind
}

/// A daemon's name and kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DaemonKey {
    /// What people call it.
    pub name: DaemonName,
    /// Which code it runs.
    pub kind: DaemonKind,
}

impl fmt::Display for DaemonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

/// What an acknowledged event of a daemon survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Nothing: it is lost with the node's process.
    Memory,
    /// The end of the node's process (SIGKILL): it was given to the operating system.
    Process,
    /// A loss of power: it is synced.
    #[default]
    Disk,
}

impl Durability {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Process => "process",
            Self::Disk => "disk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_wherever_it_comes_from() {
        assert_eq!("tally-2.x".parse::<DaemonName>().unwrap().as_str(), "tally-2.x");
        for wrong in ["", "a b", "a/b", &"x".repeat(65)] {
            assert!(wrong.parse::<DaemonName>().is_err(), "{wrong:?}");
            let sent = crate::codec::encode(&wrong);
            assert!(crate::codec::decode::<DaemonName>(&sent).is_err(), "{wrong:?}");
        }
    }
}
