//! What orchestrator and source say, and where that leads.

use wayfare_protocol::migration::{FailureReason, MigrationMessage, MigrationStep, Party, SnapshotReady};
use wayfare_protocol::{NodeId, Now};

use super::super::Wrong;
use super::{Effect, Kept, Parties, Phase, Plan, Say, Stage, Target, Why};
use crate::machine::Sink;

impl Target {
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
            if let (Wrong::Migration(_), MigrationStep::SnapshotReady(_)) = (&wrong, &message.step) {
                self.make_way(from, &message, out);
            }
            return out.push(Effect::Rejected { from, wrong });
        }
        match message.step {
            MigrationStep::SnapshotReady(ready) => self.snapshot_again(now, ready, out),
            MigrationStep::BufferedEvents { frames, dead, stood, sealed } => {
                let frames = crate::daemon::Frames { frames, dead };
                self.follow(now, frames, stood, sealed, out);
            }
            MigrationStep::ActivateTarget { .. } => self.read_row(out),
            MigrationStep::MigrationFailed { .. } => self.called_off(out),
            // Not admitted.
            MigrationStep::TakeSnapshot { .. }
            | MigrationStep::RestoreComplete { .. }
            | MigrationStep::ReplayComplete { .. }
            | MigrationStep::CutoverNotify { .. }
            | MigrationStep::ActivateAck
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
        match step {
            MigrationStep::SnapshotReady(ready) => {
                let parties = Some(Parties { orchestrator: from, source: ready.source });
                let plan = Plan { migration, epoch, parties };
                // The owner's word, or nobody's: an old copy makes room for it. That of one which is gone for good may be from before the
                // row was claimed last.
                let is_signed = ready.head.epoch <= epoch && ready.head.verify(daemon).is_ok();
                self.look(now, plan, Why::Restore(ready), self.patience(now), out);
                if !is_signed {
                    self.fail(FailureReason::WrongHead, out);
                }
            }
            MigrationStep::ActivateTarget { source } => {
                let plan = Plan { migration, epoch, parties: None };
                self.look(now, plan, Why::Activate { asked: from, source }, self.patience(now), out);
            }
            step => {
                out.push(Effect::Rejected { from, wrong: Wrong::phase("New", &step) });
                out.push(Effect::Ended);
            }
        }
    }

    /// A copy of which no migration is known, or an earlier one under the same epoch, goes on in this one: it is a prefix of the same log, and
    /// heads are compared in the end.
    fn adopt(&mut self, from: NodeId, message: &MigrationMessage) {
        let Stage::Coming(plan, Phase::Following(following)) = &mut self.stage else { return };
        let MigrationStep::SnapshotReady(ready) = &message.step else { return };
        let is_open = match following.is_kept {
            Kept::Yes => message.epoch == plan.epoch,
            Kept::No => plan.parties.is_none(),
        };
        if is_open && message.migration != plan.migration && message.daemon == self.config.daemon {
            let parties = Some(Parties { orchestrator: from, source: ready.source });
            *plan = Plan { migration: message.migration, epoch: message.epoch, parties };
        }
    }

    /// The module's table.
    fn admit(&self, from: NodeId, message: &MigrationMessage) -> Result<(), Wrong> {
        use MigrationStep as M;
        let step = &message.step;
        let Stage::Coming(plan, phase) = &self.stage else { return Err(Wrong::phase("Ended", step)) };
        if message.daemon != self.config.daemon {
            return Err(Wrong::Migration(message.migration));
        }
        if let M::ActivateTarget { .. } = step {
            return if let Phase::Following(_) = phase { Ok(()) } else { Err(Wrong::phase(phase.into(), step)) };
        }
        if message.migration != plan.migration {
            return Err(Wrong::Migration(message.migration));
        }
        if message.epoch != plan.epoch {
            return Err(Wrong::Epoch(message.epoch));
        }
        let is_orchestrator = plan.parties.is_some_and(|parties| parties.orchestrator == from);
        let is_source = plan.parties.is_some_and(|parties| parties.source == from);
        let may = match step {
            M::SnapshotReady(_) | M::MigrationFailed { .. } => is_orchestrator,
            M::BufferedEvents { .. } => is_source,
            _ => true,
        };
        if !may {
            return Err(Wrong::peer(from, step));
        }
        let is_awaited = match (phase, step) {
            (Phase::Learning { .. } | Phase::Forgetting { .. }, _) => false,
            (_, M::SnapshotReady(_)) => true,
            (Phase::Following(_), M::BufferedEvents { .. } | M::MigrationFailed { .. }) => true,
            (Phase::Looking { .. } | Phase::Preparing { .. } | Phase::Pulling { .. }, M::MigrationFailed { .. }) => {
                true
            }
            _ => false,
        };
        if is_awaited { Ok(()) } else { Err(Wrong::phase(phase.into(), step)) }
    }

    /// Another migration comes while this node is busy with one that may be gone: what can be forgotten is, and the other asks again.
    fn make_way(&mut self, from: NodeId, message: &MigrationMessage, out: &mut impl Sink<Effect>) {
        let reason = FailureReason::NotReady { why: "it is busy with an earlier migration of the daemon".to_owned() };
        let (to, step) = (Party::Orchestrator, MigrationStep::MigrationFailed { reason });
        let message = MigrationMessage { to, step, ..message.clone() };
        out.push(Effect::Send { to: from, message });
        match &self.stage {
            Stage::Coming(_, Phase::Following(following)) if following.is_kept == Kept::No => self.forget(out),
            Stage::Coming(_, Phase::Following(_)) => self.read_row(out),
            Stage::Coming(_, Phase::Pulling { op: None, .. }) => self.end(out),
            _ => {}
        }
    }

    /// Told once more of a snapshot: this node says again where it stands. A sealed one at another head means that replay did not do.
    fn snapshot_again(&mut self, now: Now, ready: Box<SnapshotReady>, out: &mut impl Sink<Effect>) {
        let patience = self.patience(now);
        let Stage::Coming(plan, phase) = &mut self.stage else { return };
        let Phase::Following(following) = phase else { return };
        following.give_up_at = following.give_up_at.max(patience);
        if !ready.is_sealed {
            return self.say(Say::Restored, out);
        }
        if ready.head.epoch != plan.epoch || ready.head.verify(self.config.daemon).is_err() {
            return;
        }
        if following.head == ready.head.head {
            return self.keep_and_say(Say::Restored, out);
        }
        // Nobody can have counted on it: the source has stopped elsewhere.
        let above = wayfare_protocol::Epoch { n: plan.epoch.n.saturating_add(1), ..plan.epoch };
        let op = self.host(crate::daemon::MoveAsk::ForgetFollower(above), out);
        self.enter(Phase::Clearing { op, ready });
    }

    fn called_off(&mut self, out: &mut impl Sink<Effect>) {
        match &self.stage {
            Stage::Coming(_, Phase::Following(following)) => match following.is_kept {
                Kept::No => self.forget(out),
                Kept::Yes => self.read_row(out),
            },
            Stage::Coming(..) => self.end(out),
            Stage::New | Stage::Ended => {}
        }
    }
}
