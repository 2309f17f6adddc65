//! What migrations need of the account.

use wayfare_protocol::between::{Between, Said};
use wayfare_protocol::daemon::{DaemonCall, DaemonInfo, DaemonRequest, DaemonState};
use wayfare_protocol::migration::{MoveMode, Party};
use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{ChunkId, StreamId};

use super::daemons::{TALLY, asked, cloud, daemon, daemon_row, desk};
use super::*;
use crate::account::StoreAnswer;

fn between(from: NodeId, to: NodeId) -> Control {
    Control::Between(Box::new(Between { from, to, said: Said::WantsSealingKey }))
}

/// A cloud with both nodes, in which the laptop owns the daemon.
fn both() -> Bench {
    let mut bench = cloud();
    bench.up(1, DESK.0);
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![daemon_row(LAPTOP)],
    });
    bench.said.clear();
    bench
}

/// The cloud passes on what a node says in its own name, and nothing that is said in another's.
#[test]
fn a_word_between_nodes_is_passed_on_from_whose_it_is() {
    let mut bench = both();
    bench.says(2, between(LAPTOP, DESK));
    assert_eq!(bench.sent(1), [between(LAPTOP, DESK)]);
    bench.says(3, between(LAPTOP, DESK));
    bench.says(1, between(LAPTOP, DESK));
    assert_eq!((bench.sent(1), bench.sent(2)), (vec![], vec![]));
    let mut node = desk();
    node.upstream(1);
    node.client(2);
    node.said.clear();
    for (link, to) in [(2, DESK), (1, LAPTOP)] {
        node.says(link, between(LAPTOP, to));
    }
    assert_eq!(node.said, [], "of a stranger, and not for this node");
    node.says(1, between(LAPTOP, DESK));
    assert_eq!(node.said, [Effect::Migration(MigrationNews::Said { from: LAPTOP, said: Said::WantsSealingKey })]);
}

/// The claim that the store was asked for.
fn store_asked(bench: &mut Bench) -> OpId {
    let asked = bench.said.iter().find_map(|effect| match effect {
        Effect::Claim { op, .. } => Some(*op),
        _ => None,
    });
    bench.said.retain(|effect| !matches!(effect, Effect::Claim { .. }));
    asked.expect("the store was asked")
}

/// Whose a daemon is may give it away, once; both owners hear it, and anybody of the account may read the row.
#[test]
fn an_owner_gives_its_daemon_to_another_node() {
    let mut bench = both();
    let next = Row { owner: DESK, epoch: Epoch { n: EPOCH.n + 1, ..EPOCH }, ..daemon_row(LAPTOP) };
    let claim = Claim { expect: Some(EPOCH), next: Row { epoch: EPOCH, ..next.clone() } };
    bench.says(1, Control::Claim { request: request(9), claim: claim.clone() });
    let refused = bench.sent(1);
    assert!(matches!(refused.as_slice(), [Control::Claimed { outcome: Err(_), .. }]), "not its own: {refused:?}");
    bench.says(2, Control::Claim { request: request(10), claim: claim.clone() });
    let outcome = Ok(ClaimOutcome::Granted(next.clone()));
    let op = store_asked(&mut bench);
    bench.input(Input::Claimed { op, outcome: outcome.clone() });
    assert_eq!(bench.sent(2), [Control::Claimed { request: request(10), outcome }]);
    assert_eq!(bench.sent(1), [Control::Row(next.clone())]);
    bench.says(2, Control::Claim { request: request(13), claim });
    store_asked(&mut bench); // of a claim whose answer was lost: it says what became of it
    bench.says(1, Control::ReadRow { request: request(11), resource: ResourceId::Daemon(TALLY) });
    assert_eq!(bench.sent(1), [Control::RowRead { request: request(11), row: Some(Box::new(next)) }]);
    bench.says(3, Control::DaemonRequest(asked(12)));
    assert!(matches!(bench.sent(1).as_slice(), [Control::DaemonRequest(_)]), "questions go to the new owner");
}

/// A migration's questions go up, and their answers come back to it; a row that was decided is news for whoever else waits for it here.
#[test]
fn the_stores_answers_come_back_to_the_migration() {
    let mut bench = desk();
    bench.upstream(1);
    bench.said.clear();
    bench.input(Input::ReadRow { request: request(1), daemon: TALLY });
    let claim = Claim { expect: Some(EPOCH), next: daemon_row(DESK) };
    bench.input(Input::MoveClaim { request: request(2), claim: Box::new(claim) });
    assert!(matches!(bench.sent(1).as_slice(), [Control::ReadRow { .. }, Control::Claim { .. }]));
    bench.said.clear();
    bench.says(1, Control::RowRead { request: request(1), row: None });
    let outcome = Ok(ClaimOutcome::Superseded(daemon_row(LAPTOP)));
    bench.says(1, Control::Claimed { request: request(2), outcome: outcome.clone() });
    let answered = |n, answer| Effect::Migration(MigrationNews::Answered { request: request(n), answer });
    let row = Effect::Migration(MigrationNews::Row(Box::new(daemon_row(LAPTOP))));
    assert_eq!(bench.said, [answered(1, StoreAnswer::Row(None)), answered(2, StoreAnswer::Claimed(outcome)), row]);
}

/// A copy that follows is nobody's daemon; after a restart its migration goes on, as does that of a daemon which was sealed. A copy says so
/// whenever it is started again: its target may have given it up.
#[test]
fn what_follows_is_not_listed_and_goes_on_after_a_restart() {
    for (state, party, times) in [(DaemonState::Following, Party::Target, 2), (DaemonState::Sealed, Party::Source, 1)] {
        let mut bench = desk();
        bench.input(Input::Restarted { sessions: [].into(), daemons: [TALLY].into(), is_paired: false });
        for state in [DaemonState::Recovering, state, state] {
            bench.input(Input::Daemon(Box::new(DaemonInfo { state, ..daemon("votes", DESK, EPOCH) })));
        }
        let news = Effect::Migration(MigrationNews::Resume { daemon: TALLY, party });
        let resumed = bench.said.iter().filter(|effect| **effect == news);
        assert_eq!(resumed.count(), times, "{state:?}");
        bench.client(2);
        bench.says(2, Control::ListDaemons { request: request(1) });
        let listed = usize::from(state == DaemonState::Sealed);
        assert!(matches!(bench.sent(2).as_slice(), [Control::DaemonList { daemons, .. }] if daemons.len() == listed));
    }
}

/// An order reaches the owner and waits longer than a question; a piece of a snapshot is fetched from the node that has it.
#[test]
fn an_order_and_a_chunk_find_their_node() {
    let call = DaemonCall::Move { to: LAPTOP, mode: MoveMode::Live };
    let mut bench = desk();
    bench.client(2);
    bench.input(Input::Daemon(Box::new(daemon("votes", DESK, EPOCH))));
    bench.says(2, Control::DaemonRequest(DaemonRequest { call, ..asked(1) }));
    assert!(
        bench
            .said
            .iter()
            .any(|effect| matches!(effect, Effect::Migration(MigrationNews::Ordered { to: Some(LAPTOP), .. })))
    );
    bench.pass(60_000);
    assert_eq!(bench.sent(2), [], "it is not given up yet");
    let open = |node| {
        let destination = Destination::Chunk { node, chunk: ChunkId([1; 32]) };
        Open { destination, class: Class::Bulk, window: 9 }
    };
    let (link, stream) = (LinkId(2), StreamId(1));
    bench.input(Input::StreamRequested { link, stream, open: open(DESK) });
    assert!(matches!(bench.said.last(), Some(Effect::ServeChunk { .. })));
    let mut cloud = both();
    cloud.input(Input::StreamRequested { link, stream, open: open(DESK) });
    assert!(matches!(cloud.said.last(), Some(Effect::Join { onward: LinkId(1), .. })));
}
