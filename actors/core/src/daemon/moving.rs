//! The host's side of a migration: snapshot, frames, seal; and following another node's host.

use std::collections::BTreeMap;

use wayfare_protocol::daemon::InboxFrame;
use wayfare_protocol::limits::{MIGRATION_DEAD_MAX, MIGRATION_FRAMES_MAX};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::snapshot::SnapshotBytes;
use wayfare_protocol::{ErrorCode, Now, Refusal};

use super::accept::Reply;
use super::history::restore;
use super::snapshots::SnapshotCaller;
use super::{After, Answer, DaemonHost, Effect, Frames, InboxRecord, MoveAnswer, MoveAsk, Phase, Standing};
use crate::machine::{Machine as _, OpId, Sink};
use crate::ownership;
use crate::placement::Hosted;
use crate::session::Caller;

/// What a reason weighs in a message beside its text.
const REASON_WEIGHT: usize = 16;

/// How far a seal is.
#[derive(Debug, Default)]
pub(super) enum Sealing {
    /// None is wanted.
    #[default]
    No,
    /// Nothing is accepted any more; what was accepted ends first.
    Draining(Vec<Caller>),
}

impl DaemonHost {
    pub(super) fn on_move(&mut self, now: Now, caller: Caller, ask: MoveAsk, out: &mut impl Sink<Effect>) {
        match ask {
            MoveAsk::Cut => self.snapshot(now, SnapshotCaller::Move(caller), out),
            MoveAsk::Frames { after, bytes_max } => self.read_frames(caller, after, bytes_max, out),
            MoveAsk::Seal => match &mut self.sealing {
                Sealing::Draining(callers) => callers.push(caller),
                Sealing::No => match self.ownership.phase() {
                    ownership::Phase::Sealed { head, .. } => {
                        answer(caller, MoveAnswer::Sealed(*head), out);
                    }
                    ownership::Phase::Held { .. } => {
                        self.sealing = Sealing::Draining(vec![caller]);
                        self.seal_if_drained(now, out);
                    }
                    ownership::Phase::Unowned | ownership::Phase::Released { .. } => {
                        answer(caller, refused(ErrorCode::StaleEpoch, "this node does not own it"), out);
                    }
                },
            },
            MoveAsk::Abort => {
                self.on_ownership(now, ownership::Input::Abort, out);
                answer(caller, MoveAnswer::Aborting, out);
            }
            MoveAsk::Follow(frames) => self.follow(caller, frames, out),
            MoveAsk::Stand => self.stand(caller, out),
            MoveAsk::Row(row) => {
                self.on_ownership(now, ownership::Input::Row(row), out);
                self.stand(caller, out);
            }
            MoveAsk::Keep(epoch) => {
                self.kept = Some(epoch);
                self.append(vec![InboxRecord::Kept(epoch)], Vec::new(), out);
                self.stand(caller, out);
            }
            MoveAsk::LetGo => {
                self.held_after = None;
                self.stand(caller, out);
            }
            MoveAsk::Measure => answer(caller, self.measured(), out),
            MoveAsk::Newest => answer(caller, self.newest_snapshot(), out),
            MoveAsk::ForgetReleased(epoch) => match self.ownership.phase() {
                ownership::Phase::Released { row } if row.epoch <= epoch => self.forget_released(caller, out),
                _ => answer(caller, refused(ErrorCode::Forbidden, "by all that it knows it was not released"), out),
            },
            MoveAsk::ForgetFollower(epoch) => match self.ownership.phase() {
                ownership::Phase::Unowned if self.kept.is_none_or(|kept| kept < epoch) => self.forget(caller, out),
                _ => answer(caller, refused(ErrorCode::Forbidden, "it may be this node's by the row"), out),
            },
        }
    }

    /// How busy it keeps its node.
    fn measured(&self) -> MoveAnswer {
        let (Some(runner), Some(since)) = (self.runner(), self.acts_since) else {
            return refused(ErrorCode::StaleEpoch, "this node does not act for it now");
        };
        let busy = (runner.code.saturation().clamp(0.0, 1.0) * 100.0).round();
        let hosted = Hosted {
            daemon: self.config.entity,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
            busy_percent: busy as u8,
            state_bytes: self.snapshots.bytes,
            since,
        };
        MoveAnswer::Measured(runner.kind.clone(), hosted)
    }

    /// Nothing is deleted that the owner may not have.
    fn forget_released(&self, caller: Caller, out: &mut impl Sink<Effect>) {
        if self.ownership.has_parted(self.runner().map(|runner| runner.memory.head())) {
            let why = "it was thought to be lost, and has events that the daemon went on without elsewhere";
            return answer(caller, refused(ErrorCode::Forbidden, why), out);
        }
        self.forget(caller, out);
    }

    fn forget(&self, caller: Caller, out: &mut impl Sink<Effect>) {
        answer(caller, MoveAnswer::Forgotten, out);
        out.push(Effect::Remove);
    }

    /// Says where it stands and whose it is, as soon as that is recorded.
    fn stand(&mut self, caller: Caller, out: &mut impl Sink<Effect>) {
        let standing = match self.standing() {
            Some(standing) => MoveAnswer::Standing(standing),
            None => refused(ErrorCode::Overloaded, "the daemon is being made anew, or cannot be"),
        };
        let reply = Effect::Reply { caller, answer: Answer::Move(standing) };
        match self.after.last_entry() {
            // Appends end in their order.
            Some(mut last) => last.get_mut().push(After::Do(Box::new(reply))),
            None => out.push(reply),
        }
    }

    /// `None` while there is no running code to ask.
    fn standing(&self) -> Option<Standing> {
        let runner = self.runner();
        let durability = self.durability;
        Some(match self.ownership.phase() {
            ownership::Phase::Unowned => Standing::Follows { head: runner?.memory.head(), kept: self.kept },
            ownership::Phase::Held { row } => {
                Standing::Owns { row: row.clone(), durability, is_deterministic: runner?.code.deterministic() }
            }
            ownership::Phase::Sealed { row, head } => Standing::Sealed { row: row.clone(), durability, head: *head },
            ownership::Phase::Released { row } => Standing::Released { row: row.clone() },
        })
    }

    /// A seal that is wanted is not to be any more.
    pub(super) fn call_seal_off(&mut self, why: &Refusal, out: &mut impl Sink<Effect>) {
        if let Sealing::Draining(callers) = std::mem::take(&mut self.sealing) {
            for caller in callers {
                answer(caller, MoveAnswer::Refused(why.clone()), out);
            }
        }
    }

    /// Everything accepted has ended and is logged: where that is, is the head, and it is recorded before it is told.
    pub(super) fn seal_if_drained(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        // A stopped daemon moves too: it has nothing under way.
        let is_drained = self.accepting.is_empty() && self.outputs.is_quiet();
        let Sealing::Draining(callers) = &mut self.sealing else { return };
        let Phase::Running(runner) = &self.phase else { return };
        if !is_drained {
            return;
        }
        let callers = std::mem::take(callers);
        self.sealing = Sealing::No;
        let head = runner.memory.head();
        let mut effects = Vec::new();
        self.ownership.step(now, ownership::Input::Seal { head }, &mut effects);
        let refusal = effects.iter().find_map(|effect| match effect {
            ownership::Effect::SealRefused(error) => Some(error.to_string()),
            _ => None,
        });
        let said = match refusal {
            Some(why) => refused(ErrorCode::Forbidden, &why),
            None => MoveAnswer::Sealed(head),
        };
        let after = callers
            .into_iter()
            .map(|caller| After::Do(Box::new(Effect::Reply { caller, answer: Answer::Move(said.clone()) })));
        let after = after.collect();
        self.take_ownership(effects, after, out);
        self.refuse_waiting(out);
    }

    /// Frames after a position, as they are in the log.
    fn read_frames(&mut self, caller: Caller, after: u64, bytes_max: usize, out: &mut impl Sink<Effect>) {
        let Some(memory) = self.runner().map(|runner| &runner.memory) else {
            return answer(caller, refused(ErrorCode::Overloaded, "the daemon is being made anew"), out);
        };
        if after == memory.position {
            return answer(caller, MoveAnswer::Frames(Frames::default(), memory.head()), out);
        }
        match self.places.record_after(after) {
            Some(from) => {
                let op = self.ops.take();
                self.reading.insert(op, (caller, after, bytes_max));
                out.push(Effect::ReadInbox { op, from, bytes_max });
            }
            None => {
                let why = format!("no frame of the inbox begins after position {after}");
                answer(caller, refused(ErrorCode::NotFound, &why), out);
            }
        }
    }

    /// Records of the inbox were read: the frames among them that are processed.
    pub(super) fn read(&mut self, op: OpId, records: Vec<InboxRecord>, out: &mut impl Sink<Effect>) {
        let Some((caller, after, bytes_max)) = self.reading.remove(&op) else { return };
        let Some(memory) = self.runner().map(|runner| &runner.memory) else {
            return answer(caller, refused(ErrorCode::Overloaded, "the daemon is being made anew"), out);
        };
        let mut frames = Vec::with_capacity(records.len());
        let (mut dead, mut bytes_so_far) = (Vec::new(), 0);
        for record in records {
            let InboxRecord::Frame(bytes) = record else { continue };
            let Ok(frame) = InboxFrame::decode(&bytes) else { break };
            if frame.first > memory.position {
                break;
            }
            if frame.last() <= after {
                continue;
            }
            let given_up = self.gave_up.range(frame.first..=frame.last());
            let given_up: Vec<_> = given_up.map(|(at, reason)| (*at, reason.clone())).collect();
            bytes_so_far +=
                bytes.len() + given_up.iter().map(|(_, reason)| reason.len() + REASON_WEIGHT).sum::<usize>();
            let is_much = bytes_so_far > bytes_max
                || frames.len() == MIGRATION_FRAMES_MAX
                || dead.len() + given_up.len() > MIGRATION_DEAD_MAX;
            if is_much && !frames.is_empty() {
                break;
            }
            dead.extend(given_up);
            frames.push(bytes);
        }
        let head = memory.head();
        answer(caller, MoveAnswer::Frames(Frames { frames, dead }, head), out);
    }

    /// The daemon comes from another node.
    pub(super) fn arrive(
        &mut self,
        caller: Caller,
        manifest: Manifest,
        snapshot: &SnapshotBytes,
        out: &mut impl Sink<Effect>,
    ) {
        match restore(Some(snapshot), &self.key().kind, &self.config) {
            Ok((runner, held)) => {
                let head = runner.memory.head();
                let through = runner.memory.chain.sequence();
                self.outbox.rebase(&held, through + 1);
                // They were logged where they were made.
                self.outbox.show(through, runner.memory.acknowledged(), &self.config.limits, out);
                self.phase = Phase::Running(runner);
                let stands = Effect::Reply { caller, answer: Answer::Move(MoveAnswer::Stands(head)) };
                let durability = InboxRecord::Durability(self.durability);
                self.append(vec![durability], Vec::new(), out);
                self.has_snapshot(manifest.clone(), head);
                self.record_snapshot(
                    head.inbox_position,
                    manifest,
                    vec![After::Appear, After::Do(Box::new(stands))],
                    out,
                );
            }
            Err(why) => {
                answer(caller, refused(ErrorCode::Unsupported, &why), out);
                out.push(Effect::Remove);
            }
        }
    }

    /// Processes what the owner has processed.
    fn follow(&mut self, caller: Caller, followed: Frames, out: &mut impl Sink<Effect>) {
        if !matches!(self.ownership.phase(), ownership::Phase::Unowned | ownership::Phase::Released { .. }) {
            return answer(caller, refused(ErrorCode::StaleEpoch, "this node owns it itself"), out);
        }
        let Some(memory) = self.runner().map(|runner| &runner.memory) else {
            return answer(caller, refused(ErrorCode::Overloaded, "the daemon is being made anew"), out);
        };
        if self.accepting.under_way.is_some() {
            return answer(caller, refused(ErrorCode::Overloaded, "frames before these are being recorded"), out);
        }
        let (mut position, mut digest) = (memory.position, memory.digest);
        let (mut frames, mut kept) = (Vec::new(), Vec::new());
        for bytes in followed.frames {
            let frame = match InboxFrame::decode(&bytes) {
                Ok(frame) => frame,
                Err(error) => return answer(caller, refused(ErrorCode::Malformed, &error.to_string()), out),
            };
            if frame.last() <= position {
                continue; // a repeat
            }
            if frame.first != position + 1 {
                return answer(caller, MoveAnswer::Gap { after: position }, out);
            }
            position = frame.last();
            digest = digest.after(&bytes);
            frames.push((frame, digest));
            kept.push(bytes);
        }
        if frames.is_empty() {
            let head = memory.head();
            return self.when_logged(Effect::Reply { caller, answer: Answer::Move(MoveAnswer::Stands(head)) }, out);
        }
        let given_up: BTreeMap<_, _> = followed.dead.into_iter().collect();
        self.log_frames(kept, frames, given_up, vec![(caller, Reply::Stands)], out);
    }
}

fn answer(caller: Caller, answer: MoveAnswer, out: &mut impl Sink<Effect>) {
    out.push(Effect::Reply { caller, answer: Answer::Move(answer) });
}

pub(super) fn refused(code: ErrorCode, why: &str) -> MoveAnswer {
    MoveAnswer::Refused(Refusal::new(code, why.to_owned()))
}
