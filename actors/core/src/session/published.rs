//! What others are told of the session.

use std::cmp::Reverse;

use wayfare_protocol::limits::RUNS_LISTED_MAX;
use wayfare_protocol::session::{RunInfo, SessionInfo, SessionKey, SessionState};
use wayfare_protocol::{Epoch, RunId};

use super::host::{Host, Kernel};
use super::{Effect, Run, RunState, RuntimeSession};
use crate::machine::Sink;

/// What others have been told of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// Its creation is not durable: it does not exist for others.
    Unborn,
    /// Something else than its state changed.
    Outdated,
    /// This state.
    State(SessionState),
}

impl RuntimeSession {
    /// Its description.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        SessionInfo {
            id: self.config.session,
            key: self.key().clone(),
            owner: self.config.here,
            device_name: self.config.device_name.clone(),
            epoch: self.epoch(),
            state: self.state(),
            environment: self.config.environment.clone(),
        }
    }

    /// Its newest runs, the newest first.
    pub(super) fn newest_runs(&self, last: u32) -> Vec<RunInfo> {
        let mut runs: Vec<_> = self.runs.iter().collect();
        runs.sort_by_key(|(_, run)| Reverse(run.position));
        runs.truncate(usize::try_from(last.min(RUNS_LISTED_MAX)).unwrap_or_default());
        runs.into_iter().map(|(id, run)| self.run_info(*id, run)).collect()
    }

    fn run_info(&self, id: RunId, run: &Run) -> RunInfo {
        let outcome = match run.state {
            RunState::Waiting | RunState::Started { .. } => None,
            RunState::Ended(outcome) => Some(outcome),
        };
        let last_event = self.outputs.run(id).map_or(0, |outputs| outputs.last_number);
        RunInfo { run: id, position: run.position, accepted_at: run.accepted_at, last_event, outcome }
    }

    fn state(&self) -> SessionState {
        let waiting = u32::try_from(self.runs.waiting()).unwrap_or(u32::MAX);
        match (self.runs.started(), &self.host) {
            (Some(started), _) => SessionState::Busy { run: started.run, waiting },
            (None, Host::Absent | Host::Live { kernel: Kernel::Gone, .. }) => SessionState::Cold,
            (None, Host::Live { kernel: Kernel::Up, .. }) => SessionState::Idle,
            (None, Host::Live { .. } | Host::Starting { .. } | Host::Connecting(_) | Host::Killing { .. }) => {
                SessionState::Starting
            }
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.ownership.row().map_or(Epoch::LOCAL, |row| row.epoch)
    }

    pub(super) fn key(&self) -> &SessionKey {
        self.ownership.row().and_then(|row| row.key.session()).unwrap_or(&self.config.key)
    }

    /// Others are told anew, if they know of the session at all.
    pub(super) fn outdate(&mut self) {
        if self.published != Published::Unborn {
            self.published = Published::Outdated;
        }
    }

    pub(super) fn publish(&mut self, out: &mut impl Sink<Effect>) {
        let state = self.state();
        let is_news = match &self.published {
            Published::Unborn => false,
            Published::Outdated => true,
            Published::State(said) => *said != state,
        };
        if is_news {
            self.published = Published::State(state);
            out.push(Effect::Publish(self.info()));
        }
    }
}
