//! The actor of a source.

use std::sync::Arc;

use wayfare_core::Machine as _;
use wayfare_core::account::StoreAnswer;
use wayfare_core::machine::OpId;
use wayfare_core::migration::Source;
use wayfare_core::migration::source::{Attested, Config, Effect, Input, Outcome};
use wayfare_protocol::between::Said;
use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{EntityId, Epoch, Head, MigrationId, NodeId, SignedHead};

use super::{Asker, Environs, FirstStart, MoveReply, host, keys};
use crate::actor::{Context, Executor, Fatal, Mail, Start, Started};

/// Carries out what a source decides.
pub(super) struct SourceExecutor {
    environs: Environs,
    daemon: EntityId,
}

pub(super) fn start(environs: Environs, daemon: EntityId) -> Start<SourceExecutor> {
    let first = FirstStart::new();
    Arc::new(move |now| {
        let config = Config { daemon, here: environs.node, limits: environs.limits.clone() };
        let machine = Source::new(config, now);
        let recovered = || Input::Recovered { migration: MigrationId(environs.daemons.ids.next()) };
        let inputs = if first.take() { Vec::new() } else { vec![recovered()] };
        let executor = SourceExecutor { environs: environs.clone(), daemon };
        Box::pin(async move { Ok(Started { machine, executor, inputs }) })
    })
}

/// The entity's word for where it stands, and its key for the target's eyes only.
async fn attest(
    environs: Environs,
    daemon: EntityId,
    (head, lineage, epoch): (Head, Lineage, Epoch),
    key_for: Option<NodeId>,
) -> Result<Attested, String> {
    let key = keys::of(&environs, daemon).await?;
    let head = SignedHead::sign(&key, lineage, epoch, head);
    let sealed_key = match key_for {
        None => None,
        Some(target) => {
            let sealing_key = environs.sealing_key(target).await.map_err(|_| "the target's key was not told")?;
            let sealed = SealedKey::seal(&key, sealing_key, &head, environs.daemons.ids.secret().into());
            Some(sealed.map_err(|error| error.to_string())?)
        }
    };
    Ok(Attested { head, sealed_key })
}

fn asker(op: OpId, context: &Context<SourceExecutor>) -> Asker {
    super::asker(context, move |answer| {
        let outcome = match answer {
            StoreAnswer::Row(row) => Outcome::Read(Ok(row)),
            StoreAnswer::Claimed(outcome) => Outcome::Claimed(outcome),
            StoreAnswer::Placed(_) => return None, // a source asks for none
        };
        Some(Input::Done { op, outcome })
    })
}

impl Executor for SourceExecutor {
    type Machine = Source;
    type Command = std::convert::Infallible;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        let daemon = self.daemon;
        match effect {
            Effect::Host { op, ask } => {
                let myself = context.myself().clone();
                let reply = MoveReply::new(move |answer| {
                    let _ = myself.cast(Mail::Input(Input::Done { op, outcome: Outcome::Host(answer) }, None)); // it has ended
                });
                host::ask(&self.environs.daemons.directory, daemon, ask, reply);
            }
            Effect::Attest { op, head, lineage, epoch, key_for } => {
                let attested = attest(self.environs.clone(), daemon, (head, lineage, epoch), key_for);
                context.perform(async move { Ok(Input::Done { op, outcome: Outcome::Attested(attested.await) }) });
            }
            Effect::Send { to, message } => self.environs.say(to, Said::Migration(Box::new(message))),
            Effect::ReadRow { op } => self.environs.read_row(daemon, asker(op, context)),
            Effect::Claim { op, claim } => self.environs.claim(claim, asker(op, context)),
            Effect::ZeroizeKey => keys::forget(&self.environs, daemon),
            Effect::Rejected { from, wrong } => {
                tracing::debug!(%daemon, from = %from.0.short(), %wrong, "passed over");
            }
            Effect::Ended => {
                self.environs.moves.with(|known| known.sources.0.remove(&daemon));
                context.myself().stop(None);
            }
        }
        Ok(())
    }

    fn command(&mut self, command: Self::Command, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {}
    }
}
