//! A host in virtual time: effects are carried out on a fake disk and fake connections, inputs are what a test says.

mod asks;
mod interrupt;
mod journal;
mod property;
mod readers;
mod runs;
mod stop;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::host::{HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent};
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::{Boot, Limits, Now, RunId, SessionId, Wall};

use super::{
    ConnectionId, Effect, Input, KernelCommand, KernelEvent, KernelHost, KernelHostConfig, KernelOutput, ReplyOutcome,
    SegmentId, SpillOutcome,
};
use crate::machine::{Machine, OpId};

/// The connection that most tests use.
const NODE: ConnectionId = ConnectionId(1);

struct Host {
    machine: KernelHost,
    now: Now,
    commands: Vec<KernelCommand>,
    got: BTreeMap<ConnectionId, Vec<HostMessage>>,
    closed: BTreeSet<ConnectionId>,
    unwritten: Vec<(ConnectionId, u64)>,
    disk: BTreeMap<SegmentId, Vec<OutputRecord>>,
    disk_works: bool,
    ops: Vec<(OpId, SpillOutcome)>,
    /// Whether connections take everything and the disk answers at once.
    eager: bool,
    exited: bool,
}

fn run_id(n: u128) -> RunId {
    RunId(Uuid::from_u128(n))
}

fn limits() -> Limits {
    Limits { journal_memory: 2_000, journal_disk: 8_000, spill_segment: 1_000, host_window: 2_000, ..Limits::default() }
}

impl Host {
    /// A host with a kernel that has not answered yet.
    fn starting(limits: Limits) -> Self {
        Self::of(KernelHostConfig {
            session: SessionId(Uuid::from_u128(7)),
            kernel: 3,
            first_sequence: 41,
            late_output: Duration::ZERO,
            limits,
        })
    }

    fn of(config: KernelHostConfig) -> Self {
        let now = Now { boot: Boot(Duration::from_secs(100)), wall: Wall(1_000) };
        Self {
            machine: KernelHost::new(config, now),
            now,
            commands: Vec::new(),
            got: BTreeMap::new(),
            closed: BTreeSet::new(),
            unwritten: Vec::new(),
            disk: BTreeMap::new(),
            disk_works: true,
            ops: Vec::new(),
            eager: true,
            exited: false,
        }
    }

    /// A host that serves, with one connection attached from the first record on.
    fn serving() -> Self {
        let mut host = Self::starting(Limits::default());
        host.input(Input::Kernel(vec![KernelEvent::Ready]));
        host.attached(NODE, 41);
        host
    }

    fn attached(&mut self, id: ConnectionId, from: u64) {
        self.input(Input::Connected(id));
        self.ask(id, HostRequest::Attach { from });
    }

    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.step(self.now, input, &mut effects);
        self.carry_out(effects);
    }

    fn pass(&mut self, time: Duration) {
        self.now.boot = self.now.boot.after(time);
        let mut effects = Vec::new();
        self.machine.wake(self.now, &mut effects);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Kernel(command) => self.commands.push(command),
                Effect::Send { connection, messages, bytes } => {
                    assert!(!self.closed.contains(&connection), "sent after closing");
                    self.got.entry(connection).or_default().extend(messages);
                    self.unwritten.push((connection, bytes));
                }
                Effect::CloseConnection { connection } => assert!(self.closed.insert(connection), "closed twice"),
                Effect::Spill { op, segment, records } => {
                    let outcome = if self.disk_works {
                        self.disk.insert(segment, records);
                        SpillOutcome::Written
                    } else {
                        SpillOutcome::Failed("no space left".to_owned())
                    };
                    self.ops.push((op, outcome));
                }
                Effect::ReadSpill { op, segment } => {
                    let outcome = match self.disk.get(&segment) {
                        Some(records) => SpillOutcome::Read(records.clone()),
                        None => SpillOutcome::Failed("no such file".to_owned()),
                    };
                    self.ops.push((op, outcome));
                }
                Effect::DropSpill { segment } => {
                    self.disk.remove(&segment);
                }
                Effect::Exit => {
                    assert!(!self.exited, "exited twice");
                    self.exited = true;
                }
            }
        }
        if self.eager {
            self.catch_up();
        }
    }

    /// Connections write what they were handed and the disk answers, until nothing is left to do.
    fn catch_up(&mut self) {
        while self.write_one() || self.finish_one_op() {}
    }

    fn write_one(&mut self) -> bool {
        if self.unwritten.is_empty() {
            return false;
        }
        let (connection, bytes) = self.unwritten.remove(0);
        self.input(Input::Written { connection, bytes });
        true
    }

    fn finish_one_op(&mut self) -> bool {
        if self.ops.is_empty() {
            return false;
        }
        let (op, outcome) = self.ops.remove(0);
        self.input(Input::Done { op, outcome });
        true
    }

    fn ask(&mut self, connection: ConnectionId, request: HostRequest) {
        self.input(Input::Request { connection, request });
    }

    fn hand_over(&mut self, position: u64, code: &str) {
        let run = run_id(u128::from(position));
        self.ask(NODE, HostRequest::HandOver { position, run, attempt: 1, request: ExecuteRequest::of(code) });
    }

    fn kernel(&mut self, event: KernelEvent) {
        self.input(Input::Kernel(vec![event]));
    }

    fn output(&mut self, parent: u64, output: KernelOutput) {
        self.kernel(KernelEvent::Output { parent: Some(parent), output });
    }

    fn print(&mut self, parent: u64, text: &str) {
        self.output(parent, KernelOutput::Stdout(text.to_owned()));
    }

    fn reply(&mut self, position: u64) {
        self.kernel(KernelEvent::Reply { position, outcome: ReplyOutcome::Ok, execution_count: Some(1) });
    }

    fn idle(&mut self, position: u64) {
        self.kernel(KernelEvent::Idle { parent: Some(position) });
    }

    fn ended(&mut self, position: u64) {
        self.reply(position);
        self.idle(position);
    }

    fn records(&self, id: ConnectionId) -> Vec<OutputRecord> {
        let messages = self.got.get(&id).map(Vec::as_slice).unwrap_or_default();
        messages
            .iter()
            .filter_map(|message| match message {
                HostMessage::Output(record) => Some(record.clone()),
                _ => None,
            })
            .collect()
    }

    /// The events that the usual connection has, with their numbers.
    fn events(&self) -> Vec<(u64, RunEvent)> {
        let of = |record: OutputRecord| match record.body {
            OutputBody::Event { number, event } => Some((number, event)),
            OutputBody::Ended(_) => None,
        };
        self.records(NODE).into_iter().filter_map(of).collect()
    }

    fn outcomes(&self) -> Vec<(RunId, RunOutcome)> {
        let of = |record: OutputRecord| match record.body {
            OutputBody::Ended(outcome) => Some((record.run, outcome)),
            OutputBody::Event { .. } => None,
        };
        self.records(NODE).into_iter().filter_map(of).collect()
    }

    fn refusals(&self, id: ConnectionId) -> Vec<wayfare_protocol::ErrorCode> {
        let of = |message: &HostMessage| match message {
            HostMessage::Refused(refusal) => Some(refusal.code),
            _ => None,
        };
        self.got.get(&id).map(Vec::as_slice).unwrap_or_default().iter().filter_map(of).collect()
    }

    fn conditions(&self, id: ConnectionId) -> Vec<KernelCondition> {
        let of = |message: &HostMessage| match message {
            HostMessage::Kernel(condition) => Some(condition.clone()),
            _ => None,
        };
        self.got.get(&id).map(Vec::as_slice).unwrap_or_default().iter().filter_map(of).collect()
    }

    /// Positions that the kernel was told to execute.
    fn executed(&self) -> Vec<u64> {
        let of = |command: &KernelCommand| match command {
            KernelCommand::Execute { position, .. } => Some(*position),
            _ => None,
        };
        self.commands.iter().filter_map(of).collect()
    }
}

fn stdout(text: &str) -> RunEvent {
    RunEvent::Stdout { content: text.to_owned() }
}
