//! What source and target say, and where that leads.

use wayfare_protocol::migration::{FailureReason, MigrationMessage, MigrationStep, MoveState, SnapshotReady};
use wayfare_protocol::{Boot, Head, NodeId, Now, SignedHead};

use super::super::Wrong;
use super::{Effect, Moving, Orchestrator, Phase, Seal, Stage, Wish};
use crate::machine::Sink;

impl Orchestrator {
    pub(super) fn on_message(
        &mut self,
        now: Now,
        from: NodeId,
        message: MigrationMessage,
        out: &mut impl Sink<Effect>,
    ) {
        if let Err(wrong) = self.admit(from, &message) {
            return out.push(Effect::Rejected { from, wrong });
        }
        match message.step {
            MigrationStep::SnapshotReady(ready) => self.snapshot_ready(now, ready, out),
            MigrationStep::RestoreComplete { head } => self.restored(now, head, out),
            MigrationStep::ReplayComplete { head, behind } => self.replayed(now, head, behind, out),
            MigrationStep::BufferedEvents { sealed, .. } => self.sealed(now, sealed, out),
            MigrationStep::ActivateAck => {
                self.times.live.get_or_insert(now.boot);
                if matches!(&self.stage, Stage::Moving(Moving { seal: Seal::Gone { .. }, .. })) {
                    self.end(MoveState::Moved, out); // nobody cleans up
                }
            }
            MigrationStep::CleanupComplete => self.end(MoveState::Moved, out),
            MigrationStep::MigrationFailed { reason } => self.failed(now, from, reason, out),
            // Not admitted.
            MigrationStep::TakeSnapshot { .. }
            | MigrationStep::CutoverNotify { .. }
            | MigrationStep::ActivateTarget { .. } => {}
        }
    }

    /// The module's table.
    fn admit(&self, from: NodeId, message: &MigrationMessage) -> Result<(), Wrong> {
        use MigrationStep as M;
        let step = &message.step;
        if message.migration != self.config.migration || message.daemon != self.config.order.daemon {
            return Err(Wrong::Migration(message.migration));
        }
        let Stage::Moving(Moving { row, target, phase, .. }) = &self.stage else {
            let phase = match &self.stage {
                Stage::Ended => "Ended",
                Stage::Choosing { .. } => "Choosing",
                Stage::New | Stage::Looking { .. } | Stage::Moving(_) => "Looking",
            };
            return Err(Wrong::phase(phase, step));
        };
        if message.epoch != row.epoch {
            return Err(Wrong::Epoch(message.epoch));
        }
        let (is_source, is_target) = (from == row.owner, from == *target);
        let may = match step {
            M::SnapshotReady(_) | M::BufferedEvents { .. } | M::CleanupComplete => is_source,
            M::RestoreComplete { .. } | M::ReplayComplete { .. } | M::ActivateAck => is_target,
            M::MigrationFailed { .. } => is_source || is_target,
            M::TakeSnapshot { .. } | M::CutoverNotify { .. } | M::ActivateTarget { .. } => true,
        };
        if !may {
            return Err(Wrong::peer(from, step));
        }
        let is_awaited = matches!(
            (phase, step),
            (Phase::Snapshot, M::SnapshotReady(_))
                | (Phase::Transfer { .. }, M::SnapshotReady(_) | M::RestoreComplete { .. })
                | (
                    Phase::Replay { .. } | Phase::Cutover { .. },
                    M::SnapshotReady(_) | M::RestoreComplete { .. } | M::ReplayComplete { .. },
                )
                | (Phase::Cutover { .. }, M::BufferedEvents { sealed: Some(_), .. })
                | (
                    Phase::Snapshot | Phase::Transfer { .. } | Phase::Replay { .. } | Phase::Cutover { .. },
                    M::MigrationFailed { .. },
                )
                | (Phase::Complete, M::ActivateAck | M::CleanupComplete)
        );
        if is_awaited { Ok(()) } else { Err(Wrong::phase(phase.into(), step)) }
    }

    fn snapshot_ready(&mut self, now: Now, ready: Box<SnapshotReady>, out: &mut impl Sink<Effect>) {
        let limit = self.config.limits.snapshot;
        let daemon = self.config.order.daemon;
        let Stage::Moving(moving) = &mut self.stage else { return };
        let Phase::Snapshot = moving.phase else { return }; // a repeat
        if ready.is_sealed == (moving.seal == Seal::NotAsked) {
            return; // the one from before the source was told to seal
        }
        let bytes = ready.manifest.total;
        if bytes > limit {
            return self.fail(now, FailureReason::TooLarge { bytes, max: limit }, out);
        }
        if ready.head.epoch != moving.row.epoch || ready.head.verify(daemon).is_err() {
            return self.fail(now, FailureReason::WrongHead, out);
        }
        moving.bytes = bytes;
        self.enter(now, Phase::Transfer { ready, refused: 0, budget_ends: None }, out);
    }

    fn restored(&mut self, now: Now, head: Head, out: &mut impl Sink<Effect>) {
        let Stage::Moving(moving) = &mut self.stage else { return };
        let Phase::Transfer { ready, .. } = &moving.phase else { return };
        if !ready.is_sealed {
            let ready = ready.clone();
            return self.enter(now, Phase::Replay { ready, stands: head.inbox_position }, out);
        }
        let snapshot = ready.head.head;
        if let Seal::Gone { base } = &mut moving.seal {
            // A copy that followed the owner before it was lost may have come further than the spare.
            *base = head;
            return if head == snapshot || head.inbox_position > snapshot.inbox_position {
                self.enter(now, Phase::Deciding { wish: Wish::Commit, op: None }, out);
            } else {
                self.fail(now, FailureReason::WrongHead, out);
            };
        }
        let wish = if head == snapshot { Wish::Commit } else { Wish::Abort(FailureReason::WrongHead) };
        self.enter(now, Phase::Deciding { wish, op: None }, out);
    }

    fn replayed(&mut self, now: Now, head: Head, behind: u64, out: &mut impl Sink<Effect>) {
        let lag = self.config.limits.migration_lag;
        let Stage::Moving(moving) = &mut self.stage else { return };
        match &mut moving.phase {
            Phase::Replay { ready, .. } if behind <= lag => {
                let ready = ready.clone();
                moving.seal = Seal::Asked;
                self.enter(now, Phase::Cutover { ready, sealed: None, stands: Some(head) }, out);
            }
            Phase::Replay { stands, .. } if head.inbox_position > *stands => {
                *stands = head.inbox_position;
                self.progress(now);
            }
            Phase::Cutover { stands, .. } => {
                *stands = Some(head);
                self.compare(now, out);
            }
            _ => {}
        }
    }

    fn sealed(&mut self, now: Now, signed: Option<SignedHead>, out: &mut impl Sink<Effect>) {
        let daemon = self.config.order.daemon;
        let Stage::Moving(moving) = &mut self.stage else { return };
        let (Phase::Cutover { sealed, .. }, Some(signed)) = (&mut moving.phase, signed) else { return };
        if signed.epoch != moving.row.epoch || signed.verify(daemon).is_err() {
            return self.fail(now, FailureReason::WrongHead, out);
        }
        *sealed = Some(signed);
        self.compare(now, out);
    }

    /// Source and target have both said where they stand: the same place commits, another one is copied instead of replayed.
    fn compare(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Moving(moving) = &self.stage else { return };
        let Phase::Cutover { sealed: Some(sealed), stands: Some(stands), .. } = &moving.phase else { return };
        if sealed.head == *stands {
            self.enter(now, Phase::Deciding { wish: Wish::Commit, op: None }, out);
        } else if stands.inbox_position >= sealed.head.inbox_position {
            self.enter(now, Phase::Snapshot, out); // sealed as it is
        }
    }

    fn failed(&mut self, now: Now, from: NodeId, reason: FailureReason, out: &mut impl Sink<Effect>) {
        let budget = now.boot.after(self.config.limits.migration_ready_budget);
        let Stage::Moving(moving) = &mut self.stage else { return };
        let is_source = from == moving.row.owner;
        match (&mut moving.phase, reason) {
            (Phase::Snapshot, FailureReason::NotDeterministic) if is_source && moving.seal == Seal::NotAsked => {
                moving.seal = Seal::Asked;
                self.enter(now, Phase::Snapshot, out);
            }
            (Phase::Replay { .. } | Phase::Cutover { .. }, FailureReason::FramesGone { .. }) if is_source => {
                moving.seal = Seal::Asked;
                self.enter(now, Phase::Snapshot, out);
            }
            (Phase::Transfer { refused, budget_ends, .. }, reason) if !is_source && reason.is_retriable() => {
                let ends: Boot = *budget_ends.get_or_insert(budget);
                *refused += 1;
                let tries = *refused;
                let again_at = self.later(now, tries - 1);
                if again_at > ends {
                    return self.target_refuses(now, reason, out);
                }
                if let Stage::Moving(moving) = &mut self.stage {
                    moving.again_at = again_at;
                }
            }
            (Phase::Transfer { .. }, reason) if !is_source => self.target_refuses(now, reason, out),
            (_, reason) => self.fail(now, reason, out),
        }
    }
}
