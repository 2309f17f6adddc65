//! How the kernel, and then the host, come to their end.

use wayfare_protocol::Now;
use wayfare_protocol::output::{OutputBody, RunOutcome};

use super::{Effect, KernelCommand, KernelHost, Phase};
use crate::machine::Sink;

/// How hard the kernel has been told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopStep {
    Asked,
    Terminated,
    Killed,
}

/// When the host may leave once its kernel is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// When every record is acknowledged and somebody knows that the kernel is gone.
    WhenTold,
    /// When every record is acknowledged: it was told to end.
    WhenAcknowledged,
    /// It has been told to exit.
    Left,
}

impl KernelHost {
    /// Ends the kernel in order, then the host. Repeating it changes nothing.
    pub(super) fn shut_down(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.leaving == Leaving::WhenTold {
            self.leaving = Leaving::WhenAcknowledged;
        }
        match &mut self.phase {
            Phase::Starting { .. } => {
                // It would not read a message yet.
                self.stop(now, StopStep::Terminated, "shut down".to_owned(), out);
            }
            Phase::Serving => self.stop(now, StopStep::Asked, "shut down".to_owned(), out),
            Phase::Stopping { .. } => {}
            Phase::Gone { leave_at, .. } => {
                *leave_at = (*leave_at).min(now.boot.after(self.config.limits.drain));
            }
        }
    }

    /// The deadlines of the kernel's process: a start or a stop that takes too long, a host that waited long enough.
    pub(super) fn stop_harder(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        match &self.phase {
            Phase::Starting { until } if *until <= now.boot => {
                let allowed = self.config.limits.kernel_start.as_millis();
                self.stop(now, StopStep::Killed, format!("no answer within {allowed} ms"), out);
            }
            Phase::Stopping { step, until, why } if *until <= now.boot => match step {
                StopStep::Asked => self.stop(now, StopStep::Terminated, why.clone(), out),
                StopStep::Terminated => self.stop(now, StopStep::Killed, why.clone(), out),
                StopStep::Killed => {
                    let detail = "its process does not end".to_owned();
                    self.gone(now, detail, out);
                }
            },
            Phase::Starting { .. } | Phase::Serving | Phase::Stopping { .. } | Phase::Gone { .. } => {}
        }
    }

    /// The kernel's process is gone: what ran is interrupted, what waited is given back.
    pub(super) fn gone(&mut self, now: Now, detail: String, out: &mut impl Sink<Effect>) {
        let (detail, linger) = match &self.phase {
            Phase::Gone { .. } => return,
            Phase::Stopping { why, .. } => (format!("{why}; {detail}"), self.config.limits.drain),
            Phase::Starting { .. } | Phase::Serving => (detail, self.config.limits.host_linger),
        };
        let linger = if self.leaving == Leaving::WhenTold { self.config.limits.host_linger } else { linger };
        self.refuse_asking(&detail, out);
        for given_back in self.waiting.drain(..) {
            self.last_position = self.last_position.min(given_back.position - 1);
        }
        self.phase = Phase::Gone { detail, leave_at: now.boot.after(linger) };
        // A run that had its reply has ended, even if its last outputs were still awaited.
        self.end_run(now, out);
        self.record_omitted();
        if let Some(running) = self.running.take() {
            let outcome = RunOutcome::Interrupted { seen_through: running.last_number() };
            self.journal.append(running.run, running.attempt, OutputBody::Ended(outcome));
        }
    }

    pub(super) fn leave_if_done(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Phase::Gone { leave_at, .. } = &self.phase else { return };
        let acknowledged = self.journal.all_acknowledged();
        let done = match self.leaving {
            Leaving::WhenTold => acknowledged && self.readers.somebody_knows_it_is_gone(),
            Leaving::WhenAcknowledged => {
                acknowledged && (self.readers.nobody() || self.readers.somebody_knows_it_is_gone())
            }
            Leaving::Left => return,
        };
        if done || *leave_at <= now.boot {
            self.leaving = Leaving::Left;
            self.readers.close_all(None, out);
            out.push(Effect::Exit);
        }
    }

    /// The memory of the session's processes was looked at.
    pub(super) fn on_memory(&mut self, now: Now, used: u64, out: &mut impl Sink<Effect>) {
        let most = self.config.limits.session_memory;
        if most == 0 || used <= most || !matches!(self.phase, Phase::Starting { .. } | Phase::Serving) {
            return;
        }
        let (used, most) = (used >> 20, most >> 20);
        let why = format!("the session used {used} MiB of memory, over its cap of {most} MiB");
        if self.running.is_some() {
            self.notice(&format!("{why}: its kernel is ended, and its variables are lost"));
        }
        // By force: what grows would grow on while it is asked.
        self.stop(now, StopStep::Killed, why, out);
    }

    pub(super) fn stop(&mut self, now: Now, step: StopStep, why: String, out: &mut impl Sink<Effect>) {
        out.push(Effect::Kernel(match step {
            StopStep::Asked => KernelCommand::ShutDown,
            StopStep::Terminated => KernelCommand::Terminate,
            StopStep::Killed => KernelCommand::Kill,
        }));
        self.phase = Phase::Stopping { step, until: now.boot.after(self.config.limits.kernel_stop), why };
    }
}
