//! The host's side of a migration.

use wayfare_protocol::daemon::{DaemonKey, DaemonState};

use super::*;

/// A daemon that the store knows, with some events.
fn granted() -> Desk {
    let mut desk = Desk::new();
    desk.row(HERE, 1);
    desk.call(DaemonCall::Subscribe { subscriber: origin(77), after: 0 });
    desk.publish(1, 1, &["2", "1", "4"]);
    desk.publish(2, 1, &["10", "refuse", "12"]);
    desk
}

/// Another node's host, restored from a snapshot of this one.
fn target(source: &mut Desk) -> Desk {
    let MoveAnswer::Cut(manifest, head) = source.ask(MoveAsk::Cut) else { panic!("no snapshot") };
    let (_, snapshot) = source.snapshot();
    let disk = Disk { inbox_first: 1, outputs_first: 1, ..Disk::default() };
    let mut target = Desk::on(config(THERE, tally()), disk);
    target.disk.snapshots.insert(manifest.total, snapshot.clone());
    target.step(Input::Arrive { caller: Caller(1), manifest, snapshot });
    assert_eq!(target.move_answer(Caller(1)), MoveAnswer::Stands(head));
    target.calls = 1;
    target
}

fn frames(source: &mut Desk, after: u64) -> Frames {
    match source.ask(MoveAsk::Frames { after, bytes_max: 1 << 20 }) {
        MoveAnswer::Frames(frames, _) => frames,
        other => panic!("{other:?}"),
    }
}

/// After a restart a node knows no more of a copy than its logs: neither name nor kind. Its snapshots say the kind of the code that made them.
#[test]
fn a_copy_that_was_found_takes_snapshots_from_which_it_can_be_made() {
    let mut source = granted();
    let mut copy = target(&mut source);
    copy.config.key = DaemonKey { name: "unnamed".parse().unwrap(), kind: "unnamed".parse().unwrap() };
    copy.config.limits.daemon_snapshot_events = 1;
    let mut copy = copy.crash();
    source.publish(1, 4, &["6", "8"]);
    let followed = frames(&mut source, copy.head().inbox_position);
    assert_eq!(copy.ask(MoveAsk::Follow(followed)), MoveAnswer::Stands(source.head()));
    assert_eq!(copy.disk.snapshots.len(), 2, "that which it came with, and its own");
    let copy = copy.crash();
    assert_eq!(copy.host.info().state, DaemonState::Following);
    assert_eq!(copy.head(), source.head());
}

/// The whole way: snapshot, frames, seal, the rest, the row. Two publishers with overlapping numbers, two outputs for some
/// events and none for others; afterwards the chain goes on at the target, and no event is lost or repeated.
#[test]
fn a_target_that_follows_stands_where_the_source_was_sealed() {
    let mut source = granted();
    let mut target = target(&mut source);
    assert_eq!(target.host.info().state, DaemonState::Following);
    let position = target.head().inbox_position;
    source.publish(1, 4, &["6", "refuse"]);
    source.publish(2, 4, &["14"]);
    let followed = frames(&mut source, position);
    assert_eq!(target.ask(MoveAsk::Follow(followed.clone())), MoveAnswer::Stands(source.head()));
    assert_eq!(target.ask(MoveAsk::Follow(followed)), MoveAnswer::Stands(source.head()), "a repeat changes nothing");
    source.publish(1, 6, &["8"]);
    let MoveAnswer::Sealed(head) = source.ask(MoveAsk::Seal) else { panic!("not sealed") };
    assert!(matches!(source.publish(1, 7, &["2"]), Some(DaemonAnswer::Refused(_))), "what is sealed takes nothing");
    let rest = frames(&mut source, target.head().inbox_position);
    assert_eq!(target.ask(MoveAsk::Follow(rest)), MoveAnswer::Stands(head));

    assert!(matches!(target.publish(1, 7, &["2"]), Some(DaemonAnswer::Refused(_))), "it owns nothing yet");
    source.row(THERE, 2);
    target.row(THERE, 2);
    assert_eq!(target.publish(1, 6, &["8", "2"]), Some(DaemonAnswer::Accepted { through: 7 }), "one of it is a repeat");
    assert_eq!(target.publish(2, 4, &["14"]), Some(DaemonAnswer::Accepted { through: 4 }));
    assert_eq!(target.head().inbox_position, head.inbox_position + 1);
    let outputs = target.outputs();
    assert_chained(&outputs);
    assert!(target.said().last().unwrap().starts_with("59 at"), "{:?}", target.said());
    assert_eq!(source.ask(MoveAsk::ForgetReleased(Epoch { generation: 1, n: 2 })), MoveAnswer::Forgotten);
    assert!(source.is_removed);
    let (head, mut again) = (target.head(), target.crash());
    assert_eq!(again.head(), head);
    assert_eq!(again.outputs().len(), outputs.len(), "what no subscriber has acknowledged moved with it");
}

/// A target that crashes while it follows goes on from where it was.
#[test]
fn a_target_survives_its_own_crash() {
    let mut source = granted();
    let mut target = target(&mut source);
    source.publish(1, 4, &["6"]);
    let followed = frames(&mut source, target.head().inbox_position);
    target.ask(MoveAsk::Follow(followed));
    let mut target = target.crash();
    assert_eq!(target.head(), source.head());
    assert_eq!(target.host.info().state, DaemonState::Following);
    assert!(target.work.is_empty());
    source.publish(1, 5, &["8"]);
    let MoveAnswer::Sealed(head) = source.ask(MoveAsk::Seal) else { panic!("not sealed") };
    let rest = frames(&mut source, target.head().inbox_position);
    assert_eq!(target.ask(MoveAsk::Follow(rest)), MoveAnswer::Stands(head));
}

/// A seal survives a crash, and only a row ends it: for this node it goes on, for another it is over.
#[test]
fn a_sealed_daemon_goes_on_only_by_a_row() {
    let mut source = granted();
    let MoveAnswer::Sealed(head) = source.ask(MoveAsk::Seal) else { panic!("not sealed") };
    let mut source = source.crash();
    assert_eq!(source.host.info().state, DaemonState::Sealed);
    assert_eq!(source.ask(MoveAsk::Seal), MoveAnswer::Sealed(head), "asked again");
    assert!(matches!(source.publish(1, 4, &["6"]), Some(DaemonAnswer::Refused(_))));
    assert!(
        matches!(source.ask(MoveAsk::ForgetReleased(Epoch::LOCAL)), MoveAnswer::Refused(_)),
        "it may still be its own"
    );
    source.row(HERE, 2);
    assert_eq!(source.publish(1, 4, &["6"]), Some(DaemonAnswer::Accepted { through: 4 }));
}

/// The seal waits for what was accepted: all of that is before the head, and acknowledged.
#[test]
fn a_seal_waits_for_what_was_accepted() {
    let mut source = granted();
    source.slow();
    let first = source.call(DaemonCall::Publish { origin: origin(1), first: 4, payloads: payloads(&["6"]) });
    let second = source.call(DaemonCall::Publish { origin: origin(1), first: 5, payloads: payloads(&["8"]) });
    source.step(Input::Move { caller: Caller(500), ask: MoveAsk::Seal });
    let late = source.call(DaemonCall::Publish { origin: origin(1), first: 6, payloads: payloads(&["8"]) });
    assert!(matches!(source.answer(late), Some(DaemonAnswer::Refused(_))));
    while source.finish() {}
    assert_eq!(source.answer(first), Some(DaemonAnswer::Accepted { through: 4 }));
    assert_eq!(source.answer(second), Some(DaemonAnswer::Accepted { through: 5 }));
    assert_eq!(source.move_answer(Caller(500)), MoveAnswer::Sealed(source.head()));
}

/// Frames with a hole before them are not processed, and what is missing is told.
#[test]
fn a_gap_between_frames_is_told() {
    let mut source = granted();
    let mut target = target(&mut source);
    let after = target.head().inbox_position;
    source.publish(1, 4, &["6"]);
    source.publish(1, 5, &["8"]);
    let late = frames(&mut source, after + 1);
    assert_eq!(target.ask(MoveAsk::Follow(late)), MoveAnswer::Gap { after });
    assert!(matches!(source.ask(MoveAsk::Frames { after: 2, bytes_max: 1 }), MoveAnswer::Refused(_)), "within a frame");
}

/// Nothing moves that no store has granted.
#[test]
fn a_daemon_that_no_store_knows_is_not_sealed() {
    let mut desk = Desk::new();
    assert!(matches!(desk.ask(MoveAsk::Seal), MoveAnswer::Refused(_)));
    assert!(matches!(desk.publish(1, 1, &["2"]), Some(DaemonAnswer::Accepted { .. })), "and it goes on");
}

/// A daemon without state moves like any other.
#[test]
fn a_stateless_daemon_moves() {
    let factory = || Arc::new(|| Box::new(Echo) as Box<dyn MeshDaemon>);
    let mut source = Desk::with(config(HERE, factory()));
    source.row(HERE, 1);
    source.publish(1, 1, &["a", "b"]);
    let MoveAnswer::Cut(manifest, head) = source.ask(MoveAsk::Cut) else { panic!("no snapshot") };
    let (_, snapshot) = source.snapshot();
    let mut target = Desk::on(config(THERE, factory()), Disk { inbox_first: 1, outputs_first: 1, ..Disk::default() });
    target.step(Input::Arrive { caller: Caller(1), manifest, snapshot });
    assert_eq!(target.move_answer(Caller(1)), MoveAnswer::Stands(head));
    target.row(THERE, 2);
    target.publish(1, 3, &["c"]);
    assert_eq!(target.head().output_sequence, 3);
}

/// A snapshot that the code does not take leaves nothing behind.
#[test]
fn a_target_without_code_refuses() {
    let mut source = granted();
    source.ask(MoveAsk::Cut);
    let (manifest, snapshot) = source.snapshot();
    let bare = Config { factories: Factories::default(), ..config(THERE, tally()) };
    let mut target = Desk::on(bare, Disk { inbox_first: 1, outputs_first: 1, ..Disk::default() });
    target.step(Input::Arrive { caller: Caller(1), manifest, snapshot });
    assert!(matches!(target.move_answer(Caller(1)), MoveAnswer::Refused(_)));
    assert!(target.is_removed);
}
