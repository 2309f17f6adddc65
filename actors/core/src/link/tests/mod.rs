//! Two links over two queues of frames, in virtual time. A test sees every frame and may drop, hold or change it.

mod handshake;
mod liveness;
mod properties;
mod scheduling;
mod streams;
mod translation;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::{Control, Welcome};
use wayfare_protocol::frame::Frame;
use wayfare_protocol::identity::{DeviceKey, ServerIdentity};
use wayfare_protocol::stream::{Class, Destination};
use wayfare_protocol::{AccountId, Boot, Limits, Now, Refusal, RunId, SessionId, StreamId, Wall};

use super::{Config, Effect, Input, Introduction, Link, Purpose, Reason, Role};
use crate::machine::Machine;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Dialer,
    Acceptor,
}

use Side::{Acceptor, Dialer};

impl Side {
    fn other(self) -> Self {
        match self {
            Dialer => Acceptor,
            Acceptor => Dialer,
        }
    }
}

struct End {
    link: Link,
    /// Frames in this end's transport.
    wire: VecDeque<Bytes>,
    /// Every other effect, in order.
    told: Vec<Effect>,
}

impl End {
    fn new(config: Config, now: Now) -> Self {
        Self { link: Link::new(config, now), wire: VecDeque::new(), told: Vec::new() }
    }

    fn take_in(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Transmit(frame) => self.wire.push_back(frame),
                other => self.told.push(other),
            }
        }
    }
}

/// The two ends of one connection.
struct Pair {
    dialer: End,
    acceptor: End,
    now: Now,
}

fn key() -> DeviceKey {
    DeviceKey::from_seed(&[7; 32])
}

fn server() -> ServerIdentity {
    ServerIdentity::Origin("https://mesh.example:443".into())
}

fn introduction() -> Introduction {
    Introduction { name: "laptop".into(), os: "linux".into(), version: "0.1.0".into(), node: None }
}

fn dialer(limits: &Limits, purpose: Purpose) -> Config {
    let role = Role::Dialer { key: key(), expects: server(), purpose };
    Config { role, codec: Codec::Bincode, limits: Arc::new(limits.clone()) }
}

fn acceptor(limits: &Limits) -> Config {
    let role = Role::Acceptor { identity: server(), nonce: [9; 32], version: "0.1.0".into() };
    Config { role, codec: Codec::Bincode, limits: Arc::new(limits.clone()) }
}

fn welcome() -> Welcome {
    Welcome { account: AccountId::LOCAL, generation: 1, at: Wall(5) }
}

fn at(boot: Duration) -> Now {
    Now { boot: Boot(boot), wall: Wall(0) }
}

fn destination() -> Destination {
    Destination::Run { session: SessionId(Default::default()), run: RunId(Default::default()), from: 1 }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Pair {
    /// Two links of which neither has said anything.
    fn new(dialer: Config, acceptor: Config) -> Self {
        let now = at(seconds(1));
        Self { dialer: End::new(dialer, now), acceptor: End::new(acceptor, now), now }
    }

    /// A link that is up, its handshake no longer among what was told.
    fn up(limits: &Limits) -> Self {
        Self::up_in(Codec::Bincode, limits)
    }

    /// The same, speaking a codec.
    fn up_in(codec: Codec, limits: &Limits) -> Self {
        let dialer = dialer(limits, Purpose::Register(introduction()));
        let mut pair = Self::new(Config { codec, ..dialer }, Config { codec, ..acceptor(limits) });
        pair.run();
        pair.give(Acceptor, Input::Admit(Ok(welcome())));
        pair.run();
        assert!(pair.dialer.link.is_up() && pair.acceptor.link.is_up());
        pair.dialer.told.clear();
        pair.acceptor.told.clear();
        pair
    }

    fn end(&mut self, side: Side) -> &mut End {
        match side {
            Dialer => &mut self.dialer,
            Acceptor => &mut self.acceptor,
        }
    }

    fn told(&mut self, side: Side) -> Vec<Effect> {
        std::mem::take(&mut self.end(side).told)
    }

    fn give(&mut self, side: Side, input: Input) {
        let now = self.now;
        let mut effects = Vec::new();
        let end = self.end(side);
        end.link.step(now, input, &mut effects);
        end.take_in(effects);
    }

    fn give_frame(&mut self, side: Side, frame: &Frame) {
        self.give(side, Input::Received(frame.encode()));
    }

    /// Gives a control message as the other end would.
    fn give_control(&mut self, side: Side, message: &Control) {
        let body = Codec::Bincode.encode(message);
        let kind = wayfare_protocol::frame::Kind::Data { more: false };
        self.give_frame(side, &Frame { stream: StreamId::CONTROL, kind, body });
    }

    /// Writes one frame of an end's transport and delivers it; says whether there was one.
    fn deliver(&mut self, from: Side) -> bool {
        let Some(frame) = self.end(from).wire.pop_front() else { return false };
        self.give(from, Input::Flushed { bytes: frame.len() });
        self.give(from.other(), Input::Received(frame));
        true
    }

    fn wake(&mut self) {
        let now = self.now;
        for side in [Dialer, Acceptor] {
            let mut effects = Vec::new();
            let end = self.end(side);
            end.link.wake(now, &mut effects);
            end.take_in(effects);
        }
    }

    /// Wakes and delivers until nothing is in flight.
    fn run(&mut self) {
        self.wake();
        while self.deliver(Dialer) | self.deliver(Acceptor) {}
    }

    fn pass(&mut self, time: Duration) {
        self.now.boot = self.now.boot.after(time);
    }

    fn open(&mut self, side: Side, class: Class) -> StreamId {
        self.give(side, Input::OpenStream { ticket: 42, destination: destination(), class });
        match self.end(side).told.pop() {
            Some(Effect::StreamOpened { ticket: 42, stream }) => stream,
            other => panic!("no stream was opened but {other:?}"),
        }
    }

    fn send(&mut self, side: Side, stream: StreamId, bytes: impl Into<Bytes>) {
        self.give(side, Input::SendMessage { stream, bytes: bytes.into() });
    }

    /// The messages among what was told, which is forgotten.
    fn messages(&mut self, side: Side) -> Vec<(StreamId, Bytes)> {
        let told = self.told(side);
        told.into_iter()
            .filter_map(|effect| match effect {
                Effect::Message { stream, bytes } => Some((stream, bytes)),
                _ => None,
            })
            .collect()
    }

    fn down(&mut self, side: Side) -> Reason {
        match self.end(side).told.last() {
            Some(Effect::Down { reason }) => reason.clone(),
            other => panic!("not down but {other:?}"),
        }
    }

    /// The frames in an end's transport.
    fn frames(&mut self, side: Side) -> Vec<Frame> {
        self.end(side).wire.iter().map(|bytes| Frame::decode(bytes).expect("links make frames")).collect()
    }
}

/// The control message in a frame.
fn control(frame: &Frame) -> Control {
    assert_eq!(frame.stream, StreamId::CONTROL);
    Codec::Bincode.decode(&frame.body).expect("a control message")
}

fn refusal(code: wayfare_protocol::ErrorCode) -> Refusal {
    Refusal::new(code, "because")
}
