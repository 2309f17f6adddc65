//! One end of one established connection: handshake, streams with credit, what goes out first, signs of life.
//!
//! | phase \ input | frame | application | `Goodbye` | `Closed` | deadline |
//! |---|---|---|---|---|---|
//! | Handshake ([`handshake`]) | its table | ignored | goodbye, Down | Down | handshake time: goodbye, Down |
//! | Up ([`streams`], [`liveness`]) | control or stream | sent | goodbye, Down | Down | ping, or silence: Down |
//! | Down | ignored | ignored | ignored | ignored | none |
//!
//! Whatever a phase wants to say waits in [`outgoing`], which alone decides the order. A link has no memory: after a
//! reconnect there is a new one, and streams are opened anew at their application's cursor.

mod assembly;
mod handshake;
mod interface;
mod liveness;
mod outgoing;
mod receiver;
mod streams;
#[cfg(test)]
mod tests;
mod translation;
mod version;

use bytes::Bytes;
use strum::VariantNames as _;
use wayfare_protocol::control::{Control, Welcome};
use wayfare_protocol::frame::{Frame, Kind};
use wayfare_protocol::limits::{HANDSHAKE_MESSAGE_MAX, MESSAGE_MAX};
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal, StreamId};

pub use handshake::HandshakeError;
pub use interface::{Config, ControlError, Effect, Input, Introduction, Purpose, Reason, Role};

use crate::fact::{Fact, Queue, Witness};
use crate::machine::{Machine, Sink};
use crate::mark::{Mark, Phases};
use assembly::{Assembled, Assembly};
use handshake::{Ending, Handshake, Progress};
use liveness::{Due, Liveness};
use outgoing::Outgoing;
use streams::{Streams, Terms};

/// Where a link stands.
#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    Handshake(Box<Handshake>),
    Up(Liveness),
    Down,
}

/// One end of one connection.
#[derive(Debug)]
pub struct Link {
    terms: Terms,
    phase: Phase,
    /// The incoming side of the control stream.
    control: Assembly,
    /// The incoming side of all others: none before the link is up.
    streams: Streams,
    outgoing: Outgoing,
    since: Boot,
}

impl Link {
    /// Whether the handshake is done and the link has not ended.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up(_))
    }

    /// Whether the link is over.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self.phase, Phase::Down)
    }

    fn received(&mut self, now: Now, message: &Bytes, out: &mut impl Sink<Effect>) -> Result<(), Box<Ending>> {
        let frame = Frame::decode(message)
            .map_err(|error| Ending::goodbye(Refusal::new(ErrorCode::Malformed, error.to_string()), error.into()))?;
        match &mut self.phase {
            Phase::Handshake(_) if frame.stream != StreamId::CONTROL => {
                Err(HandshakeError::Unexpected { what: "a stream" }.into())
            }
            Phase::Handshake(_) => self.greeted(now, frame, out),
            Phase::Up(liveness) => {
                if liveness.received(now.boot, &self.terms.limits) {
                    out.push(Effect::Sign);
                }
                if frame.stream == StreamId::CONTROL {
                    return self.controlled(frame, out);
                }
                self.streams.received(&self.terms, &mut self.outgoing, frame, out);
                Ok(())
            }
            Phase::Down => Ok(()),
        }
    }

    /// A frame of the control stream during the handshake: strangers get no leniency.
    fn greeted(&mut self, now: Now, frame: Frame, out: &mut impl Sink<Effect>) -> Result<(), Box<Ending>> {
        let Kind::Data { more } = frame.kind else {
            return Err(HandshakeError::Unexpected { what: "a frame other than data" }.into());
        };
        let message = match self.control.push(frame.body, more, HANDSHAKE_MESSAGE_MAX) {
            Assembled::Part => return Ok(()),
            Assembled::TooLarge => return Err(HandshakeError::TooLarge.into()),
            Assembled::Whole(message) => message,
        };
        let message = self.terms.codec.decode(&message).map_err(HandshakeError::Undecodable)?;
        let Phase::Handshake(handshake) = &mut self.phase else { return Ok(()) };
        match handshake.received(now.boot, self.terms.codec, message, out)? {
            Progress::Say(answer) => self.say(&answer, out),
            Progress::Wait => {}
            Progress::Up(welcome) => self.up(now, welcome, out),
        }
        Ok(())
    }

    /// A frame of the control stream of a link that is up: what is not understood is dropped and told.
    fn controlled(&mut self, frame: Frame, out: &mut impl Sink<Effect>) -> Result<(), Box<Ending>> {
        let Kind::Data { more } = frame.kind else {
            out.push(Effect::Malformed { what: ControlError::Frame(frame.kind) });
            return Ok(());
        };
        let message = match self.control.push(frame.body, more, MESSAGE_MAX) {
            Assembled::Part => return Ok(()),
            Assembled::TooLarge => {
                out.push(Effect::Malformed { what: ControlError::TooLarge });
                return Ok(());
            }
            Assembled::Whole(message) => message,
        };
        match self.terms.codec.decode(&message) {
            Err(error) => out.push(Effect::Malformed { what: error.into() }),
            Ok(Control::Ping { token }) => self.say(&Control::Pong { token }, out),
            Ok(Control::Pong { .. }) => {}
            Ok(Control::Goodbye(refusal)) => return Err(Ending::silent(Reason::Refused(refusal))),
            Ok(
                Control::Challenge(_)
                | Control::Register(_)
                | Control::Welcome(_)
                | Control::Pair(_)
                | Control::PairReader(_)
                | Control::Paired { .. },
            ) => out.push(Effect::Malformed { what: ControlError::Handshake }),
            Ok(message) => out.push(Effect::Control(Box::new(message))),
        }
        Ok(())
    }

    fn admitted(
        &mut self,
        now: Now,
        progress: Result<Progress, Box<Ending>>,
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Box<Ending>> {
        if let Progress::Up(welcome) = progress? {
            self.say(&Control::Welcome(welcome.clone()), out);
            self.up(now, welcome, out);
        }
        Ok(())
    }

    fn up(&mut self, now: Now, welcome: Welcome, out: &mut impl Sink<Effect>) {
        self.phase = Phase::Up(Liveness::new(now.boot));
        out.push(Effect::Up(welcome));
    }

    /// What the application wants of a link that is up.
    fn asked(&mut self, input: Input, out: &mut impl Sink<Effect>) {
        let (terms, outgoing) = (&self.terms, &mut self.outgoing);
        match input {
            Input::Send(message) => self.say(&message, out),
            Input::OpenStream { ticket, destination, class } => {
                self.streams.open(terms, outgoing, (ticket, destination, class), out);
            }
            Input::SendMessage { stream, bytes } => self.streams.send(terms, outgoing, (stream, bytes), out),
            Input::Consumed { stream, bytes } => self.streams.consumed(terms, outgoing, stream, bytes),
            Input::CloseStream { stream } => self.streams.close(outgoing, stream),
            Input::ResetStream { stream, refusal } => self.streams.reset(terms, outgoing, stream, refusal),
            // Taken by `step` itself.
            Input::Received(_)
            | Input::Closed { .. }
            | Input::Flushed { .. }
            | Input::Admit(_)
            | Input::AdmitPairing(_)
            | Input::Goodbye(_) => {}
        }
    }

    /// Queues a control message.
    fn say(&mut self, message: &Control, out: &mut impl Sink<Effect>) {
        let bytes = self.terms.codec.encode(message);
        if bytes.len() > MESSAGE_MAX {
            return out.push(Effect::Malformed { what: ControlError::Unsendable(bytes.len()) });
        }
        self.outgoing.control(bytes);
    }

    /// Ends every step: the link ends, or what may go out does.
    fn settle(&mut self, now: Now, outcome: Result<(), Box<Ending>>, out: &mut impl Sink<Effect>) {
        if let Err(ending) = outcome {
            return self.end(*ending, out);
        }
        if self.outgoing.control_backlog() > self.terms.limits.stream_backlog {
            return self.end(*Ending::silent(Reason::Overloaded), out);
        }
        if self.outgoing.pump(out)
            && let Phase::Up(liveness) = &mut self.phase
        {
            liveness.sent(now.boot);
        }
    }

    fn end(&mut self, ending: Ending, out: &mut impl Sink<Effect>) {
        if let Some(last_word) = ending.last_word {
            // It must not cut into a control message that is half out, and what was said before it counts.
            self.say(&last_word, out);
            self.outgoing.flush_control(out);
        }
        self.phase = Phase::Down;
        self.control = Assembly::Idle;
        self.streams.clear();
        self.outgoing = Outgoing::new(0);
        out.push(Effect::Down { reason: ending.reason });
    }
}

impl Machine for Link {
    const NAME: &'static str = "link";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        let Config { role, codec, limits } = config;
        let streams = Streams::new(&role);
        let mut outgoing = Outgoing::new(limits.transport_window);
        let (handshake, first) = Handshake::new(role, &limits, now.boot);
        if let Some(first) = first {
            outgoing.control(codec.encode(&first));
        }
        let terms = Terms { codec, limits };
        Self {
            terms,
            phase: Phase::Handshake(Box::new(handshake)),
            control: Assembly::Idle,
            streams,
            outgoing,
            since: now.boot,
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        let outcome = match (&mut self.phase, input) {
            (Phase::Down, _) => return,
            (_, Input::Closed { why }) => Err(Ending::silent(Reason::Closed { why })),
            (_, Input::Goodbye(refusal)) => Err(Ending::wanted(refusal)),
            (Phase::Handshake(handshake), _) if now.boot >= handshake.deadline() => {
                Err(HandshakeError::TimedOut.into())
            }
            (_, Input::Received(message)) => self.received(now, &message, out),
            (_, Input::Flushed { bytes }) => {
                self.outgoing.flushed(bytes);
                Ok(())
            }
            (Phase::Handshake(handshake), Input::Admit(answer)) => {
                let progress = handshake.admit(answer);
                self.admitted(now, progress, out)
            }
            (Phase::Handshake(handshake), Input::AdmitPairing(answer)) => {
                let progress = handshake.admit_pairing(answer);
                self.admitted(now, progress, out)
            }
            (Phase::Handshake(_), _) => Ok(()),
            (Phase::Up(_), input) => {
                self.asked(input, out);
                Ok(())
            }
        };
        self.settle(now, outcome, out);
    }

    fn deadline(&self) -> Option<Boot> {
        match &self.phase {
            Phase::Down => None,
            // A link may have something to say before its first input: the acceptor's challenge.
            _ if self.outgoing.is_ready() => Some(self.since),
            Phase::Handshake(handshake) => Some(handshake.deadline()),
            Phase::Up(liveness) => Some(liveness.deadline(&self.terms.limits)),
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let outcome = match &mut self.phase {
            Phase::Down => return,
            Phase::Handshake(handshake) if now.boot >= handshake.deadline() => Err(HandshakeError::TimedOut.into()),
            Phase::Handshake(_) => Ok(()),
            Phase::Up(liveness) => match liveness.due(now.boot, &self.terms.limits) {
                Due::Nothing => Ok(()),
                Due::Silence => Err(Ending::silent(Reason::Silence)),
                Due::Ping(token) => {
                    self.say(&Control::Ping { token }, out);
                    Ok(())
                }
            },
        };
        self.settle(now, outcome, out);
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        match effect {
            Effect::Transmit(_) => {
                let length = self.outgoing.control_backlog() as u64;
                if length > 0 {
                    to.tell(Fact::Queue { queue: Queue::ControlBytes, length });
                }
            }
            Effect::StreamOpened { .. } | Effect::StreamRequested { .. } => {
                to.tell(Fact::Queue { queue: Queue::Streams, length: self.streams.count() as u64 });
            }
            _ => {}
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
    }
}
