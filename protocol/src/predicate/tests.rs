//! What predicates hold for, that planning and explaining change nothing, and what a wire form may not be.

use proptest::prelude::*;

use super::*;
use crate::capability_set::Tag;
use crate::codec::{self, DecodeError};
use crate::limits::{PREDICATE_BYTES_MAX, PREDICATE_NODES_MAX};

fn set(tags: &[&str]) -> CapabilitySet {
    tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap())
}

fn number(value: f64) -> Number {
    Number::new(value).unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// Each condition with values that meet it and values that do not.
fn table() -> Vec<(Condition, &'static [&'static str], &'static [&'static str])> {
    vec![
        (Condition::Exists, &["", "x"], &[]),
        (Condition::Equals("nvidia".into()), &["nvidia"], &["", "NVIDIA", "nvidia "]),
        (
            Condition::NumericAtLeast(number(64.0)),
            &["64", "64.0", "+65", "1e3", "6.5e1"],
            &["63.999", "", "many", "0x50", "1_000", "inf", "NaN", " 65", "65 ", "1e999"],
        ),
        (Condition::NumericAtMost(number(-1.5)), &["-1.5", "-2"], &["-1", "0", "-inf", "x"]),
        (
            Condition::NumericInRange { from: number(1.0), through: number(2.0) },
            &["1", "1.5", "2"],
            &["0.99", "2.01", "", "NaN"],
        ),
        (Condition::NumericInRange { from: number(2.0), through: number(1.0) }, &[], &["1", "1.5", "2"]),
        (
            Condition::SemverAtLeast(version("3.11")),
            &["3.11", "3.11.0", "v4", "3.12-rc.1"],
            &["3.10.9", "3.11-rc.1", "x", "1.2.3.4"],
        ),
        (Condition::SemverAtMost(version("3.11")), &["3.11", "3.11-rc.1", "2"], &["3.11.1", "3.12", "", "three"]),
        (Condition::SemverCompatible(version("0.3.1")), &["0.3.1", "0.3.7"], &["0.3.0", "0.4", "1.3.1", "x"]),
        (Condition::StringPrefix("RTX ".into()), &["RTX 4090", "RTX "], &["RTX", "GTX 1080", ""]),
        (Condition::StringMatches("40".into()), &["RTX 4090", "40"], &["RTX 3090", ""]),
    ]
}

#[test]
fn conditions_hold_for_what_their_table_says() {
    for (condition, met, unmet) in table() {
        for value in met {
            assert!(condition.met_by_text(value), "{value:?}{condition}");
            let tag = Tag::with_value("key", value);
            assert!(tag.is_err() || condition.met_by_tag(&tag.unwrap()), "{value:?}{condition}");
        }
        for value in unmet {
            assert!(!condition.met_by_text(value), "{value:?}{condition}");
            let tag = Tag::with_value("key", value);
            assert!(tag.is_err() || !condition.met_by_tag(&tag.unwrap()), "{value:?}{condition}");
        }
    }
}

#[test]
fn a_tag_without_a_value_meets_no_condition_on_values() {
    let present = set(&["key"]);
    for (condition, ..) in table() {
        let holds = condition == Condition::Exists;
        assert_eq!(Predicate::tag("key", condition).holds(&present), holds);
    }
}

#[test]
fn one_of_several_values_of_a_key_is_enough() {
    let amd_and_nvidia = set(&["vendor", "vendor=amd", "vendor=nvidia", "vendors=intel"]);
    assert!(Predicate::equals("vendor", "nvidia").holds(&amd_and_nvidia));
    assert!(!Predicate::equals("vendor", "intel").holds(&amd_and_nvidia));
    assert!(Predicate::tag("vendor", Condition::StringPrefix("am".into())).holds(&amd_and_nvidia));
}

#[test]
fn tags_and_metadata_are_looked_at_apart() {
    let tagged = set(&["owner=ops"]);
    let described = CapabilitySet::new().with_metadata("owner", "ops").unwrap().with_metadata("rank", "7").unwrap();
    for (set, in_tags) in [(&tagged, true), (&described, false)] {
        assert_eq!(Predicate::exists("owner").holds(set), in_tags);
        assert_eq!(Predicate::metadata("owner", Condition::Exists).holds(set), !in_tags);
        assert_eq!(Predicate::metadata("owner", Condition::Equals("ops".into())).holds(set), !in_tags);
        assert_eq!(Predicate::metadata("owner", Condition::StringMatches("p".into())).holds(set), !in_tags);
        assert_eq!(Predicate::metadata("rank", Condition::NumericAtLeast(number(7.0))).holds(set), !in_tags);
    }
    assert!(!Predicate::metadata("rank", Condition::NumericAtLeast(number(7.1))).holds(&described));
}

#[test]
fn nothing_is_and_true_or_false() {
    let empty = CapabilitySet::new();
    assert!(Predicate::And(Vec::new()).holds(&empty) && !Predicate::Or(Vec::new()).holds(&empty));
    assert!(Predicate::Or(Vec::new()).negated().holds(&empty) && !Predicate::And(Vec::new()).negated().holds(&empty));
}

fn sample() -> Predicate {
    Predicate::And(vec![
        Predicate::tag("software.python", Condition::SemverAtLeast(version("3.11"))),
        Predicate::Or(vec![
            Predicate::numeric_at_least("hardware.memory_gb", 64),
            Predicate::metadata("owner", Condition::Equals("ops".into())),
        ]),
        Predicate::exists("scope:office").negated(),
    ])
}

#[test]
fn a_predicate_reads_as_a_sentence() {
    let text =
        "software.python >= v3.11 and (hardware.memory_gb >= 64 or metadata owner = \"ops\") and not scope:office";
    assert_eq!(sample().to_string(), text);
    assert_eq!(Predicate::And(Vec::new()).to_string(), "always");
}

#[test]
fn an_explanation_shows_what_decided_and_what_was_not_looked_at() {
    let set = set(&["software.python=3.12.1", "hardware.memory_gb=64", "scope:office"]);
    let told = sample().explain(&set).to_string();
    assert_eq!(
        told,
        "no  and\n\
         yes   software.python >= v3.11  (has software.python=3.12.1)\n\
         yes   or\n\
         yes     hardware.memory_gb >= 64  (has hardware.memory_gb=64)\n\
         -       metadata owner = \"ops\"\n\
         no    not\n\
         yes     scope:office  (has scope:office)\n"
    );
}

#[test]
fn a_plan_looks_at_cheap_clauses_first() {
    let cheap = Predicate::metadata("owner", Condition::Exists);
    let equal = Predicate::exists("a");
    let dear = Predicate::tag("software.python", Condition::SemverAtLeast(version("3")));
    let of = |children: &[&Predicate]| Predicate::And(children.iter().copied().cloned().collect());
    assert_eq!(of(&[&dear, &equal, &cheap]).plan(), of(&[&cheap, &equal, &dear]));
    let nested = Predicate::Or(vec![of(&[&dear, &cheap]), equal.clone()]).negated();
    assert_eq!(nested.plan(), Predicate::Or(vec![equal, of(&[&cheap, &dear])]).negated());
}

fn exists() -> PredicateNode {
    PredicateNode::Tag { key: "a".into(), condition: Condition::Exists }
}

/// The same nodes alone, and inside of another message.
fn decoded(nodes: &[PredicateNode]) -> Result<Predicate, PredicateError> {
    let bytes = codec::encode(&nodes);
    let alone = Predicate::decode(&bytes);
    let inside: Result<Predicate, DecodeError> = codec::decode(&bytes);
    assert_eq!(alone.as_ref().ok(), inside.as_ref().ok());
    if let (Err(alone), Err(inside)) = (&alone, &inside) {
        assert!(inside.to_string().contains(&alone.to_string()), "{alone}; {inside}");
    }
    alone
}

#[test]
fn no_node_is_no_predicate() {
    assert_eq!(decoded(&[]), Err(PredicateError::Empty));
}

#[test]
fn a_child_that_is_not_there_is_refused() {
    let missing = |at, wanted, unused| Err(PredicateError::MissingChild { at, wanted, unused });
    assert_eq!(decoded(&[PredicateNode::Not]), missing(0, 1, 0));
    assert_eq!(decoded(&[exists(), PredicateNode::And(2)]), missing(1, 2, 1));
    assert_eq!(decoded(&[exists(), exists(), PredicateNode::Or(u16::MAX)]), missing(2, 65_535, 2));
}

#[test]
fn a_node_that_nothing_joins_is_refused() {
    assert_eq!(decoded(&[exists(), exists()]), Err(PredicateError::SeveralRoots { roots: 2 }));
    assert_eq!(decoded(&[exists(), PredicateNode::And(0)]), Err(PredicateError::SeveralRoots { roots: 2 }));
}

/// Where nodes name their children by index, 23 nodes can name one leaf four million times. Here each would have to take
/// two predicates of which there is one.
#[test]
fn no_two_nodes_share_a_child() {
    let mut nodes = vec![exists()];
    nodes.extend((0..22).map(|_| PredicateNode::And(2)));
    assert_eq!(decoded(&nodes), Err(PredicateError::MissingChild { at: 1, wanted: 2, unused: 1 }));
    nodes = vec![exists()];
    nodes.extend((0..22).map(|_| PredicateNode::And(1)));
    assert_eq!(decoded(&nodes).unwrap().nodes(), 23);
}

#[test]
fn nodes_over_their_bound_are_refused_at_both_ends() {
    let chain = |nodes: usize| (1..nodes).fold(Predicate::exists("a"), |inner, _| inner.negated());
    let most = chain(PREDICATE_NODES_MAX);
    assert_eq!(Predicate::decode(&most.encode().unwrap()), Ok(most));
    let over = chain(PREDICATE_NODES_MAX + 1);
    assert_eq!(over.encode(), Err(PredicateError::TooManyNodes));
    assert_eq!(Predicate::decode(&codec::encode(&over)), Err(PredicateError::TooManyNodes));
    assert!(codec::decode::<Predicate>(&codec::encode(&over)).unwrap_err().to_string().contains("nodes"));
}

#[test]
fn bytes_over_their_bound_are_refused_at_both_ends() {
    let long = Predicate::exists(&"k".repeat(PREDICATE_BYTES_MAX));
    let bytes = codec::encode(&long);
    assert_eq!(long.encode(), Err(PredicateError::TooLarge { bytes: bytes.len() }));
    assert_eq!(Predicate::decode(&bytes), Err(PredicateError::TooLarge { bytes: bytes.len() }));
    assert!(codec::decode::<Predicate>(&bytes).unwrap_err().to_string().contains("over the limit"));
    let texts = Predicate::Or((0..8).map(|_| Predicate::equals("k", &"v".repeat(PREDICATE_BYTES_MAX / 8))).collect());
    assert!(matches!(texts.encode(), Err(PredicateError::TooLarge { .. })));
    assert!(codec::decode::<Predicate>(&codec::encode(&texts)).is_err());
}

#[test]
fn bytes_that_are_no_nodes_are_refused() {
    let malformed = |bytes: &[u8]| match Predicate::decode(bytes) {
        Err(PredicateError::Nodes(DecodeError::Malformed { why, .. })) => why,
        other => panic!("{other:?}"),
    };
    // A list of one node of a kind that there is not; a condition that there is not; bytes that end early.
    malformed(&[1, 5]);
    malformed(&[1, 0, 1, b'a', 10]);
    malformed(&[1, 0, 200]);
    let trailing = [&codec::encode(&vec![exists()])[..], &[0]].concat();
    assert!(matches!(Predicate::decode(&trailing), Err(PredicateError::Nodes(DecodeError::Trailing { left: 1, .. }))));
}

#[test]
fn a_number_that_is_not_finite_is_refused() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut bytes = vec![1, 0, 1, b'a', 2];
        bytes.extend_from_slice(&wrong.to_le_bytes());
        let error = Predicate::decode(&bytes).unwrap_err().to_string();
        assert!(error.contains("not finite"), "{error}");
        assert_eq!(Number::new(wrong), Err(NotFinite));
    }
    let mut bytes = vec![1, 0, 1, b'a', 2];
    bytes.extend_from_slice(&64_f64.to_le_bytes());
    assert_eq!(Predicate::decode(&bytes), Ok(Predicate::numeric_at_least("a", 64)));
}

#[test]
fn a_version_that_is_none_is_refused() {
    let error = Predicate::decode(&[1, 0, 1, b'a', 5, 3, b'1', b'.', b'x']).unwrap_err().to_string();
    assert!(error.contains("is not a version"), "{error}");
}

fn condition() -> impl Strategy<Value = Condition> {
    let number = || (-4..8_i32).prop_map(|n| number(f64::from(n) / 2.0));
    let version = || "[0-2](\\.[0-2](\\.[0-2](-a)?)?)?".prop_map(|text| version(&text));
    let text = || "[0-2a.]{0,2}";
    prop_oneof![
        Just(Condition::Exists),
        text().prop_map(Condition::Equals),
        number().prop_map(Condition::NumericAtLeast),
        number().prop_map(Condition::NumericAtMost),
        (number(), number()).prop_map(|(from, through)| Condition::NumericInRange { from, through }),
        version().prop_map(Condition::SemverAtLeast),
        version().prop_map(Condition::SemverAtMost),
        version().prop_map(Condition::SemverCompatible),
        text().prop_map(Condition::StringPrefix),
        text().prop_map(Condition::StringMatches),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let clause = ("[a-c]", condition(), any::<bool>()).prop_map(|(key, condition, in_tags)| {
        if in_tags { Predicate::tag(&key, condition) } else { Predicate::metadata(&key, condition) }
    });
    clause.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Predicate::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Predicate::Or),
            inner.prop_map(Predicate::negated),
        ]
    })
}

fn sets() -> impl Strategy<Value = CapabilitySet> {
    let tags = prop::collection::vec("[a-c](=[0-2](\\.[0-2])?)?", 0..6);
    let metadata = prop::collection::btree_map("[a-c]", "[0-2](\\.[0-2])?|a", 0..3);
    (tags, metadata).prop_map(|(tags, metadata)| {
        let mut set = tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap());
        for (key, value) in metadata {
            set.set_metadata(key, value).unwrap();
        }
        set
    })
}

fn node() -> impl Strategy<Value = PredicateNode> {
    prop_oneof![
        condition().prop_map(|condition| PredicateNode::Tag { key: "a".into(), condition }),
        condition().prop_map(|condition| PredicateNode::Metadata { key: "a".into(), condition }),
        (0..4_u16).prop_map(PredicateNode::And),
        (0..4_u16).prop_map(PredicateNode::Or),
        Just(PredicateNode::Not),
    ]
}

proptest! {
    #[test]
    fn a_plan_and_an_explanation_have_the_same_result(predicate in predicate(), set in sets()) {
        let holds = predicate.holds(&set);
        let trace = predicate.explain(&set);
        prop_assert_eq!(trace.outcome == Outcome::Holds, holds);
        let planned = predicate.clone().plan();
        prop_assert_eq!(planned.holds(&set), holds);
        prop_assert_eq!(planned.nodes(), predicate.nodes());
        prop_assert_eq!(planned.clone().plan(), planned);
    }

    #[test]
    fn a_predicate_reads_back_as_written(predicate in predicate()) {
        let bytes = predicate.encode().unwrap();
        prop_assert_eq!(Predicate::decode(&bytes), Ok(predicate.clone()));
        prop_assert_eq!(codec::decode::<Predicate>(&bytes), Ok(predicate.clone()));
        prop_assert_eq!(codec::decode_named::<Predicate>(&codec::encode_named(&predicate)), Ok(predicate));
    }

    /// Whatever the nodes, the tree has as many as the list: none is lost, none is used twice.
    #[test]
    fn a_tree_has_the_nodes_of_its_list(nodes in prop::collection::vec(node(), 0..24)) {
        if let Ok(predicate) = decoded(&nodes) {
            prop_assert_eq!(predicate.nodes(), nodes.len());
        }
    }

    #[test]
    fn arbitrary_bytes_cost_an_error_at_most(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Predicate::decode(&bytes);
    }
}
