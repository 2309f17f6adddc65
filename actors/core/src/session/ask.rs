//! Questions to the session's kernel, and answers to its questions: both wait for the session host's word.
//!
//! Nothing of it is recorded. Where the host is lost meanwhile, the caller is told that the outcome is not known.

use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::host::{HOST_VERSION_ASKS, HostRequest};
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, OutputRecord};
use wayfare_protocol::session::SessionAnswer;
use wayfare_protocol::{ErrorCode, Refusal, RunId};

use super::host::{Host, Kernel};
use super::{Caller, Effect, RuntimeSession};
use crate::machine::Sink;

/// A run's question for a line of input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Question {
    /// None is open.
    #[default]
    None,
    /// This run waits for an answer.
    Open { run: RunId },
    /// This caller's answer is on its way: a second one would answer the run's next question.
    Answering { run: RunId, caller: Caller },
}

impl Question {
    fn run(self) -> Option<RunId> {
        match self {
            Self::None => None,
            Self::Open { run } | Self::Answering { run, .. } => Some(run),
        }
    }
}

impl RuntimeSession {
    /// Asks the kernel, if it can be asked now.
    pub(super) fn ask(&mut self, caller: Caller, what: KernelAsk, out: &mut impl Sink<Effect>) {
        match self.may_ask() {
            Ok(()) => {
                self.asked += 1;
                self.asking.insert(self.asked, caller);
                out.push(Effect::ToHost(HostRequest::Ask { ask: self.asked, what }));
            }
            Err(refusal) => reply(caller, SessionAnswer::Refused(refusal), out),
        }
    }

    fn may_ask(&self) -> Result<(), Refusal> {
        match self.host {
            Host::Live { version, .. } if version < HOST_VERSION_ASKS => {
                let detail = format!(
                    "the host of {} is of an older version ({version}) and cannot ask its kernel; stop the session to get \
                     a new one with its next run",
                    self.key()
                );
                Err(Refusal::new(ErrorCode::Unsupported, detail))
            }
            Host::Live { kernel: Kernel::Up, .. } => Ok(()),
            Host::Live { kernel: Kernel::Starting, .. } | Host::Starting { .. } | Host::Connecting(_) => {
                Err(Refusal::new(ErrorCode::KernelBusy, format!("the kernel of {} is starting", self.key())))
            }
            Host::Absent | Host::Live { kernel: Kernel::Gone, .. } | Host::Killing { .. } => {
                let detail = format!("{} has no kernel now: its next run starts one", self.key());
                Err(Refusal::new(ErrorCode::NotFound, detail))
            }
        }
    }

    /// The host answered.
    pub(super) fn on_told(&mut self, ask: u64, outcome: Result<KernelTold, Refusal>, out: &mut impl Sink<Effect>) {
        if let Some(caller) = self.asking.remove(&ask) {
            let answer = outcome.map_or_else(SessionAnswer::Refused, SessionAnswer::Told);
            reply(caller, answer, out);
        }
    }

    /// Answers a run's question. The caller hears of it when the host has recorded it.
    pub(super) fn input(&mut self, caller: Caller, run: RunId, text: String, out: &mut impl Sink<Effect>) {
        let why = match self.question {
            Question::Open { run: asks } if asks == run && self.host.is_ready() => {
                self.question = Question::Answering { run, caller };
                return out.push(Effect::ToHost(HostRequest::Input { run, text }));
            }
            Question::Answering { run: asks, .. } if asks == run => "somebody else has answered it",
            Question::Open { run: asks } if asks == run => "its session host does not answer at the moment",
            Question::None | Question::Open { .. } | Question::Answering { .. } => "it has not asked for input",
        };
        let refusal = Refusal::new(ErrorCode::NotWaiting, format!("run {run}: {why}"));
        reply(caller, SessionAnswer::Refused(refusal), out);
    }

    /// What a record says about questions: recovered and live state share this.
    pub(super) fn follow_question(&mut self, record: &OutputRecord) {
        let asks = match &record.body {
            OutputBody::Event { event: RunEvent::StdinRequest { .. }, .. } => Question::Open { run: record.run },
            OutputBody::Event { event: RunEvent::StdinAnswered, .. } => Question::None,
            // A waiting run that is taken back ends while another one asks.
            OutputBody::Ended(_) if self.question.run() == Some(record.run) => Question::None,
            OutputBody::Ended(_) | OutputBody::Event { .. } => return,
        };
        if let Question::Answering { run, caller } = std::mem::replace(&mut self.question, asks) {
            let answered = matches!(&record.body, OutputBody::Event { event: RunEvent::StdinAnswered, .. });
            self.answered.push((caller, run, answered));
        }
    }

    /// The host did not take the answer: the question is gone.
    pub(super) fn input_refused(&mut self, refusal: Refusal, out: &mut impl Sink<Effect>) {
        if let Question::Answering { caller, .. } = self.question {
            self.question = Question::None;
            reply(caller, SessionAnswer::Refused(refusal), out);
        }
    }

    /// Tells callers whose answers were taken, or came too late.
    pub(super) fn tell_answered(&mut self, out: &mut impl Sink<Effect>) {
        for (caller, run, answered) in std::mem::take(&mut self.answered) {
            let answer = if answered {
                SessionAnswer::Done
            } else {
                let detail = format!("run {run}: it ended before the answer came");
                SessionAnswer::Refused(Refusal::new(ErrorCode::NotWaiting, detail))
            };
            reply(caller, answer, out);
        }
    }

    /// The conversation with the host is over: what was asked over it has no answer.
    pub(super) fn drop_asked(&mut self, out: &mut impl Sink<Effect>) {
        let lost = |what: &str| {
            let detail = format!("the connection to the session host was lost; {what}");
            SessionAnswer::Refused(Refusal::new(ErrorCode::DeadlineExceeded, detail))
        };
        for caller in std::mem::take(&mut self.asking).into_values() {
            reply(caller, lost("ask again"), out);
        }
        if let Question::Answering { run, caller } = self.question {
            // Its records say afterwards whether the answer arrived; until then it may be answered again.
            self.question = Question::Open { run };
            reply(caller, lost("whether the answer arrived is not known"), out);
        }
    }
}

fn reply(caller: Caller, answer: SessionAnswer, out: &mut impl Sink<Effect>) {
    out.push(Effect::Reply { caller, answer });
}
