//! The cloud keeps a snapshot of every daemon.

use wayfare_protocol::between::SealingKey;
use wayfare_protocol::daemon::{DaemonCall, DaemonInfo, DaemonRequest, DaemonState, DaemonStats, Durability};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::{SnapshotReady, Spare};
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{EntityId, EntityKey, Head, SignedHead};

use super::daemons::{daemon, daemon_row};
use super::*;

pub(super) fn node_key(n: u8) -> DeviceKey {
    DeviceKey::from_seed(&[n; 32])
}

pub(super) fn node(n: u8) -> NodeId {
    NodeId(node_key(n).device_id())
}

fn entity_key() -> EntityKey {
    EntityKey::from_seed(&[9; 32])
}

pub(super) fn votes() -> EntityId {
    entity_key().entity()
}

/// The daemon as node 1 tells of it.
pub(super) fn told(snapshots: u64) -> DaemonInfo {
    let stats = DaemonStats { snapshots, ..DaemonStats::default() };
    let head = Head { inbox_position: 10 * snapshots + 5, ..Head::default() };
    DaemonInfo { entity: votes(), stats, head, ..daemon("votes", node(1), EPOCH) }
}

pub(super) fn votes_row(owner: NodeId) -> Row {
    Row { resource: ResourceId::Daemon(votes()), ..daemon_row(owner) }
}

/// A spare after so many snapshots, that these nodes can open.
pub(super) fn spare(snapshots: u64, nodes: &[u8]) -> Spare {
    let head = Head { inbox_position: 10 * snapshots, ..Head::default() };
    let head = SignedHead::sign(&entity_key(), Lineage(0), EPOCH, head);
    let seal = |n: &u8| {
        let sealed = SealedKey::seal(&entity_key(), node_key(*n).sealing_public(), &head, [*n; 32].into());
        (node(*n), sealed.expect("sealed"))
    };
    let ready = SnapshotReady {
        source: node(1),
        key: told(1).key,
        durability: Durability::Disk,
        manifest: Manifest::default(),
        head,
        is_sealed: false,
        sealed_key: None,
    };
    Spare { daemon: votes(), ready, sealed_keys: nodes.iter().map(seal).collect() }
}

/// A cloud with nodes 1, 2, ... over links of these numbers; the first has the daemon.
pub(super) fn cloud(nodes: u8) -> Bench {
    let mut bench = Bench::new(Place::Cloud { generation: 1 }, Limits::default());
    let devices = (1..=nodes).map(|n| (registered(node(n).0, &format!("node {n}"), Some(python())), Wall(5)));
    let (devices, revoked) = (devices.collect(), BTreeMap::new());
    bench.input(Input::Loaded { devices, revoked, given: BTreeMap::new(), rows: vec![votes_row(node(1))] });
    for n in 1..=nodes {
        bench.input(Input::SealingKey(SealingKey::of(&node_key(n))));
        let peer = Peer::Device(registered(node(n).0, &format!("node {n}"), Some(python())));
        bench.input(Input::LinkUp { link: LinkId(n.into()), peer });
    }
    bench.said.clear();
    bench
}

/// Takes what is being fetched: the op, and for whom.
pub(super) fn taking(bench: &mut Bench) -> Option<(OpId, Vec<NodeId>)> {
    let mut taking = Vec::new();
    bench.said.retain(|effect| match effect {
        Effect::TakeSpare { op, nodes, daemon, link } => {
            assert_eq!((*daemon, *link), (votes(), LinkId(1)), "from its owner");
            taking.push((*op, nodes.iter().map(|key| NodeId(key.key.device_id())).collect()));
            false
        }
        _ => true,
    });
    assert!(taking.len() <= 1, "one at a time");
    taking.pop()
}

/// Its first spare is kept.
pub(super) fn kept(nodes: u8) -> Bench {
    let mut bench = cloud(nodes);
    bench.says(1, Control::DaemonUp(Box::new(told(1))));
    let (op, _) = taking(&mut bench).expect("it is fetched");
    let others: Vec<u8> = (2..=nodes).collect();
    bench.input(Input::SpareTaken { op, result: Ok(Box::new(spare(1, &others))) });
    bench
}

fn failed() -> Result<Box<Spare>, Refusal> {
    Err(Refusal::new(ErrorCode::OwnerUnreachable, "the link is gone"))
}

#[test]
fn the_newest_snapshot_is_fetched_for_every_other_node() {
    let mut bench = cloud(3);
    bench.says(1, Control::DaemonUp(Box::new(told(0))));
    assert_eq!(taking(&mut bench), None, "there is none yet");
    bench.says(1, Control::DaemonUp(Box::new(told(1))));
    let (op, mut nodes) = taking(&mut bench).expect("it is fetched");
    nodes.sort();
    let mut others = [node(2), node(3)];
    others.sort();
    assert_eq!(nodes, others);
    bench.says(1, Control::DaemonUp(Box::new(told(2))));
    assert_eq!(taking(&mut bench), None, "one after the other");
    bench.input(Input::SpareTaken { op, result: Ok(Box::new(spare(1, &[2, 3]))) });
    assert_eq!(taking(&mut bench), None, "not so soon");
    bench.pass(59_000);
    assert_eq!(taking(&mut bench), None);
    bench.pass(1_000);
    let (op, _) = taking(&mut bench).expect("the newer one");
    bench.input(Input::SpareTaken { op, result: Ok(Box::new(spare(2, &[2, 3]))) });
    bench.pass(600_000);
    assert_eq!(taking(&mut bench), None, "nothing is new");
}

/// A phone's link is not kept busy by a large state that changes.
#[test]
fn a_large_spare_is_replaced_less_often() {
    let mut bench = cloud(2);
    bench.says(1, Control::DaemonUp(Box::new(told(1))));
    let (op, _) = taking(&mut bench).expect("it is fetched");
    let mut large = spare(1, &[2]);
    large.ready.manifest.total = 256 << 20;
    bench.input(Input::SpareTaken { op, result: Ok(Box::new(large)) });
    bench.says(1, Control::DaemonUp(Box::new(told(2))));
    bench.pass(4_095_000);
    assert_eq!(taking(&mut bench), None);
    bench.pass(1_000);
    assert!(taking(&mut bench).is_some(), "64 KiB in a second on the average");
}

#[test]
fn what_did_not_come_is_asked_for_again() {
    let mut bench = cloud(2);
    bench.says(1, Control::DaemonUp(Box::new(told(1))));
    let (op, _) = taking(&mut bench).expect("it is fetched");
    bench.input(Input::SpareTaken { op, result: failed() });
    assert_eq!(taking(&mut bench), None);
    bench.pass(10_000);
    let (op, _) = taking(&mut bench).expect("once more");
    bench.down(1);
    bench.input(Input::SpareTaken { op, result: failed() });
    bench.pass(10_000);
    assert_eq!(taking(&mut bench), None, "its owner is away");
}

/// A phone that is paired later can go on with what was there before.
#[test]
fn a_spare_that_a_node_cannot_open_is_fetched_anew() {
    let mut bench = kept(2);
    bench.pass(61_000);
    bench.input(Input::SealingKey(SealingKey::of(&node_key(2))));
    assert_eq!(taking(&mut bench), None, "it is known");
    bench.input(Input::SealingKey(SealingKey::of(&node_key(3))));
    let (_, nodes) = taking(&mut bench).expect("for the new one too");
    assert!(nodes.contains(&node(3)));
}

#[test]
fn nothing_is_fetched_that_nobody_could_open_or_that_is_on_its_way() {
    let mut bench = cloud(1);
    bench.says(1, Control::DaemonUp(Box::new(told(1))));
    assert_eq!(taking(&mut bench), None, "there is no other node");
    let mut bench = cloud(2);
    bench.says(1, Control::DaemonUp(Box::new(DaemonInfo { state: DaemonState::Sealed, ..told(1) })));
    assert_eq!(taking(&mut bench), None, "it is being moved");
    bench.says(2, Control::DaemonUp(Box::new(told(1))));
    assert_eq!(taking(&mut bench), None, "not its owner's word");
}

/// What the cloud kept before is known, and whether it is the newest is not.
#[test]
fn after_its_start_the_cloud_fetches_every_spare_once() {
    let mut bench = cloud(2);
    bench.input(Input::Spares(vec![spare(1, &[2])]));
    bench.says(1, Control::DaemonUp(Box::new(told(1))));
    let (op, _) = taking(&mut bench).expect("it may be newer");
    bench.input(Input::SpareTaken { op, result: Ok(Box::new(spare(1, &[2]))) });
    bench.pass(60_000);
    assert_eq!(taking(&mut bench), None);
}

/// An older spare that others can open is worth more than a newer one that they cannot.
#[test]
fn after_its_start_the_cloud_waits_for_those_who_can_open_what_it_has() {
    let begin = || {
        let mut bench = cloud(2);
        bench.input(Input::Spares(vec![spare(1, &[2, 3])]));
        bench.says(1, Control::DaemonUp(Box::new(told(2))));
        assert_eq!(taking(&mut bench), None, "node 3 may yet come");
        bench
    };
    let mut bench = begin();
    bench.pass(1_000);
    bench.input(Input::SealingKey(SealingKey::of(&node_key(3))));
    let (_, nodes) = taking(&mut bench).expect("it has come");
    assert!(nodes.contains(&node(3)));
    let mut bench = begin();
    bench.pass(599_000);
    assert_eq!(taking(&mut bench), None);
    bench.pass(1_000);
    let (_, nodes) = taking(&mut bench).expect("it does not come");
    assert_eq!(nodes, [node(2)]);
}

/// Neither a device nor a program may ask a node for a daemon's key.
#[test]
fn only_the_cloud_asks_for_spares() {
    let mut bench = kept(2);
    let call = DaemonCall::Spare { nodes: vec![SealingKey::of(&node_key(2))] };
    let asked = DaemonRequest { request: request(7), daemon: votes(), epoch: None, call };
    bench.says(2, Control::DaemonRequest(asked.clone()));
    assert_eq!(recovery::refused(&mut bench, 2), ErrorCode::Forbidden);
    let mut desk = daemons::desk();
    desk.client(4);
    desk.input(Input::Daemon(Box::new(DaemonInfo { entity: votes(), ..daemon("votes", DESK, EPOCH) })));
    desk.said.clear();
    desk.says(4, Control::DaemonRequest(asked.clone()));
    assert_eq!(recovery::refused(&mut desk, 4), ErrorCode::Forbidden);
    desk.upstream(5);
    desk.says(5, Control::DaemonRequest(asked));
    let asked = |effect: &Effect| matches!(effect, Effect::Migration(MigrationNews::Spare { .. }));
    assert!(desk.said.iter().any(asked), "the cloud is answered");
}
