//! One session host's process: the real machine over the fake kernel.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wayfare_core::kernel_host::{
    ConnectionId, Effect, FakeKernel, Input, KernelCommand, KernelEvent, KernelHost, KernelHostConfig, SegmentId,
    SpillOutcome,
};
use wayfare_core::machine::OpId;
use wayfare_core::{Machine as _, Mark, Witness};
use wayfare_protocol::Limits;
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::output::OutputRecord;

use super::hosts::Hosts;
use crate::clock::MachineClock;
use crate::life::Life;

/// How session hosts behave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostRules {
    /// Their bounds.
    pub limits: Limits,
    /// A host that is connected to anew has forgotten what it executed, and executes it again: what it must not do.
    pub forgets_positions: bool,
}

/// Something to do a little later, in order.
pub(super) enum Later {
    /// Something from the kernel.
    Kernel(KernelEvent),
    /// Messages to a connection, and what they count for.
    Deliver(ConnectionId, Vec<HostMessage>, u64),
    /// A connection is closed.
    Close(ConnectionId),
    /// The disk has done something.
    Spilled(OpId, SpillOutcome),
    /// The process ends.
    Exit,
}

pub(super) struct HostConnection {
    pub(super) to_node: mpsc::UnboundedSender<Vec<HostMessage>>,
    pub(super) life: Arc<Life>,
}

impl Drop for HostConnection {
    /// A process that is frozen hears of the end when it goes on.
    fn drop(&mut self) {
        let to_node = self.to_node.clone();
        self.life.meet(move || {
            drop(to_node);
            true
        });
    }
}

pub(super) struct HostProcess {
    /// Its process: what comes for it while it is frozen waits.
    pub(super) life: Arc<Life>,
    /// Tells processes of one session apart.
    pub(super) serial: u64,
    pub(super) listens_at: u64,
    pub(super) connections: BTreeMap<ConnectionId, HostConnection>,
    pub(super) next_connection: u64,
    /// When the last of what was put off happens: later things are not overtaken.
    pub(super) busy_until: u64,
    pub(super) requests_until: u64,
    /// The earliest wake that is under way.
    pub(super) armed: Option<u64>,
    machine: KernelHost,
    kernel: FakeKernel,
    session: wayfare_protocol::SessionId,
    spilled: BTreeMap<SegmentId, Vec<OutputRecord>>,
    handed_over: u64,
    marks: Vec<Mark>,
    rules: HostRules,
}

impl HostProcess {
    pub(super) fn new(config: KernelHostConfig, hosts: &Hosts, listens_at: u64, serial: u64, start: Duration) -> Self {
        let now = hosts.clock.now();
        Self {
            life: Life::begin(),
            serial,
            listens_at,
            connections: BTreeMap::new(),
            next_connection: 0,
            busy_until: 0,
            requests_until: 0,
            armed: None,
            session: config.session,
            machine: KernelHost::new(config, now),
            kernel: FakeKernel::new(hosts.clock.awake(), start, Duration::from_millis(5)),
            spilled: BTreeMap::new(),
            handed_over: 0,
            marks: Vec::new(),
            rules: hosts.rules.clone(),
        }
    }

    /// Takes an input in; what is to be done later is returned in order.
    pub(super) fn step(&mut self, hosts: &Hosts, mut input: Input) -> Vec<Later> {
        self.misbehave(&mut input, hosts);
        hosts.note(self.session, format_args!("< {input:?}"));
        let mut effects = Vec::new();
        self.machine.step(hosts.clock.now(), input, &mut effects);
        self.carry_out(hosts, effects)
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, hosts: &Hosts) -> Vec<Later> {
        let now = hosts.clock.now();
        let (mut effects, mut said) = (Vec::new(), Vec::new());
        self.machine.wake(now, &mut effects);
        let mut later = self.carry_out(hosts, effects);
        self.kernel.wake(hosts.clock.awake(), &mut said);
        later.extend(said.into_iter().map(Later::Kernel));
        later
    }

    /// The world's nanosecond at which it wants to be woken. Programs do not count the time of a suspend.
    pub(super) fn deadline(&self, clock: &MachineClock) -> Option<u64> {
        let machine = self.machine.deadline().map(|at| clock.nanos_at(at));
        let kernel = self.kernel.deadline().map(|at| clock.nanos_at_awake(at));
        machine.into_iter().chain(kernel).min()
    }

    /// The mutation of this port.
    fn misbehave(&mut self, input: &mut Input, hosts: &Hosts) {
        let Input::Request { request: HostRequest::HandOver { position, run, attempt, request }, .. } = input else {
            return;
        };
        if self.rules.forgets_positions && *position <= self.handed_over {
            let execute =
                KernelCommand::Execute { position: *position, run: *run, attempt: *attempt, request: request.clone() };
            self.kernel.command(hosts.clock.awake(), execute, &mut Vec::new());
            hosts.evidence.executed(&hosts.place, self.session, *run, *attempt, self.machine.hello().kernel);
        }
        self.handed_over = self.handed_over.max(*position);
    }

    fn tell_marks(&mut self, hosts: &Hosts) {
        let mut marks = Vec::with_capacity(1);
        self.machine.marks(&mut marks);
        if marks != self.marks {
            hosts.evidence.marks(&hosts.place, &format!("host {}", self.session), &marks);
            self.marks = marks;
        }
    }

    fn carry_out(&mut self, hosts: &Hosts, effects: Vec<Effect>) -> Vec<Later> {
        let mut later = Vec::new();
        self.tell_marks(hosts);
        let mut decided = Vec::new();
        effects.iter().for_each(|effect| KernelHost::effect_marks(effect, &mut decided));
        decided.into_iter().for_each(|mark| hosts.evidence.decides(mark));
        for effect in effects {
            hosts.note(self.session, format_args!("> {effect:?}"));
            let mut witness = Witness::new(true);
            self.machine.witness(&effect, &mut witness);
            hosts.evidence.facts(&hosts.place, &mut witness);
            match effect {
                Effect::Kernel(command) => {
                    let mut said = Vec::new();
                    self.kernel.command(hosts.clock.awake(), command, &mut said);
                    later.extend(said.into_iter().map(Later::Kernel));
                }
                Effect::Send { connection, mut messages, bytes } => {
                    for message in &mut messages {
                        if let HostMessage::Hello(hello) = message
                            && self.rules.forgets_positions
                        {
                            hello.last_position = 0;
                        }
                    }
                    later.push(Later::Deliver(connection, messages, bytes));
                }
                Effect::CloseConnection { connection } => later.push(Later::Close(connection)),
                Effect::Spill { op, segment, records } => {
                    self.spilled.insert(segment, records);
                    later.push(Later::Spilled(op, SpillOutcome::Written));
                }
                Effect::ReadSpill { op, segment } => {
                    let records = self.spilled.get(&segment).cloned();
                    let outcome = records.map_or_else(|| SpillOutcome::Failed("gone".to_owned()), SpillOutcome::Read);
                    later.push(Later::Spilled(op, outcome));
                }
                Effect::DropSpill { segment } => {
                    self.spilled.remove(&segment);
                }
                Effect::Exit => later.push(Later::Exit),
            }
        }
        later
    }
}

/// What a host of these limits is for.
pub(super) fn config(start: &wayfare_actors::ports::HostStart, limits: &Limits) -> KernelHostConfig {
    KernelHostConfig {
        session: start.session,
        kernel: start.kernel,
        first_sequence: start.first_sequence,
        late_output: Duration::ZERO,
        limits: limits.clone(),
    }
}
