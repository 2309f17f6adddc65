//! Links that speak MessagePack: their applications do not notice.

use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config as Cases;
use wayfare_protocol::codec;
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::frame::Kind;
use wayfare_protocol::stream::{Open, RunUpdate};
use wayfare_protocol::{DocumentId, ErrorCode};

use super::*;

const WINDOW: u32 = 20_000;

fn limits() -> Limits {
    Limits { stream_window: WINDOW, ..Limits::default() }
}

/// A link that speaks MessagePack, and a document's stream on it that the dialer opened.
fn with_document() -> (Pair, StreamId) {
    let mut pair = Pair::up_in(Codec::MessagePack, &limits());
    let destination = Destination::Document { document: DocumentId::INDEX };
    pair.give(Dialer, Input::OpenStream { ticket: 1, destination, class: Class::Interactive });
    pair.run();
    let stream = StreamId(1);
    let open = Open { destination, class: Class::Interactive, window: WINDOW };
    let credit = || Effect::Credit { stream, bytes: WINDOW };
    assert_eq!(pair.told(Dialer), [Effect::StreamOpened { ticket: 1, stream }, Effect::Sign, credit()]);
    assert_eq!(pair.told(Acceptor), [Effect::Sign, Effect::StreamRequested { stream, open }, credit()]);
    (pair, stream)
}

fn frame_of(bytes: usize) -> Bytes {
    codec::encode(&DocumentMessage::Frame { more: false, bytes: vec![7; bytes].into() })
}

#[test]
fn a_message_is_bincode_at_both_ends_and_named_fields_between_them() {
    let (mut pair, stream) = with_document();
    let message = codec::encode(&DocumentMessage::Kept { through: 3 });
    pair.send(Dialer, stream, message.clone());
    let frames = pair.frames(Dialer);
    assert_eq!(&frames[0].body[..], b"\x81\xa4Kept\x81\xa7through\x03");
    pair.run();
    assert_eq!(pair.messages(Acceptor), [(stream, message)]);
}

#[test]
fn a_message_that_is_none_of_its_stream_resets_it_and_nothing_else() {
    let (mut pair, stream) = with_document();
    let body = codec::encode_named(&RunUpdate::Waiting);
    pair.give_frame(Acceptor, &Frame { stream, kind: Kind::Data { more: false }, body });
    let told = pair.told(Acceptor);
    let [Effect::StreamReset { refusal, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(refusal.code, ErrorCode::Malformed);
    assert!(pair.acceptor.link.is_up());
}

/// What an application may still send is what it was told, not what the wire makes of it.
#[test]
fn a_grant_pays_first_for_what_the_wire_took_more() {
    let (mut pair, stream) = with_document();
    let (message, on_wire) = (codec::encode(&DocumentMessage::Kept { through: 3 }), 16);
    pair.send(Dialer, stream, message.clone());
    pair.run();
    pair.told(Acceptor);
    let grant = |bytes: u32| Frame { stream, kind: Kind::Credit, body: codec::encode_named(&bytes) };
    let surplus = on_wire - u32::try_from(message.len()).unwrap();
    pair.give_frame(Dialer, &grant(surplus - 1));
    assert_eq!(pair.told(Dialer), [], "all of it was owed");
    pair.give_frame(Dialer, &grant(11));
    assert_eq!(pair.told(Dialer), [Effect::Credit { stream, bytes: 10 }]);
}

#[test]
fn a_message_that_is_consumed_in_parts_is_granted_in_parts() {
    let (mut pair, stream) = with_document();
    let message = frame_of(WINDOW as usize);
    let bytes = u32::try_from(message.len()).unwrap();
    pair.send(Dialer, stream, message);
    pair.run();
    pair.told(Dialer);
    for consumed in [bytes / 2 - 100, 200, bytes - bytes / 2 - 100] {
        pair.give(Acceptor, Input::Consumed { stream, bytes: consumed });
    }
    let granted: u32 = pair.frames(Acceptor).iter().map(|frame| codec::decode_named::<u32>(&frame.body).unwrap()).sum();
    assert!(granted >= WINDOW / 2 && granted <= bytes + 30, "{granted}");
}

#[derive(Clone, Debug)]
enum Step {
    Send(Side, DocumentMessage),
    Consume(Side, u32),
    Deliver(Side),
}

fn step() -> impl Strategy<Value = Step> {
    let side = || prop_oneof![proptest::prelude::Just(Dialer), proptest::prelude::Just(Acceptor)];
    let frame = (any::<bool>(), prop::collection::vec(any::<u8>(), 0..8_000));
    let message = prop_oneof![
        (1..u64::MAX).prop_map(|through| DocumentMessage::Kept { through }),
        frame.prop_map(|(more, bytes)| DocumentMessage::Frame { more, bytes: bytes.into() }),
    ];
    prop_oneof![
        4 => (side(), message).prop_map(|(side, message)| Step::Send(side, message)),
        3 => (side(), 1..9_000_u32).prop_map(|(side, bytes)| Step::Consume(side, bytes)),
        6 => side().prop_map(Step::Deliver),
    ]
}

/// One end's application.
#[derive(Default)]
struct Application {
    credit: i64,
    /// What it sent and the other end has not got, and what it got and has not consumed.
    sent: VecDeque<Bytes>,
    held: u32,
}

struct World {
    pair: Pair,
    stream: StreamId,
    ends: [Application; 2],
}

impl World {
    fn new() -> Self {
        let (pair, stream) = with_document();
        let fresh = || Application { credit: WINDOW.into(), ..Application::default() };
        Self { pair, stream, ends: [fresh(), fresh()] }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Send(side, message) if self.ends[side as usize].credit > 0 => {
                let message = codec::encode(&message);
                let end = &mut self.ends[side as usize];
                end.credit -= i64::try_from(message.len()).unwrap();
                end.sent.push_back(message.clone());
                self.pair.send(side, self.stream, message);
            }
            Step::Send(..) => {}
            Step::Consume(side, bytes) => {
                let end = &mut self.ends[side as usize];
                let bytes = bytes.min(end.held);
                end.held -= bytes;
                self.pair.give(side, Input::Consumed { stream: self.stream, bytes });
            }
            Step::Deliver(side) => {
                self.pair.deliver(side);
            }
        }
        self.hear();
    }

    fn hear(&mut self) {
        for side in [Dialer, Acceptor] {
            for effect in self.pair.told(side) {
                match effect {
                    Effect::Credit { bytes, .. } => self.ends[side as usize].credit += i64::from(bytes),
                    Effect::Message { bytes, .. } => {
                        assert_eq!(self.ends[side.other() as usize].sent.pop_front().as_ref(), Some(&bytes));
                        self.ends[side as usize].held += u32::try_from(bytes.len()).unwrap();
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    fn settle(&mut self) {
        loop {
            self.pair.run();
            self.hear();
            if self.ends.iter().all(|end| end.held == 0) {
                return;
            }
            for side in [Dialer, Acceptor] {
                self.take(Step::Consume(side, u32::MAX));
            }
        }
    }
}

proptest! {
    #![proptest_config(Cases { cases: 128, ..Cases::default() })]

    #[test]
    fn every_message_arrives_and_credit_is_neither_lost_nor_made(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.settle();
        for end in &world.ends {
            assert!(end.sent.is_empty(), "{} messages did not arrive", end.sent.len());
            assert!((i64::from(WINDOW / 2)..=i64::from(WINDOW)).contains(&end.credit), "credit {}", end.credit);
        }
    }
}
