//! A daemon goes on elsewhere when its node is gone for good.

use wayfare_protocol::announcement::Announcement;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonRequest, DaemonResponse};
use wayfare_protocol::migration::{FailureReason, MoveInfo, MoveState, Recovery, TakeOver};
use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{ChunkId, Head, MigrationId, StreamId};

use super::spares::{cloud, kept, node, node_key, spare, taking, told, votes, votes_row};
use super::*;

pub(super) fn refused(bench: &mut Bench, link: u64) -> ErrorCode {
    match bench.sent(link).as_slice() {
        [Control::DaemonResponse(DaemonResponse { answer: DaemonAnswer::Refused(refusal), .. })] => refusal.code,
        other => panic!("{other:?}"),
    }
}

/// Nodes 2, 3, ... have the daemon's code. The first of them that announces more is the better one.
fn able(nodes: u8) -> Bench {
    let mut bench = kept(nodes);
    for n in 2..=nodes {
        let cpus = format!("hardware.cpus={}", 64 / n);
        let tags = [cpus.as_str(), "daemon:tally", "subprotocol:0x0500"];
        let set = tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap());
        let said = Announcement::sign(&node_key(n), 1, Wall(0), 3_600, set).unwrap();
        bench.says(n.into(), Control::Announce(Box::new(said)));
    }
    bench.said.clear();
    bench
}

fn recover(bench: &mut Bench, link: u64, to: Option<u8>) {
    let call = DaemonCall::Recover { to: to.map(node) };
    bench.says(link, Control::DaemonRequest(DaemonRequest { request: request(8), daemon: votes(), epoch: None, call }));
}

/// Node 2's user revokes the device of the daemon's owner.
fn revoke(bench: &mut Bench) {
    bench.says(2, Control::RevokeDevice { request: request(1), device: node(1).0 });
    let op = bench.said.iter().find_map(|effect| match effect {
        Effect::Revoke { op, .. } => Some(*op),
        _ => None,
    });
    bench.input(Input::Revoked { op: op.expect("the store is asked"), outcome: Ok(Some(Wall(40))) });
    bench.pass(0);
}

/// Takes the take-over that was begun.
fn begun(bench: &mut Bench) -> Option<(OpId, TakeOver)> {
    let mut begun = Vec::new();
    bench.said.retain(|effect| match effect {
        Effect::TakeOver { op, daemon, take } => {
            assert_eq!(*daemon, votes());
            begun.push((*op, take.as_ref().clone()));
            false
        }
        _ => true,
    });
    assert!(begun.len() <= 1);
    begun.pop()
}

/// A node claims the daemon for itself; whether the store is asked.
fn is_admitted(bench: &mut Bench, n: u8) -> bool {
    let claim = Claim { expect: Some(EPOCH), next: Row { lineage: Lineage(1), ..votes_row(node(n)) } };
    bench.says(n.into(), Control::Claim { request: request(30 + u128::from(n)), claim });
    let is_claim = |effect: &Effect| matches!(effect, Effect::Claim { .. });
    let is_admitted = bench.said.iter().any(is_claim);
    bench.said.retain(|effect| !is_claim(effect));
    bench.sent(n.into());
    is_admitted
}

/// The store has granted the row to a node, from a base.
fn granted(bench: &mut Bench, n: u8) -> Head {
    let base = Head { inbox_position: 10, ..Head::default() };
    let row = Row { epoch: Epoch { n: 2, ..EPOCH }, lineage: Lineage(1), base: Some(base), ..votes_row(node(n)) };
    let claim = Claim { expect: Some(EPOCH), next: row.clone() };
    bench.says(n.into(), Control::Claim { request: request(20), claim });
    let op = bench.said.iter().find_map(|effect| match effect {
        Effect::Claim { op, .. } => Some(*op),
        _ => None,
    });
    bench.input(Input::Claimed { op: op.expect("the store is asked"), outcome: Ok(ClaimOutcome::Granted(row)) });
    base
}

fn ended(state: MoveState) -> DaemonAnswer {
    DaemonAnswer::Moved(Box::new(MoveInfo {
        migration: MigrationId(Uuid::from_u128(1)),
        daemon: votes(),
        source: Some(node(1)),
        target: Some(node(2)),
        state,
        bytes: 0,
        phases: Vec::new(),
        pause_ms: None,
    }))
}

#[test]
fn a_person_lets_a_daemon_go_on_without_its_owner_and_hears_what_is_lost() {
    let mut bench = able(2);
    recover(&mut bench, 2, None);
    assert_eq!(refused(&mut bench, 2), ErrorCode::Unsupported, "its owner is connected");
    bench.down(1);
    assert!(!is_admitted(&mut bench, 2), "nobody let it go on");
    recover(&mut bench, 2, None);
    let (op, take) = begun(&mut bench).expect("a take-over");
    assert_eq!((take.target, take.ready.is_sealed), (node(2), true));
    assert_eq!(take.ready.sealed_key, spare(1, &[2]).for_node(node(2)).unwrap().sealed_key);
    let base = granted(&mut bench, 2);
    bench.said.clear();
    bench.input(Input::TookOver { op, answer: ended(MoveState::Moved) });
    let recovery = Recovery {
        daemon: votes(),
        target: node(2),
        base,
        known: told(1).head,
        durability: wayfare_protocol::daemon::Durability::Disk,
    };
    assert_eq!(recovery.events_lost(), 5);
    let answer = DaemonAnswer::Recovered(Box::new(recovery));
    let response = DaemonResponse { request: request(8), answer };
    assert_eq!(bench.sent(2), [Control::DaemonResponse(response)]);
}

#[test]
fn nothing_goes_on_without_a_spare_or_where_its_key_cannot_be_opened() {
    let mut bench = cloud(2);
    bench.down(1);
    recover(&mut bench, 2, None);
    assert_eq!(refused(&mut bench, 2), ErrorCode::NotFound, "there is no spare");
    let mut bench = able(3);
    bench.down(1);
    bench.input(Input::Spares(vec![spare(1, &[2])]));
    for (to, code) in [(Some(3), ErrorCode::NoCapability), (Some(1), ErrorCode::OwnerUnreachable)] {
        recover(&mut bench, 2, to);
        assert_eq!(refused(&mut bench, 2), code, "{to:?}");
    }
    bench.down(2);
    recover(&mut bench, 3, None);
    assert_eq!(refused(&mut bench, 3), ErrorCode::NoCapability, "who could open it is away");
}

/// The best refuses, so the next is let go on; nobody is left then.
#[test]
fn one_that_refuses_is_followed_by_the_next() {
    let mut bench = able(3);
    bench.down(1);
    recover(&mut bench, 3, None);
    let (op, first) = begun(&mut bench).expect("the best");
    let refuses = || ended(MoveState::Failed(FailureReason::NoTarget));
    bench.input(Input::TookOver { op, answer: refuses() });
    let (op, second) = begun(&mut bench).expect("the next");
    assert_ne!(first.target, second.target);
    assert_eq!(bench.sent(3), [], "it is not over");
    bench.input(Input::TookOver { op, answer: refuses() });
    assert_eq!(begun(&mut bench), None);
    assert_eq!(refused(&mut bench, 3), ErrorCode::StorageFailed);
    bench.pass(600_000);
    assert_eq!(begun(&mut bench), None, "a person asks again, or does not");
}

#[test]
fn an_owner_that_comes_back_keeps_what_is_its_own() {
    let mut bench = able(2);
    bench.down(1);
    recover(&mut bench, 2, None);
    begun(&mut bench).expect("a take-over");
    assert!(is_admitted(&mut bench, 2));
    bench.up_again(11, node(1));
    assert!(!is_admitted(&mut bench, 2));
    let is_passed_on = |effect: &Effect| matches!(effect, Effect::Send { link, control: Control::DaemonRequest(_) } if *link == LinkId(11));
    assert!(!bench.said.iter().any(is_passed_on), "it is not asked to recover itself");
}

/// Whatever its owner was last heard to do.
#[test]
fn daemons_of_a_revoked_device_go_on_without_an_order() {
    let mut bench = able(2);
    revoke(&mut bench);
    let (op, take) = begun(&mut bench).expect("a take-over");
    assert_eq!(take.target, node(2));
    let late = DaemonAnswer::Refused(Refusal::new(ErrorCode::DeadlineExceeded, "there was no answer"));
    bench.input(Input::TookOver { op, answer: late });
    assert_eq!(begun(&mut bench), None);
    bench.pass(10_000);
    let (op, _) = begun(&mut bench).expect("once more");
    granted(&mut bench, 2);
    bench.input(Input::TookOver { op, answer: ended(MoveState::Unknown) });
    bench.pass(600_000);
    assert_eq!(begun(&mut bench), None, "the row says whose it is");
    assert_eq!(taking(&mut bench), None, "nobody else could open it");
}

/// After the cloud's start too: which device is revoked is in the store, and what can be opened in the spares.
#[test]
fn what_was_lost_before_the_clouds_start_goes_on_as_soon_as_somebody_can() {
    let mut bench = Bench::new(Place::Cloud { generation: 1 }, Limits::default());
    let devices = vec![(registered(node(1).0, "node 1", Some(python())), Wall(5))];
    let revoked = BTreeMap::from([(node(1).0, Wall(40))]);
    bench.input(Input::Loaded { devices, revoked, given: BTreeMap::new(), rows: vec![votes_row(node(1))] });
    bench.input(Input::Spares(vec![spare(1, &[2])]));
    bench.pass(0);
    assert_eq!(begun(&mut bench), None, "nobody is there");
    let peer = Peer::Device(registered(node(2).0, "node 2", Some(python())));
    bench.input(Input::LinkUp { link: LinkId(2), peer });
    let tags = ["hardware.cpus=8", "daemon:tally", "subprotocol:0x0500"];
    let set = tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap());
    let said = Announcement::sign(&node_key(2), 1, Wall(0), 3_600, set).unwrap();
    bench.says(2, Control::Announce(Box::new(said)));
    bench.pass(0);
    assert!(begun(&mut bench).is_some());
}

/// Whoever goes on with a daemon fetches its spare from the cloud, also where it was taken while the daemon was on a node that is there.
#[test]
fn pieces_of_a_spare_come_from_the_cloud() {
    let mut bench = able(3);
    let chunk = ChunkId::of(b"state");
    let mut with_chunk = spare(1, &[2]);
    with_chunk.ready.manifest.chunks = vec![(chunk, 5)];
    bench.input(Input::Spares(vec![with_chunk]));
    let asked = |bench: &mut Bench, of: u8, chunk| {
        let destination = Destination::Chunk { node: node(of), chunk };
        let open = Open { destination, class: Class::Bulk, window: 1 << 20 };
        bench.said.clear();
        bench.input(Input::StreamRequested { link: LinkId(2), stream: StreamId(9), open });
        bench.said.pop()
    };
    assert!(matches!(asked(&mut bench, 1, chunk), Some(Effect::Join { .. })), "its node has them");
    bench.down(1);
    assert!(matches!(asked(&mut bench, 1, chunk), Some(Effect::Reset { .. })), "nobody let it go on");
    recover(&mut bench, 2, Some(2));
    begun(&mut bench).expect("a take-over");
    for of in [1, 3] {
        let served = asked(&mut bench, of, chunk);
        assert!(matches!(served, Some(Effect::ServeSpare { daemon, .. }) if daemon == votes()), "{of}");
    }
    assert!(matches!(asked(&mut bench, 1, ChunkId::of(b"other")), Some(Effect::Reset { .. })));
}

/// What it was told, or what it answered, may be lost with its link.
#[test]
fn a_target_that_loses_its_link_is_waited_for_no_longer() {
    let mut bench = able(3);
    bench.down(1);
    recover(&mut bench, 3, None);
    let (_, first) = begun(&mut bench).expect("the best");
    let link = if first.target == node(2) { 2 } else { 3 };
    bench.down(link);
    let (_, second) = begun(&mut bench).expect("the next, at once");
    assert_ne!(second.target, first.target);
    bench.up_again(20, second.target);
    assert_eq!(begun(&mut bench), None, "its older link was closed for the newer one, and nobody else is left");
    recover(&mut bench, 20, Some(if link == 2 { 3 } else { 2 }));
    assert_eq!(begun(&mut bench).map(|(_, third)| third.target), Some(second.target));
}

/// Nodes that give their daemons away take none, until they keep them again: nobody says so.
#[test]
fn what_nobody_can_go_on_with_is_tried_again() {
    let mut bench = able(2);
    bench.says(2, Control::Accepting(Accepting::Nothing(Reluctance::Draining)));
    revoke(&mut bench);
    assert_eq!(begun(&mut bench), None);
    bench.says(2, Control::Accepting(Accepting::Everything));
    bench.pass(10_000);
    assert!(begun(&mut bench).is_some());
}
