//! The records that are not yet kept elsewhere: the newest in memory, older ones in segments on disk.
//!
//! ```text
//! acknowledged │ segments on disk │ being written │ in memory … tail │ next_sequence
//! ```
//! Records leave at the left when they are acknowledged, wherever they are. Over the memory bound the oldest in memory are
//! written as one segment at a time; they stay readable in memory until the write is done. The tail may grow by more text
//! of the same kind until somebody has been sent it, it is being written, or it is acknowledged: then it is sealed.

use std::collections::{BTreeMap, VecDeque};

use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, OutputRecord};
use wayfare_protocol::{Limits, RunId};

use super::size::weight;
use super::{Effect, SegmentId};
use crate::machine::{OpId, OpIds, Sink};

/// Where a record is.
pub(super) enum Place<'a> {
    /// In memory.
    Memory(&'a OutputRecord, u64),
    /// In a segment on disk.
    Disk(SegmentId),
    /// Acknowledged.
    Forgotten,
    /// Not made yet.
    NotYet,
}

#[derive(Debug)]
struct Kept {
    record: OutputRecord,
    bytes: u64,
}

#[derive(Debug)]
struct Segment {
    through: u64,
    bytes: u64,
}

#[derive(Debug)]
enum Disk {
    Ready,
    Writing {
        op: OpId,
        first: u64,
        segment: Segment,
    },
    /// A write failed: what is on disk stays readable, nothing more is written.
    Failed,
}

#[derive(Debug)]
pub(super) struct Journal {
    memory_bound: u64,
    disk_bound: u64,
    segment_bound: u64,
    memory: VecDeque<Kept>,
    memory_bytes: u64,
    next_sequence: u64,
    sealed_through: u64,
    acknowledged: u64,
    segments: BTreeMap<u64, Segment>,
    disk_bytes: u64,
    disk: Disk,
}

impl Journal {
    pub(super) fn new(limits: &Limits, first_sequence: u64) -> Self {
        Self {
            memory_bound: limits.journal_memory,
            disk_bound: limits.journal_disk,
            segment_bound: limits.spill_segment,
            memory: VecDeque::new(),
            memory_bytes: 0,
            next_sequence: first_sequence.max(1),
            sealed_through: first_sequence.max(1) - 1,
            acknowledged: first_sequence.max(1) - 1,
            segments: BTreeMap::new(),
            disk_bytes: 0,
            disk: Disk::Ready,
        }
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    pub(super) fn first_kept(&self) -> u64 {
        self.acknowledged + 1
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    pub(super) fn disk_bytes(&self) -> u64 {
        self.disk_bytes
    }

    pub(super) fn all_acknowledged(&self) -> bool {
        self.acknowledged + 1 == self.next_sequence
    }

    /// Whether so many more bytes of output may be kept. While the disk takes records, memory may grow to twice its
    /// bound, so that a write that is under way holds nothing up; without it the bound itself holds.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        let ceiling = if self.disk_takes_more() { self.memory_bound.saturating_mul(2) } else { self.memory_bound };
        self.memory.is_empty() || self.memory_bytes.saturating_add(bytes) <= ceiling
    }

    /// Adds a record after the last.
    pub(super) fn append(&mut self, run: RunId, attempt: u32, body: OutputBody) {
        let record = OutputRecord { sequence: self.next_sequence, run, attempt, body };
        let bytes = weight(&record);
        self.next_sequence += 1;
        self.memory_bytes += bytes;
        self.memory.push_back(Kept { record, bytes });
    }

    /// Adds text to the last record, if that is unsealed text of the same stream and run and has room under `max`.
    /// Returns whether it did.
    pub(super) fn extend_tail(&mut self, run: RunId, attempt: u32, event: &RunEvent, max: usize) -> bool {
        let Some(tail) = self.memory.back_mut() else { return false };
        let record = &mut tail.record;
        if record.sequence <= self.sealed_through || record.run != run || record.attempt != attempt {
            return false;
        }
        let (have, more) = match (&mut record.body, event) {
            (OutputBody::Event { event: RunEvent::Stdout { content }, .. }, RunEvent::Stdout { content: more })
            | (OutputBody::Event { event: RunEvent::Stderr { content }, .. }, RunEvent::Stderr { content: more }) => {
                (content, more)
            }
            _ => return false,
        };
        if have.len() + more.len() > max {
            return false;
        }
        have.push_str(more);
        tail.bytes += more.len() as u64;
        self.memory_bytes += more.len() as u64;
        true
    }

    /// Where the record of that sequence is.
    pub(super) fn find(&self, sequence: u64) -> Place<'_> {
        if sequence >= self.next_sequence {
            return Place::NotYet;
        }
        if sequence <= self.acknowledged {
            return Place::Forgotten;
        }
        let first = self.next_sequence - self.memory.len() as u64;
        if let Some(index) = sequence.checked_sub(first) {
            let kept = &self.memory[index as usize];
            return Place::Memory(&kept.record, kept.bytes);
        }
        match self.segments.range(..=sequence).next_back() {
            Some((&start, segment)) if segment.through >= sequence => Place::Disk(SegmentId(start)),
            _ => Place::Forgotten,
        }
    }

    /// The record has been sent: it never changes again.
    pub(super) fn seal(&mut self, sequence: u64) {
        self.sealed_through = self.sealed_through.max(sequence);
    }

    /// Forgets records through `through`, which the caller has checked to be ones that exist.
    pub(super) fn acknowledge(&mut self, through: u64, out: &mut impl Sink<Effect>) {
        self.acknowledged = self.acknowledged.max(through);
        self.seal(through);
        self.leave_memory(through);
        while let Some(entry) = self.segments.first_entry() {
            if entry.get().through > self.acknowledged {
                break;
            }
            let (first, segment) = entry.remove_entry();
            self.disk_bytes -= segment.bytes;
            out.push(Effect::DropSpill { segment: SegmentId(first) });
        }
    }

    /// Starts to write the oldest records in memory if there are too many.
    pub(super) fn spill(&mut self, ops: &mut OpIds, out: &mut impl Sink<Effect>) {
        if !matches!(self.disk, Disk::Ready) || self.memory_bytes <= self.memory_bound || !self.disk_takes_more() {
            return;
        }
        let mut records = Vec::new();
        let mut bytes = 0;
        for kept in &self.memory {
            if !records.is_empty() && bytes + kept.bytes > self.segment_bound {
                break;
            }
            bytes += kept.bytes;
            records.push(kept.record.clone());
        }
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return };
        let (first, through) = (first.sequence, last.sequence);
        let op = ops.take();
        self.seal(through);
        self.disk_bytes += bytes;
        self.disk = Disk::Writing { op, first, segment: Segment { through, bytes } };
        out.push(Effect::Spill { op, segment: SegmentId(first), records });
    }

    /// Takes the outcome of a write. Returns whether that was one of its own.
    pub(super) fn written(&mut self, op: OpId, ok: bool, out: &mut impl Sink<Effect>) -> bool {
        if !matches!(&self.disk, Disk::Writing { op: writing, .. } if *writing == op) {
            return false;
        }
        let after = if ok { Disk::Ready } else { Disk::Failed };
        let Disk::Writing { first, segment, .. } = std::mem::replace(&mut self.disk, after) else { return false };
        if !ok || segment.through <= self.acknowledged {
            self.disk_bytes -= segment.bytes;
            out.push(Effect::DropSpill { segment: SegmentId(first) });
        } else {
            self.leave_memory(segment.through);
            self.segments.insert(first, segment);
        }
        true
    }

    fn disk_takes_more(&self) -> bool {
        !matches!(self.disk, Disk::Failed) && self.disk_bytes.saturating_add(self.segment_bound) <= self.disk_bound
    }

    fn leave_memory(&mut self, through: u64) {
        while let Some(kept) = self.memory.front()
            && kept.record.sequence <= through
        {
            self.memory_bytes -= kept.bytes;
            self.memory.pop_front();
        }
    }
}
