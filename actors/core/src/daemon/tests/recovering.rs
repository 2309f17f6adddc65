//! Crashes, snapshots and what they keep.

use proptest::prelude::*;
use wayfare_protocol::daemon::{DaemonState, Health};

use super::*;

#[test]
fn a_creation_that_was_not_durable_never_was() {
    let mut desk = Desk::on(config(HERE, tally()), Disk { inbox_first: 1, outputs_first: 1, ..Disk::default() });
    desk.slow();
    desk.step(Input::Create);
    assert!(desk.crash().is_removed);
}

/// With a snapshot the logs hold only what came after it, and the daemon is the same.
#[test]
fn a_snapshot_replaces_what_went_before() {
    let mut desk = Desk::new();
    desk.call(DaemonCall::Subscribe { subscriber: origin(77), after: 0 });
    desk.publish(1, 1, &["2", "4", "refuse", "tick", "work"]);
    let taken = desk.call(DaemonCall::Snapshot);
    assert_eq!(desk.answer(taken), Some(DaemonAnswer::Done));
    assert_eq!(desk.disk.inbox.len(), 1, "only where the snapshot is: {:?}", desk.disk.inbox);
    assert_eq!(desk.disk.outputs, []);
    desk.publish(1, 6, &["8"]);
    let (head, said) = (desk.head(), desk.said());
    let mut again = desk.crash();
    assert_eq!((again.head(), again.said()), (head, said), "outputs too: a subscriber has not acknowledged them");
    assert_eq!(again.publish(1, 1, &["2"]), Some(DaemonAnswer::Accepted { through: 1 }), "still a repeat");
    assert_eq!(again.work.len(), 1, "work without a result is asked for again");
    again.wake(at(5));
    assert!(again.said().contains(&"tick 7".to_owned()));
}

/// A store that does not answer for a while costs that while.
#[test]
fn a_snapshot_that_cannot_be_read_now_is_read_later() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2", "4"]);
    desk.call(DaemonCall::Snapshot);
    let head = desk.head();
    desk.disk.is_out = true;
    let mut again = desk.crash();
    assert_eq!(again.host.info().state, DaemonState::Recovering);
    let due = again.host.deadline().expect("it is tried again");
    let waits = again.publish(1, 3, &["8"]);
    assert_eq!(waits, None);
    again.wake(Now { boot: due, wall: again.now.wall });
    assert_eq!(again.host.info().state, DaemonState::Recovering, "still out");
    again.disk.is_out = false;
    let due = again.host.deadline().expect("it is tried again");
    again.wake(Now { boot: due, wall: again.now.wall });
    assert_eq!(again.host.info().state, DaemonState::Live);
    assert_ne!(again.head(), head, "what waited is processed");
}

#[test]
fn snapshots_are_taken_by_events_and_by_time() {
    let limits = Limits { daemon_snapshot_events: 3, ..Limits::default() };
    let mut desk = Desk::with(Config { limits, ..config(HERE, tally()) });
    desk.publish(1, 1, &["1", "1"]);
    assert_eq!(desk.host.info().stats.snapshots, 0);
    desk.publish(1, 3, &["1"]);
    assert_eq!(desk.host.info().stats.snapshots, 1);
    desk.publish(1, 4, &["1"]);
    let due = desk.host.deadline().expect("there is an event without a snapshot");
    desk.wake(Now { boot: due, wall: desk.now.wall });
    assert_eq!(desk.host.info().stats.snapshots, 2);
    assert_eq!(desk.host.deadline(), None, "nothing happened since");
}

/// What is recorded stands: a daemon that says something else when asked again is not believed, and is doubted.
#[test]
fn a_replay_that_differs_is_dropped_and_told() {
    let drifts = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let factory = {
        let drifts = Arc::clone(&drifts);
        move || Box::new(Tally { drifts: Some(Arc::clone(&drifts)), ..Tally::default() }) as Box<dyn MeshDaemon>
    };
    let mut desk = Desk::with(config(HERE, Arc::new(factory)));
    desk.publish(1, 1, &["drift", "drift"]);
    let before = desk.said();
    let mut again = desk.crash();
    assert_eq!(again.said(), before);
    assert!(matches!(&again.host.info().health, Health::Degraded { reason } if reason.contains("may differ")));
    again.publish(1, 3, &["2"]);
    assert_chained(&again.outputs());
}

/// A daemon that broke while it was read anew is given its frames again without what it broke at.
#[test]
fn code_that_learned_to_panic_gives_its_events_up_on_replay() {
    #[derive(Default)]
    struct Strict(Tally);
    impl MeshDaemon for Strict {
        fn name(&self) -> &str {
            "strict"
        }
        fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
            assert!(event.payload != "5", "not five");
            self.0.process(event, context)
        }
    }
    let mut desk = Desk::new();
    desk.publish(1, 1, &["3", "5", "7"]);
    let mut strict = desk.begun_with(Arc::new(|| Box::<Strict>::default() as Box<dyn MeshDaemon>));
    assert_eq!(strict.host.info().state, DaemonState::Live);
    strict.publish(1, 4, &["2"]);
    assert!(strict.said()[0].starts_with("12 at 4"), "{:?}", strict.said());
}

#[derive(Clone, Debug)]
enum Act {
    Publish(u64, usize),
    Refused(u64),
    Finish(usize),
    Snapshot,
    Crash,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..4u64, 1..5usize).prop_map(|(origin, count)| Act::Publish(origin, count)),
        1 => (1..4u64).prop_map(Act::Refused),
        4 => (1..6usize).prop_map(Act::Finish),
        1 => Just(Act::Snapshot),
        1 => Just(Act::Crash),
    ];
    proptest::collection::vec(act, 1..60)
}

proptest! {
    /// However a daemon is crashed, it ends as one that was never: every acknowledged event counts once, in one chain.
    #[test]
    fn crashes_change_nothing(acts in acts()) {
        let mut desk = Desk::new();
        desk.slow();
        desk.call(DaemonCall::Subscribe { subscriber: origin(77), after: 0 });
        while desk.finish() {}
        let mut sent: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for act in acts {
            match act {
                Act::Publish(from, count) => {
                    let texts = sent.entry(from).or_default();
                    let first = texts.len() as u64 + 1;
                    texts.extend((0..count).map(|n| (from * 10 + n as u64).to_string()));
                    let new: Vec<_> = texts[texts.len() - count..].iter().map(String::as_str).collect();
                    desk.publish(from, first, &new);
                }
                Act::Refused(from) => {
                    let texts = sent.entry(from).or_default();
                    texts.push("refuse".to_owned());
                    let first = texts.len() as u64;
                    desk.publish(from, first, &["refuse"]);
                }
                Act::Finish(count) => (0..count).for_each(|_| { desk.finish(); }),
                Act::Snapshot => { desk.call(DaemonCall::Snapshot); }
                Act::Crash => {
                    desk = desk.crash();
                    desk.slow();
                    while desk.finish() {}
                    // Publishers send again what was not acknowledged: all of it, to be sure.
                    for (from, texts) in &sent {
                        desk.publish(*from, 1, &texts.iter().map(String::as_str).collect::<Vec<_>>());
                    }
                }
            }
        }
        while desk.finish() {}
        let info = desk.host.info();
        let count: usize = sent.values().map(Vec::len).sum();
        prop_assert_eq!(info.head.inbox_position, count as u64 + 1, "each once, and the subscription");
        let refused = sent.values().flatten().filter(|text| *text == "refuse").count();
        prop_assert_eq!(info.stats.processed, (count - refused) as u64);
        let outputs = desk.outputs();
        assert_chained(&outputs);
        let sum: u64 = sent.values().flatten().filter_map(|text| text.parse::<u64>().ok()).sum();
        let Phase::Running(runner) = &desk.host.phase else { panic!("it runs") };
        let state: (u64, u64) = codec::decode(&runner.code.snapshot().unwrap().unwrap()).unwrap();
        prop_assert_eq!(state, (sum, (count - refused) as u64));
        let head = desk.head();
        let mut again = desk.crash();
        while again.finish() {}
        prop_assert_eq!(again.head(), head);
    }
}
