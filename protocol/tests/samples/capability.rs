//! What travels about capabilities.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::Wall;
use wayfare_protocol::announcement::{Announcement, Said};
use wayfare_protocol::capability_filter::{CapabilityFilter, GpuFilter};
use wayfare_protocol::capability_set::{CapabilitySet, Tag, names};
use wayfare_protocol::placement::PlacementReason;
use wayfare_protocol::predicate::{Condition, Number, Predicate, PredicateNode, Version};

use super::{KEY, NODE, SIGNATURE};
use crate::variants;

variants!(predicate_node: PredicateNode { Tag, Metadata, And, Or, Not });
variants!(predicate_condition: Condition {
    Exists,
    Equals,
    NumericAtLeast,
    NumericAtMost,
    NumericInRange,
    SemverAtLeast,
    SemverAtMost,
    SemverCompatible,
    StringPrefix,
    StringMatches,
});
variants!(placement_reason: PlacementReason { CapabilityMatch, AffinityMatch, LoadBalance, Migration });

fn number(n: f64) -> Number {
    Number::new(n).expect("a finite number")
}

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

pub fn conditions() -> Vec<Condition> {
    vec![
        Condition::Exists,
        Condition::Equals("nvidia".into()),
        Condition::NumericAtLeast(number(64.0)),
        Condition::NumericAtMost(number(-0.5)),
        Condition::NumericInRange { from: number(1.0), through: number(1e9) },
        Condition::SemverAtLeast(version("3.11")),
        Condition::SemverAtMost(version("2.0.0-rc.1")),
        Condition::SemverCompatible(version("0.3.1")),
        Condition::StringPrefix("RTX ".into()),
        Condition::StringMatches("40".into()),
    ]
}

pub fn nodes() -> Vec<PredicateNode> {
    vec![
        PredicateNode::Tag { key: names::GPU.into(), condition: Condition::Exists },
        PredicateNode::Metadata { key: "owner".into(), condition: Condition::Equals("ops".into()) },
        PredicateNode::And(2),
        PredicateNode::Or(300),
        PredicateNode::Not,
    ]
}

pub fn reasons() -> Vec<PlacementReason> {
    vec![
        PlacementReason::CapabilityMatch,
        PlacementReason::AffinityMatch,
        PlacementReason::LoadBalance,
        PlacementReason::Migration,
    ]
}

/// Two clauses on tags and one on metadata, joined.
pub fn predicate() -> Predicate {
    let owner = Predicate::metadata("owner", Condition::Equals("ops".into()));
    Predicate::And(vec![
        Predicate::Or(vec![Predicate::numeric_at_least(names::MEMORY_GB, 64), owner]),
        Predicate::exists("scope:office").negated(),
    ])
}

fn tags(texts: &[&str]) -> BTreeSet<Tag> {
    texts.iter().map(|text| Tag::new(*text).expect("a tag")).collect()
}

pub fn filter() -> CapabilityFilter {
    CapabilityFilter {
        tags: tags(&["daemon:tally", "subprotocol:0x0500"]),
        any_tags: tags(&["scope:home", "scope:office"]),
        metadata: BTreeMap::from([("owner".to_owned(), "ops".to_owned())]),
        cpus: Some(4),
        memory_gb: Some(16),
        gpu: Some(GpuFilter { vendor: Some("nvidia".into()), vram_gb: Some(24) }),
        predicate: Some(predicate()),
    }
}

pub fn announcement() -> Announcement {
    let tags = ["hardware.cpus=16", "hardware.gpu", "subprotocol:0x0500", "daemon:tally"];
    let set = tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).expect("a tag"));
    let capabilities = set.with_metadata("owner", "ops").expect("metadata");
    let said = Said { node: NODE, key: KEY, version: 7, at: Wall(1_767_323_045_000), ttl: 90, capabilities };
    Announcement { said, signature: SIGNATURE }
}
