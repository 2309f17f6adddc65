//! Asking for a run, and looking at it at the same time.

use wayfare_protocol::Now;
use wayfare_protocol::control::{Control, MrpResponse};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::SessionAnswer;
use wayfare_protocol::stream::{Destination, RunUpdate};

use super::{Conversation, Effect, Phase, Stream, Told, is_passing};
use crate::machine::Sink;

impl Conversation {
    pub(super) fn submit(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Phase::Submitting { asked, run, again_at, stream, .. } = &mut self.phase {
            *again_at = now.boot.after(self.limits.request);
            if self.linked {
                out.push(Effect::Send(Control::MrpRequest(asked.as_ref().clone())));
                asked.call.sent_before(); // from here on it may have arrived
                if matches!(stream, Stream::None { .. }) {
                    *stream = Stream::Opening;
                    out.push(Effect::OpenStream(Destination::Run { session: asked.session, run: *run, from: 1 }));
                }
            }
        }
    }

    pub(super) fn on_answer(&mut self, now: Now, response: MrpResponse, out: &mut impl Sink<Effect>) {
        let MrpResponse { request, answer } = response;
        if let Some(at) = self.calls.iter().position(|call| *call == request) {
            self.calls.remove(at);
            return out.push(Effect::Tell(Told::Answer { request, answer }));
        }
        let Phase::Submitting { asked, run, again_at, .. } = &mut self.phase else { return };
        if asked.request != request {
            return;
        }
        let run = *run;
        match answer {
            SessionAnswer::Accepted { .. } => self.accepted(out),
            // It may be on its way, or its owner may come back: asked again with the same ids, which does no harm.
            SessionAnswer::Refused(refusal) if is_passing(refusal.code) => {
                *again_at = now.boot.after(self.limits.redial_max.min(self.limits.request));
                out.push(Effect::Tell(Told::Waiting));
            }
            SessionAnswer::Refused(refusal) => {
                self.stop_looking(out);
                out.push(Effect::Tell(Told::RunRefused { run, refusal }));
            }
            SessionAnswer::UnknownRun
            | SessionAnswer::Done
            | SessionAnswer::Session(_)
            | SessionAnswer::Runs(_)
            | SessionAnswer::Told(_) => {
                self.stop_looking(out);
                out.push(Effect::Tell(Told::Ended { run, outcome: RunOutcome::Unknown }));
            }
        }
    }

    /// The owner has recorded the run.
    pub(super) fn accepted(&mut self, out: &mut impl Sink<Effect>) {
        let Phase::Submitting { asked, run, stream, greeting, .. } = std::mem::replace(&mut self.phase, Phase::Idle)
        else {
            return;
        };
        out.push(Effect::Tell(Told::Accepted { run }));
        if let Some(greeting) = greeting {
            out.push(Effect::Tell(greeting));
        }
        let is_closed = matches!(stream, Stream::None { .. });
        self.phase = Phase::Attached { session: asked.session, run, next: 1, stream };
        if is_closed {
            self.attach(out);
        }
    }

    /// There will be nothing to see: the other end is not to keep a place for it.
    fn stop_looking(&mut self, out: &mut impl Sink<Effect>) {
        if let Phase::Submitting { stream: Stream::Opening | Stream::Open, .. } = &self.phase {
            out.push(Effect::CloseStream);
        }
        self.phase = Phase::Idle;
    }

    /// What the stream brings before the answer has come. `None`: nothing is left to do with it.
    pub(super) fn on_early_update(&mut self, update: RunUpdate, out: &mut impl Sink<Effect>) -> Option<RunUpdate> {
        let Phase::Submitting { stream, greeting, .. } = &mut self.phase else { return Some(update) };
        match update {
            RunUpdate::Attached { owner, device_name, attempt } => {
                *greeting = Some(Told::Attached { owner, device_name, attempt });
                None
            }
            RunUpdate::Waiting => {
                out.push(Effect::Tell(Told::Waiting));
                None
            }
            // The request's own answer decides.
            RunUpdate::Refused(_) => {
                *stream = Stream::None { again_at: None };
                None
            }
            RunUpdate::Event { .. } | RunUpdate::Ended(_) => {
                self.accepted(out);
                Some(update)
            }
        }
    }
}
