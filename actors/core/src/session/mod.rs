//! `RuntimeSession`: the owner's side of a live compute session, on its node.
//!
//! It accepts runs into its inbox, hands them one after the other to the session host, and keeps the host's records as
//! the session's outputs. The host outlives it: after a restart of the node the two logs are folded, the host is looked for, and its
//! answer decides what still has to be handed over.
//!
//! | host \ input | run accepted | started | connected | connection lost | `Gone` |
//! |---|---|---|---|---|---|
//! | Absent | Starting | – | – | – | – |
//! | Starting | waits | Connecting | – | – | – |
//! | Connecting | waits | – | Live, hand over what it has not seen | Connecting again | the started run is interrupted; Absent |
//! | Live | recorded as started, handed over | – | – | Connecting | – |
//!
//! What must be durable before something else happens waits in `after` for the `Done` of its append: `Accepted` before the
//! answer, `Started` before the hand-over, records before readers see them and before the host may forget them.

mod accept;
mod call;
mod host;
mod record;
mod runs;

use std::collections::BTreeMap;

use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::mrp::{ExecuteError, RunEvent};
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::session::{Environment, SessionAnswer, SessionCall, SessionInfo, SessionKey, SessionState};
use wayfare_protocol::{Boot, Epoch, ErrorCode, Limits, NodeId, Now, Refusal, ResourceId, RunId, SessionId};

use crate::machine::{Durable, Machine, OpId, OpIds, Sink, Wrap, earlier};
use crate::outputs::{Executor, Outputs, ReaderEffect, ReaderId, Want};
use crate::ownership::{self, Ownership};
use host::Host;
pub use record::{HostSequence, InboxRecord, LoggedOutput, Record};
pub use runs::{Run, RunState, Runs, Started};

/// Joins a call to its answer; chosen by the caller's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller(pub u64);

/// Who the session is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub session: SessionId,
    /// Its name and language, when it is made; later its log says.
    pub key: SessionKey,
    /// The node it lives on.
    pub here: NodeId,
    /// The node's name, for people.
    pub device_name: String,
    /// How its kernel is started, when it is made; later its log says.
    pub environment: Environment,
    /// Bounds and durations.
    pub limits: Limits,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The logs were folded (or there were none): go on.
    Recovered,
    /// The session is new: record that.
    Create,
    /// Somebody asks something.
    Call {
        /// Where the answer goes.
        caller: Caller,
        /// The epoch that the router knows; `None` from a client on this node.
        epoch: Option<Epoch>,
        /// What is asked.
        call: SessionCall,
    },
    /// Somebody wants to read.
    ReaderOpened {
        /// Who.
        reader: ReaderId,
        /// What.
        want: Want,
    },
    /// A reader takes more.
    ReaderCredit {
        /// Who.
        reader: ReaderId,
        /// Bytes.
        bytes: u64,
    },
    /// A reader has gone.
    ReaderClosed {
        /// Who.
        reader: ReaderId,
    },
    /// The session host said something.
    Host(Vec<HostMessage>),
    /// The connection to the session host is lost.
    HostClosed,
    /// The store became reachable, or answered, or told of a new row.
    Ownership(ownership::Input),
    /// An effect ended.
    Done {
        /// Which.
        op: OpId,
        /// How.
        outcome: Outcome,
    },
}

/// How an effect ended. A failed append is not among them: the actor stops and is rebuilt from its logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The records are durable.
    Appended,
    /// The records that were read.
    Read(Vec<OutputRecord>),
    /// The host's process runs, or why not.
    Started(Result<(), String>),
    /// The host is connected; its hello comes next.
    Connected,
    /// There is no host.
    Gone,
    /// There is one and it does not answer yet.
    NotYet,
    /// The host was ended by force.
    Killed,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Append to the inbox log.
    AppendInbox {
        /// Joins effect and outcome.
        op: OpId,
        /// The records.
        records: Vec<InboxRecord>,
    },
    /// Append to the outputs log.
    AppendOutputs {
        /// Joins effect and outcome.
        op: OpId,
        /// The records.
        records: Vec<LoggedOutput>,
    },
    /// Start a session host.
    StartHost {
        /// Joins effect and outcome.
        op: OpId,
        /// Which kernel of the session.
        kernel: u32,
        /// How.
        environment: Environment,
    },
    /// Connect to the living host.
    ConnectHost {
        /// Joins effect and outcome.
        op: OpId,
    },
    /// End the host by force.
    KillHost {
        /// Joins effect and outcome.
        op: OpId,
    },
    /// Say something to the host.
    ToHost(HostRequest),
    /// Close the connection to the host.
    CloseHost,
    /// Answer a call.
    Reply {
        /// Whose.
        caller: Caller,
        /// The answer.
        answer: SessionAnswer,
    },
    /// Something for readers.
    Reader(ReaderEffect),
    /// A reader is refused.
    RefuseReader {
        /// Who.
        reader: ReaderId,
        /// Why.
        refusal: Refusal,
    },
    /// Something for the control store.
    Ownership(ownership::Effect),
    /// The session's description changed.
    Publish(SessionInfo),
}

/// The owner's side of a session.
#[derive(Debug)]
pub struct RuntimeSession {
    config: Config,
    ownership: Ownership,
    runs: Runs,
    outputs: Outputs,
    /// The last record taken from a host.
    taken: HostSequence,
    /// Kernels of the session so far.
    kernels: u32,
    host: Host,
    ops: OpIds,
    /// What happens when an append is durable.
    after: BTreeMap<OpId, Vec<After>>,
    /// The append that each run's acceptance waits for.
    accepting: BTreeMap<RunId, OpId>,
    published: Published,
}

/// What others have been told of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Published {
    /// Its creation is not durable: it does not exist for others.
    Unborn,
    /// Something else than its state changed.
    Outdated,
    /// This state.
    State(SessionState),
}

/// Something that waits for an append.
#[derive(Clone, Debug, PartialEq, Eq)]
enum After {
    /// An effect to emit.
    Do(Box<Effect>),
    /// The session exists from now on.
    Appear,
    /// A run to be handed to the host.
    HandOver { position: u64 },
    /// Records that readers may see and the host may forget.
    Show { through: u64, acknowledge: Option<HostSequence> },
}

impl Machine for RuntimeSession {
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        let limits = config.limits.clone();
        let mut outputs = Outputs::new(limits.clone());
        outputs.set_executor(Executor { owner: config.here, device_name: config.device_name.clone() });
        let resource = ResourceId::Session(config.session);
        let ownership = Ownership::new(ownership::Config { resource, me: config.here, limits }, now);
        Self {
            config,
            ownership,
            runs: Runs::default(),
            outputs,
            taken: HostSequence { kernel: 0, sequence: 0 },
            kernels: 0,
            host: Host::Absent,
            ops: OpIds::default(),
            after: BTreeMap::new(),
            accepting: BTreeMap::new(),
            published: Published::Unborn,
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Create => self.create(now, out),
            Input::Recovered => self.recovered(now, out),
            Input::Call { caller, epoch, call } => self.on_call(now, caller, epoch, call, out),
            Input::ReaderOpened { reader, want } => self.open_reader(reader, want, out),
            Input::ReaderCredit { reader, bytes } => {
                self.outputs.credit(reader, bytes, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
            }
            Input::ReaderClosed { reader } => self.outputs.close(reader),
            Input::Host(messages) => self.on_host(now, messages, out),
            Input::HostClosed => self.host_lost(now, out),
            Input::Ownership(input) => self.on_ownership(now, input, out),
            Input::Done { op, outcome } => self.on_done(now, op, outcome, out),
        }
        self.publish(out);
    }

    fn deadline(&self) -> Option<Boot> {
        earlier(self.host.deadline(), self.ownership.deadline())
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.wake_host(now, out);
        let mut effects = Vec::new();
        self.ownership.wake(now, &mut effects);
        self.take_ownership(effects, out);
        self.publish(out);
    }
}

impl Durable for RuntimeSession {
    type Record = Record;

    fn apply(&mut self, record: &Record) {
        match record {
            Record::Inbox(record) => self.apply_inbox(record),
            Record::Output(logged) => {
                self.outputs.push(&logged.record);
                if let Some(source) = logged.source {
                    self.taken = self.taken.max(source);
                }
                if let OutputBody::Ended(outcome) = logged.record.body {
                    self.runs.end(logged.record.run, outcome);
                }
            }
        }
    }
}

impl RuntimeSession {
    /// Says which output records a recovered log still has, before they are applied.
    pub fn outputs_start_at(&mut self, first: u64) {
        self.outputs.starts_at(first);
    }

    /// Its runs, for views and oracles.
    #[must_use]
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Its description.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        SessionInfo {
            id: self.config.session,
            key: self.key().clone(),
            owner: self.config.here,
            device_name: self.config.device_name.clone(),
            epoch: self.epoch(),
            state: self.state(),
            environment: self.config.environment.clone(),
        }
    }

    fn state(&self) -> SessionState {
        let waiting = u32::try_from(self.runs.waiting()).unwrap_or(u32::MAX);
        match (self.runs.started(), &self.host) {
            (Some(started), _) => SessionState::Busy { run: started.run, waiting },
            (None, Host::Absent) => SessionState::Cold,
            (None, host) if host.is_ready() => SessionState::Idle,
            (None, Host::Live { .. } | Host::Starting { .. } | Host::Connecting(_) | Host::Killing { .. }) => {
                SessionState::Starting
            }
        }
    }

    fn epoch(&self) -> Epoch {
        self.ownership.row().map_or(Epoch::LOCAL, |row| row.epoch)
    }

    fn key(&self) -> &SessionKey {
        self.ownership.row().map_or(&self.config.key, |row| &row.key)
    }

    fn apply_inbox(&mut self, record: &InboxRecord) {
        match record {
            InboxRecord::Ownership(record) => self.ownership.apply(record),
            InboxRecord::Environment(environment) => self.config.environment = environment.clone(),
            InboxRecord::KernelStarting { kernel } => self.kernels = *kernel,
            InboxRecord::Accepted { position, run, request, at } => {
                self.runs.accept(*run, *position, request.clone(), *at);
            }
            InboxRecord::Started { position, attempt, kernel } => self.runs.start(*position, *attempt, *kernel),
        }
    }

    /// Made here and now. Nobody hears of it before that is durable.
    fn create(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.on_ownership(now, ownership::Input::Created { key: self.config.key.clone() }, out);
        let environment = InboxRecord::Environment(self.config.environment.clone());
        self.append_inbox(vec![environment], vec![After::Appear], out);
    }

    fn recovered(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.published = Published::Outdated;
        self.on_ownership(now, ownership::Input::Recovered, out);
        self.outputs.show_through(
            self.outputs.next() - 1,
            &mut self.ops,
            &mut Wrap { out: &mut *out, wrap: Effect::Reader },
        );
        if self.kernels > 0 {
            self.connect(now, 0, out);
        }
    }

    fn open_reader(&mut self, reader: ReaderId, want: Want, out: &mut impl Sink<Effect>) {
        if let Want::Run { run, .. } = want
            && self.runs.get(run).is_none()
        {
            let refusal = Refusal::new(ErrorCode::NotFound, format!("session {} has no run {run}", self.key()));
            return out.push(Effect::RefuseReader { reader, refusal });
        }
        if let Err(attached) = self.outputs.open(reader, want) {
            let refusal = Refusal::new(ErrorCode::Overloaded, format!("{attached} readers are attached already"));
            out.push(Effect::RefuseReader { reader, refusal });
        }
    }

    fn on_ownership(&mut self, now: Now, input: ownership::Input, out: &mut impl Sink<Effect>) {
        let mut effects = Vec::new();
        self.ownership.step(now, input, &mut effects);
        self.take_ownership(effects, out);
    }

    fn take_ownership(&mut self, effects: Vec<ownership::Effect>, out: &mut impl Sink<Effect>) {
        for effect in effects {
            match effect {
                // It has applied the record to itself.
                ownership::Effect::Append(record) => {
                    self.log_inbox(vec![InboxRecord::Ownership(record)], vec![], out);
                }
                ownership::Effect::Publish(_) => self.outdate(),
                other @ (ownership::Effect::Claim(_)
                | ownership::Effect::Rename { .. }
                | ownership::Effect::SealRefused(_)) => out.push(Effect::Ownership(other)),
            }
        }
    }

    /// Others are told anew, if they know of the session at all.
    fn outdate(&mut self) {
        if self.published != Published::Unborn {
            self.published = Published::Outdated;
        }
    }

    /// Appends to the inbox log, applies at once, and keeps what waits for it.
    fn append_inbox(&mut self, records: Vec<InboxRecord>, after: Vec<After>, out: &mut impl Sink<Effect>) -> OpId {
        for record in &records {
            self.apply_inbox(record);
        }
        self.log_inbox(records, after, out)
    }

    fn log_inbox(&mut self, records: Vec<InboxRecord>, after: Vec<After>, out: &mut impl Sink<Effect>) -> OpId {
        let op = self.ops.take();
        self.after.insert(op, after);
        out.push(Effect::AppendInbox { op, records });
        op
    }

    /// Appends records of which the first is at the outputs' end; they are shown when they are durable.
    fn append_outputs(&mut self, records: Vec<LoggedOutput>, out: &mut impl Sink<Effect>) {
        let Some(last) = records.last() else { return };
        let through = last.record.sequence;
        let acknowledge = records.iter().filter_map(|logged| logged.source).max();
        let op = self.ops.take();
        self.after.insert(op, vec![After::Show { through, acknowledge }]);
        out.push(Effect::AppendOutputs { op, records });
    }

    /// Says something about a run that no host says.
    fn say(&mut self, run: RunId, bodies: Vec<OutputBody>, out: &mut impl Sink<Effect>) {
        let attempt = match self.runs.get(run).map(|run| run.state) {
            Some(RunState::Started { attempt, .. }) => attempt,
            _ => 1,
        };
        let mut records = Vec::with_capacity(bodies.len());
        for body in bodies {
            let record = OutputRecord { sequence: self.outputs.next(), run, attempt, body };
            let logged = LoggedOutput { record, source: None };
            self.apply(&Record::Output(logged.clone()));
            records.push(logged);
        }
        self.append_outputs(records, out);
    }

    fn last_number(&self, run: RunId) -> u64 {
        self.outputs.run(run).map_or(0, |outputs| outputs.last_number)
    }

    /// Ends a run with an error that is not the code's own.
    fn fail(&mut self, run: RunId, kind: &str, message: String, out: &mut impl Sink<Effect>) {
        let error = ExecuteError { kind: kind.to_owned(), message, ..ExecuteError::default() };
        let number = self.last_number(run) + 1;
        let event = RunEvent::Error { error, duration_ms: 0, execution_count: None };
        self.say(run, vec![OutputBody::Event { number, event }, OutputBody::Ended(RunOutcome::Failed)], out);
    }

    fn on_done(&mut self, now: Now, op: OpId, outcome: Outcome, out: &mut impl Sink<Effect>) {
        match outcome {
            Outcome::Appended => self.appended(op, out),
            Outcome::Read(records) => {
                self.outputs.read(op, &records, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
            }
            Outcome::Started(result) => self.host_started(now, op, result, out),
            Outcome::Connected => self.host_connected(now, op),
            Outcome::Gone => self.host_gone(now, op, out),
            Outcome::NotYet => self.host_not_yet(now, op, out),
            Outcome::Killed => self.host_killed(now, op, out),
        }
    }

    fn appended(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        self.accepting.retain(|_, waits_for| *waits_for != op);
        for after in self.after.remove(&op).unwrap_or_default() {
            match after {
                After::Do(effect) => out.push(*effect),
                After::Appear => self.published = Published::Outdated,
                After::HandOver { position } => self.hand_over(position, out),
                After::Show { through, acknowledge } => {
                    let mut readers = Wrap { out: &mut *out, wrap: Effect::Reader };
                    self.outputs.show_through(through, &mut self.ops, &mut readers);
                    self.acknowledge(acknowledge, out);
                }
            }
        }
    }

    fn publish(&mut self, out: &mut impl Sink<Effect>) {
        let state = self.state();
        let is_news = match &self.published {
            Published::Unborn => false,
            Published::Outdated => true,
            Published::State(said) => *said != state,
        };
        if is_news {
            self.published = Published::State(state);
            out.push(Effect::Publish(self.info()));
        }
    }
}
