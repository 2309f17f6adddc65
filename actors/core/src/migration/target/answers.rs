//! What the host and the node answer while the daemon is on its way.

use wayfare_protocol::migration::{FailureReason, MigrationStep, Party, SnapshotReady};
use wayfare_protocol::{Epoch, ErrorCode, Now, Refusal};

use super::{Effect, Following, Kept, Phase, Say, Stage, Target, Why, Work, travel};
use crate::daemon::{MoveAnswer, MoveAsk, Standing};
use crate::machine::{OpId, Sink};

impl Target {
    pub(super) fn answered(&mut self, now: Now, op: OpId, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        let Stage::Coming(_, phase) = &mut self.stage else { return };
        match phase {
            Phase::Looking { op: awaited, why, .. } if *awaited == op => {
                let why = why.clone();
                if let MoveAnswer::Standing(standing) = answer {
                    self.found(now, why, standing, out);
                }
            }
            Phase::Clearing { op: awaited, ready } if *awaited == op => {
                let ready = ready.clone();
                match answer {
                    MoveAnswer::Forgotten => {
                        if ready.sealed_key.is_some() {
                            out.push(Effect::ZeroizeKey); // it comes again, if this comes to that
                        }
                        self.prepare(ready, out);
                    }
                    MoveAnswer::Refused(why) => {
                        self.fail(FailureReason::state(format!("an older copy could not be deleted: {why}")), out);
                    }
                    _ => self.fail(FailureReason::state("an older copy could not be deleted"), out),
                }
            }
            Phase::Arriving { op: awaited, ready } if *awaited == op => {
                let ready = ready.clone();
                self.arrived(now, &ready, answer, out);
            }
            Phase::Following(_) => self.host_answered(op, answer, out),
            Phase::Learning { op: awaited, .. } if *awaited == op => self.learned(&answer, out),
            Phase::Forgetting { op: awaited } if *awaited == op => {
                if let MoveAnswer::Forgotten = answer {
                    out.push(Effect::ZeroizeKey);
                }
                self.end(out);
            }
            _ => {} // of something that is over
        }
    }

    /// How the host stands before anything was done.
    fn found(&mut self, now: Now, why: Why, standing: Standing, out: &mut impl Sink<Effect>) {
        let Stage::Coming(plan, _) = &mut self.stage else { return };
        let epoch = plan.epoch;
        match (why, standing) {
            (Why::Restore(ready), Standing::Absent) => self.prepare(ready, out),
            (Why::Restore(_), Standing::Follows { head, kept: Some(kept) }) if kept == epoch => {
                self.enter_following(now, head, Kept::Yes, 0);
                self.say(Say::Restored, out);
            }
            (Why::Restore(ready), Standing::Follows { kept, .. }) if kept.is_none_or(|kept| kept < epoch) => {
                let op = self.host(MoveAsk::ForgetFollower(epoch), out);
                self.enter(Phase::Clearing { op, ready });
            }
            // The owner under that epoch has signed it: what was left here is in its state.
            (Why::Restore(ready), Standing::Released { row }) if row.epoch <= epoch => {
                let op = self.host(MoveAsk::ForgetReleased(epoch), out);
                self.enter(Phase::Clearing { op, ready });
            }
            // It was the owner before, and the end of that migration has not come here yet.
            (Why::Restore(_), Standing::Owns { row, .. } | Standing::Sealed { row, .. }) if row.epoch < epoch => {
                let why = "it has not heard yet that another node has the daemon".to_owned();
                self.fail(FailureReason::NotReady { why }, out);
            }
            (Why::Restore(_), _) => {
                let why = "this node has the daemon, by a later row";
                self.fail(FailureReason::Refused(Refusal::new(ErrorCode::StaleEpoch, why)), out);
            }
            (Why::Activate { asked, source }, Standing::Owns { row, .. }) if row.epoch >= epoch => {
                self.acknowledge(asked, source, out);
            }
            (Why::Activate { .. } | Why::Recovered, Standing::Follows { head, kept }) => {
                if let Some(kept) = kept {
                    plan.epoch = kept;
                }
                let is_kept = if kept.is_some() { Kept::Yes } else { Kept::No };
                self.enter_following(now, head, is_kept, 0);
                self.read_row(out);
            }
            (Why::Activate { .. } | Why::Recovered, _) => self.end(out),
        }
    }

    fn prepare(&mut self, ready: Box<SnapshotReady>, out: &mut impl Sink<Effect>) {
        let limits = &self.config.limits;
        let (bytes, max) = (ready.manifest.total, limits.snapshot);
        if bytes > max {
            return self.fail(FailureReason::TooLarge { bytes, max }, out);
        }
        if self.config.others >= limits.migrations {
            let why = format!("{} daemons are on their way to it", self.config.others);
            return self.fail(FailureReason::NotReady { why }, out);
        }
        let op = self.ops.take();
        out.push(Effect::Prepare { op, key: ready.key.clone(), bytes });
        self.enter(Phase::Preparing { op, ready });
    }

    pub(super) fn prepared(
        &mut self,
        now: Now,
        op: OpId,
        result: Result<(), FailureReason>,
        out: &mut impl Sink<Effect>,
    ) {
        let Stage::Coming(_, Phase::Preparing { op: awaited, ready }) = &self.stage else { return };
        if *awaited != op {
            return;
        }
        let ready = ready.clone();
        match result {
            Ok(()) => self.pull(ready, 0, now, out),
            Err(reason) => self.fail(reason, out),
        }
    }

    pub(super) fn pulled(&mut self, now: Now, op: OpId, result: Result<(), String>, out: &mut impl Sink<Effect>) {
        let retry_at = self.retry_at(now);
        let most = self.config.limits.migration_pulls;
        let Stage::Coming(_, Phase::Pulling { op: awaited, ready, tries, again_at }) = &mut self.stage else { return };
        if *awaited != Some(op) {
            return;
        }
        let ready = ready.clone();
        match (result, &ready.sealed_key) {
            (Ok(()), Some(sealed)) => {
                let (head, sealed) = (ready.head, *sealed);
                let op = self.ops.take();
                out.push(Effect::OpenKey { op, head, sealed });
                self.enter(Phase::Opening { op, ready });
            }
            (Ok(()), None) => self.arrive(ready, out),
            (Err(why), _) => {
                *tries += 1;
                (*awaited, *again_at) = (None, retry_at);
                if *tries >= most {
                    self.fail(FailureReason::state(why), out);
                }
            }
        }
    }

    pub(super) fn opened(&mut self, op: OpId, result: Result<(), String>, out: &mut impl Sink<Effect>) {
        let Stage::Coming(_, Phase::Opening { op: awaited, ready }) = &self.stage else { return };
        if *awaited != op {
            return;
        }
        let ready = ready.clone();
        match result {
            Ok(()) => self.arrive(ready, out),
            Err(why) => self.fail(FailureReason::identity(why), out),
        }
    }

    fn arrived(&mut self, now: Now, ready: &SnapshotReady, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        match answer {
            MoveAnswer::Stands(head) if head == ready.head.head => {
                self.enter_following(now, head, Kept::No, ready.manifest.total);
                if ready.is_sealed { self.keep_and_say(Say::Restored, out) } else { self.say(Say::Restored, out) }
            }
            MoveAnswer::Stands(_) => {
                if let Some(parties) = self.parties() {
                    let reason = FailureReason::WrongHead;
                    let failed = MigrationStep::MigrationFailed { reason };
                    self.send(parties.orchestrator, Party::Orchestrator, failed, out);
                }
                self.forget(out);
            }
            MoveAnswer::Refused(refusal) => {
                out.push(Effect::ZeroizeKey);
                self.fail(FailureReason::state(refusal), out);
            }
            _ => {}
        }
    }

    fn enter_following(&mut self, now: Now, head: wayfare_protocol::Head, is_kept: Kept, bytes: u64) {
        let give_up_at = self.patience(now).after(travel(&self.config.limits, bytes));
        let again_at = self.retry_at(now);
        self.enter(Phase::Following(Following { head, is_kept, work: Work::Idle, again_at, give_up_at }));
    }

    /// The epoch above which a row ends this migration.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        if let Stage::Coming(plan, _) = &self.stage { Some(plan.epoch) } else { None }
    }
}
