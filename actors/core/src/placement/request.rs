//! What is asked for a daemon that needs a node.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wayfare_protocol::NodeId;
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::capability_set::{CapabilitySet, Tag, TagError, names};

/// What is asked of the node for a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacementRequest {
    /// `daemon:<kind>`: no node without the code is ever chosen.
    pub code: Tag,
    /// What the daemon requires.
    pub filter: CapabilityFilter,
    /// What it requires besides, as a set: every tag, all metadata.
    pub required: CapabilitySet,
    /// What it would like: the more of it, the better.
    pub optional: CapabilitySet,
    /// Scopes of which the node must be in one; empty: any node.
    pub scopes: BTreeSet<Tag>,
    /// What it is for, if that says something about nodes.
    pub intent: Option<Intent>,
    /// Whom it wants to be with.
    pub company: Vec<Company>,
    /// A node that is further away does not do.
    pub round_trip_max: Option<Duration>,
    /// How many daemons that are alike each node has: of its kind, or of its group. The daemon itself is not counted.
    pub alike: BTreeMap<NodeId, u32>,
    /// The id of a filter that has a say.
    pub custom: Option<String>,
}

impl PlacementRequest {
    /// For a daemon of that kind, with no other wish.
    ///
    /// # Errors
    /// If the kind's name does not make a tag.
    pub fn new(kind: &str) -> Result<Self, TagError> {
        Ok(Self {
            code: names::daemon(kind)?,
            filter: CapabilityFilter::default(),
            required: CapabilitySet::new(),
            optional: CapabilitySet::new(),
            scopes: BTreeSet::new(),
            intent: None,
            company: Vec::new(),
            round_trip_max: None,
            alike: BTreeMap::new(),
            custom: None,
        })
    }
}

/// What a daemon is for, by a name that the rules know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The name.
    pub name: String,
    /// Whether a node that does not fit may be chosen.
    pub strength: Strength,
}

/// A tag that the node should have because of others that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// The tag.
    pub with: Tag,
    /// Whether a node without it may be chosen.
    pub strength: Strength,
}

/// How much a wish weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A node that does not meet it is worse.
    Soft,
    /// A node that does not meet it is vetoed.
    Strict,
}

/// Why a node is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The daemon starts.
    Start,
    /// The daemon moves away from a node: that node is no target, and a target takes part in moves
    /// (`subprotocol:0x0500`).
    MoveFrom(NodeId),
}
