//! The row: claimed back, told to the host, and what follows from what the host then says.

use wayfare_protocol::migration::{MigrationStep, Party};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{Now, Refusal, ResourceId};

use super::{Decide, Effect, Owned, Phase, Source, Stage};
use crate::daemon::{MoveAsk, Standing};
use crate::machine::{OpId, Sink};

impl Source {
    /// Claims a row for this node: a compare-and-set, so that it loses where the migration was committed.
    fn claim(&mut self, row: &Row, out: &mut impl Sink<Effect>) -> OpId {
        let op = self.ops.take();
        let claim = Claim { expect: Some(row.epoch), next: Row { owner: self.config.here, base: None, ..row.clone() } };
        out.push(Effect::Claim { op, claim });
        op
    }

    /// Tries to end the seal.
    pub(super) fn claim_back(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(_, Phase::Sealed { owned, .. }) = &self.stage else { return };
        let row = owned.row.clone();
        let op = self.claim(&row, out);
        let again_at = self.retry_at(now);
        if let Stage::Leaving(_, Phase::Sealed { decide, .. }) = &mut self.stage {
            *decide = Decide::Claim { op, again_at };
        }
    }

    /// Tries to raise the row's epoch without having sealed: it frees a target's copy.
    pub(super) fn fence(&mut self, now: Now, row: Row, out: &mut impl Sink<Effect>) {
        let op = self.claim(&row, out);
        let again_at = self.retry_at(now);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Fencing { row, op, again_at };
        }
    }

    pub(super) fn claimed(
        &mut self,
        now: Now,
        op: OpId,
        answer: Result<ClaimOutcome, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        let Stage::Leaving(_, phase) = &self.stage else { return };
        let is_awaited = match phase {
            Phase::Sealed { decide: Decide::Claim { op: awaited, .. }, .. } | Phase::Fencing { op: awaited, .. } => {
                *awaited == op
            }
            _ => false,
        };
        if is_awaited && let Ok(ClaimOutcome::Granted(row) | ClaimOutcome::Superseded(row)) = answer {
            self.learn(now, row, out);
        } // else it is asked again when it is time
    }

    /// A row as the store has it.
    pub(super) fn learn(&mut self, now: Now, row: Row, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(_, phase) = &self.stage else { return };
        let known = match phase {
            Phase::Open { owned, .. } | Phase::Sealing { owned, .. } | Phase::Sealed { owned, .. } => owned.row.epoch,
            Phase::Fencing { row, .. } | Phase::Learning { row, .. } | Phase::Released { row, .. } => row.epoch,
            Phase::Looking { .. } | Phase::Forgetting { .. } => return, // the host knows
        };
        if row.resource == ResourceId::Daemon(self.config.daemon) && row.epoch > known {
            self.tell_host(now, row, out);
        }
    }

    pub(super) fn tell_host(&mut self, now: Now, row: Row, out: &mut impl Sink<Effect>) {
        let op = self.host(MoveAsk::Row(row.clone()), out);
        let again_at = self.retry_at(now);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Learning { row, op, again_at };
        }
    }

    /// What the host has made of a row, durably.
    pub(super) fn learned(&mut self, now: Now, standing: Standing, out: &mut impl Sink<Effect>) {
        match standing {
            Standing::Released { row } => self.release(now, row),
            Standing::Sealed { row, durability, head } => {
                if let Stage::Leaving(plan, _) = &mut self.stage {
                    plan.epoch = row.epoch;
                }
                self.enter_sealed(now, Owned { row, durability }, head);
                self.claim_back(now, out);
            }
            Standing::Owns { .. } | Standing::Follows { .. } | Standing::Absent => self.end(out),
        }
    }

    /// Another node owns it. What is here is kept until that node says that it is there.
    pub(super) fn release(&mut self, now: Now, row: Row) {
        let again_at = self.retry_at(now);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Released { row, again_at };
        }
    }

    /// Asks the owner whether it is there, and the store whether it is still the owner.
    pub(super) fn ask_new_owner(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let next = self.retry_at(now);
        let Stage::Leaving(_, Phase::Released { row, again_at }) = &mut self.stage else { return };
        *again_at = next;
        let owner = row.owner;
        self.send(owner, Party::Target, MigrationStep::ActivateTarget { source: self.config.here }, out);
        let op = self.ops.take();
        out.push(Effect::ReadRow { op });
    }

    /// The owner is there.
    pub(super) fn acknowledged(&mut self, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(_, Phase::Released { row, .. }) = &self.stage else { return };
        let epoch = row.epoch;
        let op = self.host(MoveAsk::ForgetReleased(epoch), out);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Forgetting { op };
        }
    }

    /// Nothing is left of it here but the key. A host that refused has come back since, with its key: it is no business of this migration.
    pub(super) fn forgotten(&mut self, is_gone: bool, out: &mut impl Sink<Effect>) {
        if is_gone {
            out.push(Effect::ZeroizeKey);
        }
        if let Some(parties) = self.parties() {
            self.send(parties.orchestrator, Party::Orchestrator, MigrationStep::CleanupComplete, out);
        }
        self.stage = Stage::Ended;
        out.push(Effect::Ended);
    }
}
