//! Frames on their way to the target: one message under way at a time, the next when the target says that it has processed that one.

use wayfare_protocol::limits::MIGRATION_BATCH;
use wayfare_protocol::migration::{FailureReason, MigrationStep, Party};
use wayfare_protocol::{Boot, ErrorCode, Head, Now};

use super::{Effect, Parties, Phase, Signed, Source, Stage, Then, Work};
use crate::daemon::{Frames, MoveAnswer, MoveAsk};
use crate::machine::{OpId, Sink};

/// See the module.
#[derive(Debug)]
pub(super) struct Sending {
    /// The last position that the target has; `None`: not known.
    at: Option<u64>,
    /// The host reads frames.
    pub(super) reading: Option<OpId>,
    /// What the target has not answered.
    batch: Option<Batch>,
    /// When something is sent again, or looked for.
    pub(super) again_at: Boot,
    /// The entity is signing the sealed head.
    pub(super) signing: Option<OpId>,
    pub(super) signed: Signed,
}

#[derive(Debug)]
struct Batch {
    /// Frames after this position.
    after: u64,
    through: u64,
    stood: u64,
    step: MigrationStep,
}

impl Sending {
    /// To a target that stands there, if that is known.
    pub(super) fn new(at: Option<u64>, now: Now) -> Self {
        Self { at, reading: None, batch: None, again_at: now.boot, signing: None, signed: None }
    }
}

fn last_position(frames: &Frames) -> Option<u64> {
    let last = frames.frames.last()?;
    wayfare_protocol::daemon::InboxFrame::decode(last).ok().map(|frame| frame.last())
}

impl Source {
    pub(super) fn sending(&mut self) -> Option<&mut Sending> {
        match &mut self.stage {
            Stage::Leaving(
                _,
                Phase::Open { work: Work::Sending(sending), .. }
                | Phase::Sealing { then: Then::Replay(sending), .. }
                | Phase::Sealed { work: Work::Sending(sending), .. },
            ) => Some(sending),
            _ => None,
        }
    }

    /// Reads the next frames, unless something is under way.
    pub(super) fn send_on(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let again_at = self.retry_at(now);
        let sealed_at = match &self.stage {
            Stage::Leaving(_, Phase::Sealed { head, .. }) => Some(head.inbox_position),
            _ => None,
        };
        let Some(sending) = self.sending() else { return };
        if sending.reading.is_some() || sending.batch.is_some() {
            return;
        }
        sending.again_at = again_at;
        // A target of which nothing is known says where it stands when it is told where this node does.
        let Some(after) = sending.at.or(sealed_at) else { return };
        let op = self.host(MoveAsk::Frames { after, bytes_max: MIGRATION_BATCH }, out);
        if let Some(sending) = self.sending() {
            sending.reading = Some(op);
        }
    }

    /// The host has read frames, or not.
    pub(super) fn read(&mut self, now: Now, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
        let sealed_at = match &self.stage {
            Stage::Leaving(_, Phase::Sealed { head, .. }) => Some(head.inbox_position),
            _ => None,
        };
        let Some(sending) = self.sending() else { return };
        sending.reading = None;
        let after = sending.at.or(sealed_at).unwrap_or_default();
        match answer {
            MoveAnswer::Frames(frames, Head { inbox_position: stood, .. }) => {
                let through = last_position(&frames).unwrap_or(after);
                let sealed = sending.signed.filter(|_| through >= stood);
                let Frames { frames, dead } = frames;
                let step = MigrationStep::BufferedEvents { frames, dead, stood, sealed };
                sending.batch = Some(Batch { after, through, stood, step });
                self.send_batch(now, out);
            }
            MoveAnswer::Refused(refusal) if refusal.code == ErrorCode::NotFound => {
                if let Some(Parties { orchestrator, .. }) = self.parties() {
                    let reason = FailureReason::FramesGone { after };
                    self.send(orchestrator, Party::Orchestrator, MigrationStep::MigrationFailed { reason }, out);
                }
            }
            _ => {} // read again when it is time
        }
    }

    fn send_batch(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let again_at = self.retry_at(now);
        let Some(parties) = self.parties() else { return };
        let Some(sending) = self.sending() else { return };
        sending.again_at = again_at;
        let signed = sending.signed;
        let Some(batch) = &sending.batch else { return };
        let (stood, step) = (batch.stood, batch.step.clone());
        if signed.is_some() {
            let told = MigrationStep::BufferedEvents { frames: Vec::new(), dead: Vec::new(), stood, sealed: signed };
            self.send(parties.orchestrator, Party::Orchestrator, told, out);
        }
        self.send(parties.target, Party::Target, step, out);
    }

    /// It is time to send something again, or to look for more.
    pub(super) fn send_if_due(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Some(sending) = self.sending() else { return };
        if sending.again_at > now.boot {
            return;
        }
        if sending.batch.is_some() {
            self.send_batch(now, out);
        } else if sending.reading.is_some() {
            let again_at = self.retry_at(now);
            if let Some(sending) = self.sending() {
                sending.again_at = again_at;
            }
        } else {
            self.send_on(now, out);
        }
    }

    /// The orchestrator asks once more where this node was sealed.
    pub(super) fn tell_sealed_again(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Some(sending) = self.sending() else { return };
        if sending.batch.is_some() {
            self.send_batch(now, out);
        } else if sending.signed.is_some() {
            self.send_on(now, out);
        }
    }

    /// The target has made the daemon, now or before, and stands there.
    pub(super) fn stands_restored(&mut self, now: Now, position: u64, out: &mut impl Sink<Effect>) {
        let Some(sending) = self.sending() else { return };
        // While frames are under way only a target that began anew is news.
        if sending.batch.as_ref().is_none_or(|batch| position < batch.after) {
            sending.at = Some(position);
            sending.batch = None;
            self.send_on(now, out);
        }
    }

    /// The target has processed what it has.
    pub(super) fn stands_replayed(&mut self, now: Now, position: u64, out: &mut impl Sink<Effect>) {
        let lag = self.config.limits.migration_lag;
        let Some(sending) = self.sending() else { return };
        let Some(batch) = &sending.batch else {
            return; // a repeat: nothing waits for it
        };
        let is_done = position >= batch.through;
        let is_behind = position < batch.after;
        let has_more = batch.through < batch.stood;
        let (is_far, is_further) =
            (batch.stood.saturating_sub(position) > lag, sending.at.is_none_or(|at| position > at));
        let is_told = !matches!(batch.step, MigrationStep::BufferedEvents { sealed: None, .. });
        if is_done || is_behind {
            let owes_seal = sending.signed.is_some() && !is_told;
            sending.at = Some(position);
            sending.batch = None;
            if is_far && is_further {
                self.progress(now);
            }
            if is_behind || has_more || owes_seal {
                self.send_on(now, out);
            }
        }
    }
}
