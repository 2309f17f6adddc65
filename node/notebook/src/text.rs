//! Writing outputs into a document, and taking them away.

use crate::cell::Cell;
use crate::document::Document;
use crate::edit::Edits;
use crate::key::{OutputKey, RunKey};
use crate::output::{Output, OutputForm};
use crate::write::{in_place, region};

/// Which cell of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellPlace {
    /// The cell of that number, from 1.
    Number(u32),
    /// The cell whose fence that byte of the document is in.
    Byte(usize),
    /// The cell that has output of that run, of whatever attempt.
    Run(RunKey),
}

/// Outputs that are not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The document has no such cell.
    #[error("the document has no cell at {0:?}: it has {1}")]
    NoCell(CellPlace, usize),
    /// The cell's fence is not closed: what follows would be code.
    #[error("the cell at line {line} has no closing fence: its output has no place")]
    Unclosed {
        /// Line of the opening fence, from 1.
        line: u32,
    },
    /// The cell has output of a later attempt of the same run.
    #[error("the cell has output of attempt {attempt} of the run, which is later")]
    Superseded {
        /// The later attempt.
        attempt: u32,
    },
}

/// The edits by which a cell has the output of a finished run, and no other. If it has this output already, there are none.
///
/// The outputs' own keys give way to `key`. A blank line is added after a last link or picture where text follows at once.
///
/// # Errors
/// If there is no such cell, its fence is not closed, or it has output of a later attempt of this run.
pub fn write_outputs(
    document: &Document<'_>,
    place: CellPlace,
    key: RunKey,
    outputs: &[Output],
) -> Result<Edits, WriteError> {
    let cell = find(document, place)?;
    if !cell.closed {
        return Err(WriteError::Unclosed { line: cell.line });
    }
    if let Some(attempt) = cell.attempts_of(key).find(|attempt| *attempt > key.attempt) {
        return Err(WriteError::Superseded { attempt });
    }
    let outputs: Vec<_> = outputs.iter().map(|output| Output { key: OutputKey::Run(key), ..output.clone() }).collect();
    let mut edits = Edits::default();
    replace(document, cell, &outputs, &mut edits);
    Ok(edits)
}

/// The edits by which a cell has no output.
///
/// # Errors
/// If there is no such cell.
pub fn clear_outputs(document: &Document<'_>, place: CellPlace) -> Result<Edits, WriteError> {
    let mut edits = Edits::default();
    replace(document, find(document, place)?, &[], &mut edits);
    Ok(edits)
}

/// The edits by which no cell has output.
#[must_use]
pub fn clear_all_outputs(document: &Document<'_>) -> Edits {
    let mut edits = Edits::default();
    document.cells().iter().for_each(|cell| replace(document, cell, &[], &mut edits));
    edits
}

fn find<'d>(document: &'d Document<'_>, place: CellPlace) -> Result<&'d Cell, WriteError> {
    let here = |cell: &&Cell| match place {
        CellPlace::Number(number) => cell.index == number,
        CellPlace::Byte(byte) => cell.block.contains(&byte) || cell.block.end == byte,
        CellPlace::Run(key) => cell.attempts_of(key).next().is_some(),
    };
    document.cells().iter().find(here).ok_or(WriteError::NoCell(place, document.cells().len()))
}

fn replace(document: &Document<'_>, cell: &Cell, outputs: &[Output], edits: &mut Edits) {
    let text = document.text();
    let windows = text[cell.block.clone()].split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    let line_end = if windows { "\r\n" } else { "\n" };
    let mut new = in_place(&region(outputs), cell.column, line_end);
    let ends_in_line = outputs.last().is_some_and(|last| match &last.form {
        OutputForm::Error { .. } => false,
        OutputForm::Stream { .. } | OutputForm::Value { .. } | OutputForm::Json(_) => new.ends_with(')'),
    });
    let after = &text[cell.region.end..];
    let mut lines = after.split('\n');
    let rest_is_blank = lines.next().is_some_and(|rest| rest.trim().is_empty());
    if ends_in_line && rest_is_blank && lines.next().is_some_and(|line| !line.trim().is_empty()) {
        new.push_str(line_end);
    }
    edits.replace(text, cell.region.clone(), &new);
}

impl Cell {
    /// The attempts of a run of which this cell has output.
    pub fn attempts_of(&self, key: RunKey) -> impl Iterator<Item = u32> {
        self.output_blocks.iter().filter_map(move |block| match block.key {
            OutputKey::Run(has) => (has.run == key.run).then_some(has.attempt),
            OutputKey::None | OutputKey::Other(_) => None,
        })
    }
}
