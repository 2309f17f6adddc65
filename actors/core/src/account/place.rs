//! Where an account's machine runs, and who is at the other ends of its links.

use wayfare_protocol::capability::{Capabilities, Policy};
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::{Access, DeviceId, Limits, NodeId};

/// Where this account machine runs.
#[expect(clippy::large_enum_variant, reason = "one for each account")]
#[derive(Clone, Debug)]
pub enum Place {
    /// In the cloud: rows and journals are here, sessions are not.
    Cloud {
        /// Generation of the control store.
        generation: u32,
    },
    /// On a node: sessions are here.
    Node {
        /// The node.
        node: NodeId,
        /// Its name, for people.
        name: String,
        /// Its operating system.
        os: String,
        /// What it offers.
        capabilities: Capabilities,
        /// The same as a set, with what its program knows: what placement looks at.
        announced: CapabilitySet,
        /// What it takes from other devices.
        policy: Policy,
    },
}

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it runs.
    pub place: Place,
    /// Bounds and durations.
    pub limits: Limits,
}

/// Who is at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A device of the account.
    Device(Registered),
    /// This node's cloud.
    Upstream {
        /// Generation of the store behind it.
        generation: u32,
    },
}

/// A device as it registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub device: DeviceId,
    /// For people.
    pub name: String,
    /// `linux`, `macos`, ...
    pub os: String,
    /// What it offers; `None` for a client.
    pub node: Option<Capabilities>,
    /// What it may do.
    pub access: Access,
}
