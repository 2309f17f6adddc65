//! Signs of life, control messages, and ends.

use wayfare_protocol::ErrorCode;
use wayfare_protocol::frame::Kind;
use wayfare_protocol::limits::{FRAME_BODY_MAX, MESSAGE_MAX};

use super::*;
use crate::link::ControlError;

fn data(body: impl Into<Bytes>, more: bool) -> Frame {
    Frame { stream: StreamId::CONTROL, kind: Kind::Data { more }, body: body.into() }
}

/// Two idle ends keep each other alive with a ping every ten seconds, for ever.
#[test]
fn an_idle_link_stays_up() {
    let mut pair = Pair::up(&Limits::default());
    for _ in 0..100 {
        pair.pass(seconds(5));
        pair.run();
    }
    assert!(pair.dialer.link.is_up() && pair.acceptor.link.is_up());
    assert!(pair.dialer.told.iter().all(|effect| *effect == Effect::Sign));
}

#[test]
fn a_ping_is_sent_after_a_pause_in_sending_and_is_answered() {
    let mut pair = Pair::up(&Limits::default());
    pair.pass(seconds(9));
    pair.give(Dialer, Input::Send(Box::new(Control::GoingToSleep)));
    pair.dialer.wire.clear();
    pair.pass(seconds(9));
    pair.wake();
    assert!(pair.dialer.wire.is_empty(), "it has sent something nine seconds ago");
    pair.pass(seconds(1));
    pair.wake();
    assert_eq!(control(&pair.frames(Dialer)[0]), Control::Ping { token: 1 });
    pair.acceptor.wire.clear();
    pair.deliver(Dialer);
    assert_eq!(control(&pair.frames(Acceptor)[0]), Control::Pong { token: 1 });
}

#[test]
fn a_silent_link_goes_down() {
    let mut pair = Pair::up(&Limits::default());
    for _ in 0..3 {
        assert!(pair.dialer.link.is_up());
        pair.pass(seconds(10));
        pair.wake();
    }
    assert_eq!(pair.dialer.told, [Effect::Down { reason: Reason::Silence }]);
}

#[test]
fn signs_of_life_are_told_once_a_second() {
    let mut pair = Pair::up(&Limits::default());
    for _ in 0..35 {
        pair.give_control(Dialer, &Control::Pong { token: 0 });
        pair.pass(Duration::from_millis(100));
    }
    assert_eq!(pair.dialer.told, [Effect::Sign, Effect::Sign, Effect::Sign, Effect::Sign]);
}

#[test]
fn a_control_message_of_many_frames_arrives_whole() {
    let mut pair = Pair::up(&Limits::default());
    let message = Control::Sync(vec![5; 10 * FRAME_BODY_MAX]);
    pair.give(Acceptor, Input::Send(Box::new(message.clone())));
    assert!(pair.acceptor.wire.len() < 10, "the transport takes a window of it");
    pair.run();
    assert_eq!(pair.dialer.told, [Effect::Sign, Effect::Control(Box::new(message))]);
}

/// A newer peer may say things that this end does not know; that does not cost the link.
#[test]
fn an_undecodable_control_message_is_dropped_and_told() {
    let mut pair = Pair::up(&Limits::default());
    pair.give_frame(Dialer, &data(vec![200, 1, 2], false));
    pair.give_frame(Dialer, &Frame { kind: Kind::Reset, ..data(vec![], false) });
    pair.give_control(Dialer, &Control::Welcome(welcome()));
    let told = pair.told(Dialer);
    assert!(matches!(
        &told[..],
        [
            Effect::Sign,
            Effect::Malformed { what: ControlError::Undecodable(_) },
            Effect::Malformed { what: ControlError::Frame(Kind::Reset) },
            Effect::Malformed { what: ControlError::Handshake },
        ]
    ));
    assert!(pair.dialer.link.is_up());
}

#[test]
fn an_overlong_control_message_is_passed_over_and_the_next_one_counts() {
    let mut pair = Pair::up(&Limits::default());
    for _ in 0..=MESSAGE_MAX / FRAME_BODY_MAX + 5 {
        pair.give_frame(Dialer, &data(vec![0; FRAME_BODY_MAX], true));
    }
    pair.give_frame(Dialer, &data(vec![0], false));
    pair.give_control(Dialer, &Control::GoingToSleep);
    let expected = [
        Effect::Sign,
        Effect::Malformed { what: ControlError::TooLarge },
        Effect::Control(Box::new(Control::GoingToSleep)),
    ];
    assert_eq!(pair.told(Dialer), expected);
}

#[test]
fn an_unsendable_control_message_is_told_to_its_sender() {
    let mut pair = Pair::up(&Limits::default());
    pair.give(Dialer, Input::Send(Box::new(Control::Sync(vec![0; MESSAGE_MAX]))));
    assert!(matches!(pair.told(Dialer)[..], [Effect::Malformed { what: ControlError::Unsendable(_) }]));
}

#[test]
fn bytes_that_are_no_frame_end_the_link() {
    let mut pair = Pair::up(&Limits::default());
    pair.give(Dialer, Input::Received(Bytes::from_static(b"hello")));
    assert!(matches!(pair.down(Dialer), Reason::Framing(_)));
    pair.run();
    assert!(matches!(pair.down(Acceptor), Reason::Refused(Refusal { code: ErrorCode::Malformed, .. })));
}

/// The goodbye comes after what was said before it, even where the transport is full of a message that is half out.
#[test]
fn a_goodbye_comes_after_every_control_message() {
    let mut pair = Pair::up(&Limits::default());
    let messages =
        [Control::Sync(vec![1; 20 * FRAME_BODY_MAX]), Control::Draining { retry_after_ms: 500 }].map(Box::new);
    for message in &messages {
        pair.give(Acceptor, Input::Send(message.clone()));
    }
    pair.give(Acceptor, Input::Goodbye(refusal(ErrorCode::Draining)));
    assert_eq!(pair.down(Acceptor), Reason::Goodbye(refusal(ErrorCode::Draining)));
    pair.run();
    let [long, draining] = messages;
    let expected = [
        Effect::Sign,
        Effect::Control(long),
        Effect::Control(draining),
        Effect::Down { reason: Reason::Refused(refusal(ErrorCode::Draining)) },
    ];
    assert_eq!(pair.told(Dialer), expected);
}

/// A peer that keeps talking but reads nothing does not make this end remember without bound.
#[test]
fn a_peer_that_takes_no_control_messages_is_given_up() {
    let limits = Limits { stream_backlog: 100_000, ..Limits::default() };
    let mut pair = Pair::up(&limits);
    let mut given = 0;
    while pair.dialer.link.is_up() {
        pair.give(Dialer, Input::Send(Box::new(Control::Sync(vec![0; 1_000]))));
        given += 1_000;
    }
    assert_eq!(pair.down(Dialer), Reason::Overloaded);
    assert!(given <= limits.stream_backlog + limits.transport_window + 10_000, "{given}");
}
