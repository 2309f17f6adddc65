//! What the host and the entity's key answer.

use wayfare_protocol::migration::{FailureReason, MigrationStep, Party, SnapshotReady};
use wayfare_protocol::ownership::ResourceKey;
use wayfare_protocol::{Boot, Epoch, ErrorCode, Now, Refusal};

use super::{Attested, Decide, Effect, Owned, Parties, Phase, Sending, Source, Stage, Then, Why, Work, travel};
use crate::daemon::{MoveAnswer, Standing};
use crate::machine::{OpId, Sink};

impl Source {
    pub(super) fn answered(&mut self, now: Now, op: OpId, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(_, phase) = &mut self.stage else { return };
        match phase {
            Phase::Looking { op: awaited, why, .. } if *awaited == op => {
                let why = *why;
                if let MoveAnswer::Standing(standing) = answer {
                    self.found(now, why, standing, out);
                }
            }
            Phase::Learning { op: awaited, .. } if *awaited == op => {
                if let MoveAnswer::Standing(standing) = answer {
                    self.learned(now, standing, out);
                }
            }
            Phase::Sealing { op: awaited, .. } if *awaited == op => self.sealed(now, answer, out),
            Phase::Sealing { then: Then::Replay(sending), .. } if sending.reading == Some(op) => {
                self.read(now, answer, out);
            }
            Phase::Forgetting { op: awaited } if *awaited == op => {
                self.forgotten(matches!(answer, MoveAnswer::Forgotten), out);
            }
            Phase::Open { work, .. } | Phase::Sealed { work, .. } => match work {
                Work::Cutting { op: awaited } if *awaited == op => self.was_cut(now, answer, out),
                Work::Sending(sending) if sending.reading == Some(op) => self.read(now, answer, out),
                _ => {}
            },
            _ => {} // of something that is over
        }
    }

    /// How the host stands before anything was done.
    fn found(&mut self, now: Now, why: Why, standing: Standing, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(plan, _) = &mut self.stage else { return };
        let of_epoch = |epoch: Epoch| epoch == plan.epoch;
        match (why, standing) {
            (Why::Snapshot { seal: false }, Standing::Owns { row, is_deterministic: false, .. })
                if of_epoch(row.epoch) =>
            {
                self.fail(now, FailureReason::NotDeterministic, out);
            }
            (Why::Snapshot { seal }, Standing::Owns { row, durability, .. }) if of_epoch(row.epoch) => {
                let owned = Owned { row, durability };
                if seal { self.seal(owned, Then::Copy, out) } else { self.cut(now, owned, out) }
            }
            (Why::Cutover, Standing::Owns { row, durability, .. }) if of_epoch(row.epoch) => {
                self.seal(Owned { row, durability }, Then::Replay(Sending::new(None, now)), out);
            }
            (Why::Snapshot { seal: true } | Why::Cutover, Standing::Sealed { row, durability, head })
                if of_epoch(row.epoch) =>
            {
                self.enter_sealed(now, Owned { row, durability }, head);
                match why {
                    Why::Cutover => self.sign_sealed(Sending::new(None, now), out),
                    Why::Snapshot { .. } | Why::Fence | Why::Recovered => self.copy_sealed(now, out),
                }
            }
            (Why::Fence, Standing::Owns { row, .. }) if of_epoch(row.epoch) => self.fence(now, row, out),
            (Why::Fence, Standing::Sealed { row, durability, head }) if of_epoch(row.epoch) => {
                self.enter_sealed(now, Owned { row, durability }, head);
                self.claim_back(now, out);
            }
            (Why::Recovered, Standing::Sealed { row, durability, head }) => {
                plan.epoch = row.epoch;
                self.enter_sealed(now, Owned { row, durability }, head);
            }
            (Why::Recovered, Standing::Released { row }) => {
                plan.epoch = row.epoch;
                self.release(now, row);
            }
            (Why::Snapshot { .. } | Why::Cutover, _) => {
                let why = "the daemon is not live here under that epoch";
                self.fail(now, FailureReason::Refused(Refusal::new(ErrorCode::StaleEpoch, why)), out);
            }
            (Why::Fence | Why::Recovered, _) => self.end(out),
        }
    }

    pub(super) fn enter_sealed(&mut self, now: Now, owned: Owned, head: wayfare_protocol::Head) {
        let until: Boot = now.boot.after(self.config.limits.migration_sealed);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Sealed { owned, head, work: Work::Idle, decide: Decide::Wait { until } };
        }
    }

    fn sealed(&mut self, now: Now, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        let head = match answer {
            MoveAnswer::Sealed(head) => head,
            MoveAnswer::Refused(refusal) => return self.fail(now, FailureReason::Refused(refusal), out),
            _ => return,
        };
        let Stage::Leaving(_, phase) = &mut self.stage else { return };
        let Phase::Sealing { owned, then, .. } = phase else { return };
        let owned = owned.clone();
        let then = std::mem::replace(then, Then::Copy);
        self.enter_sealed(now, owned, head);
        match then {
            Then::Copy => self.copy_sealed(now, out),
            Then::Replay(sending) => self.sign_sealed(sending, out),
        }
    }

    fn was_cut(&mut self, now: Now, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        let max = self.config.limits.snapshot;
        let (manifest, head) = match answer {
            MoveAnswer::Cut(manifest, _) if manifest.total > max => {
                let bytes = manifest.total;
                return self.fail(now, FailureReason::TooLarge { bytes, max }, out);
            }
            MoveAnswer::Cut(manifest, head) => (manifest, head),
            MoveAnswer::Refused(refusal) => return self.fail(now, FailureReason::state(refusal), out),
            _ => return,
        };
        let long = travel(&self.config.limits, manifest.total);
        let key_for = self.parties().map(|parties| parties.target);
        let op = self.ops.take();
        let Stage::Leaving(_, phase) = &mut self.stage else { return };
        if let Phase::Sealed { decide: Decide::Wait { until }, .. } = phase {
            *until = now.boot.after(self.config.limits.migration_sealed).after(long); // the copy travels now
        }
        let (Phase::Open { owned, work, .. } | Phase::Sealed { owned, work, .. }) = phase else { return };
        let (lineage, epoch) = (owned.row.lineage, owned.row.epoch);
        out.push(Effect::Attest { op, head, lineage, epoch, key_for });
        *work = Work::Attesting { op, manifest };
    }

    pub(super) fn attested(
        &mut self,
        now: Now,
        op: OpId,
        result: Result<Attested, String>,
        out: &mut impl Sink<Effect>,
    ) {
        let Stage::Leaving(_, phase) = &mut self.stage else { return };
        let is_sealed = matches!(phase, Phase::Sealed { .. });
        let (Phase::Open { owned, work, .. } | Phase::Sealed { owned, work, .. }) = phase else { return };
        let is_awaited = match work {
            Work::Attesting { op: awaited, .. } => *awaited == op,
            Work::Sending(sending) => sending.signing == Some(op),
            Work::Idle | Work::Cutting { .. } | Work::Shown { .. } => false,
        };
        if !is_awaited {
            return;
        }
        let Attested { head, sealed_key } = match result {
            Ok(attested) => attested,
            Err(why) => return self.fail(now, FailureReason::identity(why), out),
        };
        match work {
            Work::Attesting { manifest, .. } => {
                let ResourceKey::Daemon(key) = &owned.row.key else { return };
                let ready = Box::new(SnapshotReady {
                    source: self.config.here,
                    key: key.clone(),
                    durability: owned.durability,
                    manifest: manifest.clone(),
                    head,
                    is_sealed,
                    sealed_key,
                });
                *work = Work::Shown { ready: ready.clone() };
                self.shown(now, ready, out);
            }
            Work::Sending(sending) => {
                sending.signing = None;
                sending.signed = Some(head);
                self.send_on(now, out);
            }
            Work::Idle | Work::Cutting { .. } | Work::Shown { .. } => {}
        }
    }

    /// The snapshot may be fetched from now on: the target has the time for that.
    fn shown(&mut self, now: Now, ready: Box<SnapshotReady>, out: &mut impl Sink<Effect>) {
        let limits = &self.config.limits;
        let by = now.boot.after(limits.migration_patience).after(travel(limits, ready.manifest.total));
        let by = by.after(limits.migration_ready_budget);
        if let Stage::Leaving(_, Phase::Open { give_up_at, .. }) = &mut self.stage {
            *give_up_at = by;
        }
        if let Some(Parties { orchestrator, .. }) = self.parties() {
            self.send(orchestrator, Party::Orchestrator, MigrationStep::SnapshotReady(ready), out);
        }
    }
}
