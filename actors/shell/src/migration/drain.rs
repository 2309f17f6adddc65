//! The actor that gives a node's daemons away when the node is to be emptied.

use std::sync::Arc;

use tokio::sync::mpsc;
use wayfare_core::Machine as _;
use wayfare_core::account;
use wayfare_core::daemon::{MoveAnswer, MoveAsk};
use wayfare_core::placement::{Effect, Hosted, Input, MoveOutcome, Overload, Why};
use wayfare_protocol::EntityId;
use wayfare_protocol::capability::Load;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonKind};
use wayfare_protocol::migration::{MoveCause, MoveMode, MoveOrder, MoveState};

use super::orchestrator::Awaiting;
use super::{Environs, MoveReply, Slot, host};
use crate::actor::{Context, Executor, Fatal, Start, Started};
use crate::supervisor::Policy;

/// Carries out what is decided about daemons that are to leave.
pub(super) struct DrainExecutor {
    environs: Environs,
}

impl Environs {
    /// These daemons of this node are to leave; the account is told when that is over.
    pub fn drain(&self, daemons: Vec<(EntityId, DaemonKind)>) {
        let ids = daemons.iter().map(|(daemon, _)| *daemon).collect();
        self.moves.with(|known| known.kinds.extend(daemons));
        self.tell_drain(Input::Drain { daemons: ids });
    }

    /// None is to leave any more.
    pub fn cancel_drain(&self) {
        self.tell_drain(Input::CancelDrain);
    }

    /// The node measured how busy it is: daemons may have to leave.
    pub fn loaded(&self, load: Load) {
        let is_calm = load.cpu_percent.max(load.memory_percent) < self.limits.overload_mark;
        if is_calm && self.moves.with(|known| known.drain.is_none()) {
            return; // nobody would act on it
        }
        let environs = self.clone();
        tokio::spawn(async move {
            let hosted = environs.hosted().await;
            environs.tell_drain(Input::Load { load, hosted });
        });
    }

    /// The daemons for which this node acts. Who does not answer at once is not given away now.
    async fn hosted(&self) -> Vec<Hosted<EntityId>> {
        let directory = &self.daemons.directory;
        let (tell, mut told) = mpsc::unbounded_channel();
        for daemon in directory.daemons() {
            let tell = tell.clone();
            let reply = MoveReply::new(move |answer| {
                let _ = tell.send(answer); // that was too late
            });
            host::ask(directory, daemon, MoveAsk::Measure, reply);
        }
        drop(tell);
        let runtime = &self.daemons.runtime;
        let mut late = runtime.timer.sleep_until(runtime.clock.now().boot.after(self.limits.overload_measure));
        let mut hosted = Vec::new();
        loop {
            let answer = tokio::select! {
                biased;
                answer = told.recv() => answer,
                () = &mut late => None,
            };
            match answer {
                Some(MoveAnswer::Measured(kind, measured)) => {
                    self.moves.with(|known| known.kinds.insert(measured.daemon, kind));
                    hosted.push(measured);
                }
                Some(_) => {} // not this node's now
                None => return hosted,
            }
        }
    }

    /// A daemon came while the node is being emptied.
    pub fn arrived(&self, daemon: EntityId, kind: DaemonKind) {
        self.moves.with(|known| known.kinds.insert(daemon, kind));
        self.tell_drain(Input::Arrived { daemon });
    }

    /// A move for the node's own sake has ended.
    pub(super) fn given_away(&self, daemon: EntityId, answer: &DaemonAnswer) {
        let outcome = match answer {
            DaemonAnswer::Moved(info) if info.state == MoveState::Moved => MoveOutcome::Moved,
            _ => MoveOutcome::Stayed,
        };
        self.tell_drain(Input::MoveEnded { daemon, outcome });
    }

    fn tell_drain(&self, input: Input<EntityId>) {
        let is_told = self.moves.with(|known| match &mut known.drain {
            Some(slot) => {
                slot.tell(input);
                true
            }
            None => {
                known.drain = Some(Slot::Expected(vec![input]));
                false
            }
        });
        if !is_told {
            let child = self.child("drain".to_owned(), start(self.clone()), |known, actor| {
                if let Some(before) = known.drain.replace(Slot::Here(actor.clone())) {
                    before.tell_what_waits(actor);
                }
            });
            self.supervise(child.with(Policy::Persist));
        }
    }
}

fn start(environs: Environs) -> Start<DrainExecutor> {
    Arc::new(move |now| {
        let machine = Overload::new(environs.limits.clone(), now);
        let executor = DrainExecutor { environs: environs.clone() };
        Box::pin(async move { Ok(Started { machine, executor, inputs: Vec::new() }) })
    })
}

impl Executor for DrainExecutor {
    type Machine = Overload<EntityId>;
    type Command = std::convert::Infallible;

    fn execute(&mut self, effect: Effect<EntityId>, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::MoveAway { daemon, why } => {
                let cause = match why {
                    Why::Overload => MoveCause::Overload,
                    Why::Drain => MoveCause::Drain,
                };
                let order = MoveOrder { daemon, to: None, mode: MoveMode::Live, cause };
                let kind = self.environs.moves.with(|known| known.kinds.get(&daemon).cloned());
                match kind {
                    Some(kind) => self.environs.order(Awaiting::Drain, kind, order),
                    None => tracing::error!(%daemon, "a daemon of no known kind is to leave"),
                }
            }
            Effect::Drained { left } => {
                self.environs.daemons.directory.tell_account(account::Input::Drained { left });
            }
        }
        Ok(())
    }

    fn command(&mut self, command: Self::Command, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {}
    }
}
