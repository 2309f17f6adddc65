//! Daemons: started where their code is, asked where they live.

use wayfare_protocol::EntityId;
use wayfare_protocol::capability::{Accepting, Policy, Reluctance};
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonKey, DaemonRequest, DaemonResponse, DaemonState, DaemonStats,
    Durability, Health, StartDaemon,
};
use wayfare_protocol::identity::PublicKey;
use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{Head, StreamId};

use super::*;

pub(super) const TALLY: EntityId = EntityId(PublicKey([9; 32]));

fn daemon_key(name: &str) -> DaemonKey {
    DaemonKey { name: name.parse().unwrap(), kind: "tally".parse().unwrap() }
}

pub(super) fn daemon(name: &str, owner: NodeId, epoch: Epoch) -> DaemonInfo {
    DaemonInfo {
        entity: TALLY,
        key: daemon_key(name),
        owner,
        device_name: "laptop".to_owned(),
        epoch,
        state: DaemonState::Live,
        health: Health::Healthy,
        durability: Durability::Disk,
        head: Head::default(),
        stats: DaemonStats::default(),
    }
}

pub(super) fn daemon_row(owner: NodeId) -> Row {
    let resource = ResourceId::Daemon(TALLY);
    Row { resource, key: daemon_key("votes").into(), owner, epoch: EPOCH, lineage: Lineage(0), base: None }
}

fn start(n: u128, device: Option<NodeId>) -> Control {
    let start = StartDaemon { key: daemon_key("votes"), durability: Durability::Disk, device };
    Control::StartDaemon { request: request(n), start }
}

pub(super) fn asked(n: u128) -> DaemonRequest {
    DaemonRequest { request: request(n), daemon: TALLY, epoch: None, call: DaemonCall::Describe }
}

fn with_code() -> Capabilities {
    Capabilities { tags: vec!["daemon:tally".to_owned()], ..python() }
}

fn refusal(sent: &[Control]) -> ErrorCode {
    match sent {
        [Control::DaemonStarted { outcome: Err(refusal), .. }] => refusal.code,
        [Control::DaemonResponse(DaemonResponse { answer: DaemonAnswer::Refused(refusal), .. })] => refusal.code,
        other => panic!("{other:?}"),
    }
}

/// The desk's own account, with the code of tallies.
pub(super) fn desk() -> Bench {
    let (name, os) = ("desk".to_owned(), "linux".to_owned());
    Bench::new(
        Place::Node {
            node: DESK,
            name,
            os,
            capabilities: with_code(),
            announced: CapabilitySet::new(),
            policy: Policy::default(),
        },
        Limits::default(),
    )
}

/// A cloud in which the laptop has the code of tallies.
pub(super) fn cloud() -> Bench {
    let mut bench = Bench::cloud();
    let laptop = registered(LAPTOP.0, "laptop", Some(with_code()));
    bench.input(Input::LinkUp { link: LinkId(2), peer: Peer::Device(laptop) });
    bench.client(3);
    bench
}

/// A node with the code makes it, once however often it is asked for, and every asker is told when it is there.
#[test]
fn a_node_with_the_code_makes_a_daemon() {
    let mut bench = desk();
    bench.client(1);
    bench.client(2);
    bench.says(1, start(10, None));
    bench.says(2, start(20, None));
    let made = bench.said.iter().filter(|effect| matches!(effect, Effect::StartDaemon(_))).count();
    assert_eq!(made, 1);
    let info = daemon("votes", DESK, Epoch::LOCAL);
    bench.input(Input::Daemon(Box::new(info.clone())));
    for (link, n) in [(1, 10), (2, 20)] {
        let outcome = Ok(Box::new(info.clone()));
        assert_eq!(bench.sent(link), [Control::DaemonStarted { request: request(n), outcome }]);
    }
    bench.says(1, start(11, None));
    assert!(matches!(bench.sent(1).as_slice(), [Control::DaemonStarted { outcome: Ok(_), .. }]), "it is there");
}

#[test]
fn a_name_of_another_kind_is_taken() {
    let mut bench = desk();
    bench.client(1);
    let other = DaemonKey { kind: "window".parse().unwrap(), ..daemon_key("votes") };
    bench.input(Input::Daemon(Box::new(DaemonInfo { key: other, ..daemon("votes", DESK, EPOCH) })));
    bench.says(1, start(10, None));
    assert_eq!(refusal(&bench.sent(1)), ErrorCode::Ambiguous);
}

/// A name asked for while logs are being read may be that of a daemon which is being read.
#[test]
fn a_start_waits_until_every_daemon_has_told_its_name() {
    let mut bench = desk();
    bench.input(Input::Restarted { sessions: [].into(), daemons: [TALLY].into(), is_paired: false });
    bench.client(1);
    bench.says(1, start(10, None));
    assert_eq!(bench.sent(1), []);
    bench.input(Input::Daemon(Box::new(daemon("votes", DESK, Epoch::LOCAL))));
    assert!(matches!(bench.sent(1).as_slice(), [Control::DaemonStarted { outcome: Ok(_), .. }]));
    assert!(!bench.said.iter().any(|effect| matches!(effect, Effect::StartDaemon(_))), "no second one");
}

/// The cloud knows who has the code; where nobody has, it says so.
#[test]
fn the_cloud_sends_a_start_to_a_device_with_the_code() {
    let mut bench = cloud();
    bench.says(3, start(10, None));
    assert_eq!(bench.sent(2), [start(10, None)]);
    let outcome = Ok(Box::new(daemon("votes", LAPTOP, EPOCH)));
    bench.says(2, Control::DaemonStarted { request: request(10), outcome: outcome.clone() });
    assert_eq!(bench.sent(3), [Control::DaemonStarted { request: request(10), outcome }]);
    bench.says(3, start(11, Some(DESK)));
    assert_eq!(refusal(&bench.sent(3)), ErrorCode::OwnerUnreachable);
    bench.up(1, DESK.0);
    bench.says(3, start(12, Some(DESK)));
    assert_eq!(refusal(&bench.sent(3)), ErrorCode::NoCapability);
}

/// A device that takes nothing is not given a new daemon, named or not; one that is named says why.
#[test]
fn a_new_daemon_goes_to_no_device_that_takes_nothing() {
    for (why, code) in [
        (Reluctance::Draining, ErrorCode::Draining),
        (Reluctance::Closed, ErrorCode::Forbidden),
        (Reluctance::OnBattery, ErrorCode::Forbidden),
    ] {
        let mut bench = cloud();
        bench.says(2, Control::Accepting(Accepting::Nothing(why)));
        bench.says(3, start(10, None));
        assert_eq!(refusal(&bench.sent(3)), ErrorCode::NoCapability, "{why:?}");
        bench.says(3, start(11, Some(LAPTOP)));
        assert_eq!(refusal(&bench.sent(3)), code, "{why:?}");
        assert_eq!(bench.sent(2), []);
        bench.says(2, Control::Accepting(Accepting::Everything));
        bench.says(3, start(12, Some(LAPTOP)));
        assert_eq!(bench.sent(2), [start(12, Some(LAPTOP))]);
    }
    let mut bench = cloud();
    bench.input(Input::LinkDown { link: LinkId(2) });
    bench.says(3, start(13, Some(LAPTOP)));
    assert_eq!(refusal(&bench.sent(3)), ErrorCode::OwnerUnreachable);
}

/// A question goes to the owner of the row, its epoch stamped; a node's word counts only for what its row gives it.
#[test]
fn a_question_goes_to_the_owner() {
    let mut bench = cloud();
    bench.says(3, Control::DaemonRequest(asked(10)));
    assert_eq!(refusal(&bench.sent(3)), ErrorCode::NotFound);
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![daemon_row(LAPTOP)],
    });
    bench.says(3, Control::DaemonRequest(asked(11)));
    assert_eq!(bench.sent(2), [Control::DaemonRequest(DaemonRequest { epoch: Some(EPOCH), ..asked(11) })]);
    let answer = DaemonAnswer::Done;
    bench.says(2, Control::DaemonResponse(DaemonResponse { request: request(11), answer: answer.clone() }));
    assert_eq!(bench.sent(3), [Control::DaemonResponse(DaemonResponse { request: request(11), answer })]);
    bench.says(2, Control::DaemonUp(Box::new(daemon("forged", LAPTOP, Epoch { n: 9, ..EPOCH }))));
    bench.says(3, Control::ListDaemons { request: request(12) });
    let sent = bench.sent(3);
    let [Control::DaemonList { daemons, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(daemons.iter().map(|info| info.key.name.as_str()).collect::<Vec<_>>(), ["votes"]);
    bench.input(Input::LinkDown { link: LinkId(2) });
    bench.says(3, Control::DaemonRequest(asked(13)));
    assert_eq!(refusal(&bench.sent(3)), ErrorCode::OwnerUnreachable);
}

/// The answer to a claim may be lost together with whoever made it: the owner hears of its row when it tells of the daemon next.
#[test]
fn a_node_that_does_not_know_its_row_is_told_of_it() {
    let mut bench = cloud();
    let row = Row { epoch: Epoch { n: EPOCH.n + 1, ..EPOCH }, ..daemon_row(LAPTOP) };
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![row.clone()],
    });
    bench.says(2, Control::DaemonUp(Box::new(daemon("votes", LAPTOP, EPOCH))));
    assert_eq!(bench.sent(2), [Control::Row(row.clone())]);
    bench.says(2, Control::DaemonUp(Box::new(daemon("votes", LAPTOP, row.epoch))));
    assert_eq!(bench.sent(2), []);
}

/// An answer that does not come leaves it unknown.
#[test]
fn a_question_without_an_answer_is_given_up() {
    let mut bench = cloud();
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![daemon_row(LAPTOP)],
    });
    bench.says(3, Control::DaemonRequest(asked(10)));
    bench.pass(10_001);
    assert_eq!(refusal(&bench.sent(3)), ErrorCode::DeadlineExceeded);
}

/// Outputs are read where the daemon lives.
#[test]
fn a_stream_is_read_here_or_joined() {
    let open =
        Open { destination: Destination::Daemon { daemon: TALLY, from: 1 }, class: Class::Interactive, window: 9 };
    let mut bench = cloud();
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![daemon_row(LAPTOP)],
    });
    bench.said.clear();
    let (link, stream) = (LinkId(3), StreamId(5));
    bench.input(Input::StreamRequested { link, stream, open: open.clone() });
    assert_eq!(bench.said, [Effect::Join { link, stream, onward: LinkId(2), open: open.clone() }]);
    let mut bench = desk();
    bench.client(3);
    bench.input(Input::Daemon(Box::new(daemon("votes", DESK, EPOCH))));
    bench.said.clear();
    bench.input(Input::StreamRequested { link, stream, open });
    assert_eq!(bench.said, [Effect::ReadDaemon { link, stream, daemon: TALLY, from: 1 }]);
}

/// A daemon's claim and its answer go the way of a session's; the store grants only what is the claimant's own.
#[test]
fn a_daemons_row_is_claimed_and_granted() {
    let mut bench = desk();
    bench.input(Input::Daemon(Box::new(daemon("votes", DESK, Epoch::LOCAL))));
    bench.upstream(2);
    let resource = ResourceId::Daemon(TALLY);
    let input = ownership::Input::StoreReachable { generation: 1 };
    assert!(bench.said.contains(&Effect::Ownership { resource, input }));
    let mut cloud = cloud();
    let claim = Claim { expect: None, next: daemon_row(LAPTOP) };
    cloud.says(2, Control::Claim { request: request(60), claim: claim.clone() });
    assert!(cloud.said.iter().any(|effect| matches!(effect, Effect::Claim { .. })));
    cloud.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![daemon_row(DESK)],
    });
    cloud.sent(2);
    cloud.says(2, Control::Claim { request: request(61), claim });
    let sent = cloud.sent(2);
    assert!(
        matches!(sent.as_slice(), [Control::Claimed { outcome: Err(refusal), .. }] if refusal.code == ErrorCode::Forbidden)
    );
}
