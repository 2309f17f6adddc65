//! `RuntimeSession`: the owner's side of a live compute session, on its node.
//!
//! It accepts runs into its inbox, hands them one after the other to the session host, and keeps the host's records as
//! the session's outputs. The host outlives it: after a restart of the node the two logs are folded, the host is looked for, and its
//! answer decides what still has to be handed over.
//!
//! | host \ input | run accepted | started | connected | hello | not yet | connection lost | `Gone`, killed |
//! |---|---|---|---|---|---|---|---|
//! | Absent | recorded, then Starting | – | – | – | – | – | – |
//! | Starting | waits | Connecting, or runs fail | – | – | – | – | – |
//! | Connecting | waits | – | Greeting | – | tried again, then Killing | – | Absent |
//! | Greeting | waits | – | – | Live, hand over what it has not seen | – | Connecting, later | – |
//! | Live | recorded as started, handed over | – | – | – | – | Connecting | – |
//! | Killing | waits | – | – | – | – | – | Absent |
//!
//! Absent again, the started runs are `Interrupted`, and a host is started for what waits; but if the last one was started here and
//! its kernel never answered, what waits fails with the reason, because the next would do no better.
//! `Stop` takes back what waits and ends the host in its phase's way; `Reset` does the same and starts the next kernel at once. A
//! kernel that had nothing to do for long is ended by policy ([`idle`]). What a run of a cell wrote goes into the cell's document when it
//! has ended ([`cells`]).
//!
//! What must be durable before something else happens waits in `after` for the `Done` of its append: `Accepted` before the
//! answer, `Started` before the hand-over, records before readers see them and before the host may forget them, a run taken back
//! before that is answered. The ends of runs whose outputs are trimmed are recorded in the inbox before the outputs forget them.

mod accept;
mod append;
mod ask;
mod call;
mod cells;
mod conversation;
mod host;
mod idle;
mod interface;
mod published;
mod record;
mod runs;
#[cfg(test)]
mod tests;
mod witness;

use std::collections::BTreeMap;

use strum::VariantNames as _;
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal, ResourceId, RunId};

use crate::fact::Witness;
use crate::machine::{Durable, Machine, OpId, OpIds, Sink, Wrap, earlier};
use crate::mark::{EffectMark, Kinds as _, Mark, Phases};
use crate::outputs::{Executor, Outputs, READER, ReaderId, Want};
use crate::ownership::{self, Ownership, Phase};
use append::After;
use ask::Question;
use cells::Cells;
pub use cells::{Composed, EndedCell};
use host::Host;
pub use interface::{Caller, Config, Effect, Input, Outcome};
use published::Published;
pub use record::{EndedRun, HostSequence, InboxRecord, LoggedOutput, Record};
pub use runs::{Run, RunState, Runs, Started};

/// The owner's side of a session.
#[derive(Debug)]
pub struct RuntimeSession {
    config: Config,
    ownership: Ownership,
    runs: Runs,
    outputs: Outputs,
    /// The last record taken from a host.
    taken: HostSequence,
    /// The last of them that is durable here.
    kept: HostSequence,
    /// Kernels of the session so far.
    kernels: u32,
    host: Host,
    /// The newest kernel was started in this life and has not answered yet.
    is_unproven: bool,
    ops: OpIds,
    /// What happens when an append is durable.
    after: BTreeMap<OpId, Vec<After>>,
    /// The append that each run's acceptance waits for.
    accepting: BTreeMap<RunId, OpId>,
    published: Published,
    /// Questions to the kernel that its host has not answered, and the number of the last.
    asking: BTreeMap<u64, Caller>,
    asked: u64,
    /// The question that the started run asks.
    question: Question,
    /// Callers whose answer to a question was taken, or came too late, and who are to be told.
    answered: Vec<(Caller, RunId, bool)>,
    /// A new kernel is to be started when the old one is gone, whether a run waits or not.
    wants_kernel: bool,
    /// Since when the kernel has had nothing to do.
    idle_since: Option<Boot>,
    /// Runs whose output is to be in documents.
    cells: Cells,
}

impl Machine for RuntimeSession {
    const NAME: &'static str = "session";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        let limits = config.limits.clone();
        let mut outputs = Outputs::new(limits.clone());
        outputs.set_executor(Executor { owner: config.here, device_name: config.device_name.clone() });
        let resource = ResourceId::Session(config.session);
        let ownership = Ownership::new(ownership::Config { resource, me: config.here, limits }, now);
        let nothing = HostSequence { kernel: 0, sequence: 0 };
        Self {
            config,
            ownership,
            runs: Runs::default(),
            outputs,
            taken: nothing,
            kept: nothing,
            kernels: 0,
            host: Host::Absent,
            is_unproven: false,
            ops: OpIds::default(),
            after: BTreeMap::new(),
            accepting: BTreeMap::new(),
            published: Published::Unborn,
            asking: BTreeMap::new(),
            asked: 0,
            question: Question::None,
            answered: Vec::new(),
            wants_kernel: false,
            idle_since: None,
            cells: Cells::default(),
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
            Input::Host(messages) => self.on_host(messages, out),
            Input::HostClosed => self.host_lost(now, out),
            Input::Ownership(input) => self.on_ownership(now, input, out),
            Input::Done { op, outcome } => self.on_done(now, op, outcome, out),
        }
        self.tell_answered(out);
        self.write_next(now, out);
        self.note_idle(now);
        self.publish(out);
    }

    fn deadline(&self) -> Option<Boot> {
        let own = earlier(self.idle_deadline(), self.cells.deadline().filter(|_| self.acts()));
        earlier(earlier(self.host.deadline(), self.ownership.deadline()), own)
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.wake_host(now, out);
        self.end_if_idle(now, out);
        let mut effects = Vec::new();
        self.ownership.wake(now, &mut effects);
        self.take_ownership(effects, out);
        self.write_next(now, out);
        self.note_idle(now);
        self.publish(out);
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        self.tell(effect, to);
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Host::VARIANTS), Ownership::PHASES[0]];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.host).into() });
        self.ownership.marks(out);
    }

    fn effect_marks(effect: &Effect, out: &mut Vec<EffectMark>) {
        out.push(EffectMark { machine: Self::NAME, effect: effect.kind() });
        match effect {
            Effect::Reader(effect) => out.push(EffectMark { machine: READER, effect: effect.kind() }),
            Effect::Ownership(effect) => Ownership::effect_marks(effect, out),
            _ => {}
        }
    }
}

impl Durable for RuntimeSession {
    type Record = Record;

    /// The inbox is read before the outputs: of two logs that were cut at different places, what the outputs say of a run counts.
    fn apply(&mut self, record: &Record) {
        match record {
            Record::Inbox(record) => self.apply_inbox(record),
            Record::Output(logged) => {
                self.outputs.push(&logged.record);
                self.follow_question(&logged.record);
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

    fn apply_inbox(&mut self, record: &InboxRecord) {
        match record {
            InboxRecord::Ownership(record) => self.ownership.apply(record),
            InboxRecord::Environment(environment) => self.config.environment = environment.clone(),
            InboxRecord::KernelStarting { kernel } => self.kernels = *kernel,
            InboxRecord::Accepted { position, run, request, at } => {
                self.cells.accepted(*run, &request.code);
                self.runs.accept(*run, *position, request.clone(), *at);
                if let Some(outcome) = self.outcome(*run) {
                    self.runs.end(*run, outcome);
                }
            }
            InboxRecord::Started { position, attempt, kernel } => self.runs.start(*position, *attempt, *kernel),
            InboxRecord::OutputsForgotten { runs } => {
                for ended in runs {
                    self.runs.end(ended.run, ended.outcome);
                    self.outputs.restore_end(ended.run, ended.attempt, ended.last_number, ended.outcome);
                }
            }
            InboxRecord::OfCell { run, cell } => self.cells.named(*run, *cell),
            InboxRecord::OutputComposed { run, update } => self.cells.composed(*run, update),
            InboxRecord::OutputSettled { run } => self.cells.settled(*run),
        }
    }

    /// How the outputs say that a run ended.
    fn outcome(&self, run: RunId) -> Option<RunOutcome> {
        self.outputs.run(run).and_then(|outputs| outputs.ended)
    }

    /// Whether this node may act for the session.
    fn acts(&self) -> bool {
        matches!(self.ownership.phase(), Phase::Held { .. })
    }

    /// Made here and now. Nobody hears of it before that is durable: name and environment in one write.
    fn create(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let mut effects = Vec::new();
        self.ownership.step(now, ownership::Input::Created { key: self.config.key.clone().into() }, &mut effects);
        let mut records: Vec<_> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                ownership::Effect::Append(record) => Some(InboxRecord::Ownership(record)),
                _ => None, // it is published, and claimed, when it is durable
            })
            .collect();
        records.push(InboxRecord::Environment(self.config.environment.clone()));
        self.log_inbox(records, vec![After::Appear], out);
    }

    /// What was owed before goes on: a living host is looked for, and what was accepted and not started runs.
    fn recovered(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.ownership.row().is_none() {
            return out.push(Effect::NeverWas); // its creation was never durable: it does not exist
        }
        self.published = Published::Outdated;
        self.kept = self.taken;
        self.on_ownership(now, ownership::Input::Recovered, out);
        self.show_through(self.outputs.next() - 1, out);
        self.complete_failures(out);
        if self.kernels > 0 {
            self.connect(0, out);
        } else {
            self.ensure_host(out);
        }
    }

    /// Of a run that no kernel had, nothing is said but that it failed, in two records. Where a crash has left the first alone, the run
    /// has failed all the same: that may have been seen.
    fn complete_failures(&mut self, out: &mut impl Sink<Effect>) {
        for run in self.runs.all_waiting() {
            if self.last_number(run) > 0 {
                self.say(run, vec![OutputBody::Ended(RunOutcome::Failed)], out);
            }
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

    fn on_done(&mut self, now: Now, op: OpId, outcome: Outcome, out: &mut impl Sink<Effect>) {
        match outcome {
            Outcome::Appended => self.appended(op, out),
            Outcome::Read(records) => {
                self.outputs.read(op, &records, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
            }
            Outcome::Started(result) => self.host_started(op, result, out),
            Outcome::Connected => self.host_connected(now, op),
            Outcome::Gone => self.host_gone(op, out),
            Outcome::NotYet => self.host_not_yet(now, op, out),
            Outcome::Killed => self.host_killed(op, out),
            Outcome::Composed(composed) => self.output_composed(now, op, composed, out),
            Outcome::Merged(outcome) => self.output_merged(now, op, outcome, out),
        }
    }
}
