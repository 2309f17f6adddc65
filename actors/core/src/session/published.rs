//! What others are told of the session.

use wayfare_protocol::Epoch;
use wayfare_protocol::session::{SessionInfo, SessionKey, SessionState};

use super::host::{Host, Kernel};
use super::{Effect, RuntimeSession};
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
        self.ownership.row().map_or(&self.config.key, |row| &row.key)
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
