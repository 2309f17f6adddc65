//! The log of a document: updates as records, how much of it there is, and its merging.

use bytes::{Bytes, BytesMut};
use strum::VariantNames as _;
use wayfare_protocol::limits::DOCUMENT_RECORD_MAX;

use super::Record;
use crate::machine::OpId;
use crate::mark::{Mark, Phases};

/// What becomes of a merged history.
#[derive(Debug, Default, strum::IntoStaticStr, strum::VariantNames)]
enum Merging {
    /// Nothing.
    #[default]
    Settled,
    /// It is read again.
    Verifying { op: OpId, before: u64, since: usize, history: Bytes },
    /// It is appended; what came before is then trimmed.
    Appending { op: OpId, before: u64 },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Log {
    /// Number of the next record.
    next: u64,
    /// A long update, of which more comes.
    partial: BytesMut,
    broken: Option<String>,
    /// Bytes of the history when it was merged last.
    merged: usize,
    /// Bytes of the updates since.
    since: usize,
    merging: Merging,
}

impl Default for Log {
    fn default() -> Self {
        Self { next: 1, partial: BytesMut::new(), broken: None, merged: 0, since: 0, merging: Merging::Settled }
    }
}

/// An update as records.
pub(super) fn records(update: &[u8], is_history: bool) -> Vec<Record> {
    let pieces = update.chunks(DOCUMENT_RECORD_MAX);
    let count = pieces.len();
    let record = |(at, bytes): (usize, &[u8])| Record {
        is_history,
        piece: u32::try_from(at).unwrap_or(u32::MAX),
        more: at + 1 < count,
        bytes: Bytes::copy_from_slice(bytes),
    };
    pieces.enumerate().map(record).collect()
}

impl Log {
    pub(super) const PHASES: Phases = ("document_log", Merging::VARIANTS);

    pub(super) fn mark(&self) -> Mark {
        Mark { machine: "document_log", phase: (&self.merging).into() }
    }

    pub(super) fn starts_at(&mut self, first: u64) {
        self.next = first;
    }

    /// A record that was read. Returns the update when it is whole.
    pub(super) fn take(&mut self, record: &Record) -> Option<Bytes> {
        self.next += 1;
        if record.piece == 0 {
            self.partial.clear();
        }
        self.partial.extend_from_slice(&record.bytes);
        if record.more {
            return None;
        }
        let update = std::mem::take(&mut self.partial).freeze();
        if record.is_history {
            (self.merged, self.since) = (update.len(), 0);
        } else {
            self.since += update.len();
        }
        Some(update)
    }

    pub(super) fn is_broken(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// Everything was read. A long update at the end, the rest of which was never written, was not acknowledged to anybody.
    pub(super) fn recovered(&mut self) -> Option<String> {
        self.partial.clear();
        self.broken.take()
    }

    pub(super) fn appending(&mut self, records: &[Record]) {
        self.next += records.len() as u64;
        let updates = records.iter().filter(|record| !record.is_history);
        self.since += updates.map(|record| record.bytes.len()).sum::<usize>();
    }

    /// Bytes of the history, at most.
    pub(super) fn bytes(&self) -> usize {
        self.merged + self.since
    }

    pub(super) fn is_settled(&self) -> bool {
        matches!(self.merging, Merging::Settled)
    }

    pub(super) fn wants_merge(&self, least: usize) -> bool {
        self.is_settled() && self.since > least.max(self.merged)
    }

    /// The history is everything before the next record.
    pub(super) fn verifying(&mut self, op: OpId, history: Bytes) {
        self.merging = Merging::Verifying { op, before: self.next, since: self.since, history };
    }

    /// The history that was read again, and the number of the first record that it may lack.
    pub(super) fn verified(&mut self, which: OpId) -> Option<(u64, Bytes)> {
        match std::mem::take(&mut self.merging) {
            Merging::Verifying { op, before, since, history } if op == which => {
                // Whether or not it is the same: the next attempt is when as much has come again.
                (self.merged, self.since) = (history.len(), self.since - since);
                Some((before, history))
            }
            other => {
                self.merging = other;
                None
            }
        }
    }

    /// The history is being appended.
    pub(super) fn appending_history(&mut self, op: OpId, before: u64) {
        self.merging = Merging::Appending { op, before };
    }

    /// An append is durable. If it was that of the history: what may go.
    pub(super) fn merged(&mut self, which: OpId) -> Option<u64> {
        match self.merging {
            Merging::Appending { op, before } if op == which => {
                self.merging = Merging::Settled;
                Some(before)
            }
            _ => None,
        }
    }
}
