//! Fences that are cells.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use wayfare_protocol::session::{Language, SessionName};

use super::Cell;

/// The languages of cells; every other fence is text.
const LANGUAGES: [&str; 6] = ["python", "r", "julia", "bash", "javascript", "typescript"];

/// The cells of a notebook whose Markdown begins at byte `body`. A fence within a block quote is quoted, not a cell.
pub(super) fn cells(text: &str, body: usize) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut open: Option<Fence> = None;
    let mut quotes = 0_u32;
    let mut lines = Lines { text, through: 0, line: 1 };
    for (event, range) in Parser::new_ext(&text[body..], Options::empty()).into_offset_iter() {
        let range = range.start + body..range.end + body;
        match event {
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => quotes -= 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if quotes == 0 => {
                open = Info::of(&info).map(|info| Fence::new(info, text, range));
            }
            Event::Text(content) => {
                if let Some(fence) = &mut open {
                    fence.code.push_str(&content);
                    fence.content.end = range.end;
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some(fence) = open.take() {
                    let index = u32::try_from(cells.len()).unwrap_or(u32::MAX).saturating_add(1);
                    cells.push(fence.cell(index, lines.at(range.start)));
                }
            }
            _ => {}
        }
    }
    cells
}

/// What the info string of a cell's fence says.
struct Info {
    language: Language,
    session: Option<String>,
    attributes: Vec<String>,
}

impl Info {
    /// `None` if its first word is not a language of cells.
    fn of(info: &str) -> Option<Self> {
        let mut words = info.split_whitespace().peekable();
        let language = Language::from_word(words.next()?);
        if !LANGUAGES.contains(&language.as_str()) {
            return None;
        }
        let session = words.next_if(|word| is_session_name(word)).map(str::to_owned);
        Some(Self { language, session, attributes: words.map(str::to_owned).collect() })
    }
}

/// Whether a word can only be meant as `name` or `project:name`. Its length is judged later, with an error.
fn is_session_name(word: &str) -> bool {
    let parts = word.split_once(':').map_or(("-", word), |parts| parts);
    let short = |part: &str| part.chars().take(SessionName::PART_MAX).collect::<String>();
    let legal = |part: &str| part.chars().all(|c| SessionName::new("-", c.encode_utf8(&mut [0; 4])).is_ok());
    legal(parts.0) && legal(parts.1) && SessionName::new(&short(parts.0), &short(parts.1)).is_ok()
}

struct Fence {
    info: Info,
    code: String,
    block: Range<usize>,
    content: Range<usize>,
}

impl Fence {
    fn new(info: Info, text: &str, mut block: Range<usize>) -> Self {
        let start = text[block.clone()].find('\n').map_or(block.end, |line| block.start + line + 1);
        // An unclosed fence ends with the notebook, its line end included; a closed one ends with its fence.
        let trimmed = text[block.clone()].trim_end_matches(['\n', '\r']).len();
        block.end = block.start + trimmed;
        Self { info, code: String::new(), content: start..start, block }
    }

    fn cell(self, index: u32, line: u32) -> Cell {
        let Info { language, session, attributes } = self.info;
        let block = self.block.start..self.block.end.max(self.content.end);
        Cell { index, language, session, attributes, code: self.code, line, block, content: self.content }
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
