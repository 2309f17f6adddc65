//! An index finds what a look at every node would find, and keeps to versions, time and its bound.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use wayfare_protocol::capability_filter::{CapabilityFilter, GpuFilter};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::predicate::{Condition, Number, Predicate};
use wayfare_protocol::{DeviceId, Wall};

use super::*;
use crate::placement::Standing;

fn node(n: u32) -> NodeId {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&n.to_be_bytes());
    NodeId(DeviceId(id))
}

fn at(seconds: u64) -> Boot {
    Boot(Duration::from_secs(seconds))
}

fn set(tags: &[String]) -> CapabilitySet {
    tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap())
}

/// What a node says, good for 60 s.
fn said(n: u32, version: u64, capabilities: CapabilitySet) -> Said {
    let key = DeviceKey::from_seed(&[1; 32]).public();
    Said { node: node(n), key, version, at: Wall(0), ttl: 60, capabilities }
}

fn tagged(n: u32, version: u64, tags: &[&str]) -> Said {
    said(n, version, set(&tags.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

fn with_tag(tag: &str) -> CapabilityFilter {
    CapabilityFilter { tags: BTreeSet::from([Tag::new(tag).unwrap()]), ..CapabilityFilter::default() }
}

fn found(index: &CapabilityIndex, filter: &CapabilityFilter) -> BTreeSet<NodeId> {
    let matches = index.query(filter);
    let found: BTreeSet<_> = matches.iter().map(|entry| entry.node).collect();
    assert_eq!(found.len(), matches.len());
    assert_eq!(found.is_empty(), matches.is_empty());
    found
}

#[test]
fn a_newer_version_replaces_and_nothing_else_does() {
    let mut index = CapabilityIndex::new(8);
    index.insert(tagged(1, 5, &["a", "b=1"]), at(0)).unwrap();
    for version in [5, 4] {
        let refused = index.insert(tagged(1, version, &["c"]), at(1));
        assert_eq!(refused, Err(InsertError::NotNewer { node: node(1), known: 5, said: version }));
    }
    assert_eq!(found(&index, &with_tag("a")), BTreeSet::from([node(1)]));
    index.insert(tagged(1, 6, &["c"]), at(1)).unwrap();
    assert!(found(&index, &with_tag("a")).is_empty() && found(&index, &with_tag("b=1")).is_empty());
    assert_eq!(found(&index, &with_tag("c")), BTreeSet::from([node(1)]));
    assert_eq!(index.len(), 1);
}

#[test]
fn an_announcement_expires_and_an_old_one_cannot_follow_it() {
    let mut index = CapabilityIndex::new(8);
    index.insert(tagged(1, 5, &["a"]), at(0)).unwrap();
    index.insert(tagged(2, 1, &["a"]), at(10)).unwrap();
    assert_eq!(index.deadline(), Some(at(60)));
    assert_eq!(index.expire(at(59)), []);
    assert_eq!(index.expire(at(60)), [node(1)]);
    assert_eq!(index.get(node(1)), None);
    assert_eq!(found(&index, &with_tag("a")), BTreeSet::from([node(2)]));
    let replayed = index.insert(tagged(1, 5, &["a"]), at(61));
    assert_eq!(replayed, Err(InsertError::NotNewer { node: node(1), known: 5, said: 5 }));
    index.insert(tagged(1, 6, &["a"]), at(61)).unwrap();
    assert_eq!(index.deadline(), Some(at(70)));
    assert_eq!(index.expire(at(1000)), [node(2), node(1)]);
    assert!(index.is_empty() && index.keys.is_empty() && index.live.is_empty() && index.deadline().is_none());
}

#[test]
fn saying_it_anew_prolongs_it() {
    let mut index = CapabilityIndex::new(8);
    index.insert(tagged(1, 1, &["a"]), at(0)).unwrap();
    index.insert(tagged(1, 2, &["a"]), at(50)).unwrap();
    assert_eq!(index.expire(at(100)), []);
    assert_eq!(index.expire(at(110)), [node(1)]);
}

#[test]
fn no_more_nodes_are_known_than_may_be() {
    let mut index = CapabilityIndex::new(2);
    index.insert(tagged(1, 1, &["a"]), at(0)).unwrap();
    index.insert(tagged(2, 1, &["a"]), at(0)).unwrap();
    assert_eq!(index.insert(tagged(3, 1, &["a"]), at(0)), Err(InsertError::Full { limit: 2 }));
    index.insert(tagged(2, 2, &["b"]), at(0)).unwrap();
    index.expire(at(100));
    assert_eq!(index.insert(tagged(3, 1, &["a"]), at(100)), Err(InsertError::Full { limit: 2 }));
    assert!(index.forget(node(1)) && !index.forget(node(1)));
    index.insert(tagged(3, 1, &["a"]), at(100)).unwrap();
    assert!(index.forget(node(3)));
    assert!(index.is_empty() && index.keys.is_empty());
}

#[test]
fn only_what_the_node_signed_is_taken_in() {
    let mut index = CapabilityIndex::new(8);
    let key = DeviceKey::from_seed(&[7; 32]);
    let node = NodeId(key.device_id());
    let signed = Announcement::sign(&key, 1, Wall(0), 60, set(&["a".into()])).unwrap();
    let mut forged = signed.clone();
    forged.said.capabilities.insert(Tag::new("daemon:tally").unwrap()).unwrap();
    assert!(matches!(index.hear(forged, at(0)), Err(InsertError::NotBelieved(_))));
    assert!(index.is_empty());
    index.hear(signed, at(0)).unwrap();
    assert_eq!(found(&index, &with_tag("a")), BTreeSet::from([node]));
}

#[test]
fn how_a_node_is_outlives_its_announcement() {
    let mut index = CapabilityIndex::new(8);
    let vitals = Vitals { standing: Standing::Suspect, ..Vitals::default() };
    assert!(!index.observe(node(1), vitals));
    index.insert(tagged(1, 1, &["hardware.cpus=4"]), at(0)).unwrap();
    assert!(index.observe(node(1), vitals));
    index.insert(tagged(1, 2, &["hardware.cpus=8"]), at(1)).unwrap();
    let entry = index.get(node(1)).unwrap();
    assert_eq!((entry.vitals, entry.figures.cpus, entry.version, entry.expires), (vitals, Some(8.0), 2, at(61)));
}

#[derive(Clone, Debug)]
enum Step {
    Insert { n: u32, version: u64, tags: Vec<String>, metadata: BTreeMap<String, String> },
    Forget { n: u32 },
    Pass { seconds: u64 },
}

/// Few keys and values, so that nodes share them; some tags have as many values as there are nodes.
fn tags() -> impl Strategy<Value = Vec<String>> {
    let tag = prop_oneof![
        "[a-c]",
        "[a-c]=[0-3]",
        (0..3_u8, 1..5_u32).prop_map(|(key, n)| match key {
            0 => format!("hardware.cpus={n}"),
            1 => format!("hardware.memory_gb={}", n * 8),
            _ => format!("hardware.gpu.vram_gb={}", n * 8),
        }),
        Just("hardware.gpu".to_owned()),
        "hardware\\.gpu\\.vendor=(amd|nvidia)",
        (0..1000_u32).prop_map(|n| format!("unique={n}")),
    ];
    prop::collection::vec(tag, 0..8)
}

fn step() -> impl Strategy<Value = Step> {
    let metadata = prop::collection::btree_map("[a-b]", "[0-2]", 0..2);
    prop_oneof![
        12 => (0..120_u32, 0..4_u64, tags(), metadata)
            .prop_map(|(n, version, tags, metadata)| Step::Insert { n, version, tags, metadata }),
        1 => (0..120_u32).prop_map(|n| Step::Forget { n }),
        1 => (0..30_u64).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let number = || (0..4_u32).prop_map(Number::from);
    let condition = prop_oneof![
        Just(Condition::Exists),
        "[0-3]".prop_map(Condition::Equals),
        number().prop_map(Condition::NumericAtLeast),
        number().prop_map(Condition::NumericAtMost),
        "[0-3]?".prop_map(Condition::StringPrefix),
        Just(Condition::SemverAtLeast("2".parse().unwrap())),
    ];
    let clause = ("[a-c]|unique", condition, any::<bool>()).prop_map(|(key, condition, in_tags)| {
        if in_tags { Predicate::tag(&key, condition) } else { Predicate::metadata(&key, condition) }
    });
    clause.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::Or),
            inner.prop_map(Predicate::negated),
        ]
    })
}

fn filters() -> impl Strategy<Value = CapabilityFilter> {
    let tags = || prop::collection::btree_set("[a-c](=[0-3])?".prop_map(|text| Tag::new(text).unwrap()), 0..3);
    let vendor = prop::option::of("amd|nvidia");
    let gib = || prop::option::of((1..5_u32).prop_map(|n| n * 8));
    let gpu = prop::option::of((vendor, gib()).prop_map(|(vendor, vram_gb)| GpuFilter { vendor, vram_gb }));
    let metadata = prop_oneof![
        3 => Just(BTreeMap::new()),
        1 => prop::collection::btree_map("[a-b]", "[0-2]", 1..2),
    ];
    (
        prop_oneof![2 => Just(BTreeSet::new()), 1 => tags()],
        prop_oneof![2 => Just(BTreeSet::new()), 1 => tags()],
        metadata,
        prop::option::weighted(0.2, 1..5_u32),
        prop_oneof![2 => Just(None), 1 => gib()],
        prop_oneof![2 => Just(None), 1 => gpu],
        prop::option::of(predicate()),
    )
        .prop_map(|(tags, any_tags, metadata, cpus, memory_gb, gpu, predicate)| CapabilityFilter {
            tags,
            any_tags,
            metadata,
            cpus,
            memory_gb,
            gpu,
            predicate,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// After any history an index finds the nodes that a look at every node finds. What it holds is what was said last.
    #[test]
    fn an_index_finds_what_a_look_at_every_node_finds(
        steps in prop::collection::vec(step(), 0..150),
        filters in prop::collection::vec(filters(), 12),
    ) {
        let mut index = CapabilityIndex::new(1000);
        let mut model = BTreeMap::<u32, (u64, Boot, Option<CapabilitySet>)>::new();
        let mut now = at(0);
        for step in steps {
            match step {
                Step::Insert { n, version, tags, metadata } => {
                    let mut capabilities = set(&tags);
                    for (key, value) in metadata {
                        capabilities.set_metadata(key, value).unwrap();
                    }
                    let newer = model.get(&n).is_none_or(|(known, ..)| version > *known);
                    let taken = index.insert(said(n, version, capabilities.clone()), now);
                    prop_assert_eq!(taken.is_ok(), newer);
                    if newer {
                        model.insert(n, (version, now.after(Duration::from_secs(60)), Some(capabilities)));
                    }
                }
                Step::Forget { n } => prop_assert_eq!(index.forget(node(n)), model.remove(&n).is_some()),
                Step::Pass { seconds } => {
                    now = now.after(Duration::from_secs(seconds));
                    let mut gone = BTreeSet::new();
                    for (n, (_, expires, capabilities)) in &mut model {
                        if *expires <= now && capabilities.take().is_some() {
                            gone.insert(node(*n));
                        }
                    }
                    prop_assert_eq!(BTreeSet::from_iter(index.expire(now)), gone);
                }
            }
        }
        let live = || model.iter().filter_map(|(n, (.., capabilities))| Some((node(*n), capabilities.as_ref()?)));
        prop_assert_eq!(index.len(), live().count());
        prop_assert_eq!(index.all().len(), index.len());
        for filter in filters {
            let looked: BTreeSet<_> = live().filter(|(_, set)| filter.matches(set)).map(|(node, _)| node).collect();
            prop_assert_eq!(found(&index, &filter), looked, "{:?}", filter);
        }
    }

    /// The same of a fleet so large that sets of nodes are what is looked at.
    #[test]
    fn a_large_fleet_is_searched_as_a_small_one(
        fleet in prop::collection::vec((tags(), prop::collection::btree_map("[a-b]", "[0-2]", 0..2)), 100..200),
        filters in prop::collection::vec(filters(), 16),
    ) {
        let mut index = CapabilityIndex::new(1000);
        let mut sets = Vec::new();
        for (n, (tags, metadata)) in (0..).zip(fleet) {
            let mut capabilities = set(&tags);
            for (key, value) in metadata {
                capabilities.set_metadata(key, value).unwrap();
            }
            index.insert(said(n, 1, capabilities.clone()), at(0)).unwrap();
            sets.push((node(n), capabilities));
        }
        for filter in filters {
            let looked: BTreeSet<_> =
                sets.iter().filter(|(_, set)| filter.matches(set)).map(|(node, _)| *node).collect();
            prop_assert_eq!(found(&index, &filter), looked, "{:?}", filter);
        }
    }
}
