//! A host at a desk: all that its actor and its node would do, over logs in memory that a crash leaves behind. For tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{
    Context, DaemonAnswer, DaemonCall, DaemonError, DaemonFactory, DaemonKey, DaemonKind, DaemonOutput, DaemonUpdate,
    Durability, Event, MeshDaemon, OutputFrame, Source,
};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::ownership::{Lineage, Row};
use wayfare_protocol::snapshot::SnapshotBytes;
use wayfare_protocol::{
    Boot, DeviceId, EntityId, EntityKey, Epoch, Limits, NodeId, Now, Origin, ResourceId, Wall, codec,
};

use super::*;
use crate::outputs::ReaderId;

/// Adds up numbers. Says the sum of every even one twice, of others nothing; what it cannot do it does as its events say.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sum: u64,
    pub(crate) seen: u64,
    /// Says another thing each time: it is not deterministic.
    pub(crate) drifts: Option<Arc<std::sync::atomic::AtomicU64>>,
}

impl MeshDaemon for Tally {
    fn name(&self) -> &str {
        "tally"
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let text = String::from_utf8_lossy(&event.payload).into_owned();
        match (event.source, text.as_str()) {
            (Source::Tick { tag }, _) => return Ok(vec![Bytes::from(format!("tick {tag}"))]),
            (Source::Worked { tag }, result) => return Ok(vec![Bytes::from(format!("work {tag}: {result}"))]),
            (_, "refuse") => return Err(DaemonError::Process("not this one".to_owned())),
            // Without the report of a panic, which thousands of runs would print.
            (_, "panic") => std::panic::resume_unwind(Box::new("as asked")),
            (_, "tick") => context.schedule(Duration::from_secs(5), 7),
            (_, "work") => context.background(8, Bytes::from_static(b"input")),
            (_, "drift") => {
                let drifts = self.drifts.clone().unwrap_or_default();
                let drift = drifts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                return Ok(vec![Bytes::from(format!("drift {drift}"))]);
            }
            _ => {}
        }
        self.seen += 1;
        let number: u64 = text.parse().unwrap_or_default();
        self.sum += number;
        let said = Bytes::from(format!("{} at {} rolls {}", self.sum, event.position, context.random() % 6));
        Ok(if number.is_multiple_of(2) { vec![said.clone(), said] } else { Vec::new() })
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode(&(self.sum, self.seen))))
    }

    fn restore(&mut self, state: Bytes, _version: u32) -> Result<(), DaemonError> {
        (self.sum, self.seen) = codec::decode(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        self.drifts.is_none()
    }
}

/// Says every event again. Has no state.
pub(crate) struct Echo;

impl MeshDaemon for Echo {
    fn name(&self) -> &str {
        "echo"
    }

    fn process(&mut self, event: &Event, _context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        Ok(vec![event.payload.clone()])
    }

    fn deterministic(&self) -> bool {
        true
    }
}

pub(crate) fn tally() -> Arc<dyn DaemonFactory> {
    Arc::new(|| Box::new(Tally::default()) as Box<dyn MeshDaemon>)
}

pub(crate) const HERE: NodeId = NodeId(DeviceId([1; 32]));
pub(crate) const THERE: NodeId = NodeId(DeviceId([2; 32]));

/// What a crash leaves: both logs, and the snapshots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) inbox_first: u64,
    pub(crate) inbox: Vec<InboxRecord>,
    pub(crate) outputs_first: u64,
    pub(crate) outputs: Vec<OutputFrame>,
    pub(crate) snapshots: BTreeMap<u64, SnapshotBytes>,
    /// The blob store gives nothing now.
    pub(crate) is_out: bool,
}

/// A host on a node, and all that its actor would do.
pub(crate) struct Desk {
    pub(crate) host: DaemonHost,
    pub(crate) config: Config,
    pub(crate) disk: Disk,
    pub(crate) now: Now,
    /// Appends and the like that have not ended.
    pub(crate) open: VecDeque<Effect>,
    /// Whether effects that take time end at once.
    is_quick: bool,
    pub(crate) answers: Vec<(Caller, Answer)>,
    pub(crate) read: Vec<DaemonUpdate>,
    pub(crate) work: Vec<(u64, Bytes)>,
    /// What it asks other daemons.
    pub(crate) asked: VecDeque<(OpId, EntityId, DaemonCall)>,
    pub(crate) is_removed: bool,
    pub(crate) calls: u64,
}

pub(crate) fn at(seconds: u64) -> Now {
    Now { boot: Boot(Duration::from_secs(seconds)), wall: Wall(1_000_000 + seconds * 1_000) }
}

pub(crate) fn config(here: NodeId, factory: Arc<dyn DaemonFactory>) -> Config {
    let kind: DaemonKind = "tally".parse().unwrap();
    Config {
        entity: entity(),
        key: DaemonKey { name: "votes".parse().unwrap(), kind: kind.clone() },
        durability: Durability::Process,
        here,
        device_name: "desk".to_owned(),
        factories: Arc::new([(kind, factory)].into()),
        seed: 42,
        limits: Limits::default(),
    }
}

pub(crate) fn entity() -> EntityId {
    EntityKey::from_seed(&[9; 32]).entity()
}

pub(crate) fn origin(n: u64) -> Origin {
    Origin(n)
}

pub(crate) fn payloads(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::from((*text).to_owned())).collect()
}

impl Desk {
    /// A daemon that was just made.
    pub(crate) fn new() -> Self {
        Self::with(config(HERE, tally()))
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut desk = Self::on(config, Disk { inbox_first: 1, outputs_first: 1, ..Disk::default() });
        desk.step(Input::Create);
        desk
    }

    /// A host over a disk, not yet told anything.
    pub(crate) fn on(config: Config, disk: Disk) -> Self {
        let mut host = DaemonHost::new(config.clone(), at(0));
        host.logs_start_at(disk.inbox_first.max(1), disk.outputs_first.max(1));
        disk.inbox.iter().for_each(|record| host.apply(&Record::Inbox(record.clone())));
        disk.outputs.iter().for_each(|frame| host.apply(&Record::Output(frame.clone())));
        let (open, asked) = (VecDeque::new(), VecDeque::new());
        let (answers, read, work) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            host,
            config,
            disk,
            now: at(0),
            open,
            is_quick: true,
            answers,
            read,
            work,
            asked,
            is_removed: false,
            calls: 0,
        }
    }

    /// The process ends here; another one finds the disk.
    pub(crate) fn crash(self) -> Self {
        let (now, calls) = (self.now, self.calls);
        let mut again = Self { now, calls, ..Self::on(self.config, self.disk) };
        again.step(Input::Recovered);
        again
    }

    /// Another process finds what is on the disk now, with other code.
    pub(crate) fn begun_with(&self, code: Arc<dyn DaemonFactory>) -> Self {
        let mut again = Self::on(config(HERE, code), self.disk.clone());
        again.step(Input::Recovered);
        again
    }

    /// From now on nothing ends before [`Desk::finish`].
    pub(crate) fn slow(&mut self) {
        self.is_quick = false;
    }

    /// Ends the oldest open effect; whether there was one.
    pub(crate) fn finish(&mut self) -> bool {
        let Some(effect) = self.open.pop_front() else { return false };
        self.end(effect);
        true
    }

    pub(crate) fn step(&mut self, input: Input) {
        let mut out = Vec::new();
        self.host.step(self.now, input, &mut out);
        self.carry_out(out);
    }

    pub(crate) fn wake(&mut self, now: Now) {
        self.now = now;
        let mut out = Vec::new();
        self.host.wake(now, &mut out);
        self.carry_out(out);
    }

    pub(crate) fn call(&mut self, call: DaemonCall) -> Caller {
        self.calls += 1;
        let caller = Caller(self.calls);
        self.step(Input::Call { caller, epoch: None, call });
        caller
    }

    pub(crate) fn ask(&mut self, ask: MoveAsk) -> MoveAnswer {
        self.calls += 1;
        let caller = Caller(self.calls);
        self.step(Input::Move { caller, ask });
        self.move_answer(caller)
    }

    pub(crate) fn move_answer(&self, caller: Caller) -> MoveAnswer {
        let found = self.answers.iter().find(|(asked, _)| *asked == caller);
        match found {
            Some((_, Answer::Move(answer))) => answer.clone(),
            other => panic!("no answer to a migration: {other:?}"),
        }
    }

    pub(crate) fn answer(&self, caller: Caller) -> Option<DaemonAnswer> {
        self.answers.iter().find_map(|(asked, answer)| match answer {
            Answer::Call(answer) if *asked == caller => Some(answer.clone()),
            _ => None,
        })
    }

    pub(crate) fn publish(&mut self, from: u64, first: u64, texts: &[&str]) -> Option<DaemonAnswer> {
        let call = DaemonCall::Publish { origin: origin(from), first, payloads: payloads(texts) };
        let caller = self.call(call);
        self.answer(caller)
    }

    /// The store has granted the row, or grants another one.
    pub(crate) fn row(&mut self, owner: NodeId, n: u64) {
        let row = Row {
            resource: ResourceId::Daemon(self.config.entity),
            key: self.config.key.clone().into(),
            owner,
            epoch: Epoch { generation: 1, n },
            lineage: Lineage(0),
            base: None,
        };
        self.step(Input::Ownership(ownership::Input::Row(row)));
    }

    /// Reads everything from the beginning.
    pub(crate) fn outputs(&mut self) -> Vec<DaemonOutput> {
        let reader = ReaderId(self.calls + 1_000);
        self.read.clear();
        self.step(Input::ReaderOpened { reader, from: 1 });
        self.step(Input::ReaderCredit { reader, bytes: 1 << 30 });
        self.step(Input::ReaderClosed { reader });
        let outputs = self.read.iter().filter_map(|update| match update {
            DaemonUpdate::Output(output) => Some(output.clone()),
            DaemonUpdate::Omitted { .. } => None,
        });
        outputs.collect()
    }

    pub(crate) fn said(&mut self) -> Vec<String> {
        self.outputs().iter().map(|output| String::from_utf8_lossy(&output.payload).into_owned()).collect()
    }

    pub(crate) fn head(&self) -> Head {
        self.host.info().head
    }

    /// The state of the running code.
    pub(crate) fn state(&self) -> Option<Bytes> {
        self.host.runner().and_then(|runner| runner.code.snapshot().expect("a state"))
    }

    /// The snapshot with its manifest that was stored last.
    pub(crate) fn snapshot(&self) -> (Manifest, SnapshotBytes) {
        let (n, bytes) = self.disk.snapshots.last_key_value().expect("a snapshot was stored");
        (manifest(*n), bytes.clone())
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::AppendInbox { .. }
                | Effect::AppendOutputs { .. }
                | Effect::StoreSnapshot { .. }
                | Effect::LoadSnapshot { .. }
                | Effect::Reread { .. }
                | Effect::ReadInbox { .. } => self.open.push_back(effect),
                Effect::Reply { caller, answer } => self.answers.push((caller, answer)),
                Effect::Send { message, .. } => self.read.push(codec::decode(&message).unwrap()),
                Effect::Work { work, input, .. } => self.work.push((work, input)),
                Effect::Ask { op, daemon, call } => self.asked.push_back((op, daemon, call)),
                Effect::Remove => self.is_removed = true,
                Effect::Trim { inbox, outputs, .. } => self.trim(inbox, outputs),
                Effect::RefuseReader { .. } | Effect::Ownership(_) | Effect::Publish(_) => {}
            }
        }
        while self.is_quick && self.finish() {}
    }

    fn trim(&mut self, inbox: u64, outputs: u64) {
        let disk = &mut self.disk;
        disk.inbox.drain(..usize::try_from(inbox - disk.inbox_first).unwrap());
        disk.outputs.drain(..usize::try_from(outputs - disk.outputs_first).unwrap());
        (disk.inbox_first, disk.outputs_first) = (inbox, outputs);
    }

    fn end(&mut self, effect: Effect) {
        let disk = &mut self.disk;
        let (op, outcome) = match effect {
            Effect::AppendInbox { op, records, .. } => {
                disk.inbox.extend(records);
                (op, Outcome::Appended)
            }
            Effect::AppendOutputs { op, frame, .. } => {
                disk.outputs.push(frame);
                (op, Outcome::Appended)
            }
            Effect::StoreSnapshot { op, snapshot } => {
                let node = u64::from(self.config.here.0.0[0]);
                let n = node * 1_000 + disk.snapshots.len() as u64 + 1;
                disk.snapshots.insert(n, snapshot.encode(Limits::default().snapshot).unwrap().concat().into());
                (op, Outcome::Stored(Ok(manifest(n))))
            }
            Effect::LoadSnapshot { op, manifest: wanted } => {
                let found =
                    disk.snapshots.iter().find(|(n, _)| manifest(**n) == wanted).map(|(_, bytes)| bytes.clone());
                let found = found.ok_or_else(|| LoadError::Lost("it is not there".to_owned()));
                let out = || Err(LoadError::Later("not now".to_owned()));
                (op, Outcome::Loaded(if disk.is_out { out() } else { found }))
            }
            Effect::Reread { op } => {
                let inbox = disk.inbox.iter().cloned().map(Record::Inbox);
                (op, Outcome::Reread(inbox.chain(disk.outputs.iter().cloned().map(Record::Output)).collect()))
            }
            Effect::ReadInbox { op, from, .. } => {
                let from = usize::try_from(from - disk.inbox_first).unwrap();
                (op, Outcome::Read(disk.inbox[from..].to_vec()))
            }
            other => panic!("{other:?} does not take time"),
        };
        let mut out = Vec::new();
        self.host.step(self.now, Input::Done { op, outcome }, &mut out);
        self.carry_out(out);
    }
}

/// That these outputs are one chain from its beginning.
pub(crate) fn assert_chained(outputs: &[DaemonOutput]) {
    let mut chain = Chain::genesis(entity().origin());
    for output in outputs {
        chain = chain.validate(&output.link, &output.payload).expect("each follows the one before");
    }
}

fn manifest(n: u64) -> Manifest {
    Manifest { total: n, chunks: Vec::new() }
}
