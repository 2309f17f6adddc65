//! How outputs are read from the blocks that hold them.

use std::collections::BTreeMap;

use crate::blocks::lines_of;
use crate::cell::Cell;
use crate::content::Content;
use crate::document::Document;
use crate::note::Fields;
use crate::output::{Output, OutputForm, StreamName, ValueKind};
use crate::output_block::{BlockBody, BlockKind, OutputBlock};
use crate::pictures;
use crate::write::text_of;

impl Document<'_> {
    /// The outputs of a cell of this document.
    #[must_use]
    pub fn outputs_of(&self, cell: &Cell) -> Vec<Output> {
        let mut outputs: Vec<Output> = Vec::new();
        let mut fields = Fields::new();
        for block in &cell.output_blocks {
            match &block.body {
                BlockBody::Note(noted) => {
                    fields = noted.clone();
                    continue;
                }
                BlockBody::Input => continue,
                BlockBody::Fence { .. } | BlockBody::Link(_) | BlockBody::Html => {}
            }
            match (block.words.kind, outputs.last_mut()) {
                (BlockKind::Also, Some(Output { form: OutputForm::Value { data, .. }, .. })) => {
                    data.extend(self.values(block));
                }
                _ => {
                    let form = self.form(block);
                    outputs.push(Output { key: block.key.clone(), form, fields: std::mem::take(&mut fields) });
                }
            }
        }
        outputs
    }

    fn form(&self, block: &OutputBlock) -> OutputForm {
        let stream = |name| {
            let text = match self.content(block) {
                Content::Text(text) if block.words.open => Content::Text(text_of(&text).to_owned()),
                content => content,
            };
            OutputForm::Stream { name, text }
        };
        match block.words.kind {
            BlockKind::Stdout => stream(StreamName::Stdout),
            BlockKind::Stderr => stream(StreamName::Stderr),
            BlockKind::Error => self.error(block),
            BlockKind::Json => OutputForm::Json(closed(self.content(block))),
            BlockKind::Result => OutputForm::Value { kind: ValueKind::Result, data: self.values(block) },
            BlockKind::Display | BlockKind::Also => {
                OutputForm::Value { kind: ValueKind::Display, data: self.values(block) }
            }
        }
    }

    /// A block's value, and its label's where that is one.
    fn values(&self, block: &OutputBlock) -> BTreeMap<String, Content> {
        let content = closed(self.content(block));
        let mut values = BTreeMap::new();
        match (block.words.mimes.as_slice(), &block.body) {
            ([label, mime], BlockBody::Link(media)) => {
                values.insert(label.clone(), Content::Text(media.label.clone()));
                values.insert(mime.clone(), content);
            }
            ([mime, ..], _) => {
                values.insert(mime.clone(), content);
            }
            ([], BlockBody::Link(media)) if media.title.is_empty() => {
                values.insert(picture_type(&media.path).to_owned(), content);
            }
            ([], _) => {
                values.insert("text/plain".to_owned(), content);
            }
        }
        values
    }

    fn error(&self, block: &OutputBlock) -> OutputForm {
        let text = match closed(self.content(block)) {
            Content::Text(text) => text,
            link @ Content::Link(_) => return OutputForm::Json(link),
        };
        let mut lines = text.split('\n');
        let mut take = |count: usize| {
            let taken: Vec<_> = lines.by_ref().take(count).collect();
            (!taken.is_empty()).then(|| taken.join("\n"))
        };
        let head = take(block.words.head.max(1)).unwrap_or_default();
        let (name, message) = head.split_once(": ").unwrap_or((&head, ""));
        let mut counts = block.words.lines.iter().copied();
        let traceback = std::iter::from_fn(|| take(counts.next().unwrap_or(1).max(1))).collect();
        OutputForm::Error { name: name.to_owned(), message: message.to_owned(), traceback }
    }

    /// A block's text as it was before it was written, or its link.
    fn content(&self, block: &OutputBlock) -> Content {
        match &block.body {
            BlockBody::Fence { content, column } => {
                Content::Text(pictures::decode(&lines_of(self.text(), content, *column)).into_owned())
            }
            BlockBody::Link(media) => Content::Link(media.path.clone()),
            BlockBody::Html | BlockBody::Note(_) | BlockBody::Input => {
                Content::Text(self.text()[block.range.clone()].to_owned())
            }
        }
    }
}

fn closed(content: Content) -> Content {
    match content {
        Content::Text(text) => Content::Text(text_of(&text).to_owned()),
        link @ Content::Link(_) => link,
    }
}

fn picture_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("svg") => "image/svg+xml",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        _ => "image/png",
    }
}
