//! The life of the session host as its node sees it.

use wayfare_protocol::host::{HOST_VERSION, HostHello, HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::{Boot, Now};

use super::{After, Effect, HostSequence, InboxRecord, LoggedOutput, Record, RuntimeSession};
use crate::machine::{Durable, OpId, Sink};

/// Where the session host stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// No host lives.
    Absent,
    /// Its process is being started.
    Starting { op: OpId },
    /// It lives, or may: its socket is being tried.
    Connecting(Attempt),
    /// It answers.
    Live {
        /// The last position that it was handed.
        last_position: u64,
        /// How its kernel is.
        kernel: Kernel,
    },
    /// It is being ended by force, because it does not answer or was not wanted any more.
    Killing { op: OpId },
}

/// How the kernel of a living host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Not answering yet: nothing is handed over, so that a kernel which never comes up has interrupted nothing.
    Starting,
    /// It takes work.
    Up,
    /// It is gone; the host goes when its records are acknowledged.
    Gone,
}

/// An attempt to reach the socket of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Under way.
    Trying { op: OpId, attempts: u32 },
    /// To be repeated.
    Waiting { until: Boot, attempts: u32 },
    /// Connected; the host speaks first.
    Greeting,
}

impl Host {
    /// Whether runs may be handed over.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Live { kernel: Kernel::Up, .. })
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        match self {
            Self::Connecting(Attempt::Waiting { until, .. }) => Some(*until),
            _ => None,
        }
    }
}

impl RuntimeSession {
    /// Starts a host if none lives and a run waits for one.
    pub(super) fn ensure_host(&mut self, out: &mut impl Sink<Effect>) {
        if self.host != Host::Absent || self.runs.waiting() == 0 {
            return;
        }
        let kernel = self.kernels + 1;
        let op = self.ops.take();
        let environment = self.config.environment.clone();
        let start = After::Do(Box::new(Effect::StartHost { op, kernel, environment }));
        self.append_inbox(vec![InboxRecord::KernelStarting { kernel }], vec![start], out);
        self.host = Host::Starting { op };
    }

    pub(super) fn host_started(&mut self, now: Now, op: OpId, result: Result<(), String>, out: &mut impl Sink<Effect>) {
        if self.host != (Host::Starting { op }) {
            return;
        }
        match result {
            Ok(()) => self.connect(now, 0, out),
            Err(why) => {
                self.host = Host::Absent;
                self.fail_waiting(&why, out);
            }
        }
    }

    /// No kernel can be had: whoever waits for one is told, instead of waiting for ever.
    fn fail_waiting(&mut self, why: &str, out: &mut impl Sink<Effect>) {
        for run in self.runs.all_waiting() {
            self.fail(run, "KernelStartFailed", why.to_owned(), out);
        }
    }

    pub(super) fn connect(&mut self, _now: Now, attempts: u32, out: &mut impl Sink<Effect>) {
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

    pub(super) fn host_connected(&mut self, _now: Now, op: OpId) {
        if self.is_trying(op).is_some() {
            self.host = Host::Connecting(Attempt::Greeting);
        }
    }

    pub(super) fn host_not_yet(&mut self, now: Now, op: OpId, out: &mut impl Sink<Effect>) {
        let Some(attempts) = self.is_trying(op) else { return };
        if attempts + 1 >= self.config.limits.host_attempts {
            return self.kill(out); // it lives and does not answer: nobody can use it any more
        }
        let until = now.boot.after(self.config.limits.host_retry);
        self.host = Host::Connecting(Attempt::Waiting { until, attempts: attempts + 1 });
    }

    pub(super) fn wake_host(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Host::Connecting(Attempt::Waiting { until, attempts }) = self.host
            && now.boot >= until
        {
            self.connect(now, attempts, out);
        }
    }

    pub(super) fn host_gone(&mut self, _now: Now, op: OpId, out: &mut impl Sink<Effect>) {
        if self.is_trying(op).is_some() {
            self.bury(out);
        }
    }

    pub(super) fn kill(&mut self, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.host = Host::Killing { op };
        out.push(Effect::KillHost { op });
    }

    pub(super) fn host_killed(&mut self, _now: Now, op: OpId, out: &mut impl Sink<Effect>) {
        if self.host == (Host::Killing { op }) {
            self.bury(out);
        }
    }

    /// The host is gone for good: what it was given and did not finish is interrupted, never run again by itself.
    fn bury(&mut self, out: &mut impl Sink<Effect>) {
        self.host = Host::Absent;
        if let Some(started) = self.runs.started() {
            let seen_through = self.last_number(started.run);
            self.say(started.run, vec![OutputBody::Ended(RunOutcome::Interrupted { seen_through })], out);
        }
        self.ensure_host(out);
    }

    pub(super) fn host_lost(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        match self.host {
            Host::Live { .. } | Host::Connecting(Attempt::Greeting) => self.connect(now, 0, out),
            _ => {}
        }
    }

    pub(super) fn on_host(&mut self, _now: Now, messages: Vec<HostMessage>, out: &mut impl Sink<Effect>) {
        let mut records = Vec::new();
        let mut ended = false;
        for message in messages {
            match message {
                HostMessage::Hello(hello) => self.greet(&hello, out),
                HostMessage::Output(record) => {
                    if let Some(logged) = self.take(record) {
                        ended |= matches!(logged.record.body, OutputBody::Ended(_));
                        records.push(logged);
                    }
                }
                HostMessage::Kernel(condition) => self.on_condition(&condition, out),
                HostMessage::Prepared { .. } => {}
                HostMessage::Refused(refusal) => tracing::warn!(%refusal, "session host refused"),
            }
        }
        self.append_outputs(records, out);
        if ended {
            self.start_next(out);
        }
    }

    /// The host speaks first: its answer decides what is still to be handed over.
    fn greet(&mut self, hello: &HostHello, out: &mut impl Sink<Effect>) {
        let is_ours = hello.session == self.config.session && hello.kernel == self.kernels;
        if !is_ours || hello.version != HOST_VERSION {
            out.push(Effect::CloseHost);
            return self.kill(out);
        }
        self.host = Host::Live { last_position: hello.last_position, kernel: Kernel::Starting };
        let from = if self.taken.kernel == hello.kernel { self.taken.sequence + 1 } else { 1 };
        out.push(Effect::ToHost(HostRequest::Attach { from }));
        self.on_condition(&hello.condition, out);
    }

    fn on_condition(&mut self, condition: &KernelCondition, out: &mut impl Sink<Effect>) {
        let Host::Live { kernel, last_position } = &mut self.host else { return };
        let last_position = *last_position;
        let was = std::mem::replace(
            kernel,
            match condition {
                KernelCondition::Starting => Kernel::Starting,
                KernelCondition::Idle | KernelCondition::Busy => Kernel::Up,
                KernelCondition::Gone { .. } => Kernel::Gone,
            },
        );
        match condition {
            KernelCondition::Starting => {}
            KernelCondition::Idle | KernelCondition::Busy if was == Kernel::Up => {}
            KernelCondition::Idle | KernelCondition::Busy => match self.runs.started() {
                Some(started) if started.position > last_position => self.hand_over(started.position, out),
                Some(_) => {}
                None => self.start_next(out),
            },
            // Waiting runs go to the next kernel, unless this one never came up: then the next would not either.
            KernelCondition::Gone { detail } if was == Kernel::Starting && self.taken.kernel != self.kernels => {
                self.fail_waiting(detail, out);
            }
            KernelCondition::Gone { .. } => {}
        }
    }

    /// A record of the host becomes the next one of the session, once.
    fn take(&mut self, record: OutputRecord) -> Option<LoggedOutput> {
        let source = HostSequence { kernel: self.kernels, sequence: record.sequence };
        if source <= self.taken {
            return None;
        }
        let record = OutputRecord { sequence: self.outputs.next(), ..record };
        let logged = LoggedOutput { record, source: Some(source) };
        self.apply(&Record::Output(logged.clone()));
        Some(logged)
    }

    pub(super) fn hand_over(&mut self, position: u64, out: &mut impl Sink<Effect>) {
        let Some(started) = self.runs.started().filter(|started| started.position == position) else { return };
        if !self.host.is_ready() {
            return; // its hello decides when it is back
        }
        if let Some(request) = self.runs.request(started.run) {
            if let Host::Live { last_position, .. } = &mut self.host {
                *last_position = position;
            }
            out.push(Effect::ToHost(HostRequest::HandOver {
                position,
                run: started.run,
                attempt: started.attempt,
                request: request.clone(),
            }));
        }
    }

    pub(super) fn acknowledge(&mut self, through: Option<HostSequence>, out: &mut impl Sink<Effect>) {
        if let Some(HostSequence { kernel, sequence }) = through
            && kernel == self.kernels
            && matches!(self.host, Host::Live { .. })
        {
            out.push(Effect::ToHost(HostRequest::Acknowledge { through: sequence }));
        }
    }
}
