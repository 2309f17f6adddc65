//! What can be asked of a session besides running code.

use wayfare_protocol::host::HostRequest;
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::session::{SessionAnswer, SessionCall};
use wayfare_protocol::{Epoch, ErrorCode, Now, Refusal, RunId};

use super::{Caller, Effect, InboxRecord, RunState, RuntimeSession};
use crate::machine::{OpId, Sink};

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
        let (answer, after) = match call {
            SessionCall::Run(asked) => return self.accept(now, caller, asked, None, out),
            SessionCall::RunCell { asked, cell } => return self.accept(now, caller, asked, Some(cell), out),
            SessionCall::SetEnvironment(environment) => {
                let op = self.append_inbox(vec![InboxRecord::Environment(environment)], vec![], out);
                self.outdate();
                (SessionAnswer::Done, Some(op))
            }
            SessionCall::Interrupt { run } => self.interrupt(run, out),
            SessionCall::Input { run, text } => return self.input(caller, run, text, out),
            SessionCall::Stop => (SessionAnswer::Done, self.stop(out)),
            SessionCall::Runs { last } => (SessionAnswer::Runs(self.newest_runs(last)), None),
            SessionCall::Reset => {
                let last = self.stop(out);
                self.wants_kernel = true;
                self.ensure_host(out);
                (SessionAnswer::Done, last)
            }
            SessionCall::Ask(what) => return self.ask(caller, what, out),
            SessionCall::Describe => (SessionAnswer::Session(self.info()), None),
        };
        self.when_durable(after, Effect::Reply { caller, answer }, out);
    }

    /// Returns the answer and the append that it waits for.
    fn interrupt(&mut self, run: Option<RunId>, out: &mut impl Sink<Effect>) -> (SessionAnswer, Option<OpId>) {
        let started = self.runs.started();
        let Some(run) = run.or(started.map(|started| started.run)) else {
            return (SessionAnswer::Done, None); // nothing runs: nothing is left to interrupt
        };
        match self.runs.get(run).map(|known| known.state) {
            None => {
                let detail = format!("{} has no run {run}", self.key());
                (SessionAnswer::Refused(Refusal::new(ErrorCode::NotFound, detail)), None)
            }
            Some(RunState::Waiting) => (SessionAnswer::Done, self.take_back(run, out)),
            Some(RunState::Started { .. }) => {
                let position = started.map(|started| started.position);
                if self.host.is_ready() {
                    out.push(Effect::ToHost(HostRequest::Interrupt { position }));
                }
                (SessionAnswer::Done, None)
            }
            Some(RunState::Ended(_)) => (SessionAnswer::Done, None),
        }
    }

    /// A waiting run never runs; whoever asked for that is answered when it is durable.
    fn take_back(&mut self, run: RunId, out: &mut impl Sink<Effect>) -> Option<OpId> {
        self.say(run, vec![OutputBody::Ended(RunOutcome::Cancelled)], out)
    }

    fn stop(&mut self, out: &mut impl Sink<Effect>) -> Option<OpId> {
        self.wants_kernel = false;
        let mut last = None;
        for run in self.runs.all_waiting() {
            last = self.take_back(run, out);
        }
        self.end_host(out);
        last
    }
}
