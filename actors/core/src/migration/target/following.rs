//! The copy follows, says where it stands, and becomes live or is forgotten on a row.

use wayfare_protocol::migration::{FailureReason, MigrationMessage, MigrationPhase, MigrationStep, Party};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{NodeId, Now, ResourceId, SignedHead};

use super::{Effect, Following, Kept, Phase, Plan, Say, Stage, Target, Work};
use crate::daemon::{Frames, MoveAnswer, MoveAsk, Standing};
use crate::machine::{OpId, Sink};

impl Target {
    fn following(&mut self) -> Option<&mut Following> {
        if let Stage::Coming(_, Phase::Following(following)) = &mut self.stage { Some(following) } else { None }
    }

    /// The source has accepted more. While frames are being processed others are dropped: the source sends them again.
    pub(super) fn follow(
        &mut self,
        now: Now,
        frames: Frames,
        stood: u64,
        sealed: Option<SignedHead>,
        out: &mut impl Sink<Effect>,
    ) {
        let patience = self.patience(now);
        let daemon = self.config.daemon;
        let Some(epoch) = self.epoch() else { return };
        if sealed.is_some_and(|sealed| sealed.epoch != epoch || sealed.verify(daemon).is_err()) {
            return self.say_failed(FailureReason::WrongHead, out);
        }
        let Some(following) = self.following() else { return };
        following.give_up_at = patience;
        if following.work != Work::Idle {
            return;
        }
        let op = self.host(MoveAsk::Follow(frames), out);
        if let Some(following) = self.following() {
            following.work = Work::Replaying { op, stood, is_sealed: sealed.is_some() };
        }
    }

    pub(super) fn host_answered(&mut self, op: OpId, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        let lag = self.config.limits.migration_lag;
        let Some(following) = self.following() else { return };
        match following.work {
            Work::Replaying { op: awaited, stood, is_sealed } if awaited == op => {
                following.work = Work::Idle;
                match answer {
                    MoveAnswer::Stands(head) => following.head = head,
                    MoveAnswer::Gap { .. } => {} // the source hears where this node stands
                    _ => return,                 // the source sends it again
                }
                let behind = stood.saturating_sub(following.head.inbox_position);
                let say = Say::Replayed { behind };
                if behind <= lag || is_sealed { self.keep_and_say(say, out) } else { self.say(say, out) }
            }
            Work::Keeping { op: awaited, then } if awaited == op => {
                following.work = Work::Idle;
                if let MoveAnswer::Standing(Standing::Follows { kept: Some(_), .. }) = answer {
                    following.is_kept = Kept::Yes;
                    self.say(then, out);
                }
            }
            _ => {}
        }
    }

    /// Says where it stands to somebody who may commit on that: from then on the copy is kept.
    pub(super) fn keep_and_say(&mut self, say: Say, out: &mut impl Sink<Effect>) {
        let Some(epoch) = self.epoch() else { return };
        let Some(Following { is_kept, work, .. }) = self.following() else { return };
        if *is_kept == Kept::Yes {
            return self.say(say, out);
        }
        if *work != Work::Idle {
            return; // asked again when that is done
        }
        let op = self.host(MoveAsk::Keep(epoch), out);
        if let Some(following) = self.following() {
            following.work = Work::Keeping { op, then: say };
        }
    }

    pub(super) fn say(&mut self, say: Say, out: &mut impl Sink<Effect>) {
        let Some(Following { head, .. }) = self.following() else { return };
        let head = *head;
        let step = match say {
            Say::Restored => MigrationStep::RestoreComplete { head },
            Say::Replayed { behind } => MigrationStep::ReplayComplete { head, behind },
        };
        self.tell(step, out);
    }

    fn say_failed(&self, reason: FailureReason, out: &mut impl Sink<Effect>) {
        if let Some(parties) = self.parties() {
            self.send(parties.orchestrator, Party::Orchestrator, MigrationStep::MigrationFailed { reason }, out);
        }
    }

    /// Time has passed: a copy that is kept reads the row; one that hears nothing is forgotten, or asks to be freed.
    pub(super) fn follow_on(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let (retry_at, patience) = (self.retry_at(now), self.patience(now));
        let Some(following) = self.following() else { return };
        let is_over = following.give_up_at <= now.boot;
        match following.is_kept {
            Kept::No if is_over => {
                self.say_failed(FailureReason::Timeout(MigrationPhase::Replay), out);
                self.forget(out);
            }
            Kept::No => {}
            Kept::Yes => {
                if is_over {
                    following.give_up_at = patience;
                    self.ask_to_be_freed(out);
                }
                let Some(following) = self.following() else { return };
                if following.again_at <= now.boot {
                    following.again_at = retry_at;
                    self.read_row(out);
                }
            }
        }
    }

    pub(super) fn read_row(&mut self, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        out.push(Effect::ReadRow { op });
    }

    /// The migration is gone, and the owner may never have sealed: it is asked to raise the epoch.
    fn ask_to_be_freed(&mut self, out: &mut impl Sink<Effect>) {
        let Stage::Coming(Plan { parties, .. }, Phase::Following(_)) = &self.stage else { return };
        let reason = FailureReason::Timeout(MigrationPhase::Cutover);
        if let Some(owner) = parties.map(|parties| parties.source) {
            self.send(owner, Party::Source, MigrationStep::MigrationFailed { reason }, out);
        }
    }

    /// A row as the store has it.
    pub(super) fn learn(&mut self, now: Now, row: &Row, out: &mut impl Sink<Effect>) {
        let here = self.config.here;
        if row.resource != ResourceId::Daemon(self.config.daemon) {
            return;
        }
        let Stage::Coming(plan, Phase::Following(following)) = &mut self.stage else { return };
        if following.is_kept == Kept::No && plan.parties.is_none() {
            return; // after a crash: an orchestrator that is still there finds it, or it is forgotten
        }
        if row.epoch <= plan.epoch {
            if plan.parties.is_none() && row.owner != here {
                // After a crash the row is all that says whose copy it is.
                plan.parties = Some(super::Parties { orchestrator: row.owner, source: row.owner });
            }
        } else if row.owner == here {
            self.tell_host(now, row.clone(), out);
        } else {
            let op = self.host(MoveAsk::ForgetFollower(row.epoch), out);
            self.enter(Phase::Forgetting { op });
        }
    }

    pub(super) fn tell_host(&mut self, now: Now, row: Row, out: &mut impl Sink<Effect>) {
        let op = self.host(MoveAsk::Row(row.clone()), out);
        let again_at = self.retry_at(now);
        self.enter(Phase::Learning { row, op, again_at });
    }

    /// The host owns it, durably.
    pub(super) fn learned(&mut self, answer: &MoveAnswer, out: &mut impl Sink<Effect>) {
        match answer {
            MoveAnswer::Standing(Standing::Owns { .. }) => {
                self.tell(MigrationStep::ActivateAck, out);
                self.end(out);
            }
            MoveAnswer::Standing(_) => self.end(out),
            _ => {} // told again when it is time
        }
    }

    /// Says to whoever asked, and to the source, that it is here.
    pub(super) fn acknowledge(&mut self, asked: NodeId, source: NodeId, out: &mut impl Sink<Effect>) {
        let Stage::Coming(Plan { migration, epoch, .. }, _) = &self.stage else { return };
        let (migration, daemon, epoch) = (*migration, self.config.daemon, *epoch);
        for (node, to) in [(asked, Party::Orchestrator), (source, Party::Source)] {
            let message = MigrationMessage { migration, daemon, epoch, to, step: MigrationStep::ActivateAck };
            out.push(Effect::Send { to: node, message });
        }
        self.end(out);
    }
}
