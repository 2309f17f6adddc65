//! Where calls of sessions go, and what becomes of those that are not answered.

use super::*;

const DONE: SessionAnswer = SessionAnswer::Done;

#[test]
fn a_nodes_own_session_is_called_and_its_answer_goes_back() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.input(Input::Session(info(1, "main", DESK, EPOCH)));
    bench.asks(1, run(10, 1));
    let caller = bench.called().expect("a call");
    bench.input(Input::Answer { caller, answer: DONE });
    assert_eq!(bench.answer(1), DONE);
    bench.input(Input::Answer { caller, answer: DONE });
    assert_eq!(bench.sent(1), [], "once");
}

#[test]
fn a_call_is_forwarded_to_its_owner_under_the_rows_epoch() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.asks(2, MrpRequest { epoch: Some(Epoch { generation: 9, n: 9 }), ..run(10, 1) });
    assert_eq!(bench.passed(1), [(false, Some(EPOCH))], "a client's own epoch is not believed");
    bench.says(1, response(10, DONE));
    assert_eq!(bench.answer(2), DONE);
}

#[test]
fn an_answer_counts_from_the_owners_link_alone() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.up(3, LAPTOP.0);
    bench.asks(2, run(10, 1));
    bench.says(3, response(10, DONE));
    bench.says(3, Control::DeviceList { request: request(10), devices: Vec::new() });
    assert_eq!(bench.sent(2), []);
    bench.says(1, response(10, DONE));
    assert_eq!(bench.answer(2), DONE);
}

#[test]
fn a_node_passes_on_what_it_does_not_know() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.upstream(2);
    bench.asks(1, run(10, 7));
    assert_eq!(bench.passed(2), [(false, None)]);
    bench.asks(2, run(11, 8));
    assert_eq!(bench.refusal(2).code, ErrorCode::NotFound, "and does not send it back where it came from");
}

#[test]
fn a_call_of_an_absent_owner_is_held_for_the_probe_time_and_refused_with_names() {
    let mut bench = Bench::cloud();
    bench.up(2, PHONE);
    bench.asks(2, run(10, 1));
    bench.pass(2_999);
    assert_eq!(bench.sent(2), []);
    bench.pass(1);
    let refusal = bench.refusal(2);
    assert_eq!(refusal.code, ErrorCode::OwnerUnreachable);
    assert!(refusal.detail.contains("notes:main") && refusal.detail.contains("desk"), "{refusal}");
}

/// It was never sent: the owner that comes in time gets it as what it is, a first request.
#[test]
fn a_held_call_is_sent_when_its_owner_comes() {
    let mut bench = Bench::cloud();
    bench.up(2, PHONE);
    bench.asks(2, run(10, 1));
    bench.up(1, DESK.0);
    assert_eq!(bench.passed(1), [(false, Some(EPOCH))]);
}

#[test]
fn a_call_whose_link_was_lost_is_sent_again_and_marked() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.asks(2, run(10, 1));
    bench.sent(1);
    bench.down(1);
    bench.pass(1_000);
    bench.up(3, DESK.0);
    assert_eq!(bench.passed(3), [(true, Some(EPOCH))]);
    bench.says(3, response(10, DONE));
    assert_eq!(bench.answer(2), DONE);
}

#[test]
fn a_call_whose_link_does_not_come_back_is_of_unknown_outcome() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.asks(2, run(10, 1));
    bench.down(1);
    bench.pass(3_000);
    let refusal = bench.refusal(2);
    assert_eq!(refusal.code, ErrorCode::DeadlineExceeded, "it may have arrived: {refusal}");
}

#[test]
fn a_node_sends_again_what_its_clouds_last_link_lost() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.upstream(2);
    bench.asks(1, run(10, 7));
    bench.sent(2);
    bench.upstream(3);
    assert_eq!(bench.passed(3), [(true, None)]);
    bench.says(2, response(10, SessionAnswer::UnknownRun));
    assert_eq!(bench.sent(1), [], "the old link is not listened to");
    bench.says(3, response(10, DONE));
    assert_eq!(bench.answer(1), DONE);
}

#[test]
fn an_owner_that_does_not_answer_is_given_up_at_the_deadline() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.asks(2, run(10, 1));
    assert_eq!(bench.account.deadline(), Some(Boot(Duration::from_secs(10))));
    bench.pass(10_000);
    assert_eq!(bench.refusal(2).code, ErrorCode::DeadlineExceeded);
    bench.says(1, response(10, DONE));
    assert_eq!(bench.sent(2), [], "a late answer goes nowhere");
}

#[test]
fn a_silent_owner_is_given_the_probe_time() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    bench.input(Input::Presence { device: DESK.0, presence: PresenceInfo::Suspect });
    bench.asks(2, run(10, 1));
    bench.pass(3_000);
    assert_eq!(bench.refusal(2).code, ErrorCode::DeadlineExceeded);
}

#[test]
fn an_owner_that_is_offline_is_not_waited_for() {
    let mut bench = Bench::cloud();
    bench.up(2, PHONE);
    for presence in [PresenceInfo::Offline { last_seen: Wall(5) }, PresenceInfo::Sleeping { since: Wall(5) }] {
        bench.input(Input::Presence { device: DESK.0, presence });
        bench.asks(2, run(10, 1));
        assert_eq!(bench.refusal(2).code, ErrorCode::OwnerUnreachable);
    }
}

#[test]
fn a_link_has_so_many_requests_waiting_and_no_more() {
    let mut bench = Bench::cloud_with(Limits { requests_per_link: 2, ..Limits::default() });
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    for n in 10..12 {
        bench.asks(2, run(n, 1));
    }
    bench.asks(2, run(12, 1));
    assert_eq!(bench.refusal(2).code, ErrorCode::Overloaded);
    bench.opens(2, 13, open("other", 5));
    assert_eq!(bench.opened(2).unwrap_err().code, ErrorCode::Overloaded, "opening counts too");
    bench.says(1, response(10, DONE));
    bench.sent(2);
    bench.asks(2, run(12, 1));
    assert_eq!(bench.sent(2), [], "an answer makes room");
}

#[test]
fn a_repeat_of_a_waiting_request_is_answered_once() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, PHONE);
    for _ in 0..2 {
        bench.asks(2, run(10, 1));
    }
    assert_eq!(bench.passed(1).len(), 1);
    bench.says(1, response(10, DONE));
    assert_eq!(bench.answer(2), DONE);
}

#[test]
fn what_a_replaced_link_still_brings_is_ignored() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, DESK.0);
    assert!(bench.said.iter().any(|said| matches!(said, Effect::CloseLink { link: LinkId(1), .. })));
    bench.said.clear();
    bench.asks(1, run(10, 1));
    bench.opens(1, 11, open("other", 5));
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    bench.down(1);
    assert_eq!(bench.said, []);
    bench.up(3, PHONE);
    bench.asks(3, run(12, 1));
    assert_eq!(bench.passed(2).len(), 1, "its closing does not end the newer one");
}
