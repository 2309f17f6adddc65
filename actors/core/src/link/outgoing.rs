//! Decides which frame goes out next.
//!
//! Signals (every frame but data and close) go first, in order. Then the classes, the more urgent before the less; within
//! a class the streams take turns, a frame each. A frame is chosen only when the transport has room for it, so what is
//! urgent waits for at most one transport window.
//!
//! | a stream's waiting messages | credit left | it may send |
//! |---|---|---|
//! | none | any | nothing; its close if it is closing |
//! | some, the first not begun | none | nothing |
//! | some, the first not begun | some | the first frame of it |
//! | the first begun | any | the rest of it: a message may overdraw the window once |

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wayfare_protocol::StreamId;
use wayfare_protocol::frame::{Frame, HEADER_LEN, Kind};
use wayfare_protocol::limits::FRAME_BODY_MAX;
use wayfare_protocol::stream::Class;

use super::Effect;
use crate::machine::Sink;

/// What a stream may still send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credit {
    /// The control stream's: the backlog alone bounds it.
    Unlimited,
    /// Message bytes; below zero after an overdraft.
    Bytes(i64),
}

/// Where the first waiting message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    /// Not begun: it needs credit.
    Fresh,
    /// Some frames of it are out.
    Begun,
}

/// What follows the waiting messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// More of them.
    Open,
    /// The close.
    Closing,
}

/// The outgoing side of one stream.
#[derive(Debug)]
struct Sender {
    class: Class,
    waiting: VecDeque<Bytes>,
    backlog: usize,
    front: Front,
    credit: Credit,
    end: End,
}

impl Sender {
    fn new(class: Class, credit: Credit) -> Self {
        Self { class, waiting: VecDeque::new(), backlog: 0, front: Front::Fresh, credit, end: End::Open }
    }

    fn may_send(&self) -> bool {
        match (self.waiting.is_empty(), self.front, self.credit) {
            (true, ..) => self.end == End::Closing,
            (false, Front::Begun, _) | (false, _, Credit::Unlimited) => true,
            (false, Front::Fresh, Credit::Bytes(left)) => left > 0,
        }
    }

    /// Length of the next frame's body.
    fn next_len(&self) -> usize {
        self.waiting.front().map_or(0, |message| message.len().min(FRAME_BODY_MAX))
    }

    /// The next frame's kind and body; only where it may send.
    fn take(&mut self) -> (Kind, Bytes) {
        let Some(message) = self.waiting.front_mut() else { return (Kind::Close, Bytes::new()) };
        let body = message.split_to(message.len().min(FRAME_BODY_MAX));
        let more = !message.is_empty();
        self.front = if more { Front::Begun } else { Front::Fresh };
        if !more {
            self.waiting.pop_front();
        }
        self.backlog -= body.len();
        if let Credit::Bytes(left) = &mut self.credit {
            *left -= i64::try_from(body.len()).unwrap_or(i64::MAX);
        }
        (Kind::Data { more }, body)
    }
}

/// Everything that waits to go out.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Most bytes in the transport, and those there now.
    window: usize,
    in_transport: usize,
    signals: VecDeque<Frame>,
    signal_bytes: usize,
    senders: BTreeMap<StreamId, Sender>,
    /// The streams that may send, per class, in the order of their turns: each such stream exactly once.
    turns: [VecDeque<StreamId>; 3],
}

fn rank(class: Class) -> usize {
    match class {
        Class::Control => 0,
        Class::Interactive => 1,
        Class::Bulk => 2,
    }
}

impl Outgoing {
    /// With the control stream, and room for `window` bytes in the transport.
    pub(super) fn new(window: usize) -> Self {
        Self {
            window,
            in_transport: 0,
            signals: VecDeque::new(),
            signal_bytes: 0,
            senders: BTreeMap::from([(StreamId::CONTROL, Sender::new(Class::Control, Credit::Unlimited))]),
            turns: Default::default(),
        }
    }

    /// Queues a frame that is neither data nor an orderly close.
    pub(super) fn signal(&mut self, stream: StreamId, kind: Kind, body: Bytes) {
        self.signal_bytes += HEADER_LEN + body.len();
        self.signals.push_back(Frame { stream, kind, body });
    }

    /// Queues a control message.
    pub(super) fn control(&mut self, message: Bytes) {
        self.change(StreamId::CONTROL, |sender| {
            sender.backlog += message.len();
            sender.waiting.push_back(message);
        });
    }

    /// Takes a new stream in.
    pub(super) fn add(&mut self, stream: StreamId, class: Class, credit: u32) {
        self.senders.insert(stream, Sender::new(class, Credit::Bytes(credit.into())));
    }

    /// Streams that are not over, those included that only wait to be closed.
    pub(super) fn streams(&self) -> usize {
        self.senders.len() - 1
    }

    /// Whether a stream is not over.
    pub(super) fn knows(&self, stream: StreamId) -> bool {
        self.senders.contains_key(&stream)
    }

    /// Message bytes that wait on a stream.
    pub(super) fn backlog(&self, stream: StreamId) -> usize {
        self.senders.get(&stream).map_or(0, |sender| sender.backlog)
    }

    /// Bytes that no stream's limit bounds.
    pub(super) fn control_backlog(&self) -> usize {
        self.signal_bytes + self.backlog(StreamId::CONTROL)
    }

    /// Queues a message of at least one byte.
    pub(super) fn queue(&mut self, stream: StreamId, message: Bytes) {
        self.change(stream, |sender| {
            sender.backlog += message.len();
            sender.waiting.push_back(message);
        });
    }

    /// The other end allows more.
    pub(super) fn grant(&mut self, stream: StreamId, bytes: u32) {
        self.change(stream, |sender| {
            if let Credit::Bytes(left) = &mut sender.credit {
                *left = left.saturating_add(bytes.into());
            }
        });
    }

    /// Closes a stream once its waiting messages are out.
    pub(super) fn close(&mut self, stream: StreamId) {
        self.change(stream, |sender| sender.end = End::Closing);
    }

    /// Drops a stream and what waits on it.
    pub(super) fn forget(&mut self, stream: StreamId) {
        if let Some(sender) = self.senders.remove(&stream) {
            self.turns[rank(sender.class)].retain(|turn| *turn != stream);
        }
    }

    /// Changes a stream, and gives it a turn if it may send only since then.
    fn change(&mut self, stream: StreamId, change: impl FnOnce(&mut Sender)) {
        let Some(sender) = self.senders.get_mut(&stream) else { return };
        let had_turn = sender.may_send();
        change(sender);
        if !had_turn && sender.may_send() {
            self.turns[rank(sender.class)].push_back(stream);
        }
    }

    /// The transport has written so much.
    pub(super) fn flushed(&mut self, bytes: usize) {
        self.in_transport = self.in_transport.saturating_sub(bytes);
    }

    /// Whether a frame can go out now.
    pub(super) fn is_ready(&self) -> bool {
        self.next_len().is_some_and(|len| self.in_transport == 0 || self.in_transport + len <= self.window)
    }

    /// Hands frames to the transport while it has room; says whether there were any.
    pub(super) fn pump(&mut self, out: &mut impl Sink<Effect>) -> bool {
        let mut any = false;
        while self.is_ready() {
            let Some(frame) = self.next() else { break };
            self.transmit(&frame, out);
            any = true;
        }
        any
    }

    /// Hands over every signal and control message, whatever room there is: the last act of a link.
    pub(super) fn flush_control(&mut self, out: &mut impl Sink<Effect>) {
        while let Some(frame) = self.next_signal() {
            self.transmit(&frame, out);
        }
        while self.backlog(StreamId::CONTROL) > 0 {
            let Some(frame) = self.take(StreamId::CONTROL) else { break };
            self.transmit(&frame, out);
        }
    }

    fn transmit(&mut self, frame: &Frame, out: &mut impl Sink<Effect>) {
        let bytes = frame.encode();
        self.in_transport += bytes.len();
        out.push(Effect::Transmit(bytes));
    }

    /// Length of the next frame; `None` if nothing may be sent.
    fn next_len(&self) -> Option<usize> {
        let body = match self.signals.front() {
            Some(signal) => signal.body.len(),
            None => {
                let stream = self.turns.iter().find_map(VecDeque::front)?;
                self.senders.get(stream).map_or(0, Sender::next_len)
            }
        };
        Some(HEADER_LEN + body)
    }

    fn next(&mut self) -> Option<Frame> {
        if let Some(signal) = self.next_signal() {
            return Some(signal);
        }
        let turns = self.turns.iter_mut().find(|turns| !turns.is_empty())?;
        let stream = turns.pop_front()?;
        let frame = self.take(stream)?;
        match self.senders.get(&stream) {
            _ if frame.kind == Kind::Close => {
                self.senders.remove(&stream);
            }
            Some(sender) if sender.may_send() => self.turns[rank(sender.class)].push_back(stream),
            _ => {}
        }
        Some(frame)
    }

    fn next_signal(&mut self) -> Option<Frame> {
        let signal = self.signals.pop_front()?;
        self.signal_bytes -= HEADER_LEN + signal.body.len();
        Some(signal)
    }

    fn take(&mut self, stream: StreamId) -> Option<Frame> {
        let (kind, body) = self.senders.get_mut(&stream)?.take();
        Some(Frame { stream, kind, body })
    }
}
