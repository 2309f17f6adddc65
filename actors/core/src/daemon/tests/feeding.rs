//! Daemons that take what others say.

use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, FeedInfo, Replayed};
use wayfare_protocol::{EntityId, EntityKey, ErrorCode, Limits, Refusal};

use super::super::desk::*;
use super::super::*;

/// Two daemons: the second takes what the first says.
struct Pair {
    source: Desk,
    taker: Desk,
}

impl Pair {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let taker = EntityKey::from_seed(&[8; 32]).entity();
        let mut pair =
            Self { source: Desk::new(), taker: Desk::with(Config { entity: taker, limits, ..config(HERE, tally()) }) };
        pair.taker.call(DaemonCall::Feed { from: entity(), after: 0 });
        pair
    }

    /// Carries one question to the source, if there is one, and its answer back, if it has one by then.
    fn carry(&mut self) -> bool {
        let Some((op, daemon, call)) = self.taker.asked.pop_front() else { return false };
        assert_eq!(daemon, entity());
        let caller = self.source.call(call);
        self.source.wake(at(self.source.now.boot.0.as_secs() + 5));
        let answer = self.source.answer(caller).expect("a fetch does not wait for longer");
        self.taker.step(Input::Done { op, outcome: Outcome::Answered(answer) });
        true
    }

    fn feeds(&mut self) -> Vec<FeedInfo> {
        let caller = self.taker.call(DaemonCall::Feeds);
        match self.taker.answer(caller) {
            Some(DaemonAnswer::Feeds(feeds)) => feeds,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_output_is_an_event_of_the_other_once_and_in_order() {
    let mut pair = Pair::new();
    pair.source.publish(1, 1, &["2", "3", "4"]);
    (0..4).for_each(|_| assert!(pair.carry()));
    assert_eq!(pair.source.head().output_sequence, 4);
    assert_eq!(pair.feeds(), [FeedInfo { from: entity(), through: 4, trouble: None }]);
    assert_eq!(pair.taker.head().inbox_position, 5, "the feed itself, and four outputs");
    let mut again = Pair { source: pair.source.crash(), taker: pair.taker.crash() };
    again.source.publish(1, 4, &["6"]);
    (0..3).for_each(|_| assert!(again.carry()));
    assert_eq!(again.feeds()[0].through, 6, "a feed outlives its processes");
    assert_eq!(again.taker.head().inbox_position, 7);
}

/// What is taken is kept for the one who takes it until that has it for good.
#[test]
fn nothing_is_let_go_before_it_is_durable_at_the_other() {
    let mut pair = Pair { source: Desk::with(limited()), ..Pair::new() };
    assert!(pair.carry(), "it is a subscriber from now on");
    pair.source.publish(1, 1, &["2", "4", "6"]);
    pair.taker.slow();
    assert!(pair.carry());
    assert_eq!(pair.source.outputs().len(), 6, "it was sent, and is not recorded");
    assert!(!pair.carry(), "nothing is asked before that is recorded");
    while pair.taker.finish() {}
    assert!(pair.carry(), "the next question acknowledges");
    assert_eq!(pair.source.outputs().len(), 0);
}

fn limited() -> Config {
    Config { limits: Limits { daemon_tail: 0, ..Limits::default() }, ..config(HERE, tally()) }
}

#[test]
fn what_is_gone_before_it_is_taken_is_passed_over() {
    let mut source = Desk::with(limited());
    source.publish(1, 1, &["2", "4"]);
    assert_eq!(source.outputs().len(), 0, "nobody keeps them");
    let mut pair = Pair { source, ..Pair::new() };
    assert!(pair.carry());
    pair.source.publish(1, 3, &["6"]);
    assert!(pair.carry());
    assert_eq!(pair.feeds()[0].through, 6);
    assert_eq!(pair.taker.head().inbox_position, 4, "the feed, what is lost, and two outputs");
}

#[test]
fn who_is_refused_says_so_and_asks_again() {
    let mut pair = Pair::new();
    let (op, ..) = pair.taker.asked.pop_front().unwrap();
    let refusal = Refusal::new(ErrorCode::OwnerUnreachable, "it sleeps".to_owned());
    let refused = Outcome::Answered(DaemonAnswer::Refused(refusal));
    pair.taker.step(Input::Done { op, outcome: refused.clone() });
    pair.taker.step(Input::Done { op, outcome: refused });
    assert_eq!(pair.feeds()[0].trouble.as_deref(), Some("it sleeps"));
    assert!(pair.taker.asked.is_empty());
    assert_eq!(pair.taker.host.deadline(), Some(at(1).boot));
    pair.taker.wake(at(1));
    pair.source.publish(1, 1, &["2"]);
    while pair.feeds()[0].through < 2 {
        assert!(pair.carry());
    }
    assert_eq!(pair.feeds()[0].trouble, None);
}

/// An answer that never comes is not waited for without end, and one that comes late is passed over.
#[test]
fn a_question_without_an_answer_is_asked_again() {
    let mut pair = Pair::new();
    pair.source.publish(1, 1, &["2"]);
    let (lost, ..) = pair.taker.asked.pop_front().unwrap();
    pair.taker.wake(at(14));
    assert!(pair.taker.asked.is_empty());
    pair.taker.wake(at(15));
    (0..2).for_each(|_| assert!(pair.carry()));
    let late = Outcome::Answered(DaemonAnswer::Outputs(Vec::new()));
    pair.taker.step(Input::Done { op: lost, outcome: late });
    assert_eq!(pair.taker.asked.len(), 1);
    assert_eq!(pair.feeds()[0].through, 2);
}

#[test]
fn only_who_acts_for_a_daemon_asks() {
    let mut pair = Pair::new();
    pair.taker.call(DaemonCall::Stop);
    pair.taker.asked.clear();
    pair.taker.wake(at(60));
    assert!(pair.taker.asked.is_empty());
    pair.taker.call(DaemonCall::Resume);
    assert_eq!(pair.taker.asked.len(), 1);
    pair.taker.asked.clear();
    pair.taker.row(HERE, 1);
    pair.taker.row(THERE, 2);
    pair.taker.wake(at(120));
    assert!(pair.taker.asked.is_empty());
}

#[test]
fn a_feed_ends_when_its_source_keeps_nothing_more() {
    let mut pair = Pair::new();
    assert!(pair.carry());
    pair.taker.asked.clear();
    let ended = pair.taker.call(DaemonCall::EndFeed { from: entity() });
    assert_eq!(pair.taker.answer(ended), None, "the source is told first");
    let (op, _, call) = pair.taker.asked.pop_front().unwrap();
    let said = pair.source.call(call);
    let answer = pair.source.answer(said).unwrap();
    pair.taker.step(Input::Done { op, outcome: Outcome::Answered(answer) });
    assert_eq!(pair.taker.answer(ended), Some(DaemonAnswer::Done));
    assert_eq!(pair.feeds(), []);
    pair.source.publish(1, 1, &["2"]);
    pair.taker.wake(at(60));
    assert!(pair.taker.asked.is_empty());
}

#[test]
fn a_feed_that_cannot_be_is_refused() {
    let mut pair = Pair::with(Limits { daemon_feeds: 1, ..Limits::default() });
    let mut refused = |from: EntityId| {
        let caller = pair.taker.call(DaemonCall::Feed { from, after: 0 });
        match pair.taker.answer(caller) {
            Some(DaemonAnswer::Refused(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(EntityKey::from_seed(&[8; 32]).entity()), ErrorCode::Malformed, "itself");
    assert_eq!(refused(EntityKey::from_seed(&[7; 32]).entity()), ErrorCode::Overloaded);
}

/// An acknowledgement at `memory` waits for no log.
#[test]
fn a_daemon_of_memory_answers_before_its_log() {
    let mut desk = Desk::with(Config { durability: Durability::Memory, ..config(HERE, tally()) });
    desk.slow();
    let answer = desk.publish(1, 1, &["2"]);
    assert_eq!(answer, Some(DaemonAnswer::Accepted { through: 1 }));
    assert_eq!(desk.head().inbox_position, 0, "it is processed when it is written");
    while desk.finish() {}
    assert_eq!(desk.head().inbox_position, 1);
}

#[test]
fn a_replay_beside_the_daemon_says_whether_it_is_the_same() {
    let replayed = |desk: &mut Desk| {
        let caller = desk.call(DaemonCall::ReplayInbox);
        match desk.answer(caller) {
            Some(DaemonAnswer::Replayed(info)) => info,
            other => panic!("{other:?}"),
        }
    };
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2", "3"]);
    let info = replayed(&mut desk);
    assert_eq!((info.from, info.through, info.outputs, info.state), (0, 2, Replayed::Same, Replayed::Same));
    desk.call(DaemonCall::Snapshot);
    desk.publish(1, 3, &["4"]);
    assert_eq!((replayed(&mut desk).from, replayed(&mut desk).through), (2, 3));

    let drifts = std::sync::Arc::default();
    let make = move || Box::new(Tally { drifts: Some(std::sync::Arc::clone(&drifts)), ..Tally::default() }) as _;
    let mut desk = Desk::with(config(HERE, std::sync::Arc::new(make)));
    desk.publish(1, 1, &["drift"]);
    let info = replayed(&mut desk);
    assert_eq!(info.outputs, Replayed::Different);
}
