//! Asking a daemon's host on this node on behalf of a migration.

use wayfare_core::daemon::{MoveAnswer, MoveAsk, Standing};
use wayfare_protocol::{EntityId, ErrorCode, Refusal};

use crate::daemon::DaemonCommand;
use crate::directory::Directory;

type Tell = Box<dyn FnOnce(MoveAnswer) + Send>;

/// Who waits for a host's answer. One that is dropped is answered: the host is gone, or is being started again.
pub struct MoveReply(Option<Tell>);

impl MoveReply {
    pub(crate) fn new(tell: impl FnOnce(MoveAnswer) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    pub(crate) fn answer(mut self, answer: MoveAnswer) {
        if let Some(tell) = self.0.take() {
            tell(answer);
        }
    }
}

impl Drop for MoveReply {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(MoveAnswer::Refused(Refusal::new(
                ErrorCode::Overloaded,
                "its host is gone, or is being started again",
            )));
        }
    }
}

/// Asks the host of a daemon; without one the answer is that it is absent.
pub(super) fn ask(directory: &Directory, daemon: EntityId, ask: MoveAsk, reply: MoveReply) {
    if directory.has_daemon(daemon) {
        directory.command_daemon(daemon, DaemonCommand::Move { ask, reply });
        return;
    }
    reply.answer(match ask {
        MoveAsk::Stand => MoveAnswer::Standing(Standing::Absent),
        _ => MoveAnswer::Refused(Refusal::new(ErrorCode::NotFound, "no such daemon here")),
    });
}
