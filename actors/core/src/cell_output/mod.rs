//! What a run wrote as a change to the document of its cell.
//!
//! The cell is the one whose fence begins with the character that the run's request named, whatever became of its code; where that
//! character was deleted (the cell was cut out and pasted elsewhere, say) it is one with the run's code in its language. Beside the text
//! the change says of the run where it was and how long it took, and forgets that of the runs whose output gives way. It takes out the
//! entry of the run among those that wait, should the device that sent it not have done so.

mod label;

use wayfare_notebook::{
    AssetBytes, Cell, CellPlace, Document as Notebook, Layout, OutputKey, RunKey, RunOutputs, write_outputs,
};
use wayfare_protocol::Wall;
use wayfare_protocol::document::CharacterId;
use wayfare_protocol::limits::OUTPUT_GATHERED_MAX;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::Language;

use crate::document::{Body, Edit, Place};
use crate::kernel_host::event_bytes;
use crate::run_queue::QUEUE;
pub use label::{EXECUTIONS, RUNS, RunLabel, RunLabelError};
use label::{execution, word_of};

/// A run that has ended, and its cell.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The run and its attempt.
    pub key: RunKey,
    /// The character with which the cell's fence begins.
    pub begins: CharacterId,
    /// The cell's language.
    pub language: Language,
    /// What was executed.
    pub code: String,
    /// When it was accepted.
    pub accepted_at: Wall,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Name of the device.
    pub device_name: String,
}

/// What a run said, gathered event by event.
#[derive(Clone, Debug)]
pub struct Gathered {
    outputs: RunOutputs,
    next: u64,
    milliseconds: Option<u64>,
    bytes: u64,
    left_out: u64,
}

impl Gathered {
    /// Nothing said yet.
    #[must_use]
    pub fn new(key: RunKey) -> Self {
        let outputs = RunOutputs::new(key, Layout::default());
        Self { outputs, next: 1, milliseconds: None, bytes: 0, left_out: 0 }
    }

    /// The next event that is still kept.
    pub fn event(&mut self, number: u64, event: &RunEvent) {
        if number > self.next {
            let content = "[output before this was not kept]\n".to_owned();
            self.outputs.event(&RunEvent::Stderr { content });
        }
        self.next = number + event.span();
        if let RunEvent::Result(result) = event {
            self.milliseconds = Some(result.duration_ms);
        }
        if let RunEvent::Error { duration_ms, .. } = event {
            self.milliseconds = Some(*duration_ms);
        }
        let bytes = event_bytes(event);
        if self.bytes + bytes > OUTPUT_GATHERED_MAX as u64 && !event.is_last() {
            self.left_out += bytes;
        } else {
            self.bytes += bytes;
            self.tell_left_out(event.is_last());
            self.outputs.event(event);
        }
    }

    fn tell_left_out(&mut self, is_last: bool) {
        if is_last && self.left_out > 0 {
            let bytes = std::mem::take(&mut self.left_out);
            self.outputs.event(&RunEvent::Omitted { from: 1, through: 1, bytes });
        }
    }
}

/// What becomes of a document by a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These edits, which may be none, and these files beside the document.
    Edits {
        /// Of text and maps.
        edits: Vec<Edit>,
        /// What the text links to.
        files: Vec<AssetBytes>,
    },
    /// The cell has not come here.
    NotYet,
    /// It has no place for the output, and why.
    NoPlace(String),
}

/// The change by which the cell of a run has its output and no other.
#[must_use]
pub fn change(body: &Body, ended: &Ended, mut gathered: Gathered) -> Change {
    let text = body.text();
    let notebook = Notebook::parse(&text);
    let cell = match body.place_of(ended.begins) {
        Place::Unknown => return Change::NotYet,
        Place::At(byte) => notebook.cells().iter().find(|cell| cell.block.contains(&byte)),
        Place::Deleted => None,
    };
    let Some(cell) = cell.or_else(|| notebook.cells().iter().find(|cell| is_of(cell, ended))) else {
        return Change::NoPlace("the document does not have the cell any more".to_owned());
    };
    gathered.tell_left_out(true);
    let milliseconds = gathered.milliseconds;
    let (outputs, files) = gathered.outputs.finish();
    let written = match write_outputs(&notebook, CellPlace::Byte(cell.block.start), ended.key, &outputs) {
        Ok(written) => written,
        Err(error) => return Change::NoPlace(error.to_string()),
    };
    // From the last to the first, so that each is at its place.
    let splice =
        |edit: &wayfare_notebook::Edit| Edit::Splice { at: edit.at, delete: edit.delete, insert: edit.insert.clone() };
    let mut edits: Vec<Edit> = written.as_slice().iter().rev().map(splice).collect();
    let (known, key) = (body.entries(RUNS), ended.key.to_string());
    for old in cell.output_blocks.iter().filter_map(|block| run_of(&block.key)) {
        if old == key {
            continue;
        }
        if body.has_entry(EXECUTIONS, &old) {
            edits.push(Edit::Remove { map: EXECUTIONS.to_owned(), key: old.clone() });
        }
        if known.contains_key(&old) {
            edits.push(Edit::Remove { map: RUNS.to_owned(), key: old });
        }
    }
    let waited = ended.key.run.to_string();
    if body.entries(QUEUE).contains_key(&waited) {
        edits.push(Edit::Remove { map: QUEUE.to_owned(), key: waited });
    }
    if !outputs.is_empty() {
        let label = RunLabel {
            outcome: word_of(ended.outcome).to_owned(),
            milliseconds,
            device_name: ended.device_name.clone(),
        };
        let value = label.to_string();
        if known.get(&key) != Some(&value) {
            edits.push(Edit::Put { map: RUNS.to_owned(), key: key.clone(), value });
        }
        if !body.has_entry(EXECUTIONS, &key) {
            edits.push(Edit::PutObject { map: EXECUTIONS.to_owned(), fields: execution(&key, ended), key });
        }
    }
    Change::Edits { edits, files }
}

fn is_of(cell: &Cell, ended: &Ended) -> bool {
    let trimmed = |code: &str| code.strip_suffix('\n').unwrap_or(code).to_owned();
    cell.language == ended.language && trimmed(&cell.code) == trimmed(&ended.code)
}

fn run_of(key: &OutputKey) -> Option<String> {
    match key {
        OutputKey::Run(key) => Some(key.to_string()),
        OutputKey::None | OutputKey::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wayfare_protocol::RunId;
    use wayfare_protocol::mrp::{ExecuteError, RunResult};

    use super::*;

    const TEXT: &str = "é 🚀\n\n```python\n1\n```\n\n```python\n2\n```\n";

    fn body(text: &str) -> Body {
        let mut body = Body::new(1);
        body.edit(&[Edit::Splice { at: 0, delete: 0, insert: text.to_owned() }]).unwrap();
        body
    }

    fn ended(n: u128, body: &Body, code: &str) -> Ended {
        let text = body.text();
        let begins = body.character_at(text.find(&format!("```python\n{code}\n")).unwrap()).unwrap();
        Ended {
            key: RunKey { run: RunId(Uuid::from_u128(n)), attempt: 1 },
            begins,
            language: Language::from_word("python"),
            code: code.to_owned(),
            accepted_at: Wall(1_750_000_000_000),
            outcome: RunOutcome::Succeeded,
            device_name: "my desk".to_owned(),
        }
    }

    fn said(ended: &Ended, events: &[RunEvent]) -> Gathered {
        let mut gathered = Gathered::new(ended.key);
        (1..).zip(events).for_each(|(number, event)| gathered.event(number, event));
        gathered
    }

    fn stdout(content: &str) -> RunEvent {
        RunEvent::Stdout { content: content.to_owned() }
    }

    fn result(duration_ms: u64) -> RunEvent {
        RunEvent::Result(RunResult { duration_ms, ..RunResult::default() })
    }

    fn apply(body: &mut Body, change: Change) {
        match change {
            Change::Edits { edits, .. } => drop(body.edit(&edits).unwrap()),
            other => panic!("no edits: {other:?}"),
        }
    }

    fn wrote(body: &Body, ended: &Ended, events: &[RunEvent]) -> Change {
        change(body, ended, said(ended, events))
    }

    #[test]
    fn the_output_is_after_the_cell_that_was_named_whatever_was_written_meanwhile() {
        let mut body = body(TEXT);
        let run = ended(1, &body, "2");
        body.edit(&[Edit::Splice { at: 0, delete: 2, insert: "A new first line.\n```r\n0\n```\n".to_owned() }])
            .unwrap();
        let changed = body.text().find("2\n```").unwrap();
        body.edit(&[Edit::Splice { at: changed, delete: 1, insert: "changed".to_owned() }]).unwrap();
        let change = wrote(&body, &run, &[stdout("two\n"), result(312)]);
        apply(&mut body, change);
        let key = run.key;
        assert!(
            body.text().ends_with(&format!("```python\nchanged\n```\n\n```output:{key}\ntwo\n```\n")),
            "{}",
            body.text()
        );
        assert_eq!(body.entries(RUNS).get(&key.to_string()).map(String::as_str), Some("succeeded 312 my desk"));
        let label: RunLabel = body.entries(RUNS)[&key.to_string()].parse().unwrap();
        assert_eq!((label.milliseconds, label.device_name.as_str()), (Some(312), "my desk"));
        // Said again, nothing changes.
        assert_eq!(wrote(&body, &run, &[stdout("two\n"), result(312)]), Change::Edits { edits: vec![], files: vec![] });
    }

    #[test]
    fn another_run_of_the_cell_takes_its_place_and_its_label() {
        let mut body = body(TEXT);
        for n in [1, 2] {
            let run = ended(n, &body, "1");
            let change = wrote(&body, &run, &[stdout("one\n"), result(n.try_into().unwrap())]);
            apply(&mut body, change);
        }
        let runs = body.entries(RUNS);
        assert_eq!((runs.len(), body.text().matches("```output:").count()), (1, 1), "{runs:?}");
        let [first, second] = [1, 2].map(|n| ended(n, &body, "1").key.to_string());
        assert_eq!((body.has_entry(EXECUTIONS, &first), body.has_entry(EXECUTIONS, &second)), (false, true));
        let silent = ended(3, &body, "1");
        let change = wrote(&body, &silent, &[result(1)]);
        apply(&mut body, change);
        assert_eq!((body.text().as_str(), body.entries(RUNS).len()), (TEXT, 0), "no output has no label");
        assert!(!body.has_entry(EXECUTIONS, &second));
    }

    #[test]
    fn a_run_that_waited_does_not_any_more_once_its_output_is_written() {
        let mut body = body(TEXT);
        let run = ended(1, &body, "1");
        let (waited, other) = (run.key.run.to_string(), RunId(Uuid::from_u128(2)).to_string());
        let waits = |key: &String| Edit::Put { map: QUEUE.to_owned(), key: key.clone(), value: "x".to_owned() };
        body.edit(&[waits(&waited), waits(&other)]).unwrap();
        // Also where there is nothing to write.
        let change = wrote(&body, &run, &[result(1)]);
        apply(&mut body, change);
        assert_eq!(body.entries(QUEUE).into_keys().collect::<Vec<_>>(), [other]);
    }

    #[test]
    fn a_cell_that_was_moved_is_found_by_its_code_and_one_that_is_gone_is_not() {
        let mut body = body(TEXT);
        let run = ended(1, &body, "1");
        let at = body.text().find("```python\n1").unwrap();
        let cell = "```python\n1\n```\n\n";
        body.edit(&[Edit::Splice { at, delete: cell.len(), insert: String::new() }]).unwrap();
        let gone = wrote(&body, &run, &[stdout("one\n"), result(1)]);
        assert!(matches!(gone, Change::NoPlace(_)), "the next cell is at its place: {gone:?}");
        let end = body.text().len();
        body.edit(&[Edit::Splice { at: end, delete: 0, insert: format!("\n{cell}") }]).unwrap();
        let moved = wrote(&body, &run, &[stdout("one\n"), result(1)]);
        apply(&mut body, moved);
        assert!(body.text().contains("```python\n1\n```\n\n```output:"), "{}", body.text());
    }

    #[test]
    fn a_cell_that_has_not_come_is_waited_for() {
        let there = body(TEXT);
        let run = ended(1, &there, "1");
        let mut here = Body::new(2);
        assert_eq!(wrote(&here, &run, &[result(1)]), Change::NotYet);
        here.apply(&there.history()).unwrap();
        assert!(matches!(wrote(&here, &run, &[stdout("x"), result(1)]), Change::Edits { .. }));
        let nobody = Ended { begins: CharacterId { client: u64::MAX, clock: 0 }, ..run };
        assert_eq!(wrote(&here, &nobody, &[result(1)]), Change::NotYet);
    }

    #[test]
    fn what_is_not_kept_is_said() {
        let mut body = body(TEXT);
        let run = Ended { outcome: RunOutcome::Failed, ..ended(1, &body, "1") };
        let mut gathered = Gathered::new(run.key);
        gathered.event(7, &stdout("late\n"));
        let error = ExecuteError { kind: "E".to_owned(), ..ExecuteError::default() };
        gathered.event(8, &RunEvent::Error { error, duration_ms: 1, execution_count: None });
        let written = change(&body, &run, gathered);
        apply(&mut body, written);
        assert!(body.text().contains("[output before this was not kept]"), "{}", body.text());
        assert!(body.text().contains("late\n"), "{}", body.text());
        assert_eq!(body.entries(RUNS)[&run.key.to_string()], "failed 1 my desk");
    }
}
