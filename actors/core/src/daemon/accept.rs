//! Accepting inputs: gathered while the frame before is made durable, cut into one frame, processed when that is durable.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use wayfare_protocol::daemon::{DaemonAnswer, Durability, InboxDigest, InboxEntry, InboxFrame, Input};
use wayfare_protocol::entity::Origin;
use wayfare_protocol::limits::{DAEMON_EVENT_MAX, DAEMON_FRAME_ENTRIES, DAEMON_FRAME_MAX};
use wayfare_protocol::{ErrorCode, Now, Refusal, Wall, codec};

use super::{Answer, DaemonHost, Effect, InboxRecord, MoveAnswer};
use crate::machine::{OpId, Sink};
use crate::session::Caller;

/// What an entry weighs in a frame beside its payload, at the most.
const ENTRY_WEIGHT: usize = 64;

fn weight(input: &Input) -> usize {
    ENTRY_WEIGHT
        + match input {
            Input::Published { payload, .. } => payload.len(),
            Input::Worked { result: Ok(result), .. } => result.len(),
            Input::Worked { result: Err(reason), .. } => reason.len(),
            Input::Lost { .. }
            | Input::Tick { .. }
            | Input::Redriven { .. }
            | Input::Subscribed { .. }
            | Input::Unsubscribed { .. }
            | Input::Fed { .. }
            | Input::Unfed { .. } => 0,
        }
}

/// Inputs on their way into the inbox.
#[derive(Debug, Default)]
pub(super) struct Accepting {
    /// Accepted, not yet in a frame.
    entries: Vec<InboxEntry>,
    bytes: usize,
    /// Who is answered when they are durable.
    replies: Vec<(Caller, Reply)>,
    /// The frames that are being made durable.
    pub(super) under_way: Option<UnderWay>,
    /// The last numbers of publishers, where they are not processed yet, and the frame that they are in or will be.
    last: BTreeMap<Origin, (u64, u64)>,
    /// Frames cut so far.
    cut: u64,
    /// Ticks whose entries are not processed yet.
    pub(super) ticked: BTreeSet<(Wall, u64)>,
    /// Background work, likewise.
    pub(super) worked: BTreeSet<u64>,
}

/// Frames that are being made durable.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) op: OpId,
    pub(super) frames: Vec<(InboxFrame, InboxDigest)>,
    /// Positions that the owner gave up, where frames of another node are followed.
    pub(super) given_up: BTreeMap<u64, String>,
    pub(super) replies: Vec<(Caller, Reply)>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// To a call, as soon as the input is durable.
    Recorded(DaemonAnswer),
    /// Where it stands, as soon as what came of the input is logged.
    Stands,
}

impl Accepting {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.under_way.is_none()
    }

    /// Gathers one input.
    pub(super) fn push(&mut self, now: Now, input: Input) {
        self.bytes += weight(&input);
        self.entries.push(InboxEntry { at: now.wall, input });
    }

    /// The oldest entries, no more than a message of a migration can take as one frame.
    fn take_frame(&mut self) -> Vec<InboxEntry> {
        let mut bytes = 0;
        let fits = |entry: &&InboxEntry| {
            bytes += weight(&entry.input);
            bytes <= DAEMON_FRAME_MAX
        };
        let many = self.entries.iter().take(DAEMON_FRAME_ENTRIES).take_while(fits).count().max(1);
        let rest = self.entries.split_off(many);
        std::mem::replace(&mut self.entries, rest)
    }

    pub(super) fn saw(&mut self, origin: Origin, last: u64) {
        self.last.insert(origin, (last, self.cut + 1));
    }

    /// Answers when everything gathered so far is durable; returns the reply if it is already.
    pub(super) fn when_recorded(&mut self, caller: Caller, answer: DaemonAnswer) -> Option<Effect> {
        let reply = (caller, Reply::Recorded(answer));
        let waiting = match (&mut self.under_way, self.entries.is_empty()) {
            (_, false) => &mut self.replies,
            (Some(under_way), true) => &mut under_way.replies,
            (None, true) => return reply.1.now(caller),
        };
        waiting.push(reply);
        None
    }
}

impl Reply {
    fn now(self, caller: Caller) -> Option<Effect> {
        match self {
            Self::Recorded(answer) => Some(Effect::Reply { caller, answer: Answer::Call(answer) }),
            Self::Stands => None,
        }
    }
}

impl DaemonHost {
    /// Takes a publisher's events: per origin only what follows the last (architecture §5.5).
    pub(super) fn publish(
        &mut self,
        now: Now,
        caller: Caller,
        (origin, first): (Origin, u64),
        payloads: Vec<Bytes>,
        out: &mut impl Sink<Effect>,
    ) {
        let last = self.last_of(origin);
        if let Err(refusal) = self.has_room_for(first, &payloads) {
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        if first > last + 1 {
            return reply(caller, DaemonAnswer::Gap { expected: last + 1 }, out);
        }
        let through = first + payloads.len() as u64 - 1;
        for (sequence, payload) in (first..).zip(payloads) {
            if sequence > last {
                self.accepting.push(now, Input::Published { origin, sequence, payload });
            }
        }
        if through > last {
            self.accepting.saw(origin, through);
        }
        out_some(self.accepting.when_recorded(caller, DaemonAnswer::Accepted { through }), out);
    }

    /// A publisher has lost what comes next.
    pub(super) fn lost(&mut self, now: Now, caller: Caller, origin: Origin, through: u64, out: &mut impl Sink<Effect>) {
        if through > self.last_of(origin) {
            self.accepting.push(now, Input::Lost { origin, through });
            self.accepting.saw(origin, through);
        }
        out_some(self.accepting.when_recorded(caller, DaemonAnswer::Accepted { through }), out);
    }

    /// Gathers an input that is answered with `Done`.
    pub(super) fn record(&mut self, now: Now, caller: Caller, input: Input, out: &mut impl Sink<Effect>) {
        self.accepting.push(now, input);
        out_some(self.accepting.when_recorded(caller, DaemonAnswer::Done), out);
    }

    pub(super) fn last_of(&self, origin: Origin) -> u64 {
        let processed = self.runner().map_or(0, |runner| runner.memory.last_of(origin));
        self.accepting.last.get(&origin).map_or(processed, |(last, _)| *last)
    }

    pub(super) fn has_room_for(&self, first: u64, payloads: &[Bytes]) -> Result<(), Refusal> {
        if payloads.is_empty() || first == 0 {
            let detail = "a publication has at least one event, and their numbers begin at 1".to_owned();
            return Err(Refusal::new(ErrorCode::Malformed, detail));
        }
        if let Some(large) = payloads.iter().find(|payload| payload.len() > DAEMON_EVENT_MAX) {
            let detail = format!("an event of {} bytes is over the limit of {DAEMON_EVENT_MAX}", large.len());
            return Err(Refusal::new(ErrorCode::TooLarge, detail));
        }
        if self.accepting.bytes >= DAEMON_FRAME_MAX {
            let detail = format!("{} bytes of events wait to be recorded", self.accepting.bytes);
            return Err(Refusal::new(ErrorCode::Overloaded, detail));
        }
        let acknowledged = self.runner().and_then(|runner| runner.memory.acknowledged());
        if self.outbox.is_over(self.config.limits.daemon_outbox, acknowledged) {
            let detail = "a subscriber is too far behind: its outputs are kept until it acknowledges them".to_owned();
            return Err(Refusal::new(ErrorCode::Overloaded, detail));
        }
        Ok(())
    }

    /// Makes what was gathered durable, one frame at a time: what comes meanwhile makes the next one.
    pub(super) fn commit(&mut self, out: &mut impl Sink<Effect>) {
        if self.accepting.under_way.is_some() || self.accepting.entries.is_empty() || !self.acts() {
            return;
        }
        let Some(memory) = self.runner().map(|runner| &runner.memory) else { return };
        let (mut first, mut digest) = (memory.position + 1, memory.digest);
        let replies = std::mem::take(&mut self.accepting.replies);
        self.accepting.cut += 1;
        let (mut logged, mut frames) = (Vec::new(), Vec::new());
        while !self.accepting.entries.is_empty() {
            let entries = self.accepting.take_frame();
            let frame = InboxFrame { first, seed: self.seeds.random(), entries };
            let bytes = codec::encode(&frame);
            digest = digest.after(&bytes);
            first = frame.last() + 1;
            logged.push(bytes);
            frames.push((frame, digest));
        }
        self.accepting.bytes = 0;
        self.log_frames(logged, frames, BTreeMap::new(), replies, out);
    }

    /// Appends frames to the inbox.
    pub(super) fn log_frames(
        &mut self,
        bytes: Vec<Bytes>,
        frames: Vec<(InboxFrame, InboxDigest)>,
        given_up: BTreeMap<u64, String>,
        replies: Vec<(Caller, Reply)>,
        out: &mut impl Sink<Effect>,
    ) {
        for ((frame, _), bytes) in frames.iter().zip(&bytes) {
            self.places.append(frame, bytes.len());
        }
        let op = self.ops.take();
        let records = bytes.into_iter().map(InboxRecord::Frame).collect();
        out.push(Effect::AppendInbox { op, records, durability: self.durability });
        let replies = match self.durability {
            // What this process has is all that such a daemon promises.
            Durability::Memory => without_waiting(replies, out),
            Durability::Process | Durability::Disk => replies,
        };
        self.accepting.under_way = Some(UnderWay { op, frames, given_up, replies });
    }

    /// Frames are durable: who sent them is told, and they are processed.
    pub(super) fn recorded(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        let Some(under_way) = self.accepting.under_way.take_if(|under_way| under_way.op == op) else { return };
        let mut stands = Vec::new();
        // Recorded by an owner that is none any more, it is nowhere: the publisher sends it to the next one.
        let is_lost = matches!(self.ownership.phase(), crate::ownership::Phase::Released { .. });
        for (caller, reply) in under_way.replies {
            match reply {
                Reply::Recorded(_) if is_lost => {
                    let refusal = Refusal::new(ErrorCode::StaleEpoch, "another node has it now".to_owned());
                    self::reply(caller, DaemonAnswer::Refused(refusal), out);
                }
                Reply::Recorded(answer) => out.push(Effect::Reply { caller, answer: Answer::Call(answer) }),
                Reply::Stands => stands.push(caller),
            }
        }
        for (frame, digest) in &under_way.frames {
            if !self.process(frame, *digest, &under_way.given_up, out) {
                break; // the code broke; it is made anew from the logs
            }
        }
        self.forget_processed();
        for caller in stands {
            let Some(head) = self.runner().map(|runner| runner.memory.head()) else {
                let refusal = Refusal::new(ErrorCode::Overloaded, "its code broke and is being made anew".to_owned());
                out.push(Effect::Reply { caller, answer: Answer::Move(MoveAnswer::Refused(refusal)) });
                continue;
            };
            self.when_logged(Effect::Reply { caller, answer: Answer::Move(MoveAnswer::Stands(head)) }, out);
        }
    }

    /// What is processed is in the memory, and needs no note here.
    fn forget_processed(&mut self) {
        let super::Phase::Running(runner) = &self.phase else { return };
        let memory = &runner.memory;
        let cut = self.accepting.cut;
        self.accepting.last.retain(|_, (_, frame)| *frame > cut);
        self.accepting.ticked.retain(|tick| memory.ticks.contains_key(tick));
        self.accepting.worked.retain(|work| memory.work.contains_key(work));
    }

    /// Refuses what was gathered and not made durable.
    pub(super) fn refuse_gathered(&mut self, refusal: &Refusal, out: &mut impl Sink<Effect>) {
        let accepting = &mut self.accepting;
        accepting.entries.clear();
        accepting.bytes = 0;
        accepting.last.clear();
        accepting.ticked.clear();
        accepting.worked.clear();
        for (caller, _) in std::mem::take(&mut accepting.replies) {
            reply(caller, DaemonAnswer::Refused(refusal.clone()), out);
        }
    }
}

/// Answers what would be answered once it is recorded; who waits for more stays.
fn without_waiting(replies: Vec<(Caller, Reply)>, out: &mut impl Sink<Effect>) -> Vec<(Caller, Reply)> {
    let (recorded, stands): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|(_, reply)| matches!(reply, Reply::Recorded(_)));
    recorded.into_iter().filter_map(|(caller, reply)| reply.now(caller)).for_each(|effect| out.push(effect));
    stands
}

pub(super) fn reply(caller: Caller, answer: DaemonAnswer, out: &mut impl Sink<Effect>) {
    out.push(Effect::Reply { caller, answer: Answer::Call(answer) });
}

fn out_some(effect: Option<Effect>, out: &mut impl Sink<Effect>) {
    if let Some(effect) = effect {
        out.push(effect);
    }
}
