//! What runs of cells wrote goes into their documents, each once.
//!
//! | a run of a cell | then |
//! |---|---|
//! | has ended, durably | it is composed: an update of the document, and files beside it |
//! | is composed | the update is recorded |
//! | the update is durable | it is merged into this node's replica, which tells the others |
//! | is merged | that is recorded, and the run forgotten here |
//!
//! After a crash a recorded update is merged again as the same bytes, which changes nothing where it was merged before. One that was not
//! recorded was never merged, and is composed anew. What cannot be done now (the replica lacks the cell, or does not answer) is tried
//! again; a cell that a replica in step with the cloud still lacks after [`OUTPUT_LOOKS`] has nothing written, and neither has one that the
//! document does not have any more. Of two runs of one cell that have both ended only the later is written.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::limits::OUTPUT_LOOKS;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::{Boot, DocumentId, Now, Refusal, RunId, Wall};

use super::append::After;
use super::{Effect, InboxRecord, RunState, RuntimeSession};
use crate::machine::{OpId, Sink, earlier};

/// What is to be composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedCell {
    /// The run.
    pub run: RunId,
    /// Which execution.
    pub attempt: u32,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The cell.
    pub cell: DocumentCell,
    /// What was executed.
    pub code: String,
    /// When it was accepted.
    pub accepted_at: Wall,
    /// Sequence of a record of the session at or before its first.
    pub from: u64,
    /// Sequence of its last.
    pub through: u64,
}

/// What came of composing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Composed {
    /// The update of the document.
    Update(Bytes),
    /// The document says it already.
    Same,
    /// The document has no place for it, and why.
    NoPlace(String),
    /// Not now.
    NotYet {
        /// The replica is in step with the cloud's, as far as is known: what it lacks may be nowhere.
        is_in_step: bool,
        /// Why.
        why: String,
    },
}

/// A run of a cell whose output is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CellRun {
    cell: DocumentCell,
    /// What is executed; from when it is accepted.
    code: String,
    /// The update that is recorded.
    update: Option<Bytes>,
    attempts: u32,
    retry_at: Option<Boot>,
}

/// The runs of cells whose output is not written.
#[derive(Debug, Default)]
pub(super) struct Cells {
    runs: BTreeMap<RunId, CellRun>,
    /// The one that is being written.
    writing: Option<Writing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Composing { op: OpId, run: RunId },
    Recording { run: RunId },
    Merging { op: OpId, run: RunId },
}

impl Cells {
    pub(super) fn named(&mut self, run: RunId, cell: DocumentCell) {
        let new = CellRun { cell, code: String::new(), update: None, attempts: 0, retry_at: None };
        self.runs.insert(run, new);
    }

    pub(super) fn accepted(&mut self, run: RunId, code: &str) {
        if let Some(of) = self.runs.get_mut(&run) {
            code.clone_into(&mut of.code);
        }
    }

    pub(super) fn composed(&mut self, run: RunId, update: &Bytes) {
        if let Some(of) = self.runs.get_mut(&run) {
            of.update = Some(update.clone());
        }
    }

    pub(super) fn settled(&mut self, run: RunId) {
        self.runs.remove(&run);
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        if self.writing.is_some() {
            return None;
        }
        self.runs.values().fold(None, |first, of| earlier(first, of.retry_at))
    }

    fn retry(&mut self, run: RunId, at: Boot) {
        self.writing = None;
        if let Some(of) = self.runs.get_mut(&run) {
            of.retry_at = Some(at);
        }
    }
}

impl RuntimeSession {
    /// Begins with the next run of a cell that has ended. After every step.
    pub(super) fn write_next(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.cells.writing.is_some() || self.cells.runs.is_empty() || !self.acts() {
            return;
        }
        let ended = self.ended_cells();
        let mut last_of_cell: BTreeMap<DocumentCell, RunId> = BTreeMap::new();
        for (run, _) in ended.iter().filter(|(_, outcome)| *outcome != RunOutcome::Cancelled) {
            last_of_cell.extend(self.cells.runs.get(run).map(|of| (of.cell, *run)));
        }
        let mut over = Vec::new();
        let mut next = None;
        // An update that is recorded comes to be merged: whatever follows it is composed of the text with it.
        let mut first_merge = BTreeSet::new();
        for (run, outcome) in ended {
            let Some(of) = self.cells.runs.get(&run) else { continue };
            let is_given_up = outcome == RunOutcome::Cancelled || last_of_cell.get(&of.cell) != Some(&run);
            let is_free = of.update.is_some() || !first_merge.contains(&of.cell);
            if is_given_up && of.update.is_none() {
                over.push(InboxRecord::OutputSettled { run });
            } else if next.is_none() && is_free && of.retry_at.is_none_or(|at| at <= now.boot) {
                next = Some((run, outcome));
            }
            if of.update.is_some() {
                first_merge.insert(of.cell);
            }
        }
        if !over.is_empty() {
            self.append_inbox(over, vec![], out);
        }
        if let Some((run, outcome)) = next {
            self.write(run, outcome, out);
        }
    }

    /// Runs of cells that have ended, as everybody may know, in the order in which they were accepted.
    fn ended_cells(&self) -> Vec<(RunId, RunOutcome)> {
        let mut ended = Vec::new();
        for run in self.cells.runs.keys() {
            if let Some(known) = self.runs.get(*run)
                && let RunState::Ended(outcome) = known.state
                && self.outputs.is_shown(*run)
            {
                ended.push((known.position, *run, outcome));
            }
        }
        ended.sort_by_key(|(position, ..)| *position);
        ended.into_iter().map(|(_, run, outcome)| (run, outcome)).collect()
    }

    fn write(&mut self, run: RunId, outcome: RunOutcome, out: &mut impl Sink<Effect>) {
        let Some(of) = self.cells.runs.get(&run) else { return };
        let op = self.ops.take();
        if let Some(update) = &of.update {
            let (document, update) = (of.cell.document, update.clone());
            self.cells.writing = Some(Writing::Merging { op, run });
            return out.push(Effect::MergeOutput { op, document, update });
        }
        let known = self.outputs.run(run);
        let ended = EndedCell {
            run,
            attempt: known.map_or(1, |known| known.attempt),
            outcome,
            cell: of.cell,
            code: of.code.clone(),
            accepted_at: self.runs.get(run).map_or(Wall(0), |known| known.accepted_at),
            from: known.map_or(0, |known| known.sequence_near(1)).max(self.outputs.first()),
            through: known.map_or(0, |known| known.last_sequence),
        };
        self.cells.writing = Some(Writing::Composing { op, run });
        out.push(Effect::ComposeOutput { op, ended });
    }

    pub(super) fn output_composed(&mut self, now: Now, op: OpId, composed: Composed, out: &mut impl Sink<Effect>) {
        let Some(Writing::Composing { op: composing, run }) = self.cells.writing else { return };
        if composing != op {
            return;
        }
        match composed {
            Composed::Update(update) => {
                self.cells.writing = Some(Writing::Recording { run });
                let record = InboxRecord::OutputComposed { run, update };
                self.append_inbox(vec![record], vec![After::MergeOutput { run }], out);
            }
            Composed::Same => self.output_settled(run, out),
            Composed::NoPlace(why) => self.no_place(run, &why, out),
            Composed::NotYet { is_in_step, why } => {
                let Some(of) = self.cells.runs.get_mut(&run) else { return };
                of.attempts += u32::from(is_in_step);
                if of.attempts >= OUTPUT_LOOKS {
                    return self.no_place(run, &why, out);
                }
                tracing::debug!(session = %self.config.session, %run, why, "the output of a cell is not written yet");
                self.cells.retry(run, now.boot.after(self.config.limits.output_retry));
            }
        }
    }

    /// The update is durable: from here on it is merged, after whatever crash.
    pub(super) fn output_recorded(&mut self, run: RunId) {
        if self.cells.writing == Some(Writing::Recording { run }) {
            self.cells.writing = None;
        }
    }

    pub(super) fn output_merged(
        &mut self,
        now: Now,
        op: OpId,
        outcome: Result<(), Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        let Some(Writing::Merging { op: merging, run }) = self.cells.writing else { return };
        if merging != op {
            return;
        }
        match outcome {
            Ok(()) => self.output_settled(run, out),
            // The document is full, say: no later attempt does better.
            Err(refusal) if !crate::client::is_passing(refusal.code) => self.no_place(run, &refusal.detail, out),
            Err(refusal) => {
                tracing::debug!(session = %self.config.session, %run, %refusal, "the output of a cell is not merged yet");
                self.cells.retry(run, now.boot.after(self.config.limits.output_retry));
            }
        }
    }

    fn no_place(&mut self, run: RunId, why: &str, out: &mut impl Sink<Effect>) {
        let document = self.cells.runs.get(&run).map_or(DocumentId::INDEX, |of| of.cell.document);
        tracing::warn!(session = %self.config.session, %run, %document, why, "the output of a cell is not in its document");
        self.output_settled(run, out);
    }

    fn output_settled(&mut self, run: RunId, out: &mut impl Sink<Effect>) {
        self.cells.writing = None;
        self.append_inbox(vec![InboxRecord::OutputSettled { run }], vec![], out);
    }
}
