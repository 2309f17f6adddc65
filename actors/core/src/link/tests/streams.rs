//! Opening, credit, messages and ends of streams.

use wayfare_protocol::ErrorCode;
use wayfare_protocol::frame::Kind;
use wayfare_protocol::limits::{FRAME_BODY_MAX, MESSAGE_MAX};
use wayfare_protocol::stream::Open;

use super::*;

const WINDOW: u32 = 10_000;

fn limits() -> Limits {
    Limits { stream_window: WINDOW, ..Limits::default() }
}

/// A link with one stream that the dialer opened, and nothing told.
fn with_stream() -> (Pair, StreamId) {
    let mut pair = Pair::up(&limits());
    let stream = pair.open(Dialer, Class::Interactive);
    pair.run();
    pair.told(Dialer);
    pair.told(Acceptor);
    (pair, stream)
}

fn frame(stream: StreamId, kind: Kind, body: impl Into<Bytes>) -> Frame {
    Frame { stream, kind, body: body.into() }
}

fn open(window: u32) -> Open {
    Open { destination: destination(), class: Class::Bulk, window }
}

fn reset_code(told: &[Effect]) -> Option<ErrorCode> {
    told.iter().find_map(|effect| match effect {
        Effect::StreamReset { refusal, .. } => Some(refusal.code),
        _ => None,
    })
}

#[test]
fn both_ends_learn_of_a_stream_and_of_their_credit() {
    let mut pair = Pair::up(&limits());
    let stream = pair.open(Dialer, Class::Bulk);
    assert_eq!(stream, StreamId(1));
    pair.run();
    assert_eq!(pair.told(Dialer), [Effect::Sign, Effect::Credit { stream, bytes: WINDOW }]);
    let open = open(WINDOW);
    let expected = [Effect::Sign, Effect::StreamRequested { stream, open }, Effect::Credit { stream, bytes: WINDOW }];
    assert_eq!(pair.told(Acceptor), expected);
    assert_eq!(pair.open(Acceptor, Class::Bulk), StreamId(2));
    assert_eq!(pair.open(Dialer, Class::Bulk), StreamId(3));
}

#[test]
fn messages_go_both_ways() {
    let (mut pair, stream) = with_stream();
    pair.send(Dialer, stream, &b"question"[..]);
    pair.send(Acceptor, stream, &b"answer"[..]);
    pair.run();
    assert_eq!(pair.messages(Acceptor), [(stream, Bytes::from_static(b"question"))]);
    assert_eq!(pair.messages(Dialer), [(stream, Bytes::from_static(b"answer"))]);
}

#[test]
fn a_long_message_is_split_and_put_together() {
    let (mut pair, stream) = with_stream();
    let message: Bytes = (0..MESSAGE_MAX).map(|i| u8::try_from(i % 251).expect("small")).collect();
    pair.send(Dialer, stream, message.clone());
    assert!(pair.dialer.wire.iter().all(|frame| frame.len() <= FRAME_BODY_MAX + 12));
    pair.run();
    assert_eq!(pair.messages(Acceptor), [(stream, message)]);
}

/// What is not consumed is not granted again: the sender stops after its window and one message.
#[test]
fn credit_bounds_what_the_other_end_must_hold() {
    let (mut pair, stream) = with_stream();
    for _ in 0..100 {
        pair.send(Dialer, stream, vec![0; 3_000]);
    }
    pair.run();
    assert_eq!(pair.messages(Acceptor).len(), 4, "three within the window, one overdraws it");
    pair.give(Acceptor, Input::Consumed { stream, bytes: 3_000 });
    pair.run();
    assert_eq!(pair.messages(Acceptor).len(), 0, "grants come in halves of a window");
    pair.give(Acceptor, Input::Consumed { stream, bytes: 3_000 });
    pair.run();
    assert_eq!(pair.messages(Acceptor).len(), 2);
    assert_eq!(pair.told(Dialer).last(), Some(&Effect::Credit { stream, bytes: 6_000 }));
}

#[test]
fn nobody_can_consume_more_than_was_delivered() {
    let (mut pair, stream) = with_stream();
    pair.give(Acceptor, Input::Consumed { stream, bytes: u32::MAX });
    assert!(pair.acceptor.wire.is_empty());
}

#[test]
fn an_opener_waits_for_credit() {
    let mut pair = Pair::up(&limits());
    let stream = pair.open(Dialer, Class::Interactive);
    pair.send(Dialer, stream, &b"early"[..]);
    assert!(pair.frames(Dialer).iter().all(|frame| frame.kind == Kind::Open));
    pair.run();
    assert_eq!(pair.messages(Acceptor).len(), 1);
}

#[test]
fn who_sends_without_credit_has_its_stream_reset() {
    let (mut pair, stream) = with_stream();
    let piece = frame(stream, Kind::Data { more: false }, vec![0; WINDOW as usize + 1]);
    pair.give_frame(Acceptor, &piece);
    assert_eq!(pair.messages(Acceptor).len(), 1, "one message may overdraw");
    pair.give_frame(Acceptor, &piece);
    assert_eq!(reset_code(&pair.told(Acceptor)), Some(ErrorCode::Overloaded));
    pair.run();
    assert_eq!(reset_code(&pair.told(Dialer)), Some(ErrorCode::Overloaded));
    assert!(pair.dialer.link.is_up() && pair.acceptor.link.is_up());
}

#[test]
fn an_endless_message_is_reset_at_the_largest_size() {
    let (mut pair, stream) = with_stream();
    for _ in 0..MESSAGE_MAX / FRAME_BODY_MAX + 1 {
        pair.give_frame(Acceptor, &frame(stream, Kind::Data { more: true }, vec![0; FRAME_BODY_MAX]));
    }
    assert_eq!(reset_code(&pair.told(Acceptor)), Some(ErrorCode::TooLarge));
}

#[test]
fn a_backlog_over_its_limit_resets_the_stream() {
    let mut pair = Pair::up(&Limits { stream_backlog: 5_000, ..limits() });
    let stream = pair.open(Dialer, Class::Bulk);
    for _ in 0..3 {
        pair.send(Dialer, stream, vec![0; 2_000]);
    }
    assert_eq!(reset_code(&pair.told(Dialer)), Some(ErrorCode::Overloaded));
    pair.run();
    assert_eq!(reset_code(&pair.told(Acceptor)), Some(ErrorCode::Overloaded));
}

#[test]
fn a_message_that_nobody_would_take_resets_its_stream() {
    for (message, code) in [(vec![], ErrorCode::Malformed), (vec![0; MESSAGE_MAX + 1], ErrorCode::TooLarge)] {
        let (mut pair, stream) = with_stream();
        pair.send(Dialer, stream, message);
        assert_eq!(reset_code(&pair.told(Dialer)), Some(code));
    }
}

#[test]
fn a_closed_stream_delivers_what_was_sent_before() {
    let (mut pair, stream) = with_stream();
    for _ in 0..5 {
        pair.send(Dialer, stream, vec![0; 3_000]);
    }
    pair.give(Dialer, Input::CloseStream { stream });
    pair.run();
    assert_eq!(pair.messages(Acceptor).len(), 4, "the last one waits for credit");
    pair.give(Acceptor, Input::Consumed { stream, bytes: 12_000 });
    pair.run();
    let told = pair.told(Acceptor);
    assert!(matches!(told[..], [Effect::Message { .. }, Effect::StreamClosed { .. }]), "{told:?}");
    assert_eq!(pair.told(Dialer), [], "who closed hears no more");
}

#[test]
fn a_stream_that_is_opened_and_closed_at_once_is_seen_so() {
    let mut pair = Pair::up(&limits());
    let stream = pair.open(Dialer, Class::Control);
    pair.give(Dialer, Input::CloseStream { stream });
    pair.run();
    let told = pair.told(Acceptor);
    assert!(matches!(told[1..], [Effect::StreamRequested { .. }, Effect::Credit { .. }, Effect::StreamClosed { .. }]));
    assert_eq!(pair.dialer.link.outgoing.streams() + pair.acceptor.link.outgoing.streams(), 0);
}

#[test]
fn a_reset_drops_what_waits_and_tells_why() {
    let (mut pair, stream) = with_stream();
    pair.send(Dialer, stream, vec![0; 1 << 20]);
    let long = Refusal::new(ErrorCode::NotFound, "é".repeat(20_000));
    pair.give(Dialer, Input::ResetStream { stream, refusal: long });
    pair.run();
    assert_eq!(reset_code(&pair.told(Acceptor)), Some(ErrorCode::NotFound));
    assert_eq!(pair.told(Dialer), []);
    assert_eq!(pair.dialer.link.outgoing.streams() + pair.acceptor.link.outgoing.streams(), 0);
}

#[test]
fn frames_of_unknown_streams_are_passed_over() {
    let (mut pair, stream) = with_stream();
    pair.give(Acceptor, Input::ResetStream { stream, refusal: refusal(ErrorCode::NotFound) });
    pair.acceptor.wire.clear();
    for kind in [Kind::Data { more: false }, Kind::Credit, Kind::Close, Kind::Reset] {
        for stream in [stream, StreamId(99), StreamId(98)] {
            pair.give_frame(Acceptor, &frame(stream, kind, vec![1, 2, 3]));
        }
    }
    assert_eq!(pair.told(Acceptor), []);
    assert!(pair.acceptor.wire.is_empty());
}

#[test]
fn a_bad_body_resets_its_stream_and_no_more() {
    let cases = [
        (Kind::Credit, vec![], ErrorCode::Malformed),
        (Kind::Data { more: false }, vec![], ErrorCode::Malformed),
        (Kind::Reset, vec![255], ErrorCode::Unsupported),
    ];
    for (kind, body, code) in cases {
        let (mut pair, stream) = with_stream();
        pair.give_frame(Dialer, &frame(stream, kind, body));
        assert_eq!(reset_code(&pair.told(Dialer)), Some(code), "{kind:?}");
        assert!(pair.dialer.link.is_up());
    }
}

/// A destination that only newer peers know is refused by resetting the stream.
#[test]
fn an_unknown_destination_is_unsupported() {
    let mut pair = Pair::up(&limits());
    pair.give_frame(Acceptor, &frame(StreamId(1), Kind::Open, vec![250, 1, 1]));
    let [reset] = &pair.frames(Acceptor)[..] else { panic!("one frame") };
    let told: Refusal = Codec::Bincode.decode(&reset.body).expect("a refusal");
    assert_eq!((reset.stream, reset.kind, told.code), (StreamId(1), Kind::Reset, ErrorCode::Unsupported));
    assert_eq!(pair.told(Acceptor), [Effect::Sign]);
}

#[test]
fn a_close_in_the_middle_of_a_message_is_a_fault() {
    let (mut pair, stream) = with_stream();
    pair.give_frame(Dialer, &frame(stream, Kind::Data { more: true }, vec![1]));
    pair.give_frame(Dialer, &frame(stream, Kind::Close, vec![]));
    assert_eq!(reset_code(&pair.told(Dialer)), Some(ErrorCode::Malformed));
}

#[test]
fn a_stream_id_of_the_wrong_end_or_used_before_is_reset() {
    let (mut pair, used) = with_stream();
    let body = Codec::Bincode.encode(&open(1));
    for stream in [StreamId(2), used] {
        pair.give_frame(Acceptor, &frame(stream, Kind::Open, body.clone()));
        let reset = pair.frames(Acceptor).pop().expect("an answer");
        assert_eq!((reset.stream, reset.kind), (stream, Kind::Reset));
    }
    assert!(pair.acceptor.link.is_up());
}

#[test]
fn a_link_has_so_many_streams_and_no_more() {
    let mut pair = Pair::up(&Limits { streams: 2, ..limits() });
    let first = pair.open(Dialer, Class::Bulk);
    pair.open(Dialer, Class::Bulk);
    pair.run();
    pair.told(Acceptor);
    pair.give(Dialer, Input::OpenStream { ticket: 7, destination: destination(), class: Class::Bulk });
    assert!(matches!(
        pair.told(Dialer).last(),
        Some(Effect::StreamRefused { ticket: 7, refusal: Refusal { code: ErrorCode::Overloaded, .. } })
    ));
    pair.give_frame(Acceptor, &frame(StreamId(9), Kind::Open, Codec::Bincode.encode(&open(1))));
    assert_eq!(pair.frames(Acceptor)[0].kind, Kind::Reset);
    pair.give(Dialer, Input::CloseStream { stream: first });
    assert_eq!(pair.open(Dialer, Class::Bulk), StreamId(5), "a refused one uses no id");
}

/// Ids rise, so nothing is kept of streams that are over.
#[test]
fn closed_streams_leave_nothing_behind() {
    let mut pair = Pair::up(&limits());
    for _ in 0..1_000 {
        let stream = pair.open(Dialer, Class::Bulk);
        pair.send(Dialer, stream, vec![0; 10]);
        pair.run();
        pair.give(Acceptor, Input::CloseStream { stream });
        pair.run();
    }
    assert_eq!(pair.dialer.link.outgoing.streams() + pair.acceptor.link.outgoing.streams(), 0);
}
