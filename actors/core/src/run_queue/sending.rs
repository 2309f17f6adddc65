//! What comes of each step of a run on its way.

use wayfare_protocol::session::SessionAnswer;
use wayfare_protocol::{ErrorCode, Now, Refusal, SessionId};

use super::{Effect, Known, Outcome, Phase, QueuedEnd, QueuedRun, Record, RunQueue};
use crate::client::is_passing;
use crate::machine::{OpId, Sink};

impl RunQueue {
    /// Does what is next for a run that rests.
    pub(super) fn begin(&mut self, at: usize, out: &mut impl Sink<Effect>) {
        let Known { asked, phase, .. } = &self.runs[at];
        match *phase {
            Phase::Unanswered { session, .. } => {
                let call = Box::new(asked.call(true));
                let phase = Phase::Sending { session, again: true };
                self.begins(at, phase, |op| Effect::Send { op, session, call }, out);
            }
            Phase::Staying { .. } => self.leave(at, out),
            _ => {
                let (run, document) = (asked.run, asked.cell.document);
                self.begins(at, Phase::Looking, |op| Effect::Look { op, document, run }, out);
            }
        }
    }

    pub(super) fn done(&mut self, now: Now, op: OpId, outcome: Outcome, out: &mut impl Sink<Effect>) {
        let Some(at) = self.runs.iter().position(|known| known.op == Some(op)) else { return };
        match outcome {
            Outcome::Appended => self.appended(at, out),
            Outcome::Entered(Ok(())) => {
                let run = self.runs[at].asked.run;
                self.append(Record::Waits { run }, Phase::Admitting, out);
            }
            Outcome::Entered(Err(refusal)) => {
                let run = self.runs[at].asked.run;
                out.push(Effect::Tell { run, outcome: Err(refusal) });
                self.leave(at, out);
            }
            Outcome::Looked(Ok(false)) | Outcome::Said(Ok(false)) => self.leave(at, out), // taken back
            Outcome::Looked(Ok(true)) => self.open(at, out),
            Outcome::Opened(Ok(session)) => self.note(at, session, out),
            Outcome::Opened(Err(refusal)) if !is_early(&refusal) => self.refused(at, &refusal, out),
            Outcome::Said(Ok(true)) => self.send(at, out),
            Outcome::Looked(Err(refusal)) | Outcome::Opened(Err(refusal)) | Outcome::Said(Err(refusal)) => {
                tracing::info!(run = %self.runs[at].asked.run, %refusal, "a run goes on waiting");
                self.wait(now, at);
            }
            Outcome::Answered(answer) => self.answered(now, at, *answer, out),
            Outcome::Left(Ok(())) => {
                let run = self.runs[at].asked.run;
                self.append(Record::Over { run }, Phase::Leaving, out);
            }
            Outcome::Left(Err(refusal)) => {
                tracing::warn!(run = %self.runs[at].asked.run, %refusal, "a run that is over still has its entry");
                let retry_at = now.boot.after(self.config.limits.queue_retry);
                self.rest(at, Phase::Staying { retry_at });
            }
        }
    }

    fn appended(&mut self, at: usize, out: &mut impl Sink<Effect>) {
        let Known { asked, phase, .. } = &self.runs[at];
        let (run, document, phase) = (asked.run, asked.cell.document, *phase);
        match phase {
            Phase::Keeping => {
                let entry = asked.entry(self.config.device, None);
                self.begins(at, Phase::Entering, |op| Effect::Enter { op, document, entry }, out);
            }
            Phase::Admitting => {
                self.rest(at, Phase::Waiting { retry_at: None });
                out.push(Effect::Tell { run, outcome: Ok(()) });
            }
            // It was not sent: whether it still is to be is looked at when the cloud is back.
            Phase::Noting { .. } if !self.is_there => self.rest(at, Phase::Waiting { retry_at: None }),
            Phase::Noting { session } => self.say(at, session, out),
            _ => {}
        }
    }

    fn open(&mut self, at: usize, out: &mut impl Sink<Effect>) {
        if !self.is_there {
            return self.rest(at, Phase::Waiting { retry_at: None });
        }
        let open = self.runs[at].asked.open.clone();
        self.begins(at, Phase::Opening, |op| Effect::Open { op, open }, out);
    }

    fn note(&mut self, at: usize, session: SessionId, out: &mut impl Sink<Effect>) {
        if !self.is_there {
            return self.rest(at, Phase::Waiting { retry_at: None });
        }
        let run = self.runs[at].asked.run;
        match self.runs[at].noted {
            None => self.append(Record::Sends { run, session }, Phase::Noting { session }, out),
            Some(noted) if noted == session => self.say(at, session, out),
            // The name is another session's by now. This run is that one's, or nobody's.
            Some(session) => self.rest(at, Phase::Unanswered { session, retry_at: None }),
        }
    }

    fn say(&mut self, at: usize, session: SessionId, out: &mut impl Sink<Effect>) {
        let asked = &self.runs[at].asked;
        let (document, entry) = (asked.cell.document, asked.entry(self.config.device, Some(session)));
        self.begins(at, Phase::Saying { session }, |op| Effect::Say { op, document, entry }, out);
    }

    /// For the first time: from here on it may have arrived.
    fn send(&mut self, at: usize, out: &mut impl Sink<Effect>) {
        let Phase::Saying { session } = self.runs[at].phase else { return };
        if !self.is_there {
            return self.rest(at, Phase::Waiting { retry_at: None });
        }
        let call = Box::new(self.runs[at].asked.call(false));
        self.begins(at, Phase::Sending { session, again: false }, |op| Effect::Send { op, session, call }, out);
    }

    fn answered(&mut self, now: Now, at: usize, answer: SessionAnswer, out: &mut impl Sink<Effect>) {
        let Phase::Sending { session, again } = self.runs[at].phase else { return };
        let run = self.runs[at].asked.run;
        match answer {
            SessionAnswer::Accepted { .. } => self.leave(at, out),
            // It was turned away on its way. Had it arrived all the same, that session knows it.
            SessionAnswer::Refused(refusal) if !again && is_turned_away(&refusal) => self.wait(now, at),
            SessionAnswer::Refused(refusal) if is_passing(refusal.code) => {
                let retry_at = Some(now.boot.after(self.config.limits.queue_retry));
                self.rest(at, Phase::Unanswered { session, retry_at });
            }
            SessionAnswer::Refused(refusal) => self.refused(at, &refusal, out),
            SessionAnswer::UnknownRun => {
                tracing::warn!(%run, %session, "whether a run that waited was executed is not known");
                self.end(at, QueuedEnd::Unknown, out);
            }
            SessionAnswer::Done | SessionAnswer::Session(_) | SessionAnswer::Runs(_) | SessionAnswer::Told(_) => {
                tracing::warn!(%run, %session, "the answer to something else");
                self.leave(at, out);
            }
        }
    }

    fn refused(&mut self, at: usize, refusal: &Refusal, out: &mut impl Sink<Effect>) {
        tracing::warn!(run = %self.runs[at].asked.run, %refusal, "a run that waited is refused");
        self.end(at, QueuedEnd::Refused(refusal.code), out);
    }

    /// Nobody takes it: its entry says so, on every device.
    fn end(&mut self, at: usize, end: QueuedEnd, out: &mut impl Sink<Effect>) {
        self.runs[at].end = Some(end);
        self.leave(at, out);
    }

    fn leave(&mut self, at: usize, out: &mut impl Sink<Effect>) {
        let Known { asked, noted, end, .. } = &self.runs[at];
        let (run, document) = (asked.run, asked.cell.document);
        match end {
            None => self.begins(at, Phase::Leaving, |op| Effect::Leave { op, document, run }, out),
            end => {
                let entry = QueuedRun { end: *end, ..asked.entry(self.config.device, *noted) };
                self.begins(at, Phase::Leaving, |op| Effect::End { op, document, entry }, out);
            }
        }
    }

    fn wait(&mut self, now: Now, at: usize) {
        let retry_at = Some(now.boot.after(self.config.limits.queue_retry));
        self.rest(at, Phase::Waiting { retry_at });
    }

    /// Nothing is done about it until its time has come.
    fn rest(&mut self, at: usize, phase: Phase) {
        (self.runs[at].phase, self.runs[at].op) = (phase, None);
    }

    fn begins(&mut self, at: usize, phase: Phase, effect: impl FnOnce(OpId) -> Effect, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        (self.runs[at].phase, self.runs[at].op) = (phase, Some(op));
        out.push(effect(op));
    }
}

/// Whether the devices that could take a run are not there yet.
fn is_early(refusal: &Refusal) -> bool {
    refusal.code == ErrorCode::NoCapability || is_passing(refusal.code)
}

/// Whether a run was not passed on, or whoever could take it says that it does not just now.
fn is_turned_away(refusal: &Refusal) -> bool {
    matches!(refusal.code, ErrorCode::OwnerUnreachable | ErrorCode::Overloaded | ErrorCode::Draining)
}
