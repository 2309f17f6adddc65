//! What holds for every order of events.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config as Cases;
use wayfare_protocol::frame::Kind;

use super::*;

const WINDOW: u32 = 20_000;
const LARGEST: usize = 40_000;

#[derive(Clone, Debug)]
enum Step {
    Open(Side, Class),
    Send(Side, usize, usize),
    Consume(Side, usize, u32),
    Control(Side, usize),
    Deliver(Side),
    Pass(u64),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![proptest::prelude::Just(Dialer), proptest::prelude::Just(Acceptor)]
}

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(vec![Class::Control, Class::Interactive, Class::Bulk])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (side(), class()).prop_map(|(side, class)| Step::Open(side, class)),
        6 => (side(), 0..8_usize, 8..LARGEST).prop_map(|(side, nth, size)| Step::Send(side, nth, size)),
        4 => (side(), 0..8_usize, 0..30_000_u32).prop_map(|(side, nth, bytes)| Step::Consume(side, nth, bytes)),
        1 => (side(), 0..LARGEST).prop_map(|(side, size)| Step::Control(side, size)),
        12 => side().prop_map(Step::Deliver),
        1 => (0..5_000_u64).prop_map(Step::Pass),
    ]
}

/// One direction of one stream.
#[derive(Default)]
struct Flow {
    sent: u64,
    got: u64,
    /// Bytes delivered and not consumed.
    held: usize,
}

struct World {
    pair: Pair,
    streams: Vec<StreamId>,
    /// By receiving side (0 dialer) and stream.
    flows: BTreeMap<(u8, StreamId), Flow>,
    controls: BTreeMap<u8, (u32, u32)>,
}

fn number(side: Side) -> u8 {
    match side {
        Dialer => 0,
        Acceptor => 1,
    }
}

impl World {
    fn new() -> Self {
        let limits = Limits { stream_window: WINDOW, stream_backlog: 1 << 30, ..Limits::default() };
        Self { pair: Pair::up(&limits), streams: Vec::new(), flows: BTreeMap::new(), controls: BTreeMap::new() }
    }

    fn nth(&self, nth: usize) -> Option<StreamId> {
        self.streams.get(nth % self.streams.len().max(1)).copied()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Open(side, class) if self.streams.len() < 8 => {
                let stream = self.pair.open(side, class);
                self.pair.run(); // the other end must know a stream before it can be told to send on it
                self.streams.push(stream);
            }
            Step::Open(..) => {}
            Step::Send(side, nth, size) => {
                let Some(stream) = self.nth(nth) else { return };
                let flow = self.flows.entry((number(side.other()), stream)).or_default();
                flow.sent += 1;
                let mut message = flow.sent.to_le_bytes().to_vec();
                message.resize(size, stream.0 as u8);
                self.pair.send(side, stream, message);
            }
            Step::Consume(side, nth, bytes) => {
                let Some(stream) = self.nth(nth) else { return };
                let flow = self.flows.entry((number(side), stream)).or_default();
                let bytes = bytes.min(u32::try_from(flow.held).expect("bounded"));
                flow.held -= bytes as usize;
                self.pair.give(side, Input::Consumed { stream, bytes });
            }
            Step::Control(side, size) => {
                let (sent, _) = self.controls.entry(number(side.other())).or_default();
                *sent += 1;
                let mut message = sent.to_le_bytes().to_vec();
                message.resize(size.max(4), 0);
                self.pair.give(side, Input::Send(Box::new(Control::Sync(message))));
            }
            Step::Deliver(side) => {
                self.pair.deliver(side);
            }
            Step::Pass(millis) => {
                self.pair.pass(Duration::from_millis(millis));
                self.pair.run();
            }
        }
        self.check();
    }

    fn check(&mut self) {
        for side in [Dialer, Acceptor] {
            let in_transport: usize = self.pair.end(side).wire.iter().map(Bytes::len).sum();
            assert!(in_transport <= Limits::default().transport_window);
            for effect in self.pair.told(side) {
                match effect {
                    Effect::Message { stream, bytes } => {
                        let flow = self.flows.get_mut(&(number(side), stream)).expect("a stream that was sent on");
                        flow.got += 1;
                        assert_eq!(bytes[..8], flow.got.to_le_bytes(), "in order, each once");
                        assert!(bytes[8..].iter().all(|byte| *byte == stream.0 as u8));
                        flow.held += bytes.len();
                        assert!(flow.held <= WINDOW as usize + LARGEST, "{} bytes to hold", flow.held);
                    }
                    Effect::Control(message) => {
                        let Control::Sync(message) = *message else { panic!("nothing else was sent") };
                        let (_, got) = self.controls.get_mut(&number(side)).expect("control was sent");
                        *got += 1;
                        assert_eq!(message[..4], got.to_le_bytes());
                    }
                    Effect::Sign | Effect::Credit { .. } | Effect::StreamRequested { .. } => {}
                    other => panic!("nothing ends or fails here, but {other:?}"),
                }
            }
        }
    }

    /// Everything is consumed and delivered until nothing moves.
    fn finish(mut self) {
        loop {
            self.pair.run();
            self.check();
            let mut consumed = false;
            for ((receiver, stream), flow) in &mut self.flows {
                let side = if *receiver == 0 { Dialer } else { Acceptor };
                let bytes = u32::try_from(std::mem::take(&mut flow.held)).expect("bounded");
                consumed |= bytes > 0;
                self.pair.give(side, Input::Consumed { stream: *stream, bytes });
            }
            if !consumed {
                break;
            }
        }
        assert!(self.flows.values().all(|flow| flow.sent == flow.got), "everything sent has arrived");
        assert!(self.controls.values().all(|(sent, got)| sent == got));
    }
}

fn any_frame() -> impl Strategy<Value = Bytes> {
    let kinds =
        vec![Kind::Open, Kind::Data { more: false }, Kind::Data { more: true }, Kind::Credit, Kind::Close, Kind::Reset];
    let framed = (0..6_u32, prop::sample::select(kinds), prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(stream, kind, body)| Frame { stream: StreamId(stream), kind, body: body.into() }.encode());
    let bare = prop::collection::vec(any::<u8>(), 0..30).prop_map(Bytes::from);
    prop_oneof![20 => framed, 1 => bare]
}

proptest! {
    #![proptest_config(Cases { failure_persistence: None, ..Cases::default() })]

    #[test]
    fn every_message_arrives_once_in_order_within_its_window(steps in prop::collection::vec(step(), 0..150)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.finish();
    }

    /// Whatever comes, the link answers or goes down, once.
    #[test]
    fn no_bytes_make_a_link_panic(frames in prop::collection::vec(any_frame(), 0..60), early in any::<bool>()) {
        let limits = Limits::default();
        let mut pair = if early {
            Pair::new(dialer(&limits, Purpose::Register(introduction())), acceptor(&limits))
        } else {
            Pair::up(&limits)
        };
        if !early {
            pair.open(Dialer, Class::Bulk);
            pair.open(Acceptor, Class::Interactive);
        }
        for frame in frames {
            for side in [Dialer, Acceptor] {
                pair.give(side, Input::Received(frame.clone()));
                pair.give(side, Input::SendMessage { stream: StreamId(2), bytes: vec![1; 100].into() });
                pair.end(side).wire.pop_front();
            }
            pair.wake();
        }
        for side in [Dialer, Acceptor] {
            let told = pair.told(side);
            let downs = told.iter().filter(|effect| matches!(effect, Effect::Down { .. })).count();
            assert!(downs <= 1);
            assert!(downs == 0 || matches!(told.last(), Some(Effect::Down { .. })));
        }
    }
}
