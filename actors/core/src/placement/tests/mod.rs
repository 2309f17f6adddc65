//! What each factor does, and which node is chosen of several.

mod choice;
mod factors;

use std::time::Duration;

use wayfare_protocol::announcement::Said;
use wayfare_protocol::capability::Load;
use wayfare_protocol::capability_set::{CapabilitySet, Tag};
use wayfare_protocol::identity::PublicKey;
use wayfare_protocol::{Boot, DeviceId, NodeId, Wall};

use super::*;

fn node(n: u8) -> NodeId {
    NodeId(DeviceId([n; 32]))
}

fn tag(text: &str) -> Tag {
    Tag::new(text).unwrap()
}

fn set(tags: &[&str]) -> CapabilitySet {
    tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap())
}

/// What every node here has: the code, and a part in moves. At these sizes resources count half.
const DESK: &[&str] = &["daemon:tally", "subprotocol:0x0500", "hardware.cpus=8", "hardware.memory_gb=16"];

fn desk_and(more: &[&str]) -> CapabilitySet {
    set(&[DESK, more].concat())
}

fn load(cpu_percent: u8) -> Option<Load> {
    Some(Load { cpu_percent, memory_percent: 0, gpu_percent: None })
}

/// Idle and at no distance.
fn idle() -> Vitals {
    Vitals { standing: Standing::Ready, load: load(0), round_trip: Some(Duration::ZERO) }
}

fn request() -> PlacementRequest {
    PlacementRequest::new("tally").unwrap()
}

/// An index of these nodes, by number.
fn index(nodes: impl IntoIterator<Item = (u8, CapabilitySet, Vitals)>) -> CapabilityIndex {
    let mut index = CapabilityIndex::new(100);
    for (n, capabilities, vitals) in nodes {
        let said = Said { node: node(n), key: PublicKey([0; 32]), version: 1, at: Wall(0), ttl: 60, capabilities };
        index.insert(said, Boot::default()).unwrap();
        assert!(index.observe(node(n), vitals));
    }
    index
}
