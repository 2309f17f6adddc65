//! `Conversation`: a client's side of one session, across lost links.
//!
//! One session is opened, then runs are executed in it, one after the other. Each request is sent again with the same id when a
//! link comes up, a run marked `again`; a run's events go on from the first number that was not seen. So what is shown is
//! gapless and shown once, whatever the link does.
//!
//! A run is looked at together with asking for it, so that a cell costs one round trip of the link and not two: its stream waits at
//! the other end until there is something to say. What it brings before the answer proves that the run was accepted, save the greeting,
//! which is told after the answer.
//!
//! | phase | link up | answer | stream message | stream closed | deadline |
//! |---|---|---|---|---|---|
//! | Opening | open again | Ready, or refused | – | – | open again |
//! | Ready | – | – | – | – | – |
//! | Submitting | submit again | Attached, or unknown, or refused | Attached | looked at after the answer | submit again |
//! | Attached | attach at the next number | – | shown once; at the end Ready | attach again | attach again |

mod interface;
mod submit;
#[cfg(test)]
mod tests;

use strum::VariantNames as _;
use wayfare_protocol::control::{Control, MrpRequest, OpenedSession};
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::session::{OpenSession, RunRequest, SessionAnswer, SessionCall};
use wayfare_protocol::stream::{Destination, RunUpdate};
use wayfare_protocol::{Boot, ErrorCode, Limits, Now, Refusal, RequestId, RunId, SessionId};

use crate::fact::{Fact, Witness};
use crate::machine::{Machine, Sink};
use crate::mark::{Mark, Phases};
pub use interface::{Config, Effect, Input, Told};

#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    Idle,
    Opening { request: RequestId, open: OpenSession, again_at: Boot },
    Submitting { asked: Box<MrpRequest>, run: RunId, again_at: Boot, stream: Stream, greeting: Option<Told> },
    Attached { session: SessionId, run: RunId, next: u64, stream: Stream },
}

#[derive(Debug)]
enum Stream {
    /// No link, or refused a moment ago.
    None { again_at: Option<Boot> },
    /// Asked for.
    Opening,
    /// Open.
    Open,
}

/// A client's side of one session.
#[derive(Debug)]
pub struct Conversation {
    limits: Limits,
    linked: bool,
    session: Option<SessionId>,
    phase: Phase,
    calls: Vec<RequestId>,
}

impl Conversation {
    /// The session that is open.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    fn send_open(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Phase::Opening { request, open, again_at } = &mut self.phase {
            *again_at = now.boot.after(self.limits.open_session);
            if self.linked {
                out.push(Effect::Send(Control::Open { request: *request, open: open.clone() }));
            }
        }
    }

    fn attach(&mut self, out: &mut impl Sink<Effect>) {
        if let Phase::Attached { session, run, next, stream } = &mut self.phase
            && self.linked
        {
            *stream = Stream::Opening;
            out.push(Effect::OpenStream(Destination::Run { session: *session, run: *run, from: *next }));
        }
    }

    fn repeat(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        match &self.phase {
            Phase::Idle => {}
            Phase::Opening { .. } => self.send_open(now, out),
            Phase::Submitting { .. } => self.submit(now, out),
            Phase::Attached { .. } => self.attach(out),
        }
    }

    fn on_opened(&mut self, answered: RequestId, outcome: Result<OpenedSession, Refusal>, out: &mut impl Sink<Effect>) {
        if !matches!(&self.phase, Phase::Opening { request, .. } if *request == answered) {
            return;
        }
        self.phase = Phase::Idle;
        out.push(Effect::Tell(match outcome {
            Ok(opened) => {
                self.session = Some(opened.session.id);
                Told::Opened(opened)
            }
            Err(refusal) => Told::OpenRefused(refusal),
        }));
    }

    fn on_update(&mut self, update: RunUpdate, out: &mut impl Sink<Effect>) {
        let Some(update) = self.on_early_update(update, out) else { return };
        let Phase::Attached { run, next, .. } = &mut self.phase else { return };
        match update {
            RunUpdate::Attached { owner, device_name, attempt } => {
                out.push(Effect::Tell(Told::Attached { owner, device_name, attempt }));
            }
            RunUpdate::Event { number, event } => {
                if let Some((number, event)) = unseen(number, event, *next) {
                    *next = number + event.span();
                    out.push(Effect::Tell(Told::Event { number, event }));
                }
            }
            RunUpdate::Waiting => out.push(Effect::Tell(Told::Waiting)),
            RunUpdate::Ended(outcome) => {
                let run = *run;
                self.phase = Phase::Idle;
                out.push(Effect::Tell(Told::Ended { run, outcome }));
            }
            RunUpdate::Refused(refusal) => {
                let run = *run;
                self.phase = Phase::Idle;
                out.push(Effect::Tell(Told::RunRefused { run, refusal }));
            }
        }
    }

    fn stream_closed(&mut self, now: Now, refusal: Option<Refusal>, out: &mut impl Sink<Effect>) {
        if let Phase::Submitting { stream, greeting, .. } = &mut self.phase {
            (*stream, *greeting) = (Stream::None { again_at: None }, None);
            return;
        }
        let Phase::Attached { run, stream, .. } = &mut self.phase else { return };
        match refusal {
            Some(refusal) if !is_passing(refusal.code) => {
                let run = *run;
                self.phase = Phase::Idle;
                out.push(Effect::Tell(Told::RunRefused { run, refusal }));
            }
            // Without a link there is nothing to wait for but the link.
            _ => {
                let again_at = self.linked.then(|| now.boot.after(self.limits.redial_max));
                *stream = Stream::None { again_at };
            }
        }
    }

    fn link_down(&mut self, out: &mut impl Sink<Effect>) {
        self.linked = false;
        for request in self.calls.split_off(0) {
            let refusal =
                Refusal::new(ErrorCode::DeadlineExceeded, "the link was lost; whether it was done is not known");
            out.push(Effect::Tell(Told::Answer { request, answer: SessionAnswer::Refused(refusal) }));
        }
        match &mut self.phase {
            Phase::Attached { stream, .. } => *stream = Stream::None { again_at: None },
            Phase::Submitting { stream, greeting, .. } => {
                (*stream, *greeting) = (Stream::None { again_at: None }, None);
            }
            Phase::Idle | Phase::Opening { .. } => {}
        }
        if !self.is_idle() {
            out.push(Effect::Tell(Told::Offline));
        }
    }
}

/// What of an event has not been shown: all of it, the rest of an omission, or nothing.
fn unseen(number: u64, event: RunEvent, next: u64) -> Option<(u64, RunEvent)> {
    match event {
        event if number >= next => Some((number, event)),
        RunEvent::Omitted { through, bytes, .. } if through >= next => {
            Some((next, RunEvent::Omitted { from: next, through, bytes }))
        }
        _ => None, // shown over an earlier stream
    }
}

/// Whether the same request may well be answered otherwise a little later.
pub(crate) fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::OwnerUnreachable
            | ErrorCode::DeadlineExceeded
            | ErrorCode::Overloaded
            | ErrorCode::StaleEpoch
            | ErrorCode::Draining
    )
}

impl Machine for Conversation {
    const NAME: &'static str = "conversation";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        Self { limits: config.limits, linked: config.linked, session: None, phase: Phase::Idle, calls: Vec::new() }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Open { request, open } => {
                self.phase = Phase::Opening { request, open, again_at: now.boot };
                self.send_open(now, out);
            }
            Input::Run { request, run, trace, execute, cell } => {
                let Some(session) = self.session else {
                    let refusal = Refusal::new(ErrorCode::NotFound, "no session is open");
                    return out.push(Effect::Tell(Told::RunRefused { run, refusal }));
                };
                let call = SessionCall::of_run(RunRequest { run, again: false, request: execute }, cell);
                let asked = Box::new(MrpRequest { request, trace, session, epoch: None, call });
                let stream = Stream::None { again_at: None };
                self.phase = Phase::Submitting { asked, run, again_at: now.boot, stream, greeting: None };
                self.submit(now, out);
            }
            Input::Attach { session, run, from } => {
                self.session = Some(session);
                let stream = Stream::None { again_at: None };
                self.phase = Phase::Attached { session, run, next: from.max(1), stream };
                self.attach(out);
            }
            Input::Call { request, trace, call } => match self.session {
                Some(session) if self.linked => {
                    self.calls.push(request);
                    let asked = MrpRequest { request, trace, session, epoch: None, call };
                    out.push(Effect::Send(Control::MrpRequest(asked)));
                }
                _ => {
                    let refusal = Refusal::new(ErrorCode::OwnerUnreachable, "no link, or no session is open");
                    out.push(Effect::Tell(Told::Answer { request, answer: SessionAnswer::Refused(refusal) }));
                }
            },
            Input::LinkUp => {
                self.linked = true;
                self.repeat(now, out);
            }
            Input::LinkDown => self.link_down(out),
            Input::Control(Control::Opened { request, outcome }) => self.on_opened(request, outcome, out),
            Input::Control(Control::MrpResponse(response)) => self.on_answer(now, response, out),
            Input::Control(_) => {}
            Input::StreamOpened => {
                if let Phase::Attached { stream, .. } | Phase::Submitting { stream, .. } = &mut self.phase {
                    *stream = Stream::Open;
                }
            }
            Input::Update(update) => self.on_update(update, out),
            Input::StreamClosed(refusal) => self.stream_closed(now, refusal, out),
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match &self.phase {
            Phase::Opening { again_at, .. } | Phase::Submitting { again_at, .. } if self.linked => Some(*again_at),
            Phase::Attached { stream: Stream::None { again_at }, .. } => *again_at,
            _ => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.deadline().is_some_and(|at| now.boot >= at) {
            self.repeat(now, out);
        }
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        match effect {
            Effect::OpenStream(Destination::Run { session, run, from }) => {
                to.tell(Fact::Looked { session: *session, run: *run, from: *from });
            }
            Effect::Tell(Told::Accepted { run }) => {
                if let Some(session) = self.session {
                    to.tell(Fact::Acknowledged { session, run: *run });
                }
            }
            Effect::Tell(Told::Event { number, event }) => {
                if let Phase::Attached { run, .. } = &self.phase {
                    to.shown(*run, *number, event);
                }
            }
            Effect::Tell(Told::Ended { run, outcome }) => to.tell(Fact::Ended { run: *run, outcome: *outcome }),
            Effect::Tell(Told::RunRefused { run, refusal }) => {
                to.tell(Fact::Refused { run: *run, code: refusal.code });
            }
            Effect::Send(Control::MrpRequest(asked)) => match asked.call {
                SessionCall::Interrupt { run } => to.tell(Fact::TakenBack { session: asked.session, run }),
                SessionCall::Stop => to.tell(Fact::TakenBack { session: asked.session, run: None }),
                _ => {}
            },
            Effect::OpenStream(
                Destination::Outputs { .. }
                | Destination::Daemon { .. }
                | Destination::Chunk { .. }
                | Destination::Document { .. }
                | Destination::Asset { .. },
            )
            | Effect::CloseStream
            | Effect::Send(_)
            | Effect::Tell(_) => {}
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
    }
}
