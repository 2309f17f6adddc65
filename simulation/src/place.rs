//! Where processes are.

use std::fmt;

/// A machine of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
        match url.strip_prefix("sim:")? {
            "cloud" => Some(Self::Cloud),
            other => other.strip_prefix("node")?.parse().ok().map(Self::Node),
        }
    }
}
