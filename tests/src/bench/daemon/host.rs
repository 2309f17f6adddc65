//! A daemon's host without mailbox and disk: what it decides is carried out in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use wayfare_core::Machine as _;
use wayfare_core::daemon::{
    Answer, Config, DaemonHost, Effect, Factories, InboxRecord, Input, MoveAnswer, MoveAsk, Outcome,
};
use wayfare_core::session::Caller;
use wayfare_protocol::daemon::{DaemonCall, DaemonError, DaemonFactory, DaemonKey, Durability, Event, MeshDaemon};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::snapshot::{Joining, SnapshotBytes};
use wayfare_protocol::{Boot, ChunkId, DeviceId, EntityKey, Limits, NodeId, Now, Origin, Wall, daemon};

/// Chunks that every node reaches.
pub(super) type Blobs = Rc<RefCell<BTreeMap<ChunkId, Bytes>>>;

/// Says every event again, and has a state that is only there to be moved.
struct Echo(Bytes);

impl MeshDaemon for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn process(&mut self, event: &Event, _context: &mut daemon::Context) -> Result<Vec<Bytes>, DaemonError> {
        Ok(vec![event.payload.clone()])
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(self.0.clone()))
    }

    fn restore(&mut self, state: Bytes, _version: u32) -> Result<(), DaemonError> {
        self.0 = state;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        true
    }
}

/// The key of the daemon.
pub(super) fn key() -> &'static EntityKey {
    static KEY: LazyLock<EntityKey> = LazyLock::new(|| EntityKey::from_seed(&[9; 32]));
    &KEY
}

/// Its name and kind.
pub(super) fn name() -> Result<DaemonKey> {
    Ok(DaemonKey { name: "bench".parse()?, kind: "echo".parse()? })
}

/// The code, with so large a state.
pub(super) fn code(state: usize) -> Result<Factories> {
    let state = Bytes::from(vec![7; state]);
    let factory: Arc<dyn DaemonFactory> = Arc::new(move || Box::new(Echo(state.clone())) as Box<dyn MeshDaemon>);
    Ok(Arc::new([("echo".parse()?, factory)].into()))
}

pub(super) fn node(n: u8) -> NodeId {
    NodeId(DeviceId([n; 32]))
}

/// The time, which stands still.
pub(super) fn now() -> Now {
    Now { boot: Boot::default(), wall: Wall(1) }
}

/// See the module.
pub(super) struct Host {
    machine: DaemonHost,
    inbox: Vec<InboxRecord>,
    blobs: Blobs,
    limits: Limits,
    open: VecDeque<Input>,
    out: Vec<Effect>,
    answer: Option<Answer>,
    is_removed: bool,
}

impl Host {
    /// One that was not told anything.
    pub(super) fn new(here: NodeId, factories: &Factories, blobs: &Blobs) -> Result<Self> {
        let limits = Limits::default();
        let config = Config {
            entity: key().entity(),
            key: name()?,
            durability: Durability::Process,
            here,
            device_name: "bench".to_owned(),
            factories: Arc::clone(factories),
            seed: 42,
            limits: limits.clone(),
        };
        let mut machine = DaemonHost::new(config, now());
        machine.logs_start_at(1, 1);
        let (blobs, open, out) = (Rc::clone(blobs), VecDeque::new(), Vec::new());
        Ok(Self { machine, inbox: Vec::new(), blobs, limits, open, out, answer: None, is_removed: false })
    }

    /// One of a daemon that was just made.
    pub(super) fn created(here: NodeId, factories: &Factories, blobs: &Blobs) -> Result<Self> {
        let mut host = Self::new(here, factories, blobs)?;
        host.step(Input::Create)?;
        Ok(host)
    }

    /// An input, and whatever follows from it. Gives the answer to it.
    pub(super) fn step(&mut self, input: Input) -> Result<Option<Answer>> {
        self.answer = None;
        self.open.push_back(input);
        while let Some(input) = self.open.pop_front() {
            let mut out = std::mem::take(&mut self.out);
            self.machine.step(now(), input, &mut out);
            for effect in out.drain(..) {
                self.carry_out(effect)?;
            }
            self.out = out;
        }
        Ok(self.answer.take())
    }

    /// Events of one publisher.
    pub(super) fn publish(&mut self, first: u64, payloads: Vec<Bytes>) -> Result<Option<Answer>> {
        let call = DaemonCall::Publish { origin: Origin(1), first, payloads };
        self.step(Input::Call { caller: Caller(first), epoch: None, call })
    }

    /// What a migration asks.
    pub(super) fn ask(&mut self, ask: MoveAsk) -> Result<MoveAnswer> {
        match self.step(Input::Move { caller: Caller(0), ask })? {
            Some(Answer::Move(answer)) => Ok(answer),
            other => anyhow::bail!("no answer to a migration: {other:?}"),
        }
    }

    /// It comes from a snapshot.
    pub(super) fn arrive(&mut self, manifest: Manifest) -> Result<MoveAnswer> {
        let snapshot = joined(&self.blobs.borrow(), &manifest)?;
        match self.step(Input::Arrive { caller: Caller(0), manifest, snapshot })? {
            Some(Answer::Move(answer)) => Ok(answer),
            other => anyhow::bail!("no answer to a snapshot: {other:?}"),
        }
    }

    /// Whether nothing is kept of the daemon any more.
    pub(super) fn is_removed(&self) -> bool {
        self.is_removed
    }

    fn carry_out(&mut self, effect: Effect) -> Result<()> {
        let done = |op, outcome| Input::Done { op, outcome };
        match effect {
            Effect::AppendInbox { op, records, .. } => {
                self.inbox.extend(records);
                self.open.push_back(done(op, Outcome::Appended));
            }
            Effect::AppendOutputs { op, .. } => self.open.push_back(done(op, Outcome::Appended)),
            Effect::StoreSnapshot { op, snapshot } => {
                let encoded = snapshot.encode(self.limits.snapshot)?;
                let (manifest, chunks) = encoded.cut(self.limits.snapshot_chunk, self.limits.snapshot)?;
                let ids = manifest.chunks.iter().map(|(chunk, _)| *chunk);
                self.blobs.borrow_mut().extend(ids.zip(chunks));
                self.open.push_back(done(op, Outcome::Stored(Ok(manifest))));
            }
            Effect::ReadInbox { op, from, .. } => {
                let records = self.inbox[usize::try_from(from - 1)?..].to_vec();
                self.open.push_back(done(op, Outcome::Read(records)));
            }
            Effect::Reply { answer, .. } => self.answer = Some(answer),
            Effect::Remove => self.is_removed = true,
            // Nobody reads outputs, and nothing is read from logs again.
            Effect::Trim { .. }
            | Effect::Publish(_)
            | Effect::Ownership(_)
            | Effect::Send { .. }
            | Effect::LoadSnapshot { .. }
            | Effect::Reread { .. }
            | Effect::Work { .. }
            | Effect::Ask { .. }
            | Effect::RefuseReader { .. } => {}
        }
        Ok(())
    }
}

/// The bytes of a snapshot, each chunk checked.
pub(super) fn joined(blobs: &BTreeMap<ChunkId, Bytes>, manifest: &Manifest) -> Result<SnapshotBytes> {
    let mut snapshot = Joining::new(manifest.total);
    for (chunk, _) in &manifest.chunks {
        let part = blobs.get(chunk).with_context(|| format!("chunk {chunk} is not there"))?;
        anyhow::ensure!(chunk.is_of(part), "chunk {chunk} is damaged");
        snapshot.push(part.clone());
    }
    Ok(snapshot.finish())
}
