//! The actor of an orchestrator.

use std::sync::Arc;

use wayfare_core::Machine as _;
use wayfare_core::account::{self, StoreAnswer};
use wayfare_core::machine::OpId;
use wayfare_core::migration::Orchestrator;
use wayfare_core::migration::orchestrator::{Config, Effect, Input, Outcome};
use wayfare_core::session::Caller;
use wayfare_protocol::between::Said;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonKind};
use wayfare_protocol::migration::{MoveInfo, MoveOrder, MoveState, SnapshotReady};
use wayfare_protocol::placement::{Placement, Verdict};
use wayfare_protocol::{EntityId, ErrorCode, MigrationId, NodeId, Refusal};

use super::{Asker, Environs, Known};
use crate::actor::{Context, Executor, Fatal, Start, Started};
use crate::supervisor::Policy;

/// Carries out what an orchestrator decides.
pub(super) struct OrchestratorExecutor {
    environs: Environs,
    daemon: EntityId,
}

/// A move that was ordered and has not ended.
pub(super) struct Ordered {
    to: Option<NodeId>,
    /// Who wants to know how it ends: whoever ordered it, and orders that came again over another link.
    awaiting: Vec<Awaiting>,
}

/// Who wants to know how a move ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaiting {
    /// Whoever ordered it.
    Caller(Caller),
    /// This node, which gives its daemons away.
    Drain,
}

/// What becomes of an order.
enum Admitted {
    /// It is the first.
    Begins,
    /// The same move is under way.
    Joins,
    /// Another move is under way.
    Refused,
}

impl Known {
    fn admit(&mut self, order: &MoveOrder, first: Input, awaiting: Awaiting) -> Admitted {
        let MoveOrder { daemon, to, .. } = *order;
        match self.ordered.get_mut(&daemon) {
            Some(ordered) if ordered.to == to => {
                ordered.awaiting.push(awaiting);
                Admitted::Joins
            }
            None if !self.orchestrators.0.contains_key(&daemon) => {
                self.orchestrators.expect(daemon, vec![first]);
                self.ordered.insert(daemon, Ordered { to, awaiting: vec![awaiting] });
                Admitted::Begins
            }
            // Also one whose end was told a moment ago.
            Some(_) | None => Admitted::Refused,
        }
    }
}

impl Environs {
    /// A daemon of this node is to be moved; `awaiting` is told how that ends.
    pub fn order(&self, awaiting: Awaiting, kind: DaemonKind, order: MoveOrder) {
        self.order_with(awaiting, kind, order, None);
    }

    /// The same, from a spare if the owner is gone for good.
    pub(super) fn order_with(
        &self,
        awaiting: Awaiting,
        kind: DaemonKind,
        order: MoveOrder,
        spare: Option<Box<SnapshotReady>>,
    ) {
        let daemon = order.daemon;
        self.moves.with(|known| known.kinds.insert(daemon, kind));
        let first = spare.map_or(Input::Start, Input::Recover);
        match self.moves.with(|known| known.admit(&order, first, awaiting)) {
            Admitted::Joins => {}
            Admitted::Refused => {
                let refusal = Refusal::new(ErrorCode::Overloaded, "another move of the daemon is under way");
                self.tell(daemon, awaiting, &DaemonAnswer::Refused(refusal));
            }
            Admitted::Begins => {
                self.lead(order);
            }
        }
    }

    /// Starts the orchestrator of a daemon that is expected, and the next one if it wants another to begin.
    fn lead(&self, order: MoveOrder) {
        let daemon = order.daemon;
        let (environs, again) = (self.clone(), order.clone());
        let gone = move || {
            let is_followed = environs.moves.with(|known| match known.another.remove(&daemon) {
                Some(refused) => {
                    known.orchestrators.expect(daemon, vec![Input::Another(refused)]);
                    true
                }
                None => {
                    known.orchestrators.0.remove(&daemon);
                    false
                }
            });
            if is_followed {
                return environs.lead(again.clone());
            }
            let why = "the move was given up halfway; where the daemon is now, its description says";
            let refusal = Refusal::new(ErrorCode::DeadlineExceeded, why);
            environs.tell_end(daemon, &DaemonAnswer::Refused(refusal));
        };
        let child = self.child(format!("orchestrator {daemon}"), start(self.clone(), order), move |known, actor| {
            known.orchestrators.set(daemon, actor);
        });
        // It remembers nothing: one that failed is not started again.
        self.supervise(child.with(Policy::Temporary).on_end(gone));
    }

    /// Tells everybody who still waits for the end of a daemon's move.
    fn tell_end(&self, daemon: EntityId, answer: &DaemonAnswer) {
        let ordered = self.moves.with(|known| known.ordered.remove(&daemon));
        for awaiting in ordered.into_iter().flat_map(|ordered| ordered.awaiting) {
            self.tell(daemon, awaiting, answer);
        }
    }

    fn tell(&self, daemon: EntityId, awaiting: Awaiting, answer: &DaemonAnswer) {
        match awaiting {
            Awaiting::Caller(caller) => {
                let answer = answer.clone();
                self.daemons.directory.tell_account(account::Input::DaemonAnswer { caller, answer });
            }
            Awaiting::Drain => self.given_away(daemon, answer),
        }
    }
}

fn start(environs: Environs, order: MoveOrder) -> Start<OrchestratorExecutor> {
    Arc::new(move |now| {
        let daemon = order.daemon;
        let config = Config {
            migration: MigrationId(environs.daemons.ids.next()),
            order: order.clone(),
            by: environs.node.0,
            limits: environs.limits.clone(),
            seed: environs.daemons.ids.seed(),
        };
        let machine = Orchestrator::new(config, now);
        let executor = OrchestratorExecutor { environs: environs.clone(), daemon };
        Box::pin(async move { Ok(Started { machine, executor, inputs: Vec::new() }) })
    })
}

impl OrchestratorExecutor {
    fn publish(&self, info: MoveInfo) {
        if let MoveState::Moving(phase) = info.state {
            return tracing::debug!(daemon = %self.daemon, %phase, "a migration goes on");
        }
        self.environs.tell_end(self.daemon, &DaemonAnswer::Moved(Box::new(info)));
    }
}

fn asker(op: OpId, not: Vec<NodeId>, context: &Context<OrchestratorExecutor>) -> Asker {
    super::asker(context, move |answer| {
        let outcome = match answer {
            StoreAnswer::Row(row) => Outcome::Read(Ok(row)),
            StoreAnswer::Claimed(outcome) => Outcome::Claimed(outcome),
            StoreAnswer::Placed(placed) => Outcome::Chosen(placed.map(|placement| best_but(&placement, &not))),
        };
        Some(Input::Done { op, outcome })
    })
}

/// The best node but these.
fn best_but(placement: &Placement, not: &[NodeId]) -> Option<NodeId> {
    let best = placement.decision.map(|decision| decision.target_node);
    let eligible = placement.candidates.iter().filter(|judged| matches!(judged.verdict, Verdict::Eligible { .. }));
    best.into_iter().chain(eligible.map(|judged| judged.node)).find(|node| !not.contains(node))
}

impl Executor for OrchestratorExecutor {
    type Machine = Orchestrator;
    type Command = std::convert::Infallible;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Send { to, message } => self.environs.say(to, Said::Migration(Box::new(message))),
            Effect::ReadRow { op } => self.environs.read_row(self.daemon, asker(op, Vec::new(), context)),
            Effect::Claim { op, claim } => self.environs.claim(claim, asker(op, Vec::new(), context)),
            Effect::Choose { op, source, not } => {
                self.environs.place(self.daemon, source, asker(op, not, context));
            }
            Effect::Another(refused) => {
                tracing::info!(daemon = %self.daemon, reason = ?refused.reason, "the chosen node refuses: the next one is asked");
                self.environs.moves.with(|known| known.another.insert(self.daemon, refused));
            }
            Effect::Rejected { from, wrong } => {
                tracing::debug!(daemon = %self.daemon, from = %from.0.short(), %wrong, "passed over");
            }
            Effect::Publish(info) => self.publish(*info),
            Effect::Ended => context.myself().stop(None),
        }
        Ok(())
    }

    fn command(&mut self, command: Self::Command, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {}
    }
}
