//! Interrupting a run, and what happens to a kernel that does not heed it.
//!
//! | after the interrupt | the run goes on |
//! |---|---|
//! | `interrupt_again` | it is interrupted once more, and a notice says what comes |
//! | `interrupt_end` later | a notice, then its kernel is ended: SIGTERM, SIGKILL after `kernel_stop`; the run is `Interrupted` |
//!
//! Notices are text on the run's standard error: everybody who watches sees them, whatever he watches with.

use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::{Boot, Now};

use super::run::Running;
use super::stop::StopStep;
use super::{Effect, KernelCommand, KernelHost, Phase};
use crate::machine::Sink;

/// How far the run that is executed has been interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Interrupting {
    /// Nobody asked for it.
    #[default]
    No,
    /// Once; again at that time.
    Asked { again: Boot },
    /// Twice; its kernel is ended at that time.
    Warned { end: Boot },
}

impl Interrupting {
    pub(super) fn deadline(self) -> Option<Boot> {
        match self {
            Self::No => None,
            Self::Asked { again: at } | Self::Warned { end: at } => Some(at),
        }
    }
}

impl KernelHost {
    /// Interrupts what runs, or takes back what waits. A position that is over needs nothing.
    pub(super) fn interrupt(&mut self, now: Now, position: Option<u64>, out: &mut impl Sink<Effect>) {
        let again = now.boot.after(self.config.limits.interrupt_again);
        if let Some(running) = self.running.as_mut().filter(|running| running.is_meant_by(position)) {
            if running.interrupting == Interrupting::No {
                running.interrupting = Interrupting::Asked { again };
            }
            out.push(Effect::Kernel(KernelCommand::Interrupt));
        } else if let Some(at) = self.waiting.iter().position(|waiting| Some(waiting.position) == position)
            && let Some(taken) = self.waiting.remove(at)
        {
            self.journal.append(taken.run, taken.attempt, OutputBody::Ended(RunOutcome::Cancelled));
        }
    }

    /// None once its kernel is being ended: nothing harder follows from here.
    pub(super) fn interrupt_deadline(&self) -> Option<Boot> {
        let running = self.running.as_ref().filter(|_| matches!(self.phase, Phase::Serving));
        running.and_then(Running::interrupt_deadline)
    }

    /// The deadlines of an interrupt that the run has not heeded.
    pub(super) fn interrupt_harder(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.interrupt_deadline().is_none_or(|at| now.boot < at) {
            return;
        }
        let limits = &self.config.limits;
        let (first, last) = (limits.interrupt_again, limits.interrupt_end);
        let Some(running) = &mut self.running else { return };
        match running.interrupting {
            Interrupting::Asked { .. } => {
                running.interrupting = Interrupting::Warned { end: now.boot.after(last) };
                let (first, last) = (first.as_secs_f32(), last.as_secs_f32());
                self.notice(&format!(
                    "the cell goes on {first} s after its interrupt; it is interrupted once more, and in {last} s its \
                     kernel is ended"
                ));
                out.push(Effect::Kernel(KernelCommand::Interrupt));
            }
            Interrupting::Warned { .. } => {
                self.notice("the cell does not heed its interrupt: its kernel is ended, and its variables are lost");
                self.stop(now, StopStep::Terminated, "a cell did not heed its interrupt".to_owned(), out);
            }
            Interrupting::No => {}
        }
    }

    /// Says something about the run that is executed to everybody who watches it. Kept even if the journal is full: there
    /// are few of them.
    pub(super) fn notice(&mut self, text: &str) {
        self.record(RunEvent::Stderr { content: format!("wayfare: {text}\n") });
    }
}
