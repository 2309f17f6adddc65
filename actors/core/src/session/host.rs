//! The life of the session host as its node sees it.

use wayfare_protocol::host::HostRequest;
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::{Boot, Now};

use super::append::After;
use super::{Effect, InboxRecord, RuntimeSession};
use crate::machine::{OpId, Sink};

/// Where the session host stands.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub(super) enum Host {
    /// No host lives.
    Absent,
    /// Its process is being started.
    Starting { op: OpId, step: StartStep },
    /// It lives, or may: its socket is being tried.
    Connecting(Attempt),
    /// It answers.
    Live {
        /// The last position that it was handed.
        last_position: u64,
        /// How its kernel is.
        kernel: Kernel,
        /// What it understands.
        version: u32,
    },
    /// It is being ended by force, because it does not answer or was not wanted any more.
    Killing { op: OpId },
}

/// How far a start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartStep {
    /// Its number is being recorded; there is no process yet.
    Recording,
    /// The process is being made.
    UnderWay,
    /// The process is being made and will be ended: nobody wants it any more.
    Unwanted,
}

/// How the kernel of a living host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Not answering yet: nothing is handed over, so that a kernel which never comes up has interrupted nothing.
    Starting,
    /// It takes work.
    Up,
    /// It is gone, or was told to go; the host goes when its records are acknowledged.
    Gone,
}

/// An attempt to reach the socket of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Under way.
    Trying { op: OpId, attempts: u32 },
    /// To be repeated.
    Waiting { until: Boot, attempts: u32 },
    /// Connected; the host speaks first, and not later than that.
    Greeting { until: Boot, attempts: u32 },
}

impl Host {
    /// Whether runs may be handed over.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Live { kernel: Kernel::Up, .. })
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        match self {
            Self::Connecting(Attempt::Waiting { until, .. } | Attempt::Greeting { until, .. }) => Some(*until),
            Self::Connecting(Attempt::Trying { .. })
            | Self::Absent
            | Self::Starting { .. }
            | Self::Live { .. }
            | Self::Killing { .. } => None,
        }
    }
}

impl RuntimeSession {
    /// Starts a host if none lives and a run waits for one, or somebody wants it ready.
    pub(super) fn ensure_host(&mut self, out: &mut impl Sink<Effect>) {
        let is_wanted = self.wants_kernel || self.runs.waiting() > 0;
        if self.host != Host::Absent || !is_wanted || !self.acts() {
            return;
        }
        let kernel = self.kernels + 1;
        let op = self.ops.take();
        self.append_inbox(vec![InboxRecord::KernelStarting { kernel }], vec![After::StartHost { op }], out);
        self.host = Host::Starting { op, step: StartStep::Recording };
        self.is_unproven = true;
        self.wants_kernel = false;
    }

    /// The kernel's number is durable.
    pub(super) fn start_host(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        if self.host == (Host::Starting { op, step: StartStep::Recording }) {
            self.host = Host::Starting { op, step: StartStep::UnderWay };
            let environment = self.config.environment.clone();
            out.push(Effect::StartHost { op, kernel: self.kernels, environment });
        }
    }

    pub(super) fn host_started(&mut self, op: OpId, result: Result<(), String>, out: &mut impl Sink<Effect>) {
        let step = match self.host {
            Host::Starting { op: starting, step } if starting == op => step,
            _ => return,
        };
        match (step, result) {
            (StartStep::Unwanted, Ok(())) => self.kill_process(out),
            (StartStep::Unwanted, Err(_)) => self.bury("it was stopped", out),
            (StartStep::Recording | StartStep::UnderWay, Ok(())) => self.connect(0, out),
            (StartStep::Recording | StartStep::UnderWay, Err(why)) => self.bury(&why, out),
        }
    }

    /// No kernel can be had: whoever waits for one is told, instead of waiting for ever.
    pub(super) fn fail_waiting(&mut self, why: &str, out: &mut impl Sink<Effect>) {
        for run in self.runs.all_waiting() {
            self.fail(run, "KernelStartFailed", why.to_owned(), out);
        }
    }

    pub(super) fn connect(&mut self, attempts: u32, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.host = Host::Connecting(Attempt::Trying { op, attempts });
        out.push(Effect::ConnectHost { op });
    }

    fn is_trying(&self, op: OpId) -> Option<u32> {
        match self.host {
            Host::Connecting(Attempt::Trying { op: trying, attempts }) if trying == op => Some(attempts),
            _ => None,
        }
    }

    pub(super) fn host_connected(&mut self, now: Now, op: OpId) {
        if let Some(attempts) = self.is_trying(op) {
            let until = now.boot.after(self.config.limits.request);
            self.host = Host::Connecting(Attempt::Greeting { until, attempts });
        }
    }

    pub(super) fn host_not_yet(&mut self, now: Now, op: OpId, out: &mut impl Sink<Effect>) {
        if let Some(attempts) = self.is_trying(op) {
            self.try_later(now, attempts + 1, out);
        }
    }

    fn try_later(&mut self, now: Now, attempts: u32, out: &mut impl Sink<Effect>) {
        if attempts >= self.config.limits.host_attempts {
            return self.kill(out); // it lives and does not answer: nobody can use it any more
        }
        let until = now.boot.after(self.config.limits.host_retry);
        self.host = Host::Connecting(Attempt::Waiting { until, attempts });
    }

    pub(super) fn wake_host(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.host.deadline().is_none_or(|at| now.boot < at) {
            return;
        }
        match self.host {
            Host::Connecting(Attempt::Waiting { attempts, .. }) => self.connect(attempts, out),
            Host::Connecting(Attempt::Greeting { attempts, .. }) => {
                out.push(Effect::CloseHost);
                self.try_later(now, attempts + 1, out);
            }
            Host::Connecting(Attempt::Trying { .. })
            | Host::Absent
            | Host::Starting { .. }
            | Host::Live { .. }
            | Host::Killing { .. } => {}
        }
    }

    pub(super) fn host_gone(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        if self.is_trying(op).is_some() {
            self.bury("the session host ended before its kernel answered", out);
        }
    }

    /// Ends the host by force.
    pub(super) fn kill(&mut self, out: &mut impl Sink<Effect>) {
        match self.host {
            Host::Absent | Host::Killing { .. } => {}
            Host::Starting { step: StartStep::Recording, .. } => self.host = Host::Absent, // there is no process
            Host::Starting { op, step: StartStep::UnderWay | StartStep::Unwanted } => {
                self.host = Host::Starting { op, step: StartStep::Unwanted }; // ended when it can be found
            }
            Host::Connecting(_) | Host::Live { .. } => self.kill_process(out),
        }
    }

    fn kill_process(&mut self, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.drop_asked(out);
        self.host = Host::Killing { op };
        out.push(Effect::KillHost { op });
    }

    /// Ends the kernel and its host because a person wants that.
    pub(super) fn end_host(&mut self, out: &mut impl Sink<Effect>) {
        self.is_unproven = false; // what is asked for from now on gets a kernel of its own
        if let Host::Live { kernel, .. } = &mut self.host {
            *kernel = Kernel::Gone;
            out.push(Effect::ToHost(HostRequest::ShutDown));
        } else {
            self.kill(out);
        }
    }

    pub(super) fn host_killed(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        if self.host == (Host::Killing { op }) {
            self.bury("the session host did not answer, or was not this session's, and was ended", out);
        }
    }

    /// The host is gone for good: what it was given and did not finish is interrupted, never run again by itself.
    fn bury(&mut self, why: &str, out: &mut impl Sink<Effect>) {
        self.host = Host::Absent;
        for run in self.runs.all_started() {
            let seen_through = self.last_number(run);
            self.say(run, vec![OutputBody::Ended(RunOutcome::Interrupted { seen_through })], out);
        }
        if std::mem::take(&mut self.is_unproven) {
            self.fail_waiting(why, out);
        }
        self.ensure_host(out);
    }

    pub(super) fn host_lost(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.drop_asked(out);
        match self.host {
            Host::Live { .. } => self.connect(0, out),
            Host::Connecting(Attempt::Greeting { attempts, .. }) => self.try_later(now, attempts + 1, out),
            Host::Connecting(Attempt::Trying { .. } | Attempt::Waiting { .. })
            | Host::Absent
            | Host::Starting { .. }
            | Host::Killing { .. } => {}
        }
    }
}
