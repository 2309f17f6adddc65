//! What orchestrator and target say, and where that leads.

use wayfare_protocol::migration::{FailureReason, MigrationMessage, MigrationStep, Party};
use wayfare_protocol::{NodeId, Now};

use super::super::Wrong;
use super::{Effect, Parties, Phase, Plan, Sending, Source, Stage, Then, Why, Work};
use crate::machine::Sink;

impl Source {
    pub(super) fn on_message(
        &mut self,
        now: Now,
        from: NodeId,
        message: MigrationMessage,
        out: &mut impl Sink<Effect>,
    ) {
        self.adopt(from, &message);
        if let Stage::New = self.stage {
            return self.first(now, from, message, out);
        }
        if let Err(wrong) = self.admit(from, &message) {
            if let (Wrong::Migration(_), MigrationStep::TakeSnapshot { .. }, Stage::Leaving(plan, _)) =
                (&wrong, &message.step, &self.stage)
            {
                let reason = FailureReason::AlreadyMigrating(plan.migration);
                let to = Party::Orchestrator;
                let message = MigrationMessage { to, step: MigrationStep::MigrationFailed { reason }, ..message };
                out.push(Effect::Send { to: from, message });
            }
            return out.push(Effect::Rejected { from, wrong });
        }
        match message.step {
            MigrationStep::TakeSnapshot { seal, .. } => self.take_snapshot(now, seal, out),
            MigrationStep::RestoreComplete { head } => {
                if let Stage::Leaving(_, Phase::Open { work, .. }) = &mut self.stage
                    && let Work::Shown { .. } = work
                {
                    *work = Work::Sending(Sending::new(Some(head.inbox_position), now));
                    return self.send_on(now, out);
                }
                self.stands_restored(now, head.inbox_position, out);
            }
            MigrationStep::ReplayComplete { head, .. } => self.stands_replayed(now, head.inbox_position, out),
            MigrationStep::CutoverNotify { .. } => self.cut_over(now, out),
            MigrationStep::ActivateAck => self.acknowledged(out),
            MigrationStep::MigrationFailed { .. } => self.stop(now, out),
            // Not admitted.
            MigrationStep::SnapshotReady(_)
            | MigrationStep::BufferedEvents { .. }
            | MigrationStep::ActivateTarget { .. }
            | MigrationStep::CleanupComplete => {}
        }
    }

    /// The first word of a migration.
    fn first(&mut self, now: Now, from: NodeId, message: MigrationMessage, out: &mut impl Sink<Effect>) {
        let MigrationMessage { migration, daemon, epoch, step, .. } = message;
        if daemon != self.config.daemon {
            out.push(Effect::Rejected { from, wrong: Wrong::Migration(migration) });
            return out.push(Effect::Ended);
        }
        let (why, parties) = match step {
            MigrationStep::TakeSnapshot { target, seal } => {
                (Why::Snapshot { seal }, Some(Parties { orchestrator: from, target }))
            }
            MigrationStep::CutoverNotify { target } => (Why::Cutover, Some(Parties { orchestrator: from, target })),
            MigrationStep::MigrationFailed { .. } => (Why::Fence, None),
            step => {
                out.push(Effect::Rejected { from, wrong: Wrong::phase("New", &step) });
                return out.push(Effect::Ended);
            }
        };
        self.look(now, Plan { migration, epoch, parties }, why, self.patience(now), out);
    }

    /// After a crash it knows of no migration: an orchestrator that is still there says which one it was.
    fn adopt(&mut self, from: NodeId, message: &MigrationMessage) {
        let Stage::Leaving(plan, Phase::Sealed { work: Work::Idle, .. }) = &mut self.stage else { return };
        let (MigrationStep::TakeSnapshot { target, seal: true } | MigrationStep::CutoverNotify { target }) =
            message.step
        else {
            return;
        };
        if plan.parties.is_none() && message.epoch == plan.epoch && message.daemon == self.config.daemon {
            plan.migration = message.migration;
            plan.parties = Some(Parties { orchestrator: from, target });
        }
    }

    /// The module's table.
    fn admit(&self, from: NodeId, message: &MigrationMessage) -> Result<(), Wrong> {
        use MigrationStep as M;
        let step = &message.step;
        let Stage::Leaving(plan, phase) = &self.stage else { return Err(Wrong::phase("Ended", step)) };
        if message.migration != plan.migration || message.daemon != self.config.daemon {
            return Err(Wrong::Migration(message.migration));
        }
        if message.epoch != plan.epoch {
            return Err(Wrong::Epoch(message.epoch));
        }
        let is_orchestrator = plan.parties.is_some_and(|parties| parties.orchestrator == from);
        let is_target = plan.parties.is_some_and(|parties| parties.target == from);
        let may = match step {
            M::TakeSnapshot { target, .. } | M::CutoverNotify { target } => {
                is_orchestrator && plan.parties.is_some_and(|parties| parties.target == *target)
            }
            M::RestoreComplete { .. } | M::ReplayComplete { .. } => is_target,
            M::MigrationFailed { .. } => is_orchestrator || is_target,
            M::ActivateAck => match phase {
                Phase::Released { row, .. } => row.owner == from,
                _ => is_target,
            },
            M::SnapshotReady(_) | M::BufferedEvents { .. } | M::ActivateTarget { .. } | M::CleanupComplete => true,
        };
        if !may {
            return Err(Wrong::peer(from, step));
        }
        let is_awaited = match (phase, step) {
            (Phase::Looking { why, .. }, M::TakeSnapshot { .. } | M::CutoverNotify { .. }) => {
                matches!(why, Why::Snapshot { .. } | Why::Cutover)
            }
            (Phase::Open { .. } | Phase::Sealing { .. } | Phase::Sealed { .. }, M::TakeSnapshot { .. }) => true,
            (Phase::Open { work, .. }, M::RestoreComplete { .. }) => {
                matches!(work, Work::Shown { .. } | Work::Sending(_))
            }
            (Phase::Open { work, .. }, M::ReplayComplete { .. } | M::CutoverNotify { .. }) => {
                matches!(work, Work::Sending(_))
            }
            (Phase::Sealing { .. }, M::CutoverNotify { .. }) => true,
            // What was under way when the orchestrator's word came.
            (Phase::Sealing { then: Then::Replay(_), .. }, M::RestoreComplete { .. } | M::ReplayComplete { .. }) => {
                true
            }
            (Phase::Sealed { .. }, M::RestoreComplete { .. } | M::ReplayComplete { .. } | M::CutoverNotify { .. }) => {
                true
            }
            (Phase::Open { .. } | Phase::Sealed { .. }, M::MigrationFailed { .. }) => true,
            (Phase::Released { .. }, M::ActivateAck) => true,
            _ => false,
        };
        if is_awaited { Ok(()) } else { Err(Wrong::phase(phase.into(), step)) }
    }

    /// Once more, or once more and sealed.
    fn take_snapshot(&mut self, now: Now, seal: bool, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(plan, phase) = &mut self.stage else { return };
        match phase {
            Phase::Open { work: Work::Shown { ready }, .. } if !seal => {
                let Some(Parties { orchestrator, .. }) = plan.parties else { return };
                let step = MigrationStep::SnapshotReady(ready.clone());
                self.send(orchestrator, Party::Orchestrator, step, out);
            }
            Phase::Open { owned, .. } if seal => {
                let owned = owned.clone();
                self.seal(owned, Then::Copy, out);
            }
            Phase::Sealing { then, .. } if seal => *then = Then::Copy,
            Phase::Sealed { work, .. } if seal => match work {
                Work::Cutting { .. } | Work::Attesting { .. } => {}
                Work::Shown { ready } => {
                    let Some(Parties { orchestrator, .. }) = plan.parties else { return };
                    let step = MigrationStep::SnapshotReady(ready.clone());
                    self.send(orchestrator, Party::Orchestrator, step, out);
                }
                Work::Idle | Work::Sending(_) => self.copy_sealed(now, out),
            },
            _ => {} // a repeat of what is under way
        }
    }

    fn cut_over(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(_, phase) = &mut self.stage else { return };
        match phase {
            Phase::Open { owned, work, .. } => {
                let owned = owned.clone();
                if let Work::Sending(sending) = std::mem::replace(work, Work::Idle) {
                    self.seal(owned, Then::Replay(sending), out);
                }
            }
            Phase::Sealed { work: Work::Idle, .. } => self.sign_sealed(Sending::new(None, now), out),
            Phase::Sealed { .. } => self.tell_sealed_again(now, out),
            _ => {} // a repeat
        }
    }
}
