//! What a daemon asks of others, and who waits for which answer.

use std::collections::BTreeMap;

use wayfare_core::daemon::{Input, Outcome};
use wayfare_core::machine::OpId;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonRequest};
use wayfare_protocol::{EntityId, RequestId};

use super::DaemonExecutor;

/// Questions of a daemon that wait for an answer.
#[derive(Default)]
pub(super) struct Asking(BTreeMap<RequestId, OpId>);

impl Asking {
    /// What an answer is for, if it is still waited for.
    pub(super) fn answered(&mut self, request: RequestId, answer: DaemonAnswer) -> Option<Input> {
        self.0.remove(&request).map(|op| Input::Done { op, outcome: Outcome::Answered(answer) })
    }
}

impl DaemonExecutor {
    /// Asks another daemon. The oldest questions are forgotten: whoever waits for long asks again.
    pub(super) fn ask(&mut self, op: OpId, daemon: EntityId, call: DaemonCall) {
        let request = RequestId(self.environs.ids.next());
        self.asking.0.insert(request, op);
        while self.asking.0.len() > 2 * self.config.limits.daemon_feeds {
            self.asking.0.pop_first();
        }
        self.environs.directory.ask_daemon(self.entity(), DaemonRequest { request, daemon, epoch: None, call });
    }
}
