//! Opening sessions by name.

use super::*;

fn opened(n: u128, name: &str, owner: NodeId) -> Control {
    let session = info(n, name, owner, EPOCH);
    let outcome = Ok(OpenedSession { session, reason: RouteReason::ColdStartByCapability, created: true });
    Control::Opened { request: request(10), outcome }
}

#[test]
fn a_known_name_is_answered_with_the_session_that_lives() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.opens(2, 10, open("main", 5));
    let answer = bench.opened(2).unwrap();
    assert_eq!((answer.session.id, answer.created), (session(1), false));
    assert_eq!(bench.sent(1), []);
}

#[test]
fn two_clients_that_open_one_name_get_one_session() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.up(3, LAPTOP.0);
    bench.opens(2, 10, open("new", 5));
    bench.opens(3, 11, open("new", 6));
    assert_eq!(bench.sent(1).len(), 1, "one device is asked, once");
    bench.says(1, opened(5, "new", DESK));
    let first = bench.opened(2).unwrap();
    let second = bench.opened(3).unwrap();
    assert_eq!(first.session, second.session);
    assert_eq!((first.created, second.created), (true, false));
}

#[test]
fn a_request_to_make_a_session_outlives_its_asker() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.opens(2, 10, open("new", 5));
    bench.sent(1);
    bench.down(2);
    bench.up(3, PHONE);
    bench.opens(3, 11, open("new", 6));
    assert_eq!(bench.sent(1), [], "it is under way");
    bench.opens(3, 10, open("new", 5));
    bench.says(1, opened(5, "new", DESK));
    assert_eq!(bench.sent(3).len(), 2, "the asker's first request, asked again over its new link, and its second");
}

#[test]
fn whoever_waits_for_the_same_name_is_refused_with_the_first() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.opens(2, 10, open("new", 5));
    bench.pass(1_000);
    bench.opens(2, 11, open("new", 6));
    bench.pass(59_000);
    let refused = bench.sent(2);
    assert_eq!(refused.len(), 2, "{refused:?}");
}

#[test]
fn a_device_that_comes_back_is_asked_again_to_make_a_session() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.opens(2, 10, open("new", 5));
    bench.down(1);
    bench.up(3, DESK.0);
    let asked = bench.sent(3);
    assert!(matches!(&asked[..], [Control::Open { open, .. }] if open.device == Some(DESK)), "{asked:?}");
    bench.says(3, opened(5, "new", DESK));
    assert!(bench.opened(2).is_ok());
}

#[test]
fn a_node_without_a_cloud_makes_the_session_itself_and_once() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.client(2);
    bench.opens(1, 10, open("new", 5));
    bench.opens(2, 11, open("new", 6));
    assert_eq!(bench.created(), 1);
    bench.input(Input::Session(info(5, "new", DESK, Epoch::LOCAL)));
    for link in [1, 2] {
        let answer = bench.opened(link).unwrap();
        assert_eq!((answer.session.id, answer.reason), (session(5), RouteReason::ColdStartHere));
    }
}

/// The answer of the first may be lost: both are sessions then, and one name cannot stand for both.
#[test]
fn two_nodes_that_are_asked_for_one_session_make_two() {
    let [one, other] = [DESK, LAPTOP].map(|node| session(5).made_by(node));
    assert_ne!(one, other);
    let mut bench = Bench::desk();
    bench.client(1);
    bench.opens(1, 10, open("new", 5));
    let made: Vec<_> = bench
        .said
        .iter()
        .filter_map(|effect| match effect {
            Effect::Create(open) => Some(open.id),
            _ => None,
        })
        .collect();
    assert_eq!(made, [one]);
}

#[test]
fn a_session_that_cannot_be_made_is_refused() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.opens(1, 10, open("new", 5));
    let refusal = Refusal::new(ErrorCode::StorageFailed, "disk full");
    bench.input(Input::CreateFailed { session: session(5).made_by(DESK), refusal: refusal.clone() });
    assert_eq!(bench.opened(1), Err(refusal));
}

#[test]
fn a_node_asks_its_cloud_first() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.upstream(2);
    bench.opens(1, 10, open("new", 5));
    assert_eq!(bench.created(), 0);
    let asked = bench.sent(2);
    assert!(matches!(&asked[..], [Control::Open { open, .. }] if open.device == Some(DESK)), "{asked:?}");
    let elsewhere =
        OpenedSession { session: info(3, "new", LAPTOP, EPOCH), reason: RouteReason::RunningElsewhere, created: false };
    bench.says(2, Control::Opened { request: request(10), outcome: Ok(elsewhere.clone()) });
    assert_eq!(bench.opened(1), Ok(elsewhere));
}

/// The cloud asks the very node that asked: under the same id, which is then pending twice there.
#[test]
fn a_node_whose_cloud_sends_the_request_back_makes_the_session_and_answers_both() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.upstream(2);
    bench.opens(1, 10, open("new", 5));
    bench.sent(2);
    bench.opens(2, 10, OpenSession { device: Some(DESK), ..open("new", 5) });
    assert_eq!(bench.created(), 1);
    bench.input(Input::Session(info(5, "new", DESK, Epoch::LOCAL)));
    let told = bench.sent(2);
    assert!(!told.iter().any(|control| matches!(control, Control::Opened { .. })), "its row is not granted yet");
    bench.input(Input::Session(info(5, "new", DESK, EPOCH)));
    let told = bench.sent(2);
    let outcome = told.iter().find_map(|control| match control {
        Control::Opened { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    assert_eq!(bench.sent(1), []);
    bench.says(2, Control::Opened { request: request(10), outcome: outcome.expect("the cloud is answered") });
    let answer = bench.opened(1).unwrap();
    assert_eq!((answer.session.id, answer.reason), (session(5), RouteReason::ColdStartHere));
}

#[test]
fn a_node_whose_cloud_is_lost_makes_the_session_itself() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.upstream(2);
    bench.opens(1, 10, open("new", 5));
    bench.down(2);
    bench.pass(3_000);
    assert_eq!(bench.created(), 1);
    bench.input(Input::Session(info(5, "new", DESK, Epoch::LOCAL)));
    assert!(bench.opened(1).is_ok());
}

#[test]
fn a_node_whose_cloud_does_not_answer_makes_the_session_itself() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.upstream(2);
    bench.opens(1, 10, open("new", 5));
    bench.pass(60_000);
    assert_eq!(bench.created(), 1);
}

#[test]
fn what_waited_at_a_node_for_its_cloud_opens_a_session_here_or_by_the_cloud_and_makes_none() {
    let mut bench = Bench::desk();
    let ask = |n: u128, name: &str| Input::OpenSession { request: request(n), open: Box::new(open(name, 5)) };
    bench.input(ask(1, "new"));
    assert_eq!(bench.opened(0).unwrap_err().code, ErrorCode::OwnerUnreachable);
    bench.input(Input::Session(info(1, "main", DESK, EPOCH)));
    bench.input(ask(2, "main"));
    assert_eq!(bench.opened(0).unwrap().session.id, session(1));
    bench.upstream(2);
    bench.said.clear();
    bench.input(ask(10, "new"));
    assert!(matches!(bench.sent(2).as_slice(), [Control::Open { .. }]));
    bench.says(2, opened(7, "new", LAPTOP));
    assert_eq!(bench.opened(0).unwrap().session.id, session(7));
    // Nor when the cloud goes away before it answers.
    bench.input(ask(11, "newer"));
    bench.down(2);
    bench.pass(600_000);
    assert_eq!(bench.opened(0).unwrap_err().code, ErrorCode::OwnerUnreachable);
    assert_eq!(bench.created(), 0);
}

#[test]
fn a_node_asks_sessions_for_itself_wherever_they_live() {
    let mut bench = Bench::desk();
    bench.input(Input::Session(info(1, "main", DESK, EPOCH)));
    bench.input(Input::AskSession { asked: Box::new(run(10, 1)) });
    let caller = bench.called().expect("a call");
    bench.input(Input::Answer { caller, answer: SessionAnswer::Done });
    assert_eq!(bench.answer(0), SessionAnswer::Done);
    bench.upstream(2);
    bench.input(Input::AskSession { asked: Box::new(run(11, 7)) });
    assert_eq!(bench.passed(2), [(false, None)]);
    bench.says(2, response(11, SessionAnswer::UnknownRun));
    assert_eq!(bench.answer(0), SessionAnswer::UnknownRun);
}
