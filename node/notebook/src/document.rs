//! A document: its text in spans that together are the whole text.

use std::ops::Range;

use crate::blocks::{Block, Fence, blocks, line_start};
use crate::cell::{Cell, Info};
use crate::front_matter::{FrontMatterText, bom};
use crate::note::{Fields, Note, NoteKind};
use crate::output_block::OutputBlock;

/// A parsed document. Any text is one.
#[derive(Clone, Debug)]
pub struct Document<'t> {
    text: &'t str,
    front_matter: Option<FrontMatterText>,
    spans: Vec<Span>,
    cells: Vec<Cell>,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: SpanKind,
}

/// What a piece of a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// The front matter, with its two lines.
    FrontMatter,
    /// Text, and the blank lines between everything.
    Text,
    /// A text cell that was written between two notes, without them.
    Whole(Fields),
    /// A text cell whose source stands in a fence.
    Source {
        /// What its note says.
        fields: Fields,
        /// Its source.
        source: String,
    },
    /// A raw cell of Jupyter's.
    Raw {
        /// What its note says.
        fields: Fields,
        /// Its source.
        source: String,
    },
    /// A cell of Jupyter's of a type that this version does not know.
    Json(String),
    /// A text cell begins after this note.
    Begin(Fields),
    /// Another note: about the cell that follows, or the end of a text cell.
    Note,
    /// What a note says of the notebook.
    Notebook(Fields),
    /// A code cell: the index into [`Document::cells`].
    Cell(usize),
    /// A block of the output of a cell: the indices of cell and block.
    Output(usize, usize),
}

impl<'t> Document<'t> {
    /// Parses a document.
    #[must_use]
    pub fn parse(text: &'t str) -> Self {
        let front_matter = FrontMatterText::find(text);
        let body = front_matter.as_ref().map_or(bom(text), |front| front.block.end);
        let mut reader = Reader::new(text);
        if let Some(front) = &front_matter {
            reader.span(front.block.clone(), SpanKind::FrontMatter);
        }
        reader.read(&blocks(text, body));
        reader.text_until(text.len());
        Self { text, front_matter, spans: reader.spans, cells: reader.cells }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The front matter, if there is one.
    #[must_use]
    pub fn front_matter(&self) -> Option<&FrontMatterText> {
        self.front_matter.as_ref()
    }

    /// All pieces in order. None is left out, and none is empty but a text cell between two notes.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The code cells in order.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The code cells, without the rest.
    #[must_use]
    pub fn into_cells(self) -> Vec<Cell> {
        self.cells
    }
}

/// Reads blocks in order.
struct Reader<'t> {
    text: &'t str,
    spans: Vec<Span>,
    cells: Vec<Cell>,
    /// Where the last span ends.
    through: usize,
    /// The cell after which nothing but its outputs stood so far.
    open: Option<usize>,
    lines: Lines<'t>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let lines = Lines { text, through: 0, line: 1 };
        Self { text, spans: Vec::new(), cells: Vec::new(), through: 0, open: None, lines }
    }

    fn read(&mut self, blocks: &[Block]) {
        let notes: Vec<_> = blocks.iter().map(|block| note_of(self.text, block)).collect();
        let mut at = 0;
        while at < blocks.len() {
            let range = blocks[at].range();
            if range.start < self.through {
                at += 1; // within what was read as a whole
                continue;
            }
            let only_blank = |from: usize| self.text[from..range.start].trim().is_empty();
            self.open = self.open.filter(|cell| only_blank(self.cells[*cell].region.end));
            at += match (&notes[at], &blocks[at]) {
                (Some(note), _) => self.note(note, &blocks[at..], &notes[at..]),
                (None, Block::Fence(fence)) => {
                    self.fence(fence);
                    1
                }
                (None, Block::Paragraph(range)) => {
                    let outputs = self.open.and_then(|_| OutputBlock::of_paragraph(self.text, range));
                    outputs.into_iter().flatten().for_each(|output| self.output_block(output));
                    1
                }
                (None, Block::Html(range)) => {
                    let output = self.open.and_then(|_| OutputBlock::of_html(self.text, range));
                    output.into_iter().for_each(|output| self.output_block(output));
                    1
                }
            };
        }
    }

    /// Reads a note and what it is about; how many blocks that was.
    fn note(&mut self, note: &Note, blocks: &[Block], notes: &[Option<Note>]) -> usize {
        let range = blocks[0].range();
        let fields = || note.fields.clone();
        match note.kind {
            NoteKind::Text => self.span(range, SpanKind::Begin(fields())),
            NoteKind::End => self.span(range, SpanKind::Note),
            NoteKind::Notebook => self.span(range, SpanKind::Notebook(fields())),
            NoteKind::Output if self.open.is_some() => self.output_block(OutputBlock::of_note(&range, fields())),
            NoteKind::Output => {}
            NoteKind::Whole => return self.whole(note, blocks, notes),
            NoteKind::Code | NoteKind::Raw | NoteKind::Source | NoteKind::Json => {
                if let Some(fence) = self.fence_after(blocks) {
                    self.noted_fence(note, range, fence);
                    return 2;
                }
                // About nothing: it is text.
            }
        }
        1
    }

    fn fence_after<'b>(&self, blocks: &'b [Block]) -> Option<&'b Fence> {
        match blocks.get(1) {
            Some(Block::Fence(fence)) if self.text[blocks[0].range().end..fence.block.start].trim().is_empty() => {
                Some(fence)
            }
            _ => None,
        }
    }

    fn whole(&mut self, note: &Note, blocks: &[Block], notes: &[Option<Note>]) -> usize {
        let ends = |note: &Option<Note>| {
            note.as_ref().is_some_and(|note| matches!(note.kind, NoteKind::Whole | NoteKind::End))
        };
        let end = notes.iter().skip(1).position(ends).map(|at| at + 1);
        let end = end.filter(|at| notes[*at].as_ref().is_some_and(|note| note.kind == NoteKind::End));
        let first = blocks[0].range();
        let Some(end) = end else {
            self.span(first, SpanKind::Begin(note.fields.clone()));
            return 1;
        };
        let last = blocks[end].range();
        // The line end after the first note and the one before the last belong to the notes.
        let begin = self.text[first.end..last.start].find('\n').map_or(first.end, |at| first.end + at + 1);
        let close = line_start(self.text, last.start).max(begin);
        self.span(first.start..begin, SpanKind::Note);
        self.text_until(begin);
        self.span_even_empty(begin..close, SpanKind::Whole(note.fields.clone()));
        self.span(close..last.end, SpanKind::Note);
        end + 1
    }

    fn fence(&mut self, fence: &Fence) {
        if let Some(output) = self.open.and_then(|_| OutputBlock::of_fence(fence)) {
            self.output_block(output);
            return;
        }
        if let Some(info) = Info::of(&fence.info, false) {
            self.cell(fence, info, Fields::new());
        }
    }

    fn noted_fence(&mut self, note: &Note, range: Range<usize>, fence: &Fence) {
        self.span(range, SpanKind::Note);
        let fields = note.fields.clone();
        let source = || {
            let text = fence.text(self.text);
            text.strip_suffix('\n').unwrap_or(&text).to_owned()
        };
        match note.kind {
            NoteKind::Raw => self.span(fence.block.clone(), SpanKind::Raw { fields, source: source() }),
            NoteKind::Source => self.span(fence.block.clone(), SpanKind::Source { fields, source: source() }),
            NoteKind::Json => self.span(fence.block.clone(), SpanKind::Json(source())),
            _ => {
                if let Some(info) = Info::of(&fence.info, true) {
                    self.cell(fence, info, fields);
                }
            }
        }
    }

    fn cell(&mut self, fence: &Fence, info: Info, fields: Fields) {
        let Info { language, session, attributes } = info;
        self.open = None;
        let at = self.cells.len();
        self.span(fence.block.clone(), SpanKind::Cell(at));
        self.cells.push(Cell {
            index: u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1),
            language,
            session,
            attributes,
            info: fence.info.clone(),
            code: fence.text(self.text).into_owned(),
            line: self.lines.at(fence.block.start),
            block: fence.block.clone(),
            content: fence.content.clone(),
            column: fence.column,
            closed: fence.closed,
            fields,
            region: fence.block.end..fence.block.end,
            output_blocks: Vec::new(),
        });
        self.open = fence.closed.then_some(at);
    }

    fn output_block(&mut self, output: OutputBlock) {
        let Some(at) = self.open else { return };
        let index = self.cells[at].output_blocks.len();
        self.span(output.range.clone(), SpanKind::Output(at, index));
        let cell = &mut self.cells[at];
        cell.region.end = output.range.end;
        cell.output_blocks.push(output);
    }

    fn span(&mut self, range: Range<usize>, kind: SpanKind) {
        if !range.is_empty() {
            self.span_even_empty(range, kind);
        }
    }

    fn span_even_empty(&mut self, range: Range<usize>, kind: SpanKind) {
        self.text_until(range.start);
        self.through = range.end;
        self.spans.push(Span { range, kind });
    }

    fn text_until(&mut self, end: usize) {
        if self.through < end {
            self.spans.push(Span { range: self.through..end, kind: SpanKind::Text });
            self.through = end;
        }
    }
}

fn note_of(text: &str, block: &Block) -> Option<Note> {
    match block {
        Block::Html(range) => Note::read(&text[range.clone()]),
        Block::Fence(_) | Block::Paragraph(_) => None,
    }
}

/// Counts lines up to places that only move forward.
struct Lines<'a> {
    text: &'a str,
    through: usize,
    line: u32,
}

impl Lines<'_> {
    fn at(&mut self, place: usize) -> u32 {
        let ends = self.text.as_bytes()[self.through..place].iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(ends).unwrap_or(u32::MAX));
        self.through = place;
        self.line
    }
}
