//! What a person asks once, and what its habits make of what it sees.

use std::time::Duration;

use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::session::{SessionAnswer, SessionCall};
use wayfare_protocol::{ErrorCode, Refusal, RequestId, RunId};

use super::{Person, Phase, Task};
use crate::habit::Habit;

/// Who insists looks again after so long.
const INSISTS: Duration = Duration::from_secs(1);

/// What became of something that was asked once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was done.
    Yes,
    /// It was not.
    No,
    /// Nobody knows.
    Unknown,
}

impl Done {
    pub(super) fn of(answer: &SessionAnswer) -> Self {
        match answer {
            SessionAnswer::Refused(refusal) if refusal.code == ErrorCode::DeadlineExceeded => Self::Unknown,
            SessionAnswer::Refused(_) => Self::No,
            SessionAnswer::Accepted { .. }
            | SessionAnswer::UnknownRun
            | SessionAnswer::Done
            | SessionAnswer::Session(_)
            | SessionAnswer::Runs(_)
            | SessionAnswer::Told(_) => Self::Yes,
        }
    }
}

impl Person {
    /// Asks for something once and waits for the answer.
    pub(super) fn call(&mut self, call: SessionCall, resends: Option<RunId>) {
        if let Some(request) = self.once(call) {
            self.phase = Phase::Calling { request, resends };
        }
    }

    /// Asks for something once.
    pub(super) fn once(&mut self, call: SessionCall) -> Option<RequestId> {
        self.note(format_args!("asks {call:?}"));
        self.history.push((call.clone(), Done::Unknown));
        self.client.as_ref().map(|(_, client)| client.call(call))
    }

    pub(super) fn saw(&mut self, run: RunId, event: &RunEvent) {
        match event {
            RunEvent::StdinRequest { .. } if self.own.contains_key(&run) => {
                self.asks = Some(run);
                self.sleep(Duration::from_millis(100), Duration::from_secs(2));
            }
            RunEvent::StdinAnswered => self.asks = self.asks.filter(|asking| *asking != run),
            _ => {}
        }
    }

    /// A run has ended: what its habits make of that.
    pub(super) fn plan_after(&mut self, run: RunId) {
        self.asks = self.asks.filter(|asking| *asking != run);
        let Some(program) = self.own.get(&run).filter(|_| !self.is_resting).cloned() else { return };
        if self.has(Habit::Stops) && self.draws.percent(15) {
            self.tasks.push_front(Task::Stop);
        }
        if self.has(Habit::Resends) && self.draws.percent(30) {
            self.tasks.push_front(Task::Resend(run, program));
        }
    }

    pub(super) fn refused(&mut self, run: RunId, refusal: &Refusal) {
        let has_seen = self.next.get(&run).is_some_and(|next| *next > 1);
        // Watchers hear of a run before the cloud does, if its session was made while its node was away from it.
        if self.config.watches && refusal.code == ErrorCode::NotFound && !has_seen {
            self.watched.remove(&run);
        }
        self.asks = self.asks.filter(|asking| *asking != run);
        if let (true, ErrorCode::NotFound, Some(session)) = (self.config.insists, refusal.code, self.session) {
            self.tasks.push_front(Task::Watch(session, run));
            self.phase = Phase::Idle;
            self.pause(INSISTS);
            return;
        }
        self.over();
    }
}
