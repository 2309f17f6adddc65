//! The outputs of one session at one place: what is kept, and who reads it.
//!
//! The same part serves the owner's node and the cloud's copy. Records enter at the end ([`Outputs::push`]), become
//! visible to readers when their holder says so ([`Outputs::show_through`]: the node when they are durable, the cloud at once, since
//! the node has them), and leave at the front when the log is trimmed. Recent records are kept in memory; a reader that is
//! further behind is served from the log. A reader gets only as many bytes as it has granted, so a slow one slows nobody.

mod reader;
mod runs;
mod tail;

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{Limits, NodeId, RunId, codec};

use crate::machine::{OpId, OpIds, Sink};
pub use reader::Want;
use reader::{Reader, Step};
pub use runs::RunOutputs;
use runs::RunTable;
use tail::Tail;

/// Names a reader for as long as it is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(pub u64);

/// Who executes the session's runs, as readers are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executor {
    /// The owner.
    pub owner: NodeId,
    /// Its name, for people.
    pub device_name: String,
}

/// What readers are called in marks.
pub(crate) const READER: &str = "reader";

/// What is to be done for readers.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum ReaderEffect {
    /// Send one message, already encoded.
    Send {
        /// To whom.
        reader: ReaderId,
        /// The message.
        message: Bytes,
    },
    /// Nothing more comes: close the reader's stream.
    Close {
        /// Whose.
        reader: ReaderId,
    },
    /// Read records from the log: from a sequence on, so many bytes. Ends in [`Outputs::read`].
    Read {
        /// Joins effect and outcome.
        op: OpId,
        /// First sequence.
        from: u64,
        /// Bytes at the most (one record at the least).
        bytes_max: usize,
    },
    /// Records below that sequence may be deleted.
    Trim {
        /// First sequence that is kept.
        before: u64,
    },
}

/// What there is to read.
struct Shelf<'a> {
    runs: &'a RunTable,
    executor: Option<&'a Executor>,
    /// Oldest sequence kept.
    first: u64,
    /// Newest sequence shown.
    shown: u64,
}

/// A session's outputs at one place.
#[derive(Debug)]
pub struct Outputs {
    limits: Limits,
    executor: Option<Executor>,
    runs: RunTable,
    tail: Tail,
    /// Readers see records through this sequence.
    shown: u64,
    readers: BTreeMap<ReaderId, Reader>,
}

impl Outputs {
    /// No record yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let tail = Tail::new(limits.output_tail, limits.output_log);
        Self { limits, executor: None, runs: RunTable::default(), tail, shown: 0, readers: BTreeMap::new() }
    }

    /// Sets who executes, for readers that attach from now on.
    pub fn set_executor(&mut self, executor: Executor) {
        self.executor = Some(executor);
    }

    /// Sequence of the next record.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.tail.next()
    }

    /// Sequence of the oldest record that is kept.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.tail.first()
    }

    /// Whether it never had a record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What is known of a run's outputs.
    #[must_use]
    pub fn run(&self, run: RunId) -> Option<&RunOutputs> {
        self.runs.get(run)
    }

    /// Whether readers may see a run's last record so far.
    #[must_use]
    pub fn is_shown(&self, run: RunId) -> bool {
        self.runs.get(run).is_some_and(|run| run.last_sequence <= self.shown)
    }

    /// The runs whose end is told by a record before that sequence and nowhere else, each given once: run, attempt, number of the last
    /// event, outcome. Who trims the log keeps them elsewhere first ([`Outputs::restore_end`]).
    pub fn take_ends_before(&mut self, sequence: u64) -> Vec<(RunId, u32, u64, RunOutcome)> {
        let ended = self.runs.take_ends_before(sequence);
        let told = |run: RunId| self.runs.get(run).and_then(|at| Some((run, at.attempt, at.last_number, at.ended?)));
        ended.into_iter().filter_map(told).collect()
    }

    /// Knows the end of a run whose records the log no longer has, or may lose.
    pub fn restore_end(&mut self, run: RunId, attempt: u32, last_number: u64, outcome: RunOutcome) {
        self.runs.restore_end(run, attempt, last_number, outcome);
    }

    /// Readers attached now.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.readers.len()
    }

    /// Says which records a recovered log still has, before they are pushed.
    pub fn starts_at(&mut self, first: u64) {
        self.tail.starts_at(first);
        self.shown = first.saturating_sub(1);
    }

    /// Takes the next record in. Its sequence must be [`Outputs::next`].
    pub fn push(&mut self, record: &OutputRecord) {
        debug_assert_eq!(record.sequence, self.tail.next(), "records come in order");
        self.runs.note(record);
        self.tail.push(record.clone());
    }

    /// Lets readers see records through that sequence.
    pub fn show_through(&mut self, sequence: u64, ops: &mut OpIds, out: &mut impl Sink<ReaderEffect>) {
        self.shown = self.shown.max(sequence);
        if let Some(before) = self.tail.trim(self.shown) {
            out.push(ReaderEffect::Trim { before });
        }
        let waiting: Vec<ReaderId> =
            self.readers.iter().filter(|(_, reader)| reader.is_ready()).map(|(id, _)| *id).collect();
        for id in waiting {
            self.serve(id, ops, out);
        }
    }

    /// Attaches a reader. It gets nothing before [`Outputs::credit`].
    ///
    /// # Errors
    /// If too many are attached.
    pub fn open(&mut self, id: ReaderId, want: Want) -> Result<(), usize> {
        if self.readers.len() >= self.limits.readers_per_session {
            return Err(self.readers.len());
        }
        self.readers.insert(id, Reader::new(want));
        Ok(())
    }

    /// A reader takes so many more bytes.
    pub fn credit(&mut self, id: ReaderId, bytes: u64, ops: &mut OpIds, out: &mut impl Sink<ReaderEffect>) {
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.grant(bytes);
            self.serve(id, ops, out);
        }
    }

    /// A reader has gone.
    pub fn close(&mut self, id: ReaderId) {
        self.readers.remove(&id);
    }

    /// Tells readers of runs that have not ended that the owner is away.
    pub fn owner_away(&mut self, out: &mut impl Sink<ReaderEffect>) {
        for (id, reader) in &mut self.readers {
            let Want::Run { run, .. } = reader.want() else { continue };
            if self.runs.get(run).is_none_or(|run| run.ended.is_none()) {
                reader.send(*id, &RunUpdate::Waiting, out);
            }
        }
    }

    /// Records came from the log for [`ReaderEffect::Read`].
    pub fn read(&mut self, op: OpId, records: &[OutputRecord], ops: &mut OpIds, out: &mut impl Sink<ReaderEffect>) {
        let Some(id) = self.readers.iter().find(|(_, reader)| reader.reads(op)).map(|(id, _)| *id) else {
            return; // the reader left meanwhile
        };
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.read_done();
            if records.is_empty() {
                return; // the log has no such record: the reader looks again with the next one
            }
            for record in records {
                // The log may have been trimmed, or the reader run out of credit, while the records were on their way.
                if !reader.may_send() || !reader.take(id, record, out) {
                    break;
                }
            }
        }
        self.serve(id, ops, out);
    }

    /// Gives a reader what it has credit for.
    fn serve(&mut self, id: ReaderId, ops: &mut OpIds, out: &mut impl Sink<ReaderEffect>) {
        let Some(reader) = self.readers.get_mut(&id) else { return };
        let (first, shown) = (self.tail.first(), self.shown);
        let shelf = Shelf { runs: &self.runs, executor: self.executor.as_ref(), first, shown };
        loop {
            match reader.next_step(&shelf, id, out) {
                Step::Wait => return,
                Step::Finished => {
                    self.readers.remove(&id);
                    out.push(ReaderEffect::Close { reader: id });
                    return;
                }
                Step::Want { sequence } => match self.tail.get(sequence) {
                    Some(record) => {
                        reader.take(id, record, out);
                    }
                    None => {
                        let op = ops.take();
                        reader.reading(op);
                        out.push(ReaderEffect::Read { op, from: sequence, bytes_max: self.limits.output_read });
                        return;
                    }
                },
            }
        }
    }
}

/// Whether a record is the end of its run.
#[must_use]
pub fn ends_run(record: &OutputRecord) -> bool {
    matches!(record.body, OutputBody::Ended(_))
}

/// Bytes of a record as it is logged and sent.
#[must_use]
pub fn weight(record: &OutputRecord) -> usize {
    codec::encode(record).len()
}

#[cfg(test)]
mod tests;
