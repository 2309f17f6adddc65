//! What is known of each run's outputs without reading them.

use std::collections::BTreeMap;

use wayfare_protocol::RunId;
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};

/// Events between two marks: a reader that attaches in mid-run skips at most so many records.
const MARK_EVERY: u64 = 256;

/// What is known of one run's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutputs {
    /// Which execution.
    pub attempt: u32,
    /// Number of its last event; 0 for none.
    pub last_number: u64,
    /// How it ended.
    pub ended: Option<RunOutcome>,
    /// Sequence of its last record so far.
    pub last_sequence: u64,
    /// Sequence of its first record.
    first_sequence: u64,
    /// Here and there: the sequence of the record with that event number.
    marks: Vec<(u64, u64)>,
}

impl RunOutputs {
    /// A sequence at or before the record with that event number, and after none that the reader needs.
    #[must_use]
    pub fn sequence_near(&self, number: u64) -> u64 {
        let after = self.marks.partition_point(|(marked, _)| *marked <= number);
        after.checked_sub(1).map_or(self.first_sequence, |at| self.marks[at].1)
    }
}

/// The runs of a session that have outputs.
#[derive(Debug, Default)]
pub(super) struct RunTable {
    runs: BTreeMap<RunId, RunOutputs>,
    /// By the sequence of their last record, the ended runs whose end is told by that record alone.
    ends: BTreeMap<u64, RunId>,
}

impl RunTable {
    pub(super) fn get(&self, run: RunId) -> Option<&RunOutputs> {
        self.runs.get(&run)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The runs whose last record is before a sequence, each told once.
    pub(super) fn take_ends_before(&mut self, before: u64) -> Vec<RunId> {
        let kept = self.ends.split_off(&before);
        std::mem::replace(&mut self.ends, kept).into_values().collect()
    }

    /// Knows the end of a run whose records may be gone.
    pub(super) fn restore_end(&mut self, run: RunId, attempt: u32, last_number: u64, outcome: RunOutcome) {
        self.runs.entry(run).or_insert_with(|| RunOutputs {
            attempt,
            last_number,
            ended: Some(outcome),
            last_sequence: 0,
            first_sequence: 0,
            marks: Vec::new(),
        });
    }

    pub(super) fn note(&mut self, record: &OutputRecord) {
        let run = self.runs.entry(record.run).or_insert_with(|| RunOutputs {
            attempt: record.attempt,
            last_number: 0,
            ended: None,
            last_sequence: record.sequence,
            first_sequence: record.sequence,
            marks: Vec::new(),
        });
        run.last_sequence = record.sequence;
        match &record.body {
            OutputBody::Event { number, event } => {
                run.last_number = number + event.span() - 1;
                let marked = run.marks.last().map_or(0, |(number, _)| *number);
                if *number >= marked + MARK_EVERY {
                    run.marks.push((*number, record.sequence));
                }
            }
            OutputBody::Ended(outcome) => {
                run.ended = Some(*outcome);
                self.ends.insert(record.sequence, record.run);
            }
        }
    }
}
