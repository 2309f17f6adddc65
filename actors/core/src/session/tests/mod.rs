//! A session in virtual time, with logs that can be made to wait and a host that says what the test makes it say.

mod asks;
mod calls;
mod cells;
mod host;
mod outputs;
mod property;
mod recovery;
mod runs;

use std::collections::VecDeque;
use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::host::{HOST_VERSION, HostHello, HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent, RunResult};
use wayfare_protocol::output::{OutputRecord, RunOutcome};
use wayfare_protocol::ownership::{Lineage, Row};
use wayfare_protocol::session::{
    Environment, Language, RunRequest, SessionAnswer, SessionCall, SessionInfo, SessionKey, SessionName,
};
use wayfare_protocol::{DeviceId, Epoch, Limits, NodeId, SessionId, Wall};

use super::*;

pub(super) const ME: NodeId = NodeId(DeviceId([1; 32]));

pub(super) fn run(n: u128) -> RunId {
    RunId(Uuid::from_u128(n))
}

pub(super) fn now(millis: u64) -> Now {
    Now { boot: Boot(Duration::from_millis(millis)), wall: Wall(1_000_000 + millis) }
}

pub(super) fn config(limits: Limits) -> Config {
    let name = SessionName::new("notes", "main").unwrap();
    Config {
        session: SessionId(Uuid::from_u128(77)),
        key: SessionKey { name, language: Language::from_word("python") },
        here: ME,
        device_name: "desk".to_owned(),
        environment: Environment { cwd: Some("/work".to_owned()), ..Environment::default() },
        limits,
    }
}

/// A session with what it logged, said and asked for.
pub(super) struct Bench {
    pub(super) session: RuntimeSession,
    pub(super) millis: u64,
    limits: Limits,
    /// Durable records.
    pub(super) inbox: Vec<InboxRecord>,
    pub(super) outputs: Vec<LoggedOutput>,
    /// Appends under way, in order.
    pub(super) appends: VecDeque<(OpId, Vec<Record>)>,
    /// Whether appends end at once.
    pub(super) is_fast: bool,
    /// Effects other than appends, in order.
    pub(super) said: Vec<Effect>,
    callers: u64,
}

impl Bench {
    pub(super) fn empty(limits: Limits) -> Self {
        let session = RuntimeSession::new(config(limits.clone()), now(0));
        let (inbox, outputs, appends, said) = (Vec::new(), Vec::new(), VecDeque::new(), Vec::new());
        Self { session, millis: 0, limits, inbox, outputs, appends, is_fast: true, said, callers: 0 }
    }

    /// A session that was made a moment ago.
    pub(super) fn new(limits: Limits) -> Self {
        let mut bench = Self::empty(limits);
        bench.input(Input::Create);
        bench
    }

    /// A session whose kernel waits for work: a first run was executed.
    pub(super) fn idle() -> Self {
        Self::idle_with(Limits::default())
    }

    pub(super) fn idle_with(limits: Limits) -> Self {
        let mut bench = Self::new(limits);
        bench.run(100);
        bench.start_host();
        bench.host_runs(1, 100, 1, 2);
        bench.said.clear();
        bench
    }

    pub(super) fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.session.step(now(self.millis), input, &mut effects);
        self.take(effects);
    }

    pub(super) fn pass(&mut self, millis: u64) {
        self.millis += millis;
        let mut effects = Vec::new();
        self.session.wake(now(self.millis), &mut effects);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::AppendInbox { op, records } => {
                    self.appends.push_back((op, records.into_iter().map(Record::Inbox).collect()));
                }
                Effect::AppendOutputs { op, records } => {
                    self.appends.push_back((op, records.into_iter().map(Record::Output).collect()));
                }
                other => self.said.push(other),
            }
        }
        if self.is_fast {
            self.sync();
        }
    }

    /// The oldest append is durable.
    pub(super) fn sync_one(&mut self) {
        let Some((op, records)) = self.appends.pop_front() else { return };
        for record in records {
            match record {
                Record::Inbox(record) => self.inbox.push(record),
                Record::Output(record) => self.outputs.push(record),
            }
        }
        self.input(Input::Done { op, outcome: Outcome::Appended });
    }

    pub(super) fn sync(&mut self) {
        while !self.appends.is_empty() {
            self.sync_one();
        }
    }

    /// The node starts again: what was not durable is lost.
    pub(super) fn restart(&mut self) {
        self.session = folded(&self.inbox, &self.outputs, self.limits.clone(), self.millis);
        self.appends.clear();
        self.said.clear();
        self.input(Input::Recovered);
    }

    pub(super) fn call(&mut self, call: SessionCall) -> Caller {
        self.call_at(None, call)
    }

    pub(super) fn call_at(&mut self, epoch: Option<Epoch>, call: SessionCall) -> Caller {
        self.callers += 1;
        let caller = Caller(self.callers);
        self.input(Input::Call { caller, epoch, call });
        caller
    }

    pub(super) fn run(&mut self, n: u128) -> Caller {
        self.call(SessionCall::Run(request(n, false)))
    }

    pub(super) fn run_again(&mut self, n: u128) -> Caller {
        self.call(SessionCall::Run(request(n, true)))
    }

    pub(super) fn answer(&self, caller: Caller) -> Option<&SessionAnswer> {
        self.said.iter().find_map(|effect| match effect {
            Effect::Reply { caller: to, answer } if *to == caller => Some(answer),
            _ => None,
        })
    }

    pub(super) fn is_accepted(&self, caller: Caller) -> bool {
        matches!(self.answer(caller), Some(SessionAnswer::Accepted { .. }))
    }

    pub(super) fn refusal(&self, caller: Caller) -> ErrorCode {
        match self.answer(caller) {
            Some(SessionAnswer::Refused(refusal)) => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(super) fn state(&self, n: u128) -> Option<RunState> {
        self.session.runs().get(run(n)).map(|run| run.state)
    }

    pub(super) fn outcome(&self, n: u128) -> Option<RunOutcome> {
        match self.state(n) {
            Some(RunState::Ended(outcome)) => Some(outcome),
            _ => None,
        }
    }

    /// Takes what the host was told.
    pub(super) fn listen(&mut self) -> Vec<HostRequest> {
        let mut told = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::ToHost(request) => {
                told.push(request.clone());
                false
            }
            _ => true,
        });
        told
    }

    /// Positions handed over since the host was last listened to.
    pub(super) fn handed(&mut self) -> Vec<u64> {
        let handed = self.listen().into_iter().filter_map(|request| match request {
            HostRequest::HandOver { position, .. } => Some(position),
            _ => None,
        });
        handed.collect()
    }

    /// Takes the newest effect that a condition chooses.
    pub(super) fn op(&mut self, choose: impl Fn(&Effect) -> Option<OpId>) -> Option<OpId> {
        let found = self.said.iter().filter_map(&choose).next_back();
        self.said.retain(|effect| choose(effect).is_none());
        found
    }

    pub(super) fn start_op(&mut self) -> Option<OpId> {
        self.op(|effect| match effect {
            Effect::StartHost { op, .. } => Some(*op),
            _ => None,
        })
    }

    pub(super) fn connect_op(&mut self) -> Option<OpId> {
        self.op(|effect| match effect {
            Effect::ConnectHost { op } => Some(*op),
            _ => None,
        })
    }

    pub(super) fn kill_op(&mut self) -> Option<OpId> {
        self.op(|effect| match effect {
            Effect::KillHost { op } => Some(*op),
            _ => None,
        })
    }

    pub(super) fn done(&mut self, op: Option<OpId>, outcome: Outcome) {
        self.input(Input::Done { op: op.expect("an effect under way"), outcome });
    }

    /// The host's process is made, and its kernel answers.
    pub(super) fn start_host(&mut self) {
        let started = self.start_op();
        self.done(started, Outcome::Started(Ok(())));
        self.greet(0, 1, KernelCondition::Idle);
    }

    /// The connection under way is made and the host greets.
    pub(super) fn greet(&mut self, last_position: u64, next_sequence: u64, condition: KernelCondition) {
        let connecting = self.connect_op();
        self.done(connecting, Outcome::Connected);
        self.hello(last_position, next_sequence, condition);
    }

    pub(super) fn hello(&mut self, last_position: u64, next_sequence: u64, condition: KernelCondition) {
        self.hello_of_version(HOST_VERSION, last_position, next_sequence, condition);
    }

    pub(super) fn hello_of_version(
        &mut self,
        version: u32,
        last_position: u64,
        next_sequence: u64,
        condition: KernelCondition,
    ) {
        let hello = HostHello {
            version,
            session: self.session.config.session,
            kernel: self.session.kernels,
            last_position,
            first_kept: 1,
            next_sequence,
            condition,
        };
        self.input(Input::Host(vec![HostMessage::Hello(hello)]));
    }

    /// The host makes events of a run, from a sequence of its own on.
    pub(super) fn host_events(&mut self, sequence: u64, n: u128, numbers: std::ops::RangeInclusive<u64>) {
        let messages = (sequence..).zip(numbers).map(|(at, number)| event(at, n, number, text("x"))).collect();
        self.input(Input::Host(messages));
    }

    pub(super) fn host_ends(&mut self, sequence: u64, n: u128, outcome: RunOutcome) {
        self.input(Input::Host(vec![ended(sequence, n, outcome)]));
    }

    /// The host executes a run whole: two records from that sequence on.
    pub(super) fn host_runs(&mut self, sequence: u64, n: u128, number: u64, end: u64) {
        assert_eq!(end, sequence + 1, "a result and an end");
        let result = event(sequence, n, number, RunEvent::Result(RunResult::default()));
        self.input(Input::Host(vec![result, ended(end, n, RunOutcome::Succeeded)]));
    }

    pub(super) fn published(&self) -> Vec<&SessionInfo> {
        let infos = self.said.iter().filter_map(|effect| match effect {
            Effect::Publish(info) => Some(info),
            _ => None,
        });
        infos.collect()
    }

    /// The store grants the session's row.
    pub(super) fn grant(&mut self, epoch: Epoch, base: Option<wayfare_protocol::Head>) {
        let Config { session, key, here, .. } = config(self.limits.clone());
        let resource = ResourceId::Session(session);
        let row = Row { resource, key: key.into(), owner: here, epoch, lineage: Lineage::default(), base };
        self.input(Input::Ownership(ownership::Input::Row(row)));
    }
}

/// The machine that these logs make.
pub(super) fn folded(inbox: &[InboxRecord], outputs: &[LoggedOutput], limits: Limits, millis: u64) -> RuntimeSession {
    let mut session = RuntimeSession::new(config(limits), now(millis));
    for record in inbox {
        session.apply(&Record::Inbox(record.clone()));
    }
    session.outputs_start_at(outputs.first().map_or(1, |logged| logged.record.sequence));
    for record in outputs {
        session.apply(&Record::Output(record.clone()));
    }
    session
}

pub(super) fn request(n: u128, again: bool) -> RunRequest {
    RunRequest { run: run(n), again, request: ExecuteRequest::of(format!("cell {n}")) }
}

pub(super) fn text(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.to_owned() }
}

pub(super) fn event(sequence: u64, n: u128, number: u64, event: RunEvent) -> HostMessage {
    let body = OutputBody::Event { number, event };
    HostMessage::Output(OutputRecord { sequence, run: run(n), attempt: 1, body })
}

pub(super) fn ended(sequence: u64, n: u128, outcome: RunOutcome) -> HostMessage {
    HostMessage::Output(OutputRecord { sequence, run: run(n), attempt: 1, body: OutputBody::Ended(outcome) })
}
