//! The runs that wait at this node, and what is asked of sessions for them.

use ractor::ActorRef;
use tokio::sync::oneshot;
use wayfare_core::account;
use wayfare_core::run_queue::Input;
use wayfare_protocol::control::{MrpRequest, OpenedSession};
use wayfare_protocol::session::{OpenSession, SessionAnswer};
use wayfare_protocol::{ErrorCode, Refusal, RequestId};

use super::asking::Asker;
use super::{Directory, EXPECTED};
use crate::actor::Mail;
use crate::run_queue::{QueueCommand, QueueExecutor};

/// The actor of the runs that wait, or what it is told before it is there.
pub(super) enum QueueSlot {
    Expected(Vec<QueueCommand>),
    Here(ActorRef<Mail<QueueExecutor>>),
}

impl Directory {
    /// Gives the runs that wait a command; what comes while their actor is being started waits for it. `false`: it was not there, is
    /// expected now, and is to be started.
    ///
    /// # Errors
    /// If too much waits for it.
    pub fn command_run_queue(&self, command: QueueCommand) -> Result<bool, Refusal> {
        self.with(|known| match &mut known.run_queue {
            Some(QueueSlot::Here(actor)) => {
                let _ = actor.cast(Mail::Command(command)); // it is being restarted: whoever asked hears it
                Ok(true)
            }
            Some(QueueSlot::Expected(waiting)) if waiting.len() < EXPECTED => {
                waiting.push(command);
                Ok(true)
            }
            Some(QueueSlot::Expected(_)) => Err(Refusal::new(
                ErrorCode::Overloaded,
                "the runs that wait are being read, and too much waits for that",
            )),
            None => {
                known.run_queue = Some(QueueSlot::Expected(vec![command]));
                Ok(false)
            }
        })
    }

    /// The actor of the runs that wait is being started.
    pub fn expect_run_queue(&self) {
        self.with(|known| known.run_queue = Some(QueueSlot::Expected(Vec::new())));
    }

    /// Makes the actor of the runs that wait known, and tells it whether the cloud is within reach and what waited for it.
    pub fn set_run_queue(&self, actor: ActorRef<Mail<QueueExecutor>>) {
        self.with(|known| {
            if known.documents_above.is_some() {
                let _ = actor.cast(Mail::Input(Input::AboveUp, None)); // it was started this moment
            }
            if let Some(QueueSlot::Expected(waiting)) = known.run_queue.replace(QueueSlot::Here(actor.clone())) {
                for command in waiting {
                    let _ = actor.cast(Mail::Command(command)); // likewise
                }
            }
        });
    }

    /// Tells the runs that wait whether the cloud is within reach.
    pub fn tell_run_queue(&self, is_there: bool) {
        self.with(|known| {
            if let Some(QueueSlot::Here(actor)) = &known.run_queue {
                let input = if is_there { Input::AboveUp } else { Input::AboveDown };
                let _ = actor.cast(Mail::Input(input, None)); // it is told when it is back
            }
        });
    }

    /// Opens a session, wherever it lives; without an answer there is an error: it may be asked again.
    pub fn open_session(
        &self,
        request: RequestId,
        open: OpenSession,
    ) -> oneshot::Receiver<Result<OpenedSession, Refusal>> {
        let (asker, answer) = oneshot::channel();
        self.expect_answer(request, Asker::Opening(asker));
        self.tell_account(account::Input::OpenSession { request, open: Box::new(open) });
        answer
    }

    /// Asks a session, wherever it lives; without an answer there is an error.
    pub fn ask_session(&self, asked: MrpRequest) -> oneshot::Receiver<SessionAnswer> {
        let (asker, answer) = oneshot::channel();
        self.expect_answer(asked.request, Asker::Call(asker));
        self.tell_account(account::Input::AskSession { asked: Box::new(asked) });
        answer
    }
}
