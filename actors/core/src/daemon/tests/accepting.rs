//! What is accepted, and when it is said.

use super::*;

/// Nothing is acknowledged, and nothing processed, before it is durable; what comes meanwhile makes the next frame.
#[test]
fn an_event_is_acknowledged_when_its_frame_is_durable() {
    let mut desk = Desk::new();
    desk.slow();
    let first = desk.call(DaemonCall::Publish { origin: origin(1), first: 1, payloads: payloads(&["2"]) });
    let second = desk.call(DaemonCall::Publish { origin: origin(1), first: 2, payloads: payloads(&["3", "4"]) });
    assert_eq!((desk.answer(first), desk.answer(second)), (None, None));
    assert_eq!(desk.head().inbox_position, 0);
    desk.finish();
    assert_eq!(desk.answer(first), Some(DaemonAnswer::Accepted { through: 1 }));
    assert_eq!(desk.answer(second), None);
    while desk.finish() {}
    assert_eq!(desk.answer(second), Some(DaemonAnswer::Accepted { through: 3 }));
    assert_eq!(desk.head().inbox_position, 3);
}

/// Per origin only what follows the last is taken; a repeat is acknowledged again and not processed again.
#[test]
fn a_repeat_is_acknowledged_and_a_gap_is_told() {
    let mut desk = Desk::new();
    assert_eq!(desk.publish(1, 1, &["1", "2"]), Some(DaemonAnswer::Accepted { through: 2 }));
    assert_eq!(desk.publish(1, 1, &["1", "2"]), Some(DaemonAnswer::Accepted { through: 2 }));
    assert_eq!(desk.publish(1, 2, &["2", "4"]), Some(DaemonAnswer::Accepted { through: 3 }), "half of it is new");
    assert_eq!(desk.publish(1, 5, &["6"]), Some(DaemonAnswer::Gap { expected: 4 }));
    assert_eq!(
        desk.publish(2, 1, &["10"]),
        Some(DaemonAnswer::Accepted { through: 1 }),
        "numbers are each origin's own"
    );
    assert_eq!(desk.head().inbox_position, 4);
    let lost = desk.call(DaemonCall::Lost { origin: origin(1), through: 4 });
    assert_eq!(desk.answer(lost), Some(DaemonAnswer::Accepted { through: 4 }));
    assert_eq!(desk.publish(1, 5, &["6"]), Some(DaemonAnswer::Accepted { through: 5 }));
}

/// A repeat of what is still being made durable is acknowledged when that is.
#[test]
fn a_repeat_waits_for_what_it_repeats() {
    let mut desk = Desk::new();
    desk.slow();
    let call = || DaemonCall::Publish { origin: origin(1), first: 1, payloads: payloads(&["2"]) };
    desk.call(call());
    let repeat = desk.call(call());
    assert_eq!(desk.answer(repeat), None);
    while desk.finish() {}
    assert_eq!(desk.answer(repeat), Some(DaemonAnswer::Accepted { through: 1 }));
    assert_eq!(desk.head().inbox_position, 1);
}

/// Two outputs for one input, none for another: one chain, numbered on its own, seen when it is logged.
#[test]
fn outputs_are_one_chain_and_seen_when_logged() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2", "1", "4"]);
    let outputs = desk.outputs();
    assert_eq!(outputs.iter().map(|output| output.position).collect::<Vec<_>>(), [1, 1, 3, 3]);
    assert_eq!(outputs.iter().map(|output| output.link.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_chained(&outputs);
    desk.slow();
    desk.publish(1, 4, &["6"]);
    desk.finish();
    assert_eq!(desk.head().output_sequence, 6);
    assert_eq!(desk.outputs().len(), 4, "the last two are not logged");
}

/// What a subscriber has not acknowledged is kept, and stops the daemon when it is too much.
#[test]
fn a_subscriber_who_is_far_behind_stops_the_daemon() {
    let limits = Limits { daemon_outbox: 1_000, daemon_tail: 0, ..Limits::default() };
    let mut desk = Desk::with(Config { limits, ..config(HERE, tally()) });
    desk.call(DaemonCall::Subscribe { subscriber: origin(77), after: 0 });
    let mut sequence = 0;
    let refused = loop {
        sequence += 1;
        match desk.publish(1, sequence, &["2"]) {
            Some(DaemonAnswer::Accepted { .. }) => assert!(sequence < 100, "nothing stops it"),
            other => break other,
        }
    };
    let Some(DaemonAnswer::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.code, ErrorCode::Overloaded);
    let through = desk.head().output_sequence;
    assert_eq!(desk.outputs().len() as u64, through, "all of it is kept");
    desk.call(DaemonCall::Acknowledge { subscriber: origin(77), through });
    assert!(matches!(desk.publish(1, sequence, &["2"]), Some(DaemonAnswer::Accepted { .. })));
}

#[test]
fn what_is_malformed_or_too_large_is_refused_by_name() {
    let mut desk = Desk::new();
    let refused = |answer: Option<DaemonAnswer>| match answer {
        Some(DaemonAnswer::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(desk.publish(1, 1, &[])), ErrorCode::Malformed);
    assert_eq!(refused(desk.publish(1, 0, &["1"])), ErrorCode::Malformed);
    let large = "x".repeat(wayfare_protocol::limits::DAEMON_EVENT_MAX + 1);
    assert_eq!(refused(desk.publish(1, 1, &[&large])), ErrorCode::TooLarge);
    let unknown = desk.call(DaemonCall::Redrive { position: 3 });
    assert_eq!(refused(desk.answer(unknown)), ErrorCode::NotFound);
    assert_eq!(desk.head().inbox_position, 0);
}

/// Ticks and the results of background work are inputs like others: recorded, and counted once.
#[test]
fn what_a_daemon_asks_for_comes_back_as_events() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["tick", "work"]);
    assert_eq!(desk.work, [(2, Bytes::from_static(b"input"))]);
    assert_eq!(desk.host.deadline(), Some(at(5).boot));
    desk.wake(at(4));
    desk.wake(at(5));
    desk.wake(at(6));
    for _ in 0..2 {
        desk.step(Input::Worked { work: 2, result: Ok(Bytes::from_static(b"done")) });
    }
    let said = desk.said();
    assert_eq!(said[4..], ["tick 7", "work 8: done"], "after what the first two said: {said:?}");
    assert_eq!(desk.head().inbox_position, 4);
}

#[test]
fn a_stopped_daemon_keeps_what_it_has_and_takes_nothing() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2", "tick"]);
    desk.call(DaemonCall::Stop);
    desk.wake(at(10));
    assert!(matches!(desk.publish(1, 3, &["4"]), Some(DaemonAnswer::Refused(_))));
    let mut desk = desk.crash();
    assert_eq!(desk.host.info().state, wayfare_protocol::daemon::DaemonState::Stopped);
    desk.now = at(11);
    desk.call(DaemonCall::Resume);
    desk.publish(1, 3, &["4"]);
    assert!(desk.said().contains(&"tick 7".to_owned()), "late, and once");
}

/// What a superseded owner still recorded is not acknowledged: the next owner does not have it.
#[test]
fn a_superseded_owner_acknowledges_nothing() {
    let mut desk = Desk::new();
    desk.row(HERE, 1);
    desk.slow();
    let sent = desk.call(DaemonCall::Publish { origin: origin(1), first: 1, payloads: payloads(&["2"]) });
    desk.row(THERE, 2);
    while desk.finish() {}
    assert!(matches!(desk.answer(sent), Some(DaemonAnswer::Refused(refusal)) if refusal.code == ErrorCode::StaleEpoch));
}
