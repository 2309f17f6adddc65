//! The one compare-and-set: asked for, and what the row then says.

use wayfare_protocol::migration::FailureReason;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{Now, Refusal};

use super::{Effect, Orchestrator, Phase, Seal, Stage, Wish, spare};
use crate::machine::{OpId, Sink};

impl Orchestrator {
    /// Claims the row as it is wished. Where an earlier claim has no answer a repeat is safe: only one of them can be the next.
    pub(super) fn claim(&mut self, out: &mut impl Sink<Effect>) {
        let next_op = self.ops.take();
        let Stage::Moving(moving) = &mut self.stage else { return };
        let Phase::Deciding { wish, op } = &mut moving.phase else { return };
        let owner = match wish {
            Wish::Commit => moving.target,
            Wish::Abort(_) => moving.row.owner,
        };
        *op = Some(next_op);
        let next = Row { owner, base: None, ..moving.row.clone() };
        let next = match moving.seal {
            Seal::Gone { base } => spare::claimed(next, base),
            Seal::NotAsked | Seal::Asked => next,
        };
        let claim = Claim { expect: Some(moving.row.epoch), next };
        out.push(Effect::Claim { op: next_op, claim });
    }

    pub(super) fn claimed(
        &mut self,
        now: Now,
        op: OpId,
        answer: Result<ClaimOutcome, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        let Stage::Moving(moving) = &mut self.stage else { return };
        let Phase::Deciding { op: awaited, wish } = &mut moving.phase else { return };
        if *awaited != Some(op) {
            return;
        }
        *awaited = None;
        match answer {
            Ok(ClaimOutcome::Granted(row) | ClaimOutcome::Superseded(row)) => self.learn(now, &row, out),
            Ok(ClaimOutcome::NameTaken(row)) => {
                let superseded = FailureReason::Superseded { owner: row.owner, epoch: row.epoch };
                *wish = Wish::Abort(superseded); // asked for when it is time
            }
            Err(_) => {} // asked again when it is time
        }
    }

    /// A row as the store has it: whoever claimed it, it decides.
    pub(super) fn learn(&mut self, now: Now, row: &Row, out: &mut impl Sink<Effect>) {
        let Stage::Moving(moving) = &self.stage else { return };
        let is_news = row.resource == moving.row.resource && row.epoch > moving.row.epoch;
        if !is_news || matches!(moving.phase, Phase::Complete) {
            return;
        }
        if row.owner == moving.target {
            return self.enter(now, Phase::Complete, out);
        }
        let reason = match &moving.phase {
            Phase::Deciding { wish: Wish::Abort(reason), .. } => reason.clone(),
            _ => FailureReason::Superseded { owner: row.owner, epoch: row.epoch },
        };
        self.tell_failure(reason, out);
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }
}
