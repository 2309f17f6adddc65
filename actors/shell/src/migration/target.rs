//! The actor of a target.

use std::sync::Arc;

use wayfare_core::Machine as _;
use wayfare_core::account::StoreAnswer;
use wayfare_core::daemon::MoveAnswer;
use wayfare_core::holds::Hold;
use wayfare_core::machine::OpId;
use wayfare_core::migration::Target;
use wayfare_core::migration::target::{Config, Effect, Input, Outcome};
use wayfare_protocol::between::Said;
use wayfare_protocol::daemon::DaemonKey;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::{FailureReason, SnapshotReady};
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{EntityId, ErrorCode, MigrationId, NodeId, Refusal, SignedHead};

use super::{Asker, Environs, FirstStart, MoveReply, host, keys};
use crate::actor::{Context, Executor, Fatal, Mail, Start, Started};
use crate::children::arriving_child;
use crate::daemon::{self, DaemonCommand};
use crate::link::fetch_chunk;

/// Carries out what a target decides.
pub(super) struct TargetExecutor {
    environs: Environs,
    daemon: EntityId,
}

pub(super) fn start(environs: Environs, daemon: EntityId, others: usize) -> Start<TargetExecutor> {
    let first = FirstStart::new();
    Arc::new(move |now| {
        let config = Config { daemon, here: environs.node, others, limits: environs.limits.clone() };
        let machine = Target::new(config, now);
        let recovered = || Input::Recovered { migration: MigrationId(environs.daemons.ids.next()) };
        let inputs = if first.take() { Vec::new() } else { vec![recovered()] };
        let executor = TargetExecutor { environs: environs.clone(), daemon };
        Box::pin(async move { Ok(Started { machine, executor, inputs }) })
    })
}

impl TargetExecutor {
    fn prepare(&self, key: &DaemonKey) -> Result<(), FailureReason> {
        let has_code = self.environs.daemons.factories.contains_key(&key.kind);
        has_code.then_some(()).ok_or_else(|| FailureReason::NoCode { kind: key.kind.clone() })
    }

    fn reply(op: OpId, context: &Context<Self>) -> MoveReply {
        let myself = context.myself().clone();
        MoveReply::new(move |answer| {
            let _ = myself.cast(Mail::Input(Input::Done { op, outcome: Outcome::Host(answer) }, None)); // it has ended
        })
    }

    /// A host is made for the daemon from its snapshot.
    fn arrive(&self, op: OpId, ready: SnapshotReady, context: &mut Context<Self>) {
        let reply = Self::reply(op, context);
        let environs = self.environs.clone();
        let SnapshotReady { key, durability, manifest, .. } = ready;
        let config = wayfare_core::daemon::Config {
            entity: self.daemon,
            key,
            durability,
            here: environs.node,
            device_name: environs.device_name.clone(),
            factories: Arc::clone(&environs.daemons.factories),
            seed: 0,
            limits: environs.limits.clone(),
        };
        let loaded = daemon::load_snapshot(environs.daemons.chunks.store(), manifest.clone());
        context.spawn(async move {
            match loaded.await {
                Ok(snapshot) => {
                    let command = DaemonCommand::Arrive { manifest, snapshot, reply };
                    environs.supervise(arriving_child(config, environs.daemons.clone(), command));
                }
                Err(why) => {
                    let refusal = Refusal::new(ErrorCode::StorageFailed, why.to_string());
                    reply.answer(MoveAnswer::Refused(refusal));
                }
            }
        });
    }
}

/// Opens an entity's key and keeps it.
async fn open_key(environs: Environs, daemon: EntityId, head: SignedHead, sealed: SealedKey) -> Result<(), String> {
    let key = environs.key.open(daemon, &head, &sealed).map_err(|error| error.to_string())?;
    environs.daemons.keys.put(key).await.map_err(|error| error.to_string())
}

/// Fetches the chunks that are not here, one after the other. What came before a failure is kept as long as the target is there: the next
/// attempt goes on from there.
async fn pull(environs: Environs, daemon: EntityId, source: NodeId, manifest: Manifest) -> Result<(), String> {
    manifest.check(environs.limits.snapshot).map_err(|error| error.to_string())?;
    let chunks = &environs.daemons.chunks;
    chunks.hold(Hold::Coming(daemon), &manifest).await;
    let blobs = chunks.store();
    for (chunk, _) in manifest.chunks {
        if !blobs.has(chunk).await.map_err(|error| error.to_string())? {
            let link = environs.daemons.directory.upstream().ok_or("there is no link to the cloud")?;
            let bytes = fetch_chunk(&link, source, chunk).await?;
            blobs.put(chunk, bytes).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn asker(op: OpId, context: &Context<TargetExecutor>) -> Asker {
    super::asker(context, move |answer| match answer {
        StoreAnswer::Row(row) => Some(Input::Done { op, outcome: Outcome::Read(Ok(row)) }),
        StoreAnswer::Claimed(_) | StoreAnswer::Placed(_) => None,
    })
}

impl Executor for TargetExecutor {
    type Machine = Target;
    type Command = std::convert::Infallible;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        let daemon = self.daemon;
        match effect {
            Effect::Host { op, ask } => {
                host::ask(&self.environs.daemons.directory, daemon, ask, Self::reply(op, context));
            }
            Effect::Prepare { op, key, .. } => {
                context.feed(Input::Done { op, outcome: Outcome::Prepared(self.prepare(&key)) });
            }
            Effect::Pull { op, source, manifest } => {
                let pulled = pull(self.environs.clone(), daemon, source, manifest);
                context.perform(async move { Ok(Input::Done { op, outcome: Outcome::Pulled(pulled.await) }) });
            }
            Effect::OpenKey { op, head, sealed } => {
                let opened = open_key(self.environs.clone(), daemon, head, sealed);
                context.perform(async move { Ok(Input::Done { op, outcome: Outcome::Opened(opened.await) }) });
            }
            Effect::Arrive { op, ready } => self.arrive(op, *ready, context),
            Effect::ZeroizeKey => keys::forget(&self.environs, daemon),
            Effect::Send { to, message } => self.environs.say(to, Said::Migration(Box::new(message))),
            Effect::ReadRow { op } => self.environs.read_row(daemon, asker(op, context)),
            Effect::Rejected { from, wrong } => {
                tracing::debug!(%daemon, from = %from.0.short(), %wrong, "passed over");
            }
            Effect::Ended => {
                // What the daemon's host has taken over stays. It may outlast this actor.
                tokio::spawn(self.environs.daemons.chunks.release(Hold::Coming(daemon)));
                self.environs.moves.with(|known| known.targets.0.remove(&daemon));
                context.myself().stop(None);
            }
        }
        Ok(())
    }

    fn command(&mut self, command: Self::Command, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {}
    }
}
