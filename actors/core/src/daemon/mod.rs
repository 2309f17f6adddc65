//! `DaemonHost`: a daemon on its node.
//!
//! Inputs are accepted in order, per publisher without gap or repeat, gathered into frames, and processed when their frame is as durable as the
//! daemon wants it. What the code says is linked into the daemon's causal chain and logged before anybody sees it. Snapshots
//! bound what a restart has to process again.
//!
//! | phase \ input | `Recovered` | call | frame durable | code breaks | snapshot or logs read | `Arrive` |
//! |---|---|---|---|---|---|---|
//! | Folding | Running, Loading, or Failed | waits | – | – | – | Running |
//! | Loading | – | waits | kept in the log | – | Running, or Failed | – |
//! | Running | – | answered | processed | Rereading | – | – |
//! | Rereading | – | waits | kept in the log | – | Loading or Running, or Failed | – |
//! | Failed | – | refused | kept in the log | – | – | – |
//!
//! Who acts is for [`Ownership`] to say; phases here say only whether there is running code:
//!
//! | | Unowned | Held | Sealed | Released |
//! |---|---|---|---|---|
//! | calls that change something | refused | accepted | refused | refused |
//! | frames of the owner | followed | refused | refused | followed |
//! | ticks, background work | the owner's | due | wait | the owner's |
//!
//! A seal waits until everything accepted is processed and its outputs are logged; that is the head (architecture §5.3, §5.4).
//!
//! An event that the code refuses is tried again at once, and given up after [`Limits::daemon_tries`](wayfare_protocol::Limits::daemon_tries);
//! one at which the code panics is given up at once, and the code is made anew from snapshot and logs. What was given up is
//! recorded in the outputs log, so that no replay tries it again.

mod accept;
mod call;
#[cfg(test)]
pub(crate) mod desk;
mod feeds;
mod fetching;
mod history;
mod interface;
mod logs;
mod memory;
mod moving;
mod outbox;
mod owned;
mod published;
mod record;
mod remake;
mod replay;
mod runner;
mod snapshots;
#[cfg(test)]
mod tests;
mod ticks;
mod witness;

use std::collections::{BTreeMap, VecDeque};

use strum::VariantNames as _;
use wayfare_protocol::daemon::{Context, DaemonAnswer, DaemonCall, Durability};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::ownership::ResourceKey;
use wayfare_protocol::{Boot, Epoch, ErrorCode, Head, Now, Refusal, ResourceId};

use crate::fact::Witness;
use crate::machine::{Durable, Machine, OpId, OpIds, Sink, earlier};
use crate::mark::{EffectMark, Kinds as _, Mark, Phases};
use crate::ownership::{self, Ownership};
use crate::session::Caller;
use accept::{Accepting, reply};
use feeds::Feeds;
use fetching::Fetching;
use history::History;
pub use interface::{
    Answer, Config, Effect, Factories, Frames, Input, LoadError, MoveAnswer, MoveAsk, Newest, Outcome, Standing,
};
use logs::{OutputsLog, Places};
use moving::Sealing;
use outbox::Outbox;
use published::Published;
pub use record::{InboxRecord, Record};
use remake::Load;
use replay::Replaying;
use runner::Runner;
use snapshots::Snapshots;

/// A daemon on its node.
#[derive(Debug)]
pub struct DaemonHost {
    config: Config,
    durability: Durability,
    ownership: Ownership,
    /// It was stopped by its people.
    is_stopped: bool,
    phase: Phase,
    accepting: Accepting,
    sealing: Sealing,
    outbox: Outbox,
    /// Subscribers that wait for outputs.
    fetching: Fetching,
    /// Daemons whose outputs are events of this one.
    feeds: Feeds,
    places: Places,
    outputs: OutputsLog,
    snapshots: Snapshots,
    /// Calls that wait until there is running code.
    waiting: VecDeque<(Caller, Option<Epoch>, DaemonCall)>,
    /// Readings of frames for a migration: who wants them, after which position, and bytes at the most.
    reading: BTreeMap<OpId, (Caller, u64, usize)>,
    /// Replays beside the daemon that somebody asked for.
    replaying: Replaying,
    ops: OpIds,
    /// What happens when records of the inbox that are no frames are durable.
    after: BTreeMap<OpId, Vec<After>>,
    /// Draws the seeds of frames.
    seeds: Context,
    /// What was given up since the newest snapshot: position and reason.
    gave_up: BTreeMap<u64, String>,
    /// Why its state may not be what it was.
    doubt: Option<String>,
    published: Published,
    /// When the next tick is due.
    tick_at: Option<Boot>,
    /// A follower that is not given up before a row above this epoch is read.
    kept: Option<Epoch>,
    /// Since when this node acts for it.
    acts_since: Option<Boot>,
    /// Frames after this position are kept for a migration.
    held_after: Option<u64>,
}

/// Whether there is running code.
#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    /// The logs are being folded.
    Folding(History),
    /// The newest snapshot is being read.
    Loading { load: Load, history: History },
    /// Events are processed.
    Running(Runner),
    /// The code broke; the logs are being read.
    Rereading { op: OpId },
    /// There is no code, or it cannot go on from what is there.
    Failed { why: String },
}

/// Something that waits for an append.
#[derive(Clone, Debug, PartialEq, Eq)]
enum After {
    /// An effect to emit.
    Do(Box<Effect>),
    /// The daemon exists from now on.
    Appear,
    /// A snapshot is recorded, as this record of the inbox log: it replaces records of outputs before that one.
    Trim { head: Head, record: u64, outputs: u64, manifest: Manifest },
}

impl Machine for DaemonHost {
    const NAME: &'static str = "daemon";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        let resource = ResourceId::Daemon(config.entity);
        let limits = config.limits.clone();
        let ownership = Ownership::new(ownership::Config { resource, me: config.here, limits }, now);
        Self {
            durability: config.durability,
            ownership,
            is_stopped: false,
            phase: Phase::Folding(History::default()),
            accepting: Accepting::default(),
            sealing: Sealing::No,
            outbox: Outbox::new(1),
            fetching: Fetching::default(),
            feeds: Feeds::default(),
            places: Places::new(),
            outputs: OutputsLog::new(),
            snapshots: Snapshots::default(),
            waiting: VecDeque::new(),
            reading: BTreeMap::new(),
            replaying: Replaying::default(),
            ops: OpIds::default(),
            after: BTreeMap::new(),
            seeds: Context::new(now.wall, config.seed),
            gave_up: BTreeMap::new(),
            doubt: None,
            published: Published::Unborn,
            tick_at: None,
            kept: None,
            acts_since: None,
            held_after: None,
            config,
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Create => self.create(now, out),
            Input::Arrive { caller, manifest, snapshot } => self.arrive(caller, manifest, &snapshot, out),
            Input::Recovered => self.recovered(now, out),
            Input::Call { caller, epoch, call } => self.on_call(now, caller, epoch, call, out),
            Input::Move { caller, ask } => self.on_move(now, caller, ask, out),
            Input::ReaderOpened { reader, from } => self.open_reader(reader, from, out),
            Input::ReaderCredit { reader, bytes } => self.outbox.credit(reader, bytes, out),
            Input::ReaderClosed { reader } => self.outbox.close(reader),
            Input::Worked { work, result } => self.worked(now, work, result),
            Input::Ownership(input) => self.on_ownership(now, input, out),
            Input::Done { op, outcome } => self.on_done(now, op, outcome, out),
        }
        self.go_on(now, out);
    }

    fn deadline(&self) -> Option<Boot> {
        let code = earlier(self.load_deadline(), self.tick_at);
        let others = earlier(self.fetching.deadline(), self.feeds.deadline());
        earlier(earlier(self.ownership.deadline(), self.snapshot_deadline()), earlier(code, others))
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let mut effects = Vec::new();
        self.ownership.wake(now, &mut effects);
        self.take_ownership(effects, Vec::new(), out);
        self.load_again(now, out);
        self.go_on(now, out);
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        self.tell(effect, to);
    }

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
        self.ownership.marks(out);
    }

    fn effect_marks(effect: &Effect, out: &mut Vec<EffectMark>) {
        out.push(EffectMark { machine: Self::NAME, effect: effect.kind() });
        if let Effect::Ownership(effect) = effect {
            Ownership::effect_marks(effect, out);
        }
    }
}

impl Durable for DaemonHost {
    type Record = Record;

    /// The inbox is read before the outputs.
    fn apply(&mut self, record: &Record) {
        match record {
            Record::Inbox(record) => self.apply_inbox(record),
            Record::Output(frame) => {
                self.outputs.next += 1;
                self.outbox.push(&frame.outputs);
            }
        }
        if let Phase::Folding(history) = &mut self.phase {
            history.take(record);
        }
    }
}

impl DaemonHost {
    /// Says which records the logs still have, before they are applied.
    pub fn logs_start_at(&mut self, inbox: u64, outputs: u64) {
        self.places.next = inbox;
        self.outputs.next = outputs;
    }

    fn apply_inbox(&mut self, record: &InboxRecord) {
        match record {
            InboxRecord::Frame(bytes) => {
                if let Ok(frame) = wayfare_protocol::daemon::InboxFrame::decode(bytes) {
                    return self.places.append(&frame, bytes.len());
                }
            }
            InboxRecord::Ownership(record) => self.ownership.apply(record),
            InboxRecord::Durability(durability) => self.durability = *durability,
            InboxRecord::Stopped(is_stopped) => self.is_stopped = *is_stopped,
            InboxRecord::Kept(epoch) => self.kept = Some(*epoch),
            InboxRecord::Snapshot { position, ownership, durability, is_stopped, kept, .. } => {
                ownership.iter().for_each(|record| self.ownership.apply(record));
                self.durability = *durability;
                self.is_stopped = *is_stopped;
                self.kept = *kept;
                self.places.forget_through(*position);
            }
        }
        self.places.next += 1;
    }

    fn runner(&self) -> Option<&Runner> {
        if let Phase::Running(runner) = &self.phase { Some(runner) } else { None }
    }

    /// Whether this node may act for the daemon, and is to.
    fn acts(&self) -> bool {
        matches!(self.ownership.phase(), ownership::Phase::Held { .. }) && !self.is_stopped
    }

    /// What follows from whatever happened.
    fn go_on(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.acts_since = self.acts().then(|| self.acts_since.unwrap_or(now.boot));
        self.answer_waiting(now, out);
        self.fire_ticks(now);
        self.ask_sources(now, out);
        self.commit(out);
        self.serve_fetches(now, out);
        self.seal_if_drained(now, out);
        self.snapshot_if_due(now, out);
        self.tell_news(out);
    }

    /// Made here and now. Nobody hears of it before that is durable.
    fn create(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let mut effects = Vec::new();
        let key = ResourceKey::Daemon(self.config.key.clone());
        self.ownership.step(now, ownership::Input::Created { key }, &mut effects);
        let records = effects.into_iter().filter_map(|effect| match effect {
            ownership::Effect::Append(record) => Some(InboxRecord::Ownership(record)),
            _ => None, // it is published, and claimed, when it is durable
        });
        let records = records.chain([InboxRecord::Durability(self.config.durability)]).collect();
        self.append(records, vec![After::Appear], out);
        self.make(History::default(), None, out);
    }

    /// Appends records that are no frames, and keeps what waits for it.
    fn append(&mut self, records: Vec<InboxRecord>, after: Vec<After>, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.places.next += records.len() as u64;
        self.after.insert(op, after);
        // A seal, a row, a snapshot's place: rare, and never to be taken back by a loss of power.
        let durability = match self.durability {
            Durability::Memory => Durability::Memory,
            Durability::Process | Durability::Disk => Durability::Disk,
        };
        out.push(Effect::AppendInbox { op, records, durability });
    }

    fn open_reader(&mut self, reader: crate::outputs::ReaderId, from: u64, out: &mut impl Sink<Effect>) {
        if let Err(attached) = self.outbox.open(reader, from, &self.config.limits) {
            let refusal = Refusal::new(ErrorCode::Overloaded, format!("{attached} readers are attached already"));
            out.push(Effect::RefuseReader { reader, refusal });
        }
    }

    fn on_done(&mut self, now: Now, op: OpId, outcome: Outcome, out: &mut impl Sink<Effect>) {
        match outcome {
            Outcome::Appended => {
                self.recorded(op, out);
                self.logged(op, out);
                for after in self.after.remove(&op).unwrap_or_default() {
                    match after {
                        After::Do(effect) => out.push(*effect),
                        After::Appear => self.published = Published::Outdated,
                        After::Trim { head, record, outputs, manifest } => {
                            self.snapshot_recorded(now, head, (record, outputs), manifest, out);
                        }
                    }
                }
            }
            Outcome::Stored(result) => self.stored(op, result, out),
            Outcome::Loaded(result) => {
                if !self.replay_loaded(op, &result, out) {
                    self.loaded(now, op, result, out);
                }
            }
            Outcome::Reread(records) => {
                if !self.replay_read(op, &records, out) {
                    self.reread(op, &records, out);
                }
            }
            Outcome::Read(records) => self.read(op, records, out),
            Outcome::Answered(answer) => self.source_answered(now, op, answer, out),
        }
    }

    fn refuse_waiting(&mut self, out: &mut impl Sink<Effect>) {
        for (caller, _, _) in std::mem::take(&mut self.waiting) {
            let refusal = Refusal::new(ErrorCode::StaleEpoch, "it is being moved".to_owned());
            reply(caller, DaemonAnswer::Refused(refusal), out);
        }
    }
}
