//! What can be asked of a session besides running code.

use wayfare_protocol::host::HostRequest;
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::session::{SessionAnswer, SessionCall};
use wayfare_protocol::{Epoch, ErrorCode, Now, Refusal, RunId};

use super::host::Host;
use super::{After, Caller, Effect, InboxRecord, RunState, RuntimeSession};
use crate::machine::Sink;

impl RuntimeSession {
    pub(super) fn on_call(
        &mut self,
        now: Now,
        caller: Caller,
        epoch: Option<Epoch>,
        call: SessionCall,
        out: &mut impl Sink<Effect>,
    ) {
        if let Err(refusal) = self.ownership.admit(epoch) {
            return out.push(Effect::Reply { caller, answer: SessionAnswer::Refused(refusal) });
        }
        let answer = match call {
            SessionCall::Run(asked) => return self.accept(now, caller, asked, out),
            SessionCall::SetEnvironment(environment) => {
                let reply = Effect::Reply { caller, answer: SessionAnswer::Done };
                self.append_inbox(vec![InboxRecord::Environment(environment)], vec![After::Do(Box::new(reply))], out);
                self.outdate();
                return;
            }
            SessionCall::Interrupt { run } => self.interrupt(run, out),
            SessionCall::Input { run, text } => self.input(run, text, out),
            SessionCall::Stop => self.stop(out),
            SessionCall::Describe => SessionAnswer::Session(self.info()),
        };
        out.push(Effect::Reply { caller, answer });
    }

    fn interrupt(&mut self, run: Option<RunId>, out: &mut impl Sink<Effect>) -> SessionAnswer {
        let started = self.runs.started();
        let Some(run) = run.or(started.map(|started| started.run)) else {
            return SessionAnswer::Done; // nothing runs: nothing is left to interrupt
        };
        match self.runs.get(run).map(|known| known.state) {
            None => {
                let detail = format!("{} has no run {run}", self.key());
                SessionAnswer::Refused(Refusal::new(ErrorCode::NotFound, detail))
            }
            Some(RunState::Waiting) => {
                self.say(run, vec![OutputBody::Ended(RunOutcome::Cancelled)], out);
                SessionAnswer::Done
            }
            Some(RunState::Started { .. }) => {
                let position = started.map(|started| started.position);
                if self.host.is_ready() {
                    out.push(Effect::ToHost(HostRequest::Interrupt { position }));
                }
                SessionAnswer::Done
            }
            Some(RunState::Ended(_)) => SessionAnswer::Done,
        }
    }

    fn input(&mut self, run: RunId, text: String, out: &mut impl Sink<Effect>) -> SessionAnswer {
        if self.host.is_ready() && self.runs.started().is_some_and(|started| started.run == run) {
            out.push(Effect::ToHost(HostRequest::Input { run, text }));
            return SessionAnswer::Done;
        }
        SessionAnswer::Refused(Refusal::new(ErrorCode::NotWaiting, format!("run {run} is not running")))
    }

    fn stop(&mut self, out: &mut impl Sink<Effect>) -> SessionAnswer {
        for run in self.runs.all_waiting() {
            self.say(run, vec![OutputBody::Ended(RunOutcome::Cancelled)], out);
        }
        match self.host {
            Host::Live { .. } => out.push(Effect::ToHost(HostRequest::ShutDown)),
            Host::Absent => {}
            Host::Starting { .. } | Host::Connecting(_) | Host::Killing { .. } => self.kill(out),
        }
        SessionAnswer::Done
    }
}
