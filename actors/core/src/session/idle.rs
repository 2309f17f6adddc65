//! A kernel that nobody uses costs memory: by policy ([`Limits::session_idle`](wayfare_protocol::Limits::session_idle)) it is
//! ended after a while. The session stays, and its next run starts a new kernel. A session that has anything to do, or has
//! been asked something a moment ago, is never ended.

use wayfare_protocol::{Boot, Now};

use super::{Effect, RuntimeSession};
use crate::machine::Sink;

impl RuntimeSession {
    /// Notes since when the kernel has had nothing to do. After every step.
    pub(super) fn note_idle(&mut self, now: Now) {
        let has_nothing_to_do =
            self.host.is_ready() && self.runs.started().is_none() && self.runs.waiting() == 0 && self.asking.is_empty();
        if !has_nothing_to_do {
            self.idle_since = None;
        } else if self.idle_since.is_none() {
            self.idle_since = Some(now.boot);
        }
    }

    pub(super) fn idle_deadline(&self) -> Option<Boot> {
        let after = self.config.limits.session_idle;
        self.idle_since.filter(|_| !after.is_zero()).map(|since| since.after(after))
    }

    pub(super) fn end_if_idle(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.idle_deadline().is_some_and(|at| at <= now.boot) {
            tracing::info!(session = %self.config.session, "its kernel had nothing to do for long: it is ended");
            self.idle_since = None;
            self.end_host(out);
        }
    }
}
