//! A daemon whose owner is gone for good goes on from the spare that the cloud kept of it.

use wayfare_protocol::migration::FailureReason;
use wayfare_protocol::ownership::{Lineage, Row};
use wayfare_protocol::{Head, NodeId, Now};

use super::{Effect, Moving, Orchestrator, Phase, Seal, Stage};
use crate::machine::Sink;

impl Orchestrator {
    /// The spare takes the place of a snapshot that the source would have taken.
    pub(super) fn begin_with_spare(&mut self, now: Now, row: Row, target: NodeId, out: &mut impl Sink<Effect>) {
        let Some(ready) = self.spare.clone() else { return };
        let (bytes, limit) = (ready.manifest.total, self.config.limits.snapshot);
        if bytes > limit {
            return self.fail(now, FailureReason::TooLarge { bytes, max: limit }, out);
        }
        // Rows are claimed anew under later epochs; one under which nothing was ever owned is not the owner's word.
        if ready.head.epoch > row.epoch || ready.head.verify(self.config.order.daemon).is_err() {
            return self.fail(now, FailureReason::WrongHead, out);
        }
        let (again_at, give_up_at) = (now.boot, now.boot);
        let phase = Phase::Snapshot; // left at once
        let seal = Seal::Gone { base: ready.head.head };
        self.stage = Stage::Moving(Moving { row, target, seal, phase, bytes, again_at, give_up_at });
        self.enter(now, Phase::Transfer { ready, refused: 0, budget_ends: None }, out);
    }
}

/// The row that is claimed: a branch of the daemon's history of its own, since the lost owner may have gone on after the spare.
pub(super) fn claimed(next: Row, base: Head) -> Row {
    Row { lineage: Lineage(next.lineage.0.saturating_add(1)), base: Some(base), ..next }
}
