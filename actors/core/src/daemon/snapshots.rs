//! Snapshots: when they are taken, and what becomes deletable by one.

use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::ownership::Row;
use wayfare_protocol::snapshot::Snapshot;
use wayfare_protocol::{Boot, Epoch, ErrorCode, Head, Now, Refusal, codec};

use super::history::HostSection;
use super::moving::refused;
use super::{After, Answer, DaemonHost, Effect, InboxRecord, MoveAnswer, Newest, Phase};
use crate::machine::{OpId, Sink};
use crate::ownership;
use crate::session::Caller;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    storing: Option<Storing>,
    /// Callers of the one after that.
    waiting: Vec<SnapshotCaller>,
    /// The next one is not tried before: the last was a while ago, or failed.
    not_before: Option<Boot>,
    /// Bytes of the newest that was stored here, or came here.
    pub(super) bytes: u64,
    /// Why the last one failed.
    pub(super) failure: Option<String>,
    /// The newest that is recorded, and where it stands.
    newest: Option<(Manifest, Head)>,
}

#[derive(Debug)]
struct Storing {
    op: OpId,
    head: Head,
    /// Records of the outputs log before this one are of no use once it is recorded.
    outputs: u64,
    callers: Vec<SnapshotCaller>,
}

/// Who is answered when a snapshot is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) enum SnapshotCaller {
    /// A person.
    Call(Caller),
    /// A migration.
    Move(Caller),
}

impl SnapshotCaller {
    fn answer(self, result: Result<(Manifest, Head), Refusal>) -> Effect {
        use wayfare_protocol::daemon::DaemonAnswer;
        match (self, result) {
            (Self::Call(caller), Ok(_)) => Effect::Reply { caller, answer: Answer::Call(DaemonAnswer::Done) },
            (Self::Call(caller), Err(why)) => {
                Effect::Reply { caller, answer: Answer::Call(DaemonAnswer::Refused(why)) }
            }
            (Self::Move(caller), Ok((manifest, head))) => {
                Effect::Reply { caller, answer: Answer::Move(MoveAnswer::Cut(manifest, head)) }
            }
            (Self::Move(caller), Err(why)) => Effect::Reply { caller, answer: Answer::Move(MoveAnswer::Refused(why)) },
        }
    }
}

impl DaemonHost {
    /// Takes a snapshot now, after the one that is being stored, or when there is running code again.
    pub(super) fn snapshot(&mut self, now: Now, caller: SnapshotCaller, out: &mut impl Sink<Effect>) {
        let waits_for_code = matches!(self.phase, Phase::Folding(_) | Phase::Loading { .. } | Phase::Rereading { .. });
        if self.snapshots.storing.is_some() || waits_for_code {
            self.snapshots.waiting.push(caller);
        } else {
            self.cut(now, vec![caller], out);
        }
    }

    /// Takes one if it is time: after so many events, so many bytes, or so long with any event at all.
    pub(super) fn snapshot_if_due(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let limits = &self.config.limits;
        if self.snapshots.storing.is_some() || self.runner().is_none() {
            return;
        }
        if !self.snapshots.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.snapshots.waiting);
            return self.cut(now, waiting, out);
        }
        // While a target fetches one, no other replaces it.
        if self.places.events == 0 || self.held_after.is_some() {
            return;
        }
        let not_before = *self.snapshots.not_before.get_or_insert(now.boot.after(limits.daemon_snapshot_every));
        let is_much =
            self.places.events >= limits.daemon_snapshot_events || self.places.bytes >= limits.daemon_snapshot_bytes;
        let is_time = not_before <= now.boot;
        let may = self.snapshots.failure.is_none() || is_time;
        if may && (is_much || is_time) {
            self.cut(now, Vec::new(), out);
        }
    }

    /// When the next one is due by time.
    pub(super) fn snapshot_deadline(&self) -> Option<Boot> {
        let wants = self.places.events > 0
            && self.held_after.is_none()
            && self.snapshots.storing.is_none()
            && self.runner().is_some();
        self.snapshots.not_before.filter(|_| wants)
    }

    fn cut(&mut self, now: Now, callers: Vec<SnapshotCaller>, out: &mut impl Sink<Effect>) {
        let again_at = now.boot.after(self.config.limits.daemon_snapshot_every);
        self.snapshots.not_before = Some(again_at);
        let Phase::Running(runner) = &mut self.phase else {
            let why = Refusal::new(ErrorCode::NoCapability, "the daemon cannot be made here".to_owned());
            return refuse(callers, &why, out);
        };
        let state = match runner.code.snapshot() {
            Ok(state) => state,
            Err(error) => return self.snapshot_failed(callers, error.to_string(), out),
        };
        runner.memory.stats.snapshots += 1;
        let acknowledged = runner.memory.acknowledged().unwrap_or(u64::MAX);
        let section = HostSection { memory: runner.memory.clone(), outputs: self.outbox.after(acknowledged) };
        let head = runner.memory.head();
        let snapshot = Snapshot {
            entity: self.config.entity,
            kind: runner.kind.to_string(),
            head,
            chain: runner.memory.chain,
            horizon: runner.memory.horizon.clone(),
            created_at: now.wall,
            state_version: runner.code.state_version(),
            host: codec::encode_stored(&section),
            state,
        };
        if callers.iter().any(|caller| matches!(caller, SnapshotCaller::Move(_))) {
            self.held_after = Some(head.inbox_position);
        }
        let op = self.ops.take();
        self.snapshots.storing = Some(Storing { op, head, outputs: self.outputs.next, callers });
        (self.places.events, self.places.bytes) = (0, 0);
        out.push(Effect::StoreSnapshot { op, snapshot: Box::new(snapshot) });
    }

    /// A snapshot is stored, or not: recorded in the inbox it replaces what went before.
    pub(super) fn stored(&mut self, op: OpId, result: Result<Manifest, String>, out: &mut impl Sink<Effect>) {
        let Some(Storing { head, outputs, callers, .. }) = self.snapshots.storing.take_if(|storing| storing.op == op)
        else {
            return;
        };
        match result {
            Err(why) => self.snapshot_failed(callers, why, out),
            Ok(manifest) => {
                self.snapshots.failure = None;
                let answers = callers.into_iter().map(|caller| caller.answer(Ok((manifest.clone(), head))));
                let mut after: Vec<_> = answers.map(|answer| After::Do(Box::new(answer))).collect();
                after.push(After::Trim { head, record: self.places.next, outputs, manifest: manifest.clone() });
                self.record_snapshot(head.inbox_position, manifest, after, out);
            }
        }
    }

    /// Records where a snapshot is.
    pub(super) fn record_snapshot(
        &mut self,
        position: u64,
        manifest: Manifest,
        after: Vec<After>,
        out: &mut impl Sink<Effect>,
    ) {
        self.snapshots.bytes = manifest.total;
        let ownership = self.ownership_so_far();
        let (durability, is_stopped, kept) = (self.durability, self.is_stopped, self.kept);
        let record = InboxRecord::Snapshot { position, manifest, ownership, durability, is_stopped, kept };
        self.append(vec![record], after, out);
    }

    /// The records that come to what ownership is now.
    fn ownership_so_far(&self) -> Vec<ownership::Record> {
        use ownership::{Phase as Owned, Record};
        let of = |row: &Row| match row.epoch {
            Epoch::LOCAL => Record::Created { key: row.key.clone() },
            _ => Record::Held(row.clone()),
        };
        match self.ownership.phase() {
            Owned::Unowned => Vec::new(),
            Owned::Held { row } => vec![of(row)],
            Owned::Sealed { row, head } => vec![of(row), Record::Sealed { head: *head }],
            Owned::Released { row } => vec![Record::Released(row.clone())],
        }
    }

    /// A snapshot is recorded: what it covers may go, and the next one may begin.
    pub(super) fn snapshot_recorded(
        &mut self,
        now: Now,
        head: Head,
        (inbox, outputs): (u64, u64),
        snapshot: Manifest,
        out: &mut impl Sink<Effect>,
    ) {
        self.has_snapshot(snapshot.clone(), head);
        self.outdate(); // the cloud keeps the newest
        let position = head.inbox_position;
        // Frames after the snapshot may be before the record that tells of it.
        let held = self.held_after.map_or(position, |after| after.min(position));
        let inbox = self.places.forget_through(held).min(inbox);
        self.gave_up = self.gave_up.split_off(&(held + 1));
        out.push(Effect::Trim { inbox, outputs, snapshot });
        self.snapshot_if_due(now, out);
    }

    /// This is the newest, and the logs say so.
    pub(super) fn has_snapshot(&mut self, manifest: Manifest, head: Head) {
        self.snapshots.newest = Some((manifest, head));
    }

    /// The newest that is recorded, if this node acts for the daemon by the store's word.
    pub(super) fn newest_snapshot(&self) -> MoveAnswer {
        let ownership::Phase::Held { row } = self.ownership.phase() else {
            return refused(ErrorCode::StaleEpoch, "this node does not act for it now");
        };
        match &self.snapshots.newest {
            _ if row.epoch == Epoch::LOCAL => refused(ErrorCode::StaleEpoch, "no store has granted it yet"),
            None => refused(ErrorCode::NotFound, "no snapshot of it was taken yet"),
            Some((manifest, head)) => {
                let (row, manifest) = (row.clone(), manifest.clone());
                MoveAnswer::Newest(Box::new(Newest { row, durability: self.durability, manifest, head: *head }))
            }
        }
    }

    /// There is no code any more that a snapshot could be taken of.
    pub(super) fn refuse_snapshots(&mut self, why: &Refusal, out: &mut impl Sink<Effect>) {
        refuse(std::mem::take(&mut self.snapshots.waiting), why, out);
    }

    fn snapshot_failed(&mut self, callers: Vec<SnapshotCaller>, why: String, out: &mut impl Sink<Effect>) {
        let refusal = Refusal::new(ErrorCode::StorageFailed, why.clone());
        refuse(callers, &refusal, out);
        self.refuse_snapshots(&refusal, out);
        self.snapshots.failure = Some(why);
    }
}

fn refuse(callers: Vec<SnapshotCaller>, why: &Refusal, out: &mut impl Sink<Effect>) {
    callers.into_iter().for_each(|caller| out.push(caller.answer(Err(why.clone()))));
}
