//! Where a daemon should go, and nodes that give theirs away.

use std::time::Duration;

use wayfare_protocol::EntityId;
use wayfare_protocol::announcement::Announcement;
use wayfare_protocol::capability::Load;
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::control::DrainOrder;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonRequest, DaemonResponse};
use wayfare_protocol::identity::{DeviceKey, PublicKey};
use wayfare_protocol::migration::MoveMode;
use wayfare_protocol::placement::{Placement, PlacementAsk, Verdict};

use super::daemons::{TALLY, daemon, daemon_row, desk};
use super::*;
use crate::account::StoreAnswer;

fn key(n: u8) -> DeviceKey {
    DeviceKey::from_seed(&[n; 32])
}

fn node(n: u8) -> NodeId {
    NodeId(key(n).device_id())
}

fn set(tags: &[&str]) -> CapabilitySet {
    tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap())
}

const ABLE: [&str; 3] = ["hardware.cpus=8", "daemon:tally", "subprotocol:0x0500"];

fn announcement(n: u8, version: u64, tags: &[&str]) -> Announcement {
    Announcement::sign(&key(n), version, Wall(0), 60, set(tags)).unwrap()
}

/// A cloud with nodes 1, 2, ... over links of these numbers.
fn cloud(nodes: u8) -> Bench {
    let mut bench = Bench::new(Place::Cloud { generation: 1 }, Limits::default());
    for n in 1..=nodes {
        let peer = Peer::Device(registered(node(n).0, &format!("node {n}"), Some(python())));
        bench.input(Input::LinkUp { link: LinkId(n.into()), peer });
    }
    bench.said.clear();
    bench
}

fn ask(from: u8) -> Control {
    let ask = PlacementAsk {
        daemon: TALLY,
        kind: "tally".parse().unwrap(),
        from: node(from),
        filter: CapabilityFilter::default(),
        required: CapabilitySet::new(),
        optional: CapabilitySet::new(),
    };
    Control::Place { request: request(1), ask: Box::new(ask) }
}

fn placed(bench: &mut Bench, from: u8) -> Placement {
    bench.says(from.into(), ask(from));
    match bench.sent(from.into()).as_slice() {
        [Control::Placed { placement, .. }] => placement.as_ref().clone(),
        other => panic!("{other:?}"),
    }
}

fn target(bench: &mut Bench, from: u8) -> Option<NodeId> {
    placed(bench, from).decision.map(|decision| decision.target_node)
}

fn announce(bench: &mut Bench, link: u8, said: Announcement) {
    bench.says(link.into(), Control::Announce(Box::new(said)));
}

#[test]
fn the_best_of_the_nodes_that_announced_the_code_is_chosen_and_never_the_source() {
    let mut bench = cloud(4);
    assert_eq!(placed(&mut bench, 1), Placement::default(), "nobody has said anything");
    for n in [1, 2, 3] {
        announce(&mut bench, n, announcement(n, 1, &ABLE));
    }
    announce(&mut bench, 4, announcement(4, 1, &["hardware.cpus=64"]));
    for (link, cpu_percent) in [(2, 80), (3, 10)] {
        let load = Load { cpu_percent, memory_percent: 10, gpu_percent: None };
        bench.says(link, Control::Heartbeat(load));
    }
    let placement = placed(&mut bench, 1);
    assert_eq!(placement.decision.map(|decision| decision.target_node), Some(node(3)));
    let shown: Vec<_> = placement.candidates.iter().map(|judged| (judged.name.as_str(), &judged.verdict)).collect();
    assert!(matches!(shown[0], ("node 3", Verdict::Eligible { .. })), "{shown:?}");
    assert!(matches!(shown[1], ("node 2", Verdict::Eligible { .. })), "{shown:?}");
    let vetoed =
        |name: &str| shown.iter().any(|(of, verdict)| *of == name && matches!(verdict, Verdict::Vetoed { .. }));
    assert!(vetoed("node 1") && vetoed("node 4"), "{shown:?}");
}

/// Presence and the node's own word count at the moment of the question.
#[test]
fn a_node_that_is_away_drained_or_closed_is_not_chosen() {
    let mut bench = cloud(2);
    announce(&mut bench, 2, announcement(2, 1, &ABLE));
    assert_eq!(target(&mut bench, 1), Some(node(2)));
    for why in [Reluctance::Draining, Reluctance::Closed, Reluctance::OnBattery] {
        bench.says(2, Control::Accepting(Accepting::Nothing(why)));
        assert_eq!(target(&mut bench, 1), None, "{why:?}");
    }
    bench.says(2, Control::Accepting(Accepting::Nothing(Reluctance::Full { most: 1 })));
    assert_eq!(target(&mut bench, 1), Some(node(2)), "a daemon is no cell");
    bench.input(Input::Presence { device: node(2).0, presence: PresenceInfo::Suspect });
    assert_eq!(target(&mut bench, 1), None);
}

#[test]
fn a_node_is_believed_over_its_own_link_with_its_own_key_until_that_expires() {
    let mut bench = cloud(2);
    announce(&mut bench, 1, announcement(2, 1, &ABLE));
    assert_eq!(target(&mut bench, 1), None, "said over another's link");
    let mut forged = announcement(2, 1, &["hardware.cpus=8"]);
    forged.said.capabilities = set(&ABLE);
    announce(&mut bench, 2, forged);
    assert_eq!(target(&mut bench, 1), None, "its signature is over something else");
    announce(&mut bench, 2, announcement(2, 5, &ABLE));
    announce(&mut bench, 2, announcement(2, 4, &["hardware.cpus=8"]));
    assert_eq!(target(&mut bench, 1), Some(node(2)), "what is older replaces nothing");
    bench.pass(60_000);
    assert_eq!(target(&mut bench, 1), None, "it was good for a minute");
    bench.up_again(5, node(2));
    announce(&mut bench, 5, announcement(2, 1, &ABLE));
    assert_eq!(
        target(&mut bench, 1),
        Some(node(2)),
        "a new link begins anew: the clock of the node may have gone back"
    );
}

/// Of daemons that are alike, many on one node count against it.
#[test]
fn daemons_that_are_alike_are_spread() {
    let mut bench = cloud(3);
    announce(&mut bench, 2, announcement(2, 1, &["hardware.cpus=16", "daemon:tally", "subprotocol:0x0500"]));
    announce(&mut bench, 3, announcement(3, 1, &ABLE));
    assert_eq!(target(&mut bench, 1), Some(node(2)));
    let other = EntityId(PublicKey([8; 32]));
    let row = Row { resource: ResourceId::Daemon(other), ..daemon_row(node(2)) };
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![row],
    });
    assert_eq!(target(&mut bench, 1), Some(node(3)));
}

#[test]
fn a_node_announces_itself_at_its_link_and_before_that_expires() {
    let mut bench = desk();
    let announced = |bench: &mut Bench| -> Vec<u64> {
        let said = std::mem::take(&mut bench.said);
        let versions = said.into_iter().filter_map(|effect| match effect {
            Effect::Announce { version, .. } => Some(version),
            _ => None,
        });
        versions.collect()
    };
    bench.pass(0);
    assert!(announced(&mut bench).is_empty(), "there is no link");
    bench.upstream(1);
    let first = announced(&mut bench);
    assert_eq!(first.len(), 1);
    let half = Limits::default().announcement / 2;
    assert_eq!(bench.account.deadline(), Some(Boot(Duration::ZERO).after(half)));
    bench.pass(u64::try_from(half.as_millis()).unwrap());
    let second = announced(&mut bench);
    assert!(second.len() == 1 && second[0] > first[0]);
    bench.down(1);
    bench.pass(u64::try_from(half.as_millis()).unwrap());
    assert!(announced(&mut bench).is_empty());
    bench.upstream(2);
    assert!(announced(&mut bench)[0] > second[0]);
}

/// What a daemon's node asks and is told; without a cloud it is told so at once.
#[test]
fn a_question_about_placement_goes_up_and_its_answer_comes_back() {
    let mut bench = desk();
    bench.client(2);
    bench.input(Input::Daemon(Box::new(daemon("votes", DESK, EPOCH))));
    bench.said.clear();
    let call = DaemonCall::Relocate { mode: MoveMode::Live };
    bench.says(2, Control::DaemonRequest(DaemonRequest { request: request(3), daemon: TALLY, epoch: None, call }));
    let is_ordered = |effect: &Effect| matches!(effect, Effect::Migration(MigrationNews::Ordered { to: None, kind, .. }) if kind.as_str() == "tally");
    assert!(bench.said.iter().any(is_ordered), "{:?}", bench.said);
    bench.said.clear();
    let Control::Place { ask, .. } = ask(1) else { unreachable!() };
    bench.input(Input::Place { request: request(4), ask: ask.clone() });
    let nobody = |effect: &Effect| {
        matches!(effect, Effect::Migration(MigrationNews::Answered { answer: StoreAnswer::Placed(Err(_)), .. }))
    };
    assert!(bench.said.iter().all(nobody) && !bench.said.is_empty(), "{:?}", bench.said);
    bench.upstream(1);
    bench.said.clear();
    bench.input(Input::Place { request: request(5), ask: ask.clone() });
    assert_eq!(bench.sent(1), [Control::Place { request: request(5), ask }]);
    let placement = Box::new(Placement::default());
    bench.says(1, Control::Placed { request: request(5), placement: placement.clone() });
    let answer = StoreAnswer::Placed(Ok(placement));
    assert_eq!(bench.said, [Effect::Migration(MigrationNews::Answered { request: request(5), answer })]);
}

fn drain(n: u128, node: NodeId, order: DrainOrder) -> Control {
    Control::Drain { request: request(n), node, order }
}

fn drained(n: u128, left: &[EntityId]) -> Control {
    Control::Drained { request: request(n), outcome: Ok(left.to_vec()) }
}

#[test]
fn a_node_that_is_drained_gives_its_daemons_away_and_says_that_it_takes_nothing() {
    let mut bench = desk();
    bench.upstream(1);
    bench.input(Input::Daemon(Box::new(daemon("votes", DESK, EPOCH))));
    bench.said.clear();
    bench.says(1, drain(7, DESK, DrainOrder::Begin));
    let tally = (TALLY, "tally".parse().unwrap());
    assert!(bench.said.contains(&Effect::Migration(MigrationNews::Drain(vec![tally]))), "{:?}", bench.said);
    assert_eq!(bench.sent(1), [Control::Accepting(Accepting::Nothing(Reluctance::Draining))], "and no answer yet");
    bench.input(Input::Drained { left: vec![TALLY] });
    assert_eq!(bench.sent(1), [drained(7, &[TALLY])]);
    bench.says(1, drain(8, DESK, DrainOrder::Begin));
    bench.says(1, drain(9, DESK, DrainOrder::Cancel));
    let answers = bench.sent(1);
    let taking = Control::Accepting(Accepting::Everything);
    assert_eq!(answers, [drained(8, &[TALLY]), drained(9, &[]), taking], "whoever waited learns what is still there");
}

#[test]
fn a_drain_finds_its_node() {
    let mut bench = cloud(2);
    bench.says(1, drain(7, node(2), DrainOrder::Begin));
    assert_eq!(bench.sent(2), [drain(7, node(2), DrainOrder::Begin)]);
    bench.says(2, drained(7, &[]));
    assert_eq!(bench.sent(1), [drained(7, &[])]);
    bench.says(1, drain(8, node(9), DrainOrder::Begin));
    assert!(matches!(bench.sent(1).as_slice(), [Control::Drained { outcome: Err(_), .. }]), "no such node");
    let mut node_without_cloud = desk();
    node_without_cloud.client(2);
    node_without_cloud.says(2, drain(9, node(2), DrainOrder::Begin));
    assert!(matches!(node_without_cloud.sent(2).as_slice(), [Control::Drained { outcome: Err(_), .. }]));
}

/// Of a call of which nothing is left but its deadline.
#[test]
fn a_drain_without_an_end_is_answered_at_its_deadline() {
    let mut bench = cloud(2);
    bench.says(1, drain(7, node(2), DrainOrder::Begin));
    bench.pass(u64::try_from(Limits::default().drain_order.as_millis()).unwrap());
    assert!(matches!(bench.sent(1).as_slice(), [Control::Drained { outcome: Err(_), .. }]));
    let unasked = DaemonResponse { request: request(7), answer: DaemonAnswer::Done };
    bench.says(2, Control::DaemonResponse(unasked));
    assert_eq!(bench.sent(1), []);
}
