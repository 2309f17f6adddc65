//! Who in this process asks daemons and sessions, wherever those live.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use wayfare_core::account;
use wayfare_protocol::control::{Control, MrpResponse, OpenedSession};
use wayfare_protocol::daemon::{DaemonAnswer, DaemonRequest, DaemonResponse};
use wayfare_protocol::session::SessionAnswer;
use wayfare_protocol::{EntityId, Refusal, RequestId};

use super::Directory;
use crate::daemon::DaemonCommand;

/// Questions that wait at most.
const WAITING: usize = 4_096;

/// Who waits for which answer. Ids rise with time.
#[derive(Default)]
pub(super) struct Asking(BTreeMap<RequestId, Asker>);

pub(super) enum Asker {
    /// A daemon of this process.
    Daemon(EntityId),
    /// Whoever holds the other end.
    Task(oneshot::Sender<DaemonAnswer>),
    /// Whoever opens a session.
    Opening(oneshot::Sender<Result<OpenedSession, Refusal>>),
    /// Whoever asks a session.
    Call(oneshot::Sender<SessionAnswer>),
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
        self.expect_answer(asked.request, asker);
        self.tell_account(account::Input::AskDaemon { asked: Box::new(asked) });
    }

    pub(super) fn expect_answer(&self, request: RequestId, asker: Asker) {
        self.with(|known| {
            known.asking.0.insert(request, asker);
            while known.asking.0.len() > WAITING {
                known.asking.0.pop_first();
            }
        });
    }

    /// The account says something to this process.
    pub fn answered(&self, control: Control) {
        let take = |request| self.with(|known| known.asking.0.remove(&request));
        match control {
            Control::DaemonResponse(DaemonResponse { request, answer }) => match take(request) {
                Some(Asker::Daemon(by)) => {
                    self.command_daemon(by, DaemonCommand::Answered { request, answer });
                }
                Some(Asker::Task(asker)) => drop(asker.send(answer)), // it may have given up
                Some(Asker::Opening(_) | Asker::Call(_)) | None => {}
            },
            Control::Opened { request, outcome } => {
                if let Some(Asker::Opening(asker)) = take(request) {
                    let _ = asker.send(outcome); // likewise
                }
            }
            Control::MrpResponse(MrpResponse { request, answer }) => {
                if let Some(Asker::Call(asker)) = take(request) {
                    let _ = asker.send(answer); // likewise
                }
            }
            other => tracing::error!(?other, "told to nobody"),
        }
    }

    /// The daemons that have an actor here: this node's own, and copies that follow.
    pub fn daemons(&self) -> Vec<EntityId> {
        self.with(|known| known.daemons.keys().copied().collect())
    }
}
