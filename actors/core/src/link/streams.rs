//! The streams of a link that is up: opening, credit, messages, ends.
//!
//! An end that takes messages allows `window` bytes and grants more in halves of it as its application consumes. At every
//! moment `allowance + coming in + held by the application + not yet granted = window`, and only one message may take the
//! allowance below zero.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::frame::{Frame, Kind};
use wayfare_protocol::limits::{MESSAGE_MAX, RESET_DETAIL_MAX};
use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{ErrorCode, Limits, Refusal, StreamId};

use super::outgoing::Outgoing;
use super::receiver::{Receiver, malformed, too_large};
use super::{Effect, Role};
use crate::machine::Sink;

/// A refusal that fits a reset frame.
fn shortened(mut refusal: Refusal) -> Refusal {
    let end = refusal.detail.floor_char_boundary(RESET_DETAIL_MAX);
    refusal.detail.truncate(end);
    refusal
}

/// What every part of a link needs to know.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) codec: Codec,
    pub(super) limits: Arc<Limits>,
}

/// All streams but the control stream.
#[derive(Debug)]
pub(super) struct Streams {
    receivers: BTreeMap<StreamId, Receiver>,
    /// What this end's ids are modulo 2.
    parity: u32,
    /// Id of the next stream that this end opens; `None` when they are used up.
    next: Option<u32>,
    /// The last id that the other end opened. Its ids rise, so this is all that must be remembered of closed streams.
    last_theirs: u32,
}

impl Streams {
    /// None yet.
    pub(super) fn new(role: &Role) -> Self {
        let (parity, first) = match role {
            Role::Dialer { .. } => (1, 1),
            Role::Acceptor { .. } => (0, 2),
        };
        Self { receivers: BTreeMap::new(), parity, next: Some(first), last_theirs: 0 }
    }

    /// Streams that are open.
    pub(super) fn count(&self) -> usize {
        self.receivers.len()
    }

    /// The link is over.
    pub(super) fn clear(&mut self) {
        self.receivers.clear();
    }

    /// The application wants a stream.
    pub(super) fn open(
        &mut self,
        terms: &Terms,
        outgoing: &mut Outgoing,
        (ticket, destination, class): (u64, Destination, Class),
        out: &mut impl Sink<Effect>,
    ) {
        let free = outgoing.streams() < terms.limits.streams;
        let Some(id) = self.next.filter(|_| free) else {
            let refusal = Refusal::new(ErrorCode::Overloaded, "the link has as many streams as it may");
            return out.push(Effect::StreamRefused { ticket, refusal });
        };
        self.next = id.checked_add(2);
        let stream = StreamId(id);
        let window = terms.limits.stream_window;
        self.receivers.insert(stream, Receiver::new(window, destination, terms.codec));
        outgoing.add(stream, class, 0);
        outgoing.signal(stream, Kind::Open, terms.codec.encode(&Open { destination, class, window }));
        out.push(Effect::StreamOpened { ticket, stream });
    }

    /// A frame of a stream came. Those of unknown streams may have crossed its end and are passed over.
    pub(super) fn received(
        &mut self,
        terms: &Terms,
        outgoing: &mut Outgoing,
        frame: Frame,
        out: &mut impl Sink<Effect>,
    ) {
        let stream = frame.stream;
        let fault = match frame.kind {
            Kind::Open => self.requested(terms, outgoing, stream, &frame.body, out).err(),
            Kind::Data { more } => {
                match self.receivers.get_mut(&stream).map(|receiver| receiver.take(frame.body, more)) {
                    None | Some(Ok(None)) => None,
                    Some(Ok(Some(bytes))) => {
                        out.push(Effect::Message { stream, bytes });
                        None
                    }
                    Some(Err(refusal)) => Some(refusal),
                }
            }
            Kind::Credit => match terms.codec.decode::<u32>(&frame.body) {
                Ok(bytes) => {
                    outgoing.grant(stream, bytes);
                    let receiver = self.receivers.get_mut(&stream);
                    let bytes = receiver.map_or(0, |receiver| receiver.granted(bytes));
                    if bytes > 0 {
                        out.push(Effect::Credit { stream, bytes });
                    }
                    None
                }
                Err(error) if outgoing.knows(stream) => Some(malformed(error)),
                Err(_) => None,
            },
            Kind::Close => {
                self.closed(outgoing, stream, out);
                None
            }
            Kind::Reset => {
                let refusal = terms.codec.decode::<Refusal>(&frame.body).unwrap_or_else(|_| {
                    Refusal::new(ErrorCode::Unsupported, "reset for a reason that is not known here")
                });
                self.ended(outgoing, stream, refusal, out);
                None
            }
        };
        if let Some(refusal) = fault {
            self.fail(terms, outgoing, stream, refusal, out);
        }
    }

    /// The other end opens a stream.
    fn requested(
        &mut self,
        terms: &Terms,
        outgoing: &mut Outgoing,
        stream: StreamId,
        body: &[u8],
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Refusal> {
        if stream.0 % 2 == self.parity {
            return Err(Refusal::new(
                ErrorCode::Malformed,
                format!("stream {} is not the other end's to open", stream.0),
            ));
        }
        if stream.0 <= self.last_theirs {
            return Err(Refusal::new(ErrorCode::Malformed, format!("stream {} was used before", stream.0)));
        }
        self.last_theirs = stream.0;
        if outgoing.streams() >= terms.limits.streams {
            return Err(Refusal::new(ErrorCode::Overloaded, "the link has as many streams as it may"));
        }
        // What does not decode is most likely a destination that only newer peers know.
        let open: Open =
            terms.codec.decode(body).map_err(|error| Refusal::new(ErrorCode::Unsupported, error.to_string()))?;
        let window = terms.limits.stream_window;
        self.receivers.insert(stream, Receiver::new(window, open.destination, terms.codec));
        outgoing.add(stream, open.class, open.window);
        outgoing.signal(stream, Kind::Credit, terms.codec.encode(&window));
        let bytes = open.window;
        out.push(Effect::StreamRequested { stream, open });
        if bytes > 0 {
            out.push(Effect::Credit { stream, bytes });
        }
        Ok(())
    }

    fn closed(&mut self, outgoing: &mut Outgoing, stream: StreamId, out: &mut impl Sink<Effect>) {
        outgoing.forget(stream);
        match self.receivers.remove(&stream) {
            None => {}
            Some(receiver) if receiver.is_between_messages() => out.push(Effect::StreamClosed { stream }),
            Some(_) => {
                let refusal = Refusal::new(ErrorCode::Malformed, "closed in the middle of a message");
                out.push(Effect::StreamReset { stream, refusal });
            }
        }
    }

    /// A message of the application.
    pub(super) fn send(
        &mut self,
        terms: &Terms,
        outgoing: &mut Outgoing,
        (stream, bytes): (StreamId, Bytes),
        out: &mut impl Sink<Effect>,
    ) {
        let Some(receiver) = self.receivers.get_mut(&stream) else {
            return; // it ended while the message was on its way here
        };
        let (bytes, spare) = match receiver.outward(bytes) {
            Ok(outward) => outward,
            Err(refusal) => return self.fail(terms, outgoing, stream, refusal, out),
        };
        if spare > 0 {
            out.push(Effect::Credit { stream, bytes: spare });
        }
        let refusal = if bytes.is_empty() {
            Refusal::new(ErrorCode::Malformed, "a message has at least one byte")
        } else if bytes.len() > MESSAGE_MAX {
            Refusal::new(ErrorCode::TooLarge, too_large())
        } else if outgoing.backlog(stream) + bytes.len() > terms.limits.stream_backlog {
            Refusal::new(ErrorCode::Overloaded, "more waits on the stream than may wait")
        } else {
            return outgoing.queue(stream, bytes);
        };
        self.fail(terms, outgoing, stream, refusal, out);
    }

    /// The application consumed message bytes.
    pub(super) fn consumed(&mut self, terms: &Terms, outgoing: &mut Outgoing, stream: StreamId, bytes: u32) {
        let Some(receiver) = self.receivers.get_mut(&stream) else { return };
        if let Some(grant) = receiver.consume(bytes, terms.limits.stream_window) {
            outgoing.signal(stream, Kind::Credit, terms.codec.encode(&grant));
        }
    }

    /// The application closes: what waits still goes out, nothing more comes in.
    pub(super) fn close(&mut self, outgoing: &mut Outgoing, stream: StreamId) {
        if self.receivers.remove(&stream).is_some() {
            outgoing.close(stream);
        }
    }

    /// The application resets.
    pub(super) fn reset(&mut self, terms: &Terms, outgoing: &mut Outgoing, stream: StreamId, refusal: Refusal) {
        if self.receivers.remove(&stream).is_some() {
            outgoing.forget(stream);
            outgoing.signal(stream, Kind::Reset, terms.codec.encode(&shortened(refusal)));
        }
    }

    /// This end found a fault: both the application and the other end are told.
    fn fail(
        &mut self,
        terms: &Terms,
        outgoing: &mut Outgoing,
        stream: StreamId,
        refusal: Refusal,
        out: &mut impl Sink<Effect>,
    ) {
        let refusal = shortened(refusal);
        outgoing.signal(stream, Kind::Reset, terms.codec.encode(&refusal));
        self.ended(outgoing, stream, refusal, out);
    }

    fn ended(&mut self, outgoing: &mut Outgoing, stream: StreamId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        outgoing.forget(stream);
        if self.receivers.remove(&stream).is_some() {
            out.push(Effect::StreamReset { stream, refusal });
        }
    }
}
