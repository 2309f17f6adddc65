//! From where to where: the row is read, and a target is chosen where none was named.

use wayfare_protocol::migration::{FailureReason, MigrationStep, Party};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal};

use super::{Effect, Moving, Orchestrator, Seal, Stage};
use crate::machine::Sink;

impl Orchestrator {
    pub(super) fn start(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Stage::New = self.stage {
            let give_up_at = now.boot.after(self.config.limits.migration_patience);
            self.look(now, give_up_at, out);
        }
    }

    pub(super) fn look(&mut self, now: Now, give_up_at: Boot, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        let again_at = now.boot.after(self.config.limits.migration_retry);
        self.stage = Stage::Looking { op, again_at, give_up_at };
        out.push(Effect::ReadRow { op });
    }

    /// The row says who has it: may it be moved, and where to?
    pub(super) fn found(&mut self, now: Now, row: Row, out: &mut impl Sink<Effect>) {
        let refuse = |code, why: &str| FailureReason::Refused(Refusal::new(code, why));
        if !self.config.order.cause.permits(self.config.by, row.owner) {
            let why = "only the node that has it moves it away for its own sake";
            return self.fail(now, refuse(ErrorCode::Forbidden, why), out);
        }
        match self.config.order.to {
            Some(target) if target == row.owner => {
                self.fail(now, refuse(ErrorCode::Unsupported, "it is there already"), out);
            }
            Some(target) => self.begin(now, row, target, out),
            None => {
                let give_up_at = now.boot.after(self.config.limits.migration_patience);
                self.choose(now, row, give_up_at, out);
            }
        }
    }

    pub(super) fn choose(&mut self, now: Now, row: Row, give_up_at: Boot, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        let again_at = now.boot.after(self.config.limits.migration_retry);
        out.push(Effect::Choose { op, source: row.owner, not: self.refused.by.clone() });
        self.stage = Stage::Choosing { op, row, again_at, give_up_at };
    }

    /// Nobody else can be chosen: why the last one refused says more than that.
    pub(super) fn nobody_is_left(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let reason = self.refused.reason.take().unwrap_or(FailureReason::NoTarget);
        self.fail(now, reason, out);
    }

    /// The target does not take it. Where it was not named by a person, and the source was not told to seal, the next best is asked.
    pub(super) fn target_refuses(&mut self, now: Now, reason: FailureReason, out: &mut impl Sink<Effect>) {
        let Stage::Moving(Moving { target, seal: Seal::NotAsked, .. }) = &self.stage else {
            return self.fail(now, reason, out);
        };
        if self.config.order.to.is_some() {
            return self.fail(now, reason, out);
        }
        self.refused.by.push(*target);
        self.refused.reason = Some(reason.clone());
        self.send(Party::Source, MigrationStep::MigrationFailed { reason }, out);
        self.stage = Stage::Ended;
        out.push(Effect::Another(self.refused.clone()));
        out.push(Effect::Ended);
    }
}
