//! Where processes are.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// A machine of the world. Written `cloud`, `node0`, `person2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr)]
pub enum Place {
    /// The cloud.
    Cloud,
    /// An edge node.
    Node(usize),
    /// A person's machine without a node.
    Person(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud => f.write_str("cloud"),
            Self::Node(number) => write!(f, "node{number}"),
            Self::Person(number) => write!(f, "person{number}"),
        }
    }
}

impl Place {
    /// The address of its door.
    #[must_use]
    pub fn url(self) -> String {
        format!("sim:{self}")
    }

    /// The place whose door has that address.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        url.strip_prefix("sim:")?.parse().ok()
    }
}

/// Not the name of a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place: cloud, node0, person0 and so on are")]
pub struct NoPlace(String);

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let numbered = |prefix: &str| text.strip_prefix(prefix).and_then(|number| number.parse().ok());
        match text {
            "cloud" => Ok(Self::Cloud),
            _ => numbered("node")
                .map(Self::Node)
                .or_else(|| numbered("person").map(Self::Person))
                .ok_or_else(|| NoPlace(text.to_owned())),
        }
    }
}
