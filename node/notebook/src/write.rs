//! How an output is written: the blocks of Markdown that hold it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::content::Content;
use crate::key::OutputKey;
use crate::media::{MediaLine, fits_label};
use crate::mime::{MimeClass, is_word};
use crate::note::{Note, NoteKind};
use crate::output::{Output, OutputForm, StreamName, ValueKind};
use crate::output_block::{BlockKind, BlockWords};
use crate::pictures;

/// The blocks of an output in order, with `\n` as line end and none at their ends.
pub(crate) fn blocks_of(output: &Output) -> Vec<String> {
    let key = &output.key;
    let mut blocks = match &output.form {
        OutputForm::Stream { name, text } => vec![stream(key, *name, text)],
        OutputForm::Value { kind, data } => value(key, *kind, data),
        OutputForm::Error { name, message, traceback } => vec![error(key, name, message, traceback)],
        OutputForm::Json(content) => {
            let words = BlockWords::new(BlockKind::Json);
            vec![block(key, &words, "output", content, false)]
        }
    };
    if let Some(first) = blocks.first_mut().filter(|_| !output.fields.is_empty()) {
        *first = format!("{}\n{first}", Note::write(NoteKind::Output, &output.fields));
    }
    blocks
}

/// A code fence that nothing in its content closes.
pub(crate) fn fence(info: &str, content: &str) -> String {
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let ticks = "`".repeat(longest.max(2) + 1);
    let end = if content.is_empty() || content.ends_with('\n') { "" } else { "\n" };
    format!("{ticks}{info}\n{content}{end}{ticks}")
}

/// A fence for text whose own end of line is not the fence's: [`text_of`] reads it.
pub(crate) fn text_fence(info: &str, text: &str) -> String {
    if text.is_empty() { fence(info, "") } else { fence(info, &format!("{text}\n")) }
}

/// The text of which [`text_fence`] made this content.
pub(crate) fn text_of(content: &str) -> &str {
    content.strip_suffix('\n').unwrap_or(content)
}

fn stream(key: &OutputKey, name: StreamName, text: &Content) -> String {
    let kind = match name {
        StreamName::Stdout => BlockKind::Stdout,
        StreamName::Stderr => BlockKind::Stderr,
    };
    let mut words = BlockWords::new(kind);
    match text {
        Content::Text(text) => {
            words.open = !text.is_empty() && !text.ends_with('\n');
            fence(&words.write(key), &pictures::encode(text))
        }
        Content::Link(_) => block(key, &words, name.as_str(), text, false),
    }
}

fn error(key: &OutputKey, name: &str, message: &str, traceback: &[String]) -> String {
    let lines = |text: &str| text.matches('\n').count() + 1;
    let mut words = BlockWords::new(BlockKind::Error);
    let mut text = match message {
        "" => name.to_owned(),
        message => format!("{name}: {message}"),
    };
    words.head = lines(&text);
    if traceback.iter().any(|piece| piece.contains('\n')) {
        words.lines = traceback.iter().map(|piece| lines(piece)).collect();
    }
    for piece in traceback {
        text.push('\n');
        text.push_str(piece);
    }
    text_fence(&words.write(key), &pictures::encode(&text))
}

fn value(key: &OutputKey, kind: ValueKind, data: &BTreeMap<String, Content>) -> Vec<String> {
    let kind = match kind {
        ValueKind::Result => BlockKind::Result,
        ValueKind::Display => BlockKind::Display,
    };
    let labelled = labelled_picture(data);
    // What is no media type would not be read again, and could end the line that it stands in.
    let mut rest: Vec<_> = data.iter().filter(|(mime, _)| is_word(mime)).collect();
    let mut blocks = Vec::new();
    if let Some((label, mime, content)) = labelled {
        let mut words = BlockWords::new(kind);
        words.mimes = vec!["text/plain".to_owned(), mime.to_owned()];
        blocks.push(block(key, &words, label, content, true));
        rest.retain(|(other, _)| *other != mime && *other != "text/plain");
    } else {
        rest.sort_by_key(|(mime, _)| *mime != "text/plain");
    }
    for (mime, content) in rest {
        let mut words = BlockWords::new(if blocks.is_empty() { kind } else { BlockKind::Also });
        if mime != "text/plain" {
            words.mimes.push(mime.clone());
        }
        let picture = is_picture(mime);
        blocks.push(block(key, &words, if picture { "output" } else { mime }, content, picture));
    }
    blocks
}

fn is_picture(mime: &str) -> bool {
    match MimeClass::of(mime) {
        MimeClass::Drawing => true,
        MimeClass::Binary => mime.starts_with("image/"),
        MimeClass::Plain | MimeClass::Markup | MimeClass::Json => false,
    }
}

/// A picture whose alternative text is the value's plain text: that would only be in the way on its own.
fn labelled_picture(data: &BTreeMap<String, Content>) -> Option<(&str, &str, &Content)> {
    let Some(Content::Text(label)) = data.get("text/plain") else { return None };
    let is_link = |content: &Content| matches!(content, Content::Link(_));
    let mut links = data.iter().filter(|(mime, content)| is_picture(mime) && is_word(mime) && is_link(content));
    let (mime, content) = links.next().filter(|_| fits_label(label))?;
    Some((label, mime, content))
}

fn block(key: &OutputKey, words: &BlockWords, label: &str, content: &Content, picture: bool) -> String {
    match content {
        Content::Text(text) => text_fence(&words.write(key), &pictures::encode(text)),
        Content::Link(path) => {
            let title = words.write(key);
            MediaLine { picture, label: label.to_owned(), path: path.clone(), title }.write()
        }
    }
}

/// The blocks of several outputs as they follow a cell: `\n` as line end, a blank line before each.
pub(crate) fn region(outputs: &[Output]) -> String {
    outputs.iter().flat_map(blocks_of).flat_map(|block| ["\n\n".to_owned(), block]).collect()
}

/// The same with the line ends and the indentation of a cell.
pub(crate) fn in_place(region: &str, column: usize, line_end: &str) -> String {
    if column == 0 && line_end == "\n" {
        return region.to_owned();
    }
    let indent = " ".repeat(column);
    let lines = region.split('\n').enumerate().map(|(at, line)| match (at, line) {
        (0, line) => Cow::Borrowed(line), // the end of the line before
        (_, "") => Cow::Borrowed(line_end),
        (_, line) => Cow::Owned(format!("{line_end}{indent}{line}")),
    });
    lines.collect()
}
