//! The actor of a daemon on its node.

mod asking;
mod chunks;
mod measured;
mod removing;
mod snapshots;

pub use chunks::Chunks;
pub(crate) use snapshots::load as load_snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use wayfare_core::daemon::{
    Answer, Config, DaemonHost, Effect, Factories, InboxRecord, Input, MoveAnswer, MoveAsk, Outcome, Record,
};
use wayfare_core::machine::OpId;
use wayfare_core::outputs::{ReaderEffect, ReaderId};
use wayfare_core::session::Caller;
use wayfare_core::{Durable as _, Machine as _, account, ownership};
use wayfare_protocol::daemon::{DaemonAnswer, DaemonFactory, DaemonKind, Durability, OutputFrame, Work};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::snapshot::SnapshotBytes;
use wayfare_protocol::{EntityId, Limits, RequestId, ResourceId, codec};

use crate::actor::{Arguments, Context, Executor, Fatal, Runtime, Start, Started};
use crate::directory::Directory;
use crate::ids::Ids;
use crate::link::{StreamPeer, Unserved};
use crate::logs;
use crate::migration::MoveReply;
use crate::ports::{Clock, EntityKeys, Log, LogName, LogStore, Workers};
use crate::readers::Readers;
use asking::Asking;

/// What a node's daemons need.
#[derive(Clone)]
pub struct Environs {
    /// The actors around them.
    pub directory: Arc<Directory>,
    /// Where their logs are.
    pub logs: Arc<dyn LogStore>,
    /// Where their snapshots are.
    pub chunks: Chunks,
    /// Where their keys are.
    pub keys: Arc<dyn EntityKeys>,
    /// Does their background work.
    pub workers: Arc<dyn Workers>,
    /// Their code.
    pub factories: Factories,
    /// Makes request ids and seeds.
    pub ids: Arc<Ids>,
    /// Clock and timer.
    pub runtime: Runtime,
}

/// The code that a node has, each under a stop-watch.
#[must_use]
pub fn measured(
    code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
    clock: &Arc<dyn Clock>,
    limits: &Limits,
) -> Factories {
    let measure = |factory| -> Arc<dyn DaemonFactory> {
        Arc::new(measured::Measured { factory, clock: Arc::clone(clock), limits: limits.clone() })
    };
    Arc::new(code.into_iter().map(|(kind, factory)| (kind, measure(factory))).collect())
}

/// The executor of a daemon.
pub struct DaemonExecutor {
    config: Config,
    environs: Environs,
    /// `None` once they are being deleted.
    logs: Option<Logs>,
    readers: Readers,
    /// What does its background work, once there was any.
    worker: Option<Arc<dyn Work>>,
    /// Migrations that wait for an answer.
    moves: BTreeMap<Caller, MoveReply>,
    asked: u64,
    asking: Asking,
    /// Those that are told when nothing is left here.
    forgotten: Vec<MoveReply>,
}

#[derive(Clone)]
struct Logs {
    inbox: Arc<dyn Log>,
    outputs: Arc<dyn Log>,
}

/// What a daemon is told besides its machine's inputs.
pub enum DaemonCommand {
    /// A stream wants outputs.
    Read {
        /// Which.
        stream: Unserved,
        /// The first output.
        from: u64,
    },
    /// A reader's stream is closed.
    ReaderGone {
        /// Whose.
        reader: ReaderId,
    },
    /// A migration asks.
    Move {
        /// What.
        ask: MoveAsk,
        /// Who is answered.
        reply: MoveReply,
    },
    /// It comes from another node: its snapshot is here.
    Arrive {
        /// Where the snapshot is kept.
        manifest: Manifest,
        /// Its bytes.
        snapshot: SnapshotBytes,
        /// Who is answered.
        reply: MoveReply,
    },
    /// Another daemon has answered.
    Answered {
        /// What was asked.
        request: RequestId,
        /// The answer.
        answer: DaemonAnswer,
    },
    /// What was kept of the daemon is deleted.
    Removed,
}

/// How a daemon's actor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It is made now.
    Made,
    /// Its logs were there.
    Found,
    /// It comes from another node, and is told so.
    Arriving,
}

/// The arguments of a daemon's actor.
pub fn arguments(config: Config, environs: Environs, beginning: Beginning) -> Arguments<DaemonExecutor> {
    let runtime = environs.runtime.clone();
    let name = format!("daemon {}", config.entity);
    let first = AtomicBool::new(true);
    let start: Start<DaemonExecutor> = Arc::new(move |now| {
        let is_first = first.swap(false, Ordering::Relaxed);
        let (mut config, environs) = (config.clone(), environs.clone());
        // Positions of different lives are different ones, or were never durable: a new seed for each life.
        config.seed = environs.ids.seed();
        Box::pin(async move {
            let entity = config.entity;
            let inbox: Arc<dyn Log> = environs.logs.open(LogName::DaemonInbox(entity)).await?.into();
            let outputs: Arc<dyn Log> = environs.logs.open(LogName::DaemonOutputs(entity)).await?.into();
            let mut machine = DaemonHost::new(config.clone(), now);
            let is_empty = inbox.next() == 1;
            machine.logs_start_at(inbox.first(), outputs.first());
            let mut newest = None;
            let take = |record: InboxRecord| {
                if let InboxRecord::Snapshot { manifest, .. } = &record {
                    newest = Some(manifest.clone());
                }
                machine.apply(&Record::Inbox(record));
            };
            logs::fold(inbox.as_ref(), take).await?;
            logs::fold(outputs.as_ref(), |record: OutputFrame| machine.apply(&Record::Output(record))).await?;
            tokio::spawn(environs.chunks.found(entity, newest.as_ref()));
            let inputs = match beginning {
                Beginning::Made if is_empty => vec![Input::Create],
                Beginning::Arriving if is_empty && is_first => Vec::new(),
                Beginning::Made | Beginning::Found | Beginning::Arriving => vec![Input::Recovered],
            };
            let executor = DaemonExecutor {
                config,
                environs,
                logs: Some(Logs { inbox, outputs }),
                readers: Readers::default(),
                worker: None,
                moves: BTreeMap::new(),
                asked: 0,
                asking: Asking::default(),
                forgotten: Vec::new(),
            };
            Ok(Started { machine, executor, inputs })
        })
    });
    Arguments { name, start, runtime }
}

impl DaemonExecutor {
    fn entity(&self) -> EntityId {
        self.config.entity
    }

    fn logs(&self) -> Result<&Logs, Fatal> {
        self.logs.as_ref().ok_or_else(|| Fatal("its logs are being deleted".to_owned()))
    }

    fn append(
        &self,
        log: &Arc<dyn Log>,
        op: OpId,
        records: Vec<Bytes>,
        durability: Durability,
        context: &mut Context<Self>,
    ) {
        // Called here, so that the order of calls is the order of records; awaited in a task.
        let appended = match durability {
            // More than was asked for: the log outlives the process.
            Durability::Memory | Durability::Process => log.write(records),
            Durability::Disk => log.append(records),
        };
        context.perform(async move {
            appended.await?;
            Ok(Input::Done { op, outcome: Outcome::Appended })
        });
    }

    fn reread(&self, op: OpId, context: &mut Context<Self>) -> Result<(), Fatal> {
        let Logs { inbox, outputs } = self.logs()?.clone();
        context.perform(async move {
            // What was written is to be durable before it is read.
            inbox.append(Vec::new()).await?;
            outputs.append(Vec::new()).await?;
            let mut records = Vec::new();
            logs::fold(inbox.as_ref(), |record: InboxRecord| records.push(Record::Inbox(record))).await?;
            logs::fold(outputs.as_ref(), |record: OutputFrame| records.push(Record::Output(record))).await?;
            Ok(Input::Done { op, outcome: Outcome::Reread(records) })
        });
        Ok(())
    }

    fn read_inbox(&self, op: OpId, from: u64, bytes_max: usize, context: &mut Context<Self>) -> Result<(), Fatal> {
        let inbox = Arc::clone(&self.logs()?.inbox);
        context.perform(async move {
            inbox.append(Vec::new()).await?;
            let records = logs::decode_all(&inbox.read(from, bytes_max).await?)?;
            Ok(Input::Done { op, outcome: Outcome::Read(records) })
        });
        Ok(())
    }

    fn trim(&self, inbox: u64, outputs: u64, context: &mut Context<Self>) -> Result<(), Fatal> {
        let logs = self.logs()?;
        let trimmed = [logs.inbox.trim(inbox), logs.outputs.trim(outputs)];
        context.spawn(async move {
            for trimmed in trimmed {
                logs::tell_trim(trimmed.await);
            }
        });
        Ok(())
    }

    fn work(&mut self, work: u64, kind: &DaemonKind, input: Bytes, context: &mut Context<Self>) {
        if self.worker.is_none() {
            self.worker = self.environs.factories.get(kind).and_then(|factory| factory.make().work());
        }
        let Some(worker) = self.worker.clone() else {
            let result = Err("the daemon asks for background work and has no code for it".to_owned());
            return context.feed(Input::Worked { work, result });
        };
        let done = self.environs.workers.run(Box::new(move || worker.run(&input)));
        context.perform(async move { Ok(Input::Worked { work, result: done.await }) });
    }

    /// Who waits for this answer of the machine.
    fn asked_by(&mut self, reply: MoveReply) -> Caller {
        self.asked += 1;
        let caller = Caller(self.asked);
        self.moves.insert(caller, reply);
        caller
    }

    fn reply(&mut self, caller: Caller, answer: Answer) {
        match answer {
            Answer::Call(answer) => {
                self.environs.directory.tell_account(account::Input::DaemonAnswer { caller, answer });
            }
            // Told when it is true: another host may be made for it then.
            Answer::Move(MoveAnswer::Forgotten) => self.forgotten.extend(self.moves.remove(&caller)),
            Answer::Move(answer) => {
                if let Some(reply) = self.moves.remove(&caller) {
                    reply.answer(answer);
                }
            }
        }
    }

    fn ownership(&mut self, effect: ownership::Effect) {
        match effect {
            ownership::Effect::Claim(claim) => {
                let (resource, request) = (ResourceId::Daemon(self.entity()), RequestId(self.environs.ids.next()));
                self.environs.directory.tell_account(account::Input::Claim { resource, request, claim });
            }
            ownership::Effect::Rename { from, to } => {
                tracing::warn!(%from, %to, "the daemon's name was taken: it has another one now");
            }
            ownership::Effect::SealRefused(error) => tracing::warn!(%error, "not sealed"),
            // The machine takes these itself.
            ownership::Effect::Append(_) | ownership::Effect::Publish(_) => {}
        }
    }
}

impl Executor for DaemonExecutor {
    type Machine = DaemonHost;
    type Command = DaemonCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Remove => self.remove(context),
            Effect::AppendInbox { op, records, durability } => {
                let log = Arc::clone(&self.logs()?.inbox);
                self.append(&log, op, records.iter().map(codec::encode).collect(), durability, context);
            }
            Effect::AppendOutputs { op, frame, durability } => {
                let log = Arc::clone(&self.logs()?.outputs);
                self.append(&log, op, vec![codec::encode(&frame)], durability, context);
            }
            Effect::StoreSnapshot { op, snapshot } => {
                let stored = snapshots::store(&self.environs.chunks, op, *snapshot, &self.config.limits);
                context.perform(async move { Ok(Input::Done { op, outcome: Outcome::Stored(stored.await) }) });
            }
            Effect::LoadSnapshot { op, manifest } => {
                let loaded = snapshots::load(self.environs.chunks.store(), manifest);
                context.perform(async move { Ok(Input::Done { op, outcome: Outcome::Loaded(loaded.await) }) });
            }
            Effect::Reread { op } => self.reread(op, context)?,
            Effect::ReadInbox { op, from, bytes_max } => self.read_inbox(op, from, bytes_max, context)?,
            Effect::Trim { inbox, outputs, snapshot } => {
                context.spawn(self.environs.chunks.recorded(self.entity(), &snapshot));
                self.trim(inbox, outputs, context)?;
            }
            Effect::Work { work, kind, input } => self.work(work, &kind, input, context),
            Effect::Reply { caller, answer } => self.reply(caller, answer),
            Effect::Send { reader, message } => {
                self.readers.carry_out(ReaderEffect::Send { reader, message });
            }
            Effect::RefuseReader { reader, refusal } => self.readers.end(reader, Some(refusal)),
            Effect::Ask { op, daemon, call } => self.ask(op, daemon, call),
            Effect::Ownership(effect) => self.ownership(effect),
            Effect::Publish(info) => {
                self.environs.directory.tell_account(account::Input::Daemon(info));
            }
        }
        Ok(())
    }

    fn command(&mut self, command: DaemonCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            DaemonCommand::Read { stream, from } => {
                let myself = context.myself().clone();
                let reader = self.readers.add(stream, |reader| StreamPeer::Daemon(myself, reader));
                context.feed(Input::ReaderOpened { reader, from });
            }
            DaemonCommand::ReaderGone { reader } => {
                self.readers.gone(reader);
                context.feed(Input::ReaderClosed { reader });
            }
            DaemonCommand::Move { ask, reply } => {
                let caller = self.asked_by(reply);
                context.feed(Input::Move { caller, ask });
            }
            DaemonCommand::Arrive { manifest, snapshot, reply } => {
                context.spawn(self.environs.chunks.recorded(self.entity(), &manifest));
                let caller = self.asked_by(reply);
                context.feed(Input::Arrive { caller, manifest, snapshot });
            }
            DaemonCommand::Answered { request, answer } => {
                if let Some(input) = self.asking.answered(request, answer) {
                    context.feed(input);
                }
            }
            DaemonCommand::Removed => {
                self.environs.directory.remove_daemon(self.entity());
                for reply in std::mem::take(&mut self.forgotten) {
                    reply.answer(MoveAnswer::Forgotten);
                }
                context.myself().stop(None);
            }
        }
        Ok(())
    }
}
