//! What a living session host says, and what it is handed.

use wayfare_protocol::ErrorCode;
use wayfare_protocol::host::{HOST_VERSION, HOST_VERSION_MIN, HostHello, HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::output::{OutputBody, OutputRecord};

use super::append::After;
use super::host::{Attempt, Host, Kernel};
use super::{Effect, HostSequence, LoggedOutput, Record, RuntimeSession};
use crate::machine::{Durable, Sink};

impl RuntimeSession {
    pub(super) fn on_host(&mut self, messages: Vec<HostMessage>, out: &mut impl Sink<Effect>) {
        let mut records = Vec::new();
        let mut ended = false;
        for message in messages {
            match (message, &self.host) {
                (HostMessage::Hello(hello), Host::Connecting(Attempt::Greeting { .. })) => self.greet(&hello, out),
                (HostMessage::Output(record), Host::Live { .. }) => {
                    if let Some(logged) = self.take(record) {
                        ended |= matches!(logged.record.body, OutputBody::Ended(_));
                        records.push(logged);
                    }
                }
                (HostMessage::Kernel(condition), Host::Live { .. }) => self.on_condition(&condition, out),
                (HostMessage::Told { ask, outcome }, Host::Live { .. }) => self.on_told(ask, outcome, out),
                (HostMessage::Refused(refusal), _) if refusal.code == ErrorCode::NotWaiting => {
                    self.input_refused(refusal, out);
                }
                (HostMessage::Refused(refusal), _) => tracing::warn!(%refusal, "session host refused"),
                // Only the host that was greeted counts: of one that is being ended nothing is taken any more, so that
                // nothing follows the end of what it ran.
                (
                    HostMessage::Hello(_) | HostMessage::Output(_) | HostMessage::Kernel(_) | HostMessage::Told { .. },
                    _,
                )
                | (HostMessage::Prepared { .. }, _) => {}
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
        if !is_ours || !(HOST_VERSION_MIN..=HOST_VERSION).contains(&hello.version) {
            out.push(Effect::CloseHost);
            return self.kill(out);
        }
        let HostHello { last_position, version, .. } = *hello;
        self.host = Host::Live { last_position, kernel: Kernel::Starting, version };
        let from = if self.taken.kernel == hello.kernel { self.taken.sequence + 1 } else { 1 };
        out.push(Effect::ToHost(HostRequest::Attach { from }));
        if self.kept.sequence >= hello.first_kept {
            self.acknowledge(self.kept, out); // the word for it was lost with the connection, or with the node
        }
        self.on_condition(&hello.condition, out);
    }

    fn on_condition(&mut self, condition: &KernelCondition, out: &mut impl Sink<Effect>) {
        let Host::Live { kernel, .. } = &mut self.host else { return };
        let was = *kernel;
        match condition {
            KernelCondition::Idle | KernelCondition::Busy if was == Kernel::Starting => {
                *kernel = Kernel::Up;
                self.is_unproven = false;
                self.kernel_is_up(out);
            }
            // Waiting runs go to the next kernel, unless this one never came up: then the next would not either.
            KernelCondition::Gone { detail } => {
                *kernel = Kernel::Gone;
                if std::mem::take(&mut self.is_unproven) {
                    self.fail_waiting(detail, out);
                }
            }
            // A kernel that was told to go does not come back.
            KernelCondition::Starting | KernelCondition::Idle | KernelCondition::Busy => {}
        }
    }

    /// A position that the host has not seen is handed over again; one whose start is being recorded waits for that.
    fn kernel_is_up(&mut self, out: &mut impl Sink<Effect>) {
        let Some(started) = self.runs.started() else { return self.start_next(out) };
        let position = started.position;
        if !self.after.values().flatten().any(|after| *after == After::HandOver { position }) {
            self.hand_over(position, out);
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

    /// Hands the started run over, if it is that one and the host has not seen it. Without a host its hello decides later.
    pub(super) fn hand_over(&mut self, position: u64, out: &mut impl Sink<Effect>) {
        let Some(started) = self.runs.started().filter(|started| started.position == position) else { return };
        let Host::Live { last_position, kernel: Kernel::Up, .. } = &mut self.host else { return };
        if position > *last_position
            && let Some(request) = self.runs.request(started.run)
        {
            *last_position = position;
            out.push(Effect::ToHost(HostRequest::HandOver {
                position,
                run: started.run,
                attempt: started.attempt,
                request: request.clone(),
            }));
        }
    }

    pub(super) fn acknowledge(&self, through: HostSequence, out: &mut impl Sink<Effect>) {
        if through.kernel == self.kernels && matches!(self.host, Host::Live { .. }) {
            out.push(Effect::ToHost(HostRequest::Acknowledge { through: through.sequence }));
        }
    }
}
