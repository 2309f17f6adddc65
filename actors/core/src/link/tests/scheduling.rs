//! What goes out first.

use wayfare_protocol::frame::{HEADER_LEN, Kind};
use wayfare_protocol::limits::FRAME_BODY_MAX;

use super::*;

/// A link with a stream per class, opened by the dialer, each with a window that no test uses up.
fn with_streams(classes: &[Class]) -> (Pair, Vec<StreamId>) {
    let limits = Limits { stream_window: 1 << 24, ..Limits::default() };
    let mut pair = Pair::up(&limits);
    let streams = classes.iter().map(|class| pair.open(Dialer, *class)).collect();
    pair.run();
    (pair, streams)
}

fn in_transport(pair: &mut Pair) -> usize {
    pair.dialer.wire.iter().map(Bytes::len).sum()
}

/// With a long bulk message under way, a keystroke waits for what the transport already has and for nothing else.
#[test]
fn a_keystroke_waits_for_at_most_one_transport_window() {
    let (mut pair, streams) = with_streams(&[Class::Bulk, Class::Interactive]);
    let [bulk, interactive] = streams[..] else { panic!("two streams") };
    pair.send(Dialer, bulk, vec![0; 1 << 20]);
    pair.deliver(Dialer);
    let before = in_transport(&mut pair);
    assert!(before <= Limits::default().transport_window);
    pair.send(Dialer, interactive, &b"k"[..]);
    let mut waited = 0;
    loop {
        let frame = pair.frames(Dialer).remove(0);
        if frame.stream == interactive {
            break;
        }
        waited += HEADER_LEN + frame.body.len();
        pair.deliver(Dialer);
    }
    assert!(waited <= before, "{waited} bytes went first");
}

#[test]
fn the_transport_never_has_more_than_its_window() {
    let (mut pair, streams) = with_streams(&[Class::Bulk, Class::Interactive]);
    for stream in &streams {
        pair.send(Dialer, *stream, vec![0; 1 << 20]);
    }
    while pair.deliver(Dialer) {
        assert!(in_transport(&mut pair) <= Limits::default().transport_window);
    }
    assert_eq!(pair.messages(Acceptor).len(), 2);
}

#[test]
fn a_window_smaller_than_a_frame_still_lets_one_frame_through() {
    let limits = Limits { transport_window: 10, ..Limits::default() };
    let mut pair = Pair::up(&limits);
    let stream = pair.open(Dialer, Class::Bulk);
    pair.run();
    pair.send(Dialer, stream, vec![0; 3 * FRAME_BODY_MAX]);
    assert_eq!(pair.dialer.wire.len(), 1);
    pair.run();
    assert_eq!(pair.messages(Acceptor).len(), 1);
}

#[test]
fn control_goes_before_interactive_and_interactive_before_bulk() {
    let (mut pair, streams) = with_streams(&[Class::Bulk, Class::Interactive, Class::Control]);
    let [bulk, interactive, urgent] = streams[..] else { panic!("three streams") };
    pair.send(Dialer, bulk, vec![0; 4 * FRAME_BODY_MAX]); // fills the transport
    for stream in [bulk, interactive, urgent] {
        pair.send(Dialer, stream, vec![0; FRAME_BODY_MAX]);
    }
    let mut order = Vec::new();
    while let Some(frame) = pair.frames(Dialer).first() {
        order.push(frame.stream);
        pair.deliver(Dialer);
    }
    assert_eq!(order, [bulk, bulk, bulk, urgent, interactive, bulk, bulk]);
}

#[test]
fn streams_of_a_class_take_turns() {
    let (mut pair, streams) = with_streams(&[Class::Bulk; 3]);
    for stream in &streams {
        pair.send(Dialer, *stream, vec![0; 4 * FRAME_BODY_MAX]);
    }
    let mut order = Vec::new();
    while let Some(frame) = pair.frames(Dialer).first() {
        order.push(frame.stream);
        pair.deliver(Dialer);
    }
    let [a, b, c] = streams[..] else { panic!("three streams") };
    // The first had the transport to itself before the others had anything to say.
    assert_eq!(order, [a, a, a, a, b, c, b, c, b, c, b, c]);
}

/// A message that fits one frame is not copied on its way in.
#[test]
fn a_small_message_shares_the_memory_of_its_frame() {
    let (mut pair, streams) = with_streams(&[Class::Interactive]);
    let frame = Frame { stream: streams[0], kind: Kind::Data { more: false }, body: Bytes::from_static(b"hello") };
    let wire = frame.encode();
    pair.give(Dialer, Input::Received(wire.clone()));
    let [(_, bytes)] = &pair.messages(Dialer)[..] else { panic!("one message") };
    assert_eq!(bytes.as_ptr(), wire[HEADER_LEN..].as_ptr());
}
