//! Which node is chosen, why, and in which order they stand.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wayfare_protocol::placement::{PlacementDecision, PlacementReason};

use super::*;

fn place(index: &CapabilityIndex, request: &PlacementRequest, purpose: Purpose) -> Option<PlacementDecision> {
    let rules = PlacementRules::standard();
    StandardPlacement::new(request, purpose, &rules).place(index)
}

fn chosen(n: u8, reason: PlacementReason) -> Option<PlacementDecision> {
    Some(PlacementDecision { target_node: node(n), reason })
}

fn busy(percent: u8) -> Vitals {
    Vitals { load: load(percent), ..idle() }
}

#[test]
fn the_reason_says_what_decided() {
    let two = index([(1, desk_and(&[]), busy(80)), (2, desk_and(&[]), busy(20))]);
    assert_eq!(place(&two, &request(), Purpose::Start), chosen(2, PlacementReason::LoadBalance));

    let one = index([(1, desk_and(&[]), busy(80)), (2, set(&["hardware.cpus=64"]), idle())]);
    assert_eq!(place(&one, &request(), Purpose::Start), chosen(1, PlacementReason::CapabilityMatch));

    let liked = index([(1, desk_and(&["fast"]), busy(20)), (2, desk_and(&[]), busy(20))]);
    let optional = PlacementRequest { optional: set(&["fast"]), ..request() };
    assert_eq!(place(&liked, &optional, Purpose::Start), chosen(1, PlacementReason::AffinityMatch));
    let company = vec![Company { with: tag("fast"), strength: Strength::Soft }];
    let company = PlacementRequest { company, ..request() };
    assert_eq!(place(&liked, &company, Purpose::Start), chosen(1, PlacementReason::AffinityMatch));

    assert_eq!(place(&two, &request(), Purpose::MoveFrom(node(2))), chosen(1, PlacementReason::Migration));
    assert_eq!(place(&two, &PlacementRequest::new("other").unwrap(), Purpose::Start), None);
}

#[test]
fn equal_scores_are_decided_by_round_trip_then_free_resource_then_id() {
    let ms = |n| Some(Duration::from_millis(n));
    let near = |round_trip| Vitals { round_trip, ..idle() };
    // Nothing measured counts as 100 ms: the same score, and the measured one is better.
    let measured = index([(1, desk_and(&[]), near(None)), (2, desk_and(&[]), near(ms(100)))]);
    assert_eq!(place(&measured, &request(), Purpose::Start).unwrap().target_node, node(2));
    // Both cores and memory count half or unknown, and one tells more of what is free.
    let tells = index([(1, set(&["daemon:tally"]), idle()), (2, desk_and(&[]), idle())]);
    assert_eq!(place(&tells, &request(), Purpose::Start).unwrap().target_node, node(2));
    let equal = index([(3, desk_and(&[]), idle()), (2, desk_and(&[]), idle()), (9, desk_and(&[]), idle())]);
    assert_eq!(place(&equal, &request(), Purpose::Start).unwrap().target_node, node(2));
}

#[test]
fn a_migration_goes_to_a_node_that_takes_part_and_has_the_code_and_never_back() {
    let no_part = set(&["daemon:tally", "hardware.cpus=64", "hardware.memory_gb=512"]);
    let no_code = set(&["subprotocol:0x0500", "hardware.cpus=64", "hardware.memory_gb=512"]);
    let nodes = index([
        (1, desk_and(&["hardware.cpus=64"]), idle()),
        (2, no_part, idle()),
        (3, no_code, idle()),
        (4, desk_and(&[]), busy(50)),
        (5, desk_and(&[]), busy(20)),
        (6, desk_and(&[]), Vitals { standing: Standing::Draining, ..idle() }),
    ]);
    let rules = PlacementRules::standard();
    let targets = find_migration_targets(&nodes, &request(), node(1), &rules);
    assert_eq!(targets.iter().map(|target| target.node).collect::<Vec<_>>(), [node(5), node(4)]);
    let alone = index([(1, desk_and(&[]), idle())]);
    assert_eq!(find_migration_targets(&alone, &request(), node(1), &rules), []);
}

#[test]
fn an_explanation_names_every_node_with_its_factors_or_its_veto() {
    let nodes = index([
        (1, desk_and(&[]), idle()),
        (2, desk_and(&[]), busy(75)),
        (3, set(&["hardware.cpus=8"]), idle()),
        (4, desk_and(&[]), Vitals { round_trip: None, ..idle() }),
        (5, set(&["daemon:tally"]), idle()),
    ]);
    let (request, rules) = (request(), PlacementRules::standard());
    let told = StandardPlacement::new(&request, Purpose::MoveFrom(node(1)), &rules).explain(&nodes);
    assert_eq!(
        told.to_string(),
        "04040404  0.250  proximity 0.50  resources 0.50\n\
         02020202  0.125  resources 0.50  load 0.25\n\
         01010101  vetoed: is where the daemon moves away from\n\
         03030303  vetoed: takes part in no moves\n\
         05050505  vetoed: takes part in no moves\n"
    );
    let told = StandardPlacement::new(&request, Purpose::Start, &rules).explain(&nodes);
    assert!(told.to_string().ends_with("03030303  vetoed: does not have the code: no daemon:tally\n"), "{told}");
}

/// Few values, so that scores are often equal.
fn nodes() -> impl Strategy<Value = BTreeMap<u8, (CapabilitySet, Vitals)>> {
    let tags = prop::collection::vec(
        prop_oneof![
            6 => Just("daemon:tally"),
            4 => Just("subprotocol:0x0500"),
            2 => Just("hardware.cpus=8"),
            1 => Just("hardware.cpus=32"),
            1 => Just("fast"),
            1 => Just("scope:home"),
        ],
        0..8,
    );
    let standing = prop_oneof![6 => Just(Standing::Ready), 1 => Just(Standing::Suspect), 1 => Just(Standing::Draining)];
    let percent = prop_oneof![Just(None), (0..3_u8).prop_map(|n| load(n * 50))];
    let round_trip = prop::option::of((0..3_u64).prop_map(|n| Duration::from_millis(n * 100)));
    let one = (tags, standing, percent, round_trip)
        .prop_map(|(tags, standing, load, round_trip)| (set(&tags), Vitals { standing, load, round_trip }));
    prop::collection::btree_map(0..12_u8, one, 0..12)
}

fn requests() -> impl Strategy<Value = PlacementRequest> {
    (any::<(bool, bool, bool)>(), prop::collection::btree_map(0..12_u8, 0..3_u32, 0..4)).prop_map(
        |((optional, scoped, required), alike)| PlacementRequest {
            optional: if optional { set(&["fast"]) } else { CapabilitySet::new() },
            required: if required { set(&["hardware.cpus=8"]) } else { CapabilitySet::new() },
            scopes: scoped.then(|| tag("scope:home")).into_iter().collect(),
            alike: alike.into_iter().map(|(n, count)| (node(n), count)).collect(),
            ..request()
        },
    )
}

proptest! {
    /// The choice, the ranking and the explanation agree; nothing depends on the order in which nodes came; every score is
    /// above 0 and at most 1; a target of a move is never the source and never without the code or a part in moves.
    #[test]
    fn choice_ranking_and_explanation_agree(nodes in nodes(), request in requests(), source in 0..12_u8, moves in any::<bool>()) {
        let rules = PlacementRules::standard();
        let purpose = if moves { Purpose::MoveFrom(node(source)) } else { Purpose::Start };
        let placement = StandardPlacement::new(&request, purpose, &rules);
        let forth = index(nodes.iter().map(|(n, (set, vitals))| (*n, set.clone(), *vitals)));
        let back = index(nodes.iter().rev().map(|(n, (set, vitals))| (*n, set.clone(), *vitals)));
        let ranked = placement.rank(&forth);
        prop_assert_eq!(&ranked, &placement.rank(&back));
        prop_assert_eq!(placement.place(&forth), placement.place(&back));
        prop_assert_eq!(placement.place(&forth).map(|it| it.target_node), ranked.first().map(|it| it.node));
        let explained = placement.explain(&forth).candidates;
        prop_assert_eq!(explained.len(), nodes.len());
        let eligible: Vec<_> = explained
            .iter()
            .filter_map(|judged| match &judged.verdict {
                Verdict::Eligible { ranked, .. } => Some(*ranked),
                Verdict::Vetoed { .. } => None,
            })
            .collect();
        prop_assert_eq!(&eligible, &ranked);
        for one in ranked {
            prop_assert!(one.score > 0.0 && one.score <= 1.0);
            let capabilities = &forth.get(one.node).unwrap().capabilities;
            prop_assert!(capabilities.contains(&request.code));
            if moves {
                prop_assert!(one.node != node(source) && capabilities.contains(&tag("subprotocol:0x0500")));
            }
        }
    }
}
