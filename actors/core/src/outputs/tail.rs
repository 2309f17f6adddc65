//! The newest records in memory, and how much the log holds behind them.

use std::collections::VecDeque;

use wayfare_protocol::output::OutputRecord;

use super::weight;

/// Bytes between two points of the log that are remembered for trimming.
const POINT_EVERY: u64 = 256 * 1024;

/// Records in memory: a gapless end of the log.
#[derive(Debug)]
pub(super) struct Tail {
    records: VecDeque<(OutputRecord, usize)>,
    bytes: usize,
    bytes_max: usize,
    /// Sequence of the next record.
    next: u64,
    /// Oldest sequence in the log.
    first: u64,
    log_bytes_max: u64,
    /// Bytes that were ever logged, and some sequences with the count before them.
    logged: u64,
    points: VecDeque<(u64, u64)>,
    /// The count before `first`.
    forgotten: u64,
}

impl Tail {
    pub(super) fn new(bytes_max: usize, log_bytes_max: u64) -> Self {
        Self {
            records: VecDeque::new(),
            bytes: 0,
            bytes_max,
            next: 1,
            first: 1,
            log_bytes_max,
            logged: 0,
            points: VecDeque::new(),
            forgotten: 0,
        }
    }

    pub(super) fn starts_at(&mut self, first: u64) {
        debug_assert!(self.records.is_empty(), "said before any record is pushed");
        self.first = first;
        self.next = first;
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&OutputRecord> {
        let oldest = self.next - self.records.len() as u64;
        let at = sequence.checked_sub(oldest)?;
        self.records.get(usize::try_from(at).ok()?).map(|(record, _)| record)
    }

    pub(super) fn push(&mut self, record: OutputRecord) {
        let size = weight(&record);
        if self.points.back().is_none_or(|(_, before)| self.logged >= before + POINT_EVERY) {
            self.points.push_back((record.sequence, self.logged));
        }
        self.logged += size as u64;
        self.next = record.sequence + 1;
        self.records.push_back((record, size));
        self.bytes += size;
    }

    /// Forgets what is over the bounds and has been shown: records in memory at once; of the log, the first sequence to
    /// keep is returned when it has moved on.
    pub(super) fn trim(&mut self, shown: u64) -> Option<u64> {
        while self.bytes > self.bytes_max
            && self.records.len() > 1
            && self.records.front().is_some_and(|(record, _)| record.sequence <= shown)
        {
            if let Some((_, size)) = self.records.pop_front() {
                self.bytes -= size;
            }
        }
        let mut moved = None;
        while self.logged - self.forgotten > self.log_bytes_max && self.points.len() > 1 && self.points[1].0 <= shown {
            self.points.pop_front();
            (self.first, self.forgotten) = self.points[0];
            moved = Some(self.first);
        }
        moved
    }
}
