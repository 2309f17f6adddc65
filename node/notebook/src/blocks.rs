//! The blocks of a Markdown file that may be something to a notebook, by CommonMark's rules: fences, HTML, paragraphs.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A block that stands in no block quote.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Fence(Fence),
    Html(Range<usize>),
    Paragraph(Range<usize>),
}

impl Block {
    /// Its bytes, without the line end after it.
    pub(crate) fn range(&self) -> Range<usize> {
        match self {
            Self::Fence(fence) => fence.block.clone(),
            Self::Html(range) | Self::Paragraph(range) => range.clone(),
        }
    }
}

/// A fenced code block.
#[derive(Clone, Debug)]
pub(crate) struct Fence {
    /// Its info string, with CommonMark's escapes undone.
    pub(crate) info: String,
    /// From the opening fence through the closing one.
    pub(crate) block: Range<usize>,
    /// The lines between the two.
    pub(crate) content: Range<usize>,
    /// Columns before the opening fence: in a list, and by indentation.
    pub(crate) column: usize,
    /// Whether it has a closing fence.
    pub(crate) closed: bool,
}

/// The blocks from byte `body` on, in order.
pub(crate) fn blocks(text: &str, body: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Fence> = None;
    let mut quotes = 0_u32;
    for (event, range) in Parser::new_ext(&text[body..], Options::empty()).into_offset_iter() {
        let range = range.start + body..range.end + body;
        match event {
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => quotes -= 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if quotes == 0 => {
                let content = text[range.clone()].find('\n').map_or(range.end, |line| range.start + line + 1);
                let column = column(&text[line_start(text, range.start)..range.start]);
                let content = content..content;
                open = Some(Fence { info: info.into_string(), block: range, content, column, closed: false });
            }
            Event::Text(_) => {
                if let Some(fence) = &mut open {
                    fence.content.end = range.end.max(fence.content.start);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some(mut fence) = open.take() {
                    fence.block.end = without_line_end(text, &fence.block);
                    // An unclosed fence ends with its container, the last line end included.
                    fence.closed = fence.content.end < fence.block.end;
                    fence.block.end = fence.block.end.max(fence.content.end);
                    blocks.push(Block::Fence(fence));
                }
            }
            Event::Start(Tag::HtmlBlock) if quotes == 0 => {
                blocks.push(Block::Html(range.start..without_line_end(text, &range)));
            }
            Event::Start(Tag::Paragraph) if quotes == 0 => {
                blocks.push(Block::Paragraph(range.start..without_line_end(text, &range)));
            }
            _ => {}
        }
    }
    blocks
}

fn without_line_end(text: &str, range: &Range<usize>) -> usize {
    range.start + text[range.clone()].trim_end_matches(['\n', '\r']).len()
}

/// Where the line of a byte begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Columns that a beginning of a line takes; a tab goes to the next multiple of four (CommonMark §2.2).
fn column(start: &str) -> usize {
    start.chars().fold(0, |column, c| match c {
        '\t' => column / 4 * 4 + 4,
        '\u{feff}' => column,
        _ => column + 1,
    })
}

impl Fence {
    /// The lines between the fences, without indentation and with `\n` as line end.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        lines_of(text, &self.content, self.column)
    }
}

/// The lines within a fence that has so many columns before it, without them and with `\n` as line end.
pub(crate) fn lines_of<'t>(text: &'t str, content: &Range<usize>, columns: usize) -> Cow<'t, str> {
    let content = &text[content.clone()];
    if columns == 0 && !content.contains('\r') {
        return Cow::Borrowed(content);
    }
    let mut out = String::with_capacity(content.len());
    for line in content.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
            None => (line, ""),
        };
        out.push_str(&without_columns(line, columns));
        out.push_str(end);
    }
    Cow::Owned(out)
}

/// A line without so many columns of white space, where it has them.
fn without_columns(line: &str, columns: usize) -> Cow<'_, str> {
    let mut at = 0;
    for (index, c) in line.char_indices() {
        let next = match c {
            ' ' if at < columns => at + 1,
            '\t' if at < columns => at / 4 * 4 + 4,
            _ => return Cow::Borrowed(&line[index..]),
        };
        if next > columns {
            return Cow::Owned(" ".repeat(next - columns) + &line[index + 1..]);
        }
        at = next;
    }
    Cow::Borrowed("")
}
