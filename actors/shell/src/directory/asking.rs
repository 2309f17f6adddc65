//! Who in this process asks daemons, wherever those live.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use wayfare_core::account;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonRequest, DaemonResponse};
use wayfare_protocol::{EntityId, RequestId};

use super::Directory;
use crate::daemon::DaemonCommand;

/// Questions that wait at most.
const WAITING: usize = 4_096;

/// Who waits for which answer. Ids rise with time.
#[derive(Default)]
pub(super) struct Asking(BTreeMap<RequestId, Asker>);

enum Asker {
    /// A daemon of this process.
    Daemon(EntityId),
    /// Whoever holds the other end.
    Task(oneshot::Sender<DaemonAnswer>),
}

impl Directory {
    /// A daemon asks another one; of too many questions the oldest are forgotten: they are asked again.
    pub fn ask_daemon(&self, by: EntityId, asked: DaemonRequest) {
        self.ask(Asker::Daemon(by), asked);
    }

    /// Asks a daemon; without an answer there is an error: it may be asked again.
    pub fn call_daemon(&self, asked: DaemonRequest) -> oneshot::Receiver<DaemonAnswer> {
        let (asker, answer) = oneshot::channel();
        self.ask(Asker::Task(asker), asked);
        answer
    }

    fn ask(&self, asker: Asker, asked: DaemonRequest) {
        self.with(|known| {
            known.asking.0.insert(asked.request, asker);
            while known.asking.0.len() > WAITING {
                known.asking.0.pop_first();
            }
        });
        self.tell_account(account::Input::AskDaemon { asked: Box::new(asked) });
    }

    /// A question was answered.
    pub fn daemon_answered(&self, response: DaemonResponse) {
        let DaemonResponse { request, answer } = response;
        match self.with(|known| known.asking.0.remove(&request)) {
            Some(Asker::Daemon(by)) => {
                self.command_daemon(by, DaemonCommand::Answered { request, answer });
            }
            Some(Asker::Task(asker)) => {
                let _ = asker.send(answer); // it has given up
            }
            None => {}
        }
    }

    /// The daemons that have an actor here: this node's own, and copies that follow.
    pub fn daemons(&self) -> Vec<EntityId> {
        self.with(|known| known.daemons.keys().copied().collect())
    }
}
