//! Daemons of this process that ask others, wherever those live.

use std::collections::BTreeMap;

use wayfare_core::account;
use wayfare_protocol::daemon::{DaemonRequest, DaemonResponse};
use wayfare_protocol::{EntityId, RequestId};

use super::Directory;
use crate::daemon::DaemonCommand;

/// Questions that wait at most.
const WAITING: usize = 4_096;

/// Who waits for which answer. Ids rise with time.
#[derive(Default)]
pub(super) struct Asking(BTreeMap<RequestId, EntityId>);

impl Directory {
    /// A daemon asks another one; of too many questions the oldest are forgotten: they are asked again.
    pub fn ask_daemon(&self, by: EntityId, asked: DaemonRequest) {
        self.with(|known| {
            known.asking.0.insert(asked.request, by);
            while known.asking.0.len() > WAITING {
                known.asking.0.pop_first();
            }
        });
        self.tell_account(account::Input::AskDaemon { asked: Box::new(asked) });
    }

    /// A daemon's question to another one was answered.
    pub fn daemon_answered(&self, response: DaemonResponse) {
        let DaemonResponse { request, answer } = response;
        if let Some(by) = self.with(|known| known.asking.0.remove(&request)) {
            self.command_daemon(by, DaemonCommand::Answered { request, answer });
        }
    }

    /// The daemons that have an actor here: this node's own, and copies that follow.
    pub fn daemons(&self) -> Vec<EntityId> {
        self.with(|known| known.daemons.keys().copied().collect())
    }
}
