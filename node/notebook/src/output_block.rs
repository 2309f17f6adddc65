//! The blocks that hold a cell's output. An output in several media types has several.

use std::ops::Range;

use crate::blocks::Fence;
use crate::key::OutputKey;
use crate::media::MediaLine;
use crate::note::Fields;

/// A block that belongs to a cell's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputBlock {
    /// Its bytes in the document, without the line end after it.
    pub range: Range<usize>,
    /// Whose output it is.
    pub key: OutputKey,
    /// What it holds.
    pub words: BlockWords,
    pub(crate) body: BlockBody,
}

/// What a block is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlockBody {
    /// A fence: bytes between its two lines, and its column.
    Fence { content: Range<usize>, column: usize },
    /// A link or a picture.
    Link(MediaLine),
    /// HTML that another editor shows.
    Html,
    /// Fields of the output that follows.
    Note(Fields),
    /// Another editor's place for input. It says nothing.
    Input,
}

/// What a block is, of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The value of the last expression.
    Result,
    /// A value that was displayed.
    Display,
    /// The same value as the block before, in another media type.
    Also,
    /// An error.
    Error,
    /// An output of Jupyter's as JSON.
    Json,
}

const KINDS: [(BlockKind, &str); 6] = [
    (BlockKind::Stderr, "stderr"),
    (BlockKind::Result, "result"),
    (BlockKind::Display, "display"),
    (BlockKind::Also, "also"),
    (BlockKind::Error, "error"),
    (BlockKind::Json, "json"),
];

/// What the words after `output` say. Unknown words mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockWords {
    /// What it is.
    pub kind: BlockKind,
    /// Media types: of the value, and first of the label of a link if there are two. None means plain text.
    pub mimes: Vec<String>,
    /// Whether the text ends without a line end.
    pub(crate) open: bool,
    /// Lines of the error's own text, before the traceback.
    pub(crate) head: usize,
    /// Lines of each piece of a traceback, where a piece has several.
    pub(crate) lines: Vec<usize>,
}

impl BlockWords {
    pub(crate) fn new(kind: BlockKind) -> Self {
        Self { kind, mimes: Vec::new(), open: false, head: 1, lines: Vec::new() }
    }

    fn read<'t>(words: impl Iterator<Item = &'t str>) -> Self {
        let mut read = Self::new(BlockKind::Stdout);
        for word in words {
            if let Some((kind, _)) = KINDS.iter().find(|(_, known)| *known == word) {
                read.kind = *kind;
            } else if word == "open" {
                read.open = true;
            } else if let Some(head) = word.strip_prefix("head=").and_then(|n| n.parse().ok()) {
                read.head = head;
            } else if let Some(lines) = word.strip_prefix("lines=") {
                read.lines = lines.split(',').map(|n| n.parse().unwrap_or(1)).collect();
            } else if crate::mime::is_word(word) {
                read.mimes.push(word.to_owned());
            }
        }
        read
    }

    /// The whole info string or title.
    pub(crate) fn write(&self, key: &OutputKey) -> String {
        let mut text = key.to_string();
        if let Some((_, word)) = KINDS.iter().find(|(kind, _)| *kind == self.kind) {
            text.extend([" ", word]);
        }
        for mime in &self.mimes {
            text.extend([" ", mime.as_str()]);
        }
        if self.open {
            text.push_str(" open");
        }
        if self.head != 1 {
            text.push_str(&format!(" head={}", self.head));
        }
        if !self.lines.is_empty() {
            let lines: Vec<_> = self.lines.iter().map(ToString::to_string).collect();
            text.push_str(&format!(" lines={}", lines.join(",")));
        }
        text
    }
}

/// Reads an info string or a title. `None` if it is not an output's.
fn read_words(text: &str) -> Option<(OutputKey, BlockWords)> {
    let mut words = text.split_whitespace();
    let key = OutputKey::of_word(words.next()?)?;
    Some((key, BlockWords::read(words)))
}

impl OutputBlock {
    pub(crate) fn of_fence(fence: &Fence) -> Option<Self> {
        if let Some(id) = fence.info.strip_prefix("stdin:") {
            let key = OutputKey::Other(id.to_owned());
            return Some(Self::plain(fence.block.clone(), key, BlockBody::Input));
        }
        let (key, words) = read_words(&fence.info)?;
        let body = BlockBody::Fence { content: fence.content.clone(), column: fence.column };
        Some(Self { range: fence.block.clone(), key, words, body })
    }

    /// The blocks of a paragraph: every line of it is one, or it has none.
    pub(crate) fn of_paragraph(text: &str, range: &Range<usize>) -> Option<Vec<Self>> {
        let mut at = range.start;
        let mut blocks = Vec::new();
        for line in text[range.clone()].split_inclusive('\n') {
            let media = MediaLine::read(line)?;
            let read = if media.title.is_empty() { None } else { read_words(&media.title) };
            let (key, words) = read.unwrap_or((OutputKey::None, BlockWords::new(BlockKind::Display)));
            let start = at + (line.len() - line.trim_start().len());
            let range = start..at + line.trim_end().len();
            blocks.push(Self { range, key, words, body: BlockBody::Link(media) });
            at += line.len();
        }
        Some(blocks)
    }

    /// The frame in which another editor shows HTML.
    pub(crate) fn of_html(text: &str, range: &Range<usize>) -> Option<Self> {
        let is_frame = text[range.clone()].starts_with("<iframe class=\"rat-output\"");
        let mut block = is_frame.then(|| Self::plain(range.clone(), OutputKey::None, BlockBody::Html))?;
        block.words = BlockWords { mimes: vec!["text/html".to_owned()], ..BlockWords::new(BlockKind::Display) };
        Some(block)
    }

    pub(crate) fn of_note(range: &Range<usize>, fields: Fields) -> Self {
        Self::plain(range.clone(), OutputKey::None, BlockBody::Note(fields))
    }

    fn plain(range: Range<usize>, key: OutputKey, body: BlockBody) -> Self {
        Self { range, key, words: BlockWords::new(BlockKind::Stdout), body }
    }
}
