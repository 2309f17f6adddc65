//! From Jupyter's format to a document.

use std::collections::BTreeMap;

use serde_json::Value;
use wayfare_protocol::session::Language;

use super::attachments;
use super::outputs;
use super::pieces::{Piece, pieces};
use super::value::{drop_empty, language, text};
use crate::cell::is_language;
use crate::document::Document;
use crate::front_matter::FrontMatterText;
use crate::layout::{AssetBytes, Layout};
use crate::note::{Fields, Note, NoteKind};
use crate::write::{region, text_fence};

/// A document made of a notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its text.
    pub markdown: String,
    /// The files that it links to, each once, in order of path.
    pub assets: Vec<AssetBytes>,
}

/// A notebook that is not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is not JSON.
    #[error("not a notebook: {0}")]
    NotJson(String),
    /// It is JSON of something else.
    #[error("not a notebook: {0}")]
    NotNotebook(&'static str),
    /// Its format is too old or too new.
    #[error("nbformat {0} is not read, only 4: `jupyter nbconvert --to notebook` makes a newer one of an older one")]
    Version(u64),
    /// A cell is not one.
    #[error("cell {number}: {why}")]
    Cell {
        /// Its number, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// Makes a document of a notebook in Jupyter's format, version 4.0 to 4.5 or a later 4.
///
/// # Errors
/// If it is not such a notebook.
pub fn from_ipynb(json: &str, layout: &Layout) -> Result<Imported, ImportError> {
    let value: Value = serde_json::from_str(json).map_err(|error| ImportError::NotJson(error.to_string()))?;
    let Value::Object(mut notebook) = value else { return Err(ImportError::NotNotebook("no JSON object")) };
    let version = notebook.get("nbformat").and_then(Value::as_u64);
    match version.ok_or(ImportError::NotNotebook("it has no nbformat"))? {
        4 => {}
        other => return Err(ImportError::Version(other)),
    }
    let Some(Value::Array(cells)) = notebook.remove("cells") else {
        return Err(ImportError::NotNotebook("it has no list of cells"));
    };
    notebook.remove("nbformat");
    drop_empty(&mut notebook, "metadata");
    let front = take_front_matter(&mut notebook);
    let mut writer =
        Writer { layout, language: language(&notebook), chunks: Vec::new(), files: BTreeMap::new(), bare: false };
    for (number, cell) in (1..).zip(cells) {
        writer.cell(cell).map_err(|why| ImportError::Cell { number, why })?;
    }
    writer.chunks.push(Note::write(NoteKind::Notebook, &notebook));
    let front = front.map(|front| front + "\n").unwrap_or_default();
    let markdown = format!("{front}{}\n", writer.chunks.join("\n\n"));
    Ok(Imported { markdown, assets: writer.files.into_values().collect() })
}

/// The front matter of the document that the notebook was made of.
fn take_front_matter(notebook: &mut Fields) -> Option<String> {
    let metadata = notebook.get_mut("metadata")?.as_object_mut()?;
    let own = metadata.get_mut("wayfare")?.as_object_mut()?;
    let front = own.get("front_matter")?.as_str()?.to_owned();
    FrontMatterText::find(&front).filter(|found| found.block == (0..front.len()) && front.ends_with('\n'))?;
    own.remove("front_matter");
    drop_empty(metadata, "wayfare");
    drop_empty(notebook, "metadata");
    Some(front)
}

struct Writer<'p> {
    layout: &'p Layout,
    language: String,
    chunks: Vec<String>,
    files: BTreeMap<String, AssetBytes>,
    /// Whether a text that follows is a cell of its own without a note: a code or raw cell came last.
    bare: bool,
}

impl Writer<'_> {
    fn cell(&mut self, cell: Value) -> Result<(), String> {
        let Value::Object(mut fields) = cell else { return Err("no JSON object".to_owned()) };
        match fields.get("cell_type").and_then(Value::as_str) {
            Some("code" | "markdown" | "raw") => {}
            Some(_) => {
                let json = format!("{:#}", Value::Object(fields));
                self.chunks.push(format!(
                    "{}\n{}",
                    Note::write(NoteKind::Json, &Fields::new()),
                    text_fence("json", &json)
                ));
                self.bare = true;
                return Ok(());
            }
            None => return Err("it has no cell_type".to_owned()),
        }
        let source = match fields.remove("source") {
            None => String::new(),
            Some(source) => text(&source).ok_or("its source is not text")?,
        };
        // Markdown knows line ends, not which: CR LF and CR come back as LF.
        let source = source.replace("\r\n", "\n").replace('\r', "\n");
        drop_empty(&mut fields, "metadata");
        let kind = fields.remove("cell_type");
        match kind.as_ref().and_then(Value::as_str) {
            Some("code") => self.code(&source, fields),
            Some("raw") => {
                let note = Note::write(NoteKind::Raw, &fields);
                self.chunks.push(format!("{note}\n{}", text_fence("raw", &source)));
                self.bare = true;
                Ok(())
            }
            _ => {
                self.text(source, fields);
                Ok(())
            }
        }
    }

    fn code(&mut self, source: &str, mut fields: Fields) -> Result<(), String> {
        let count = fields.get("execution_count").cloned().unwrap_or_default();
        drop_empty(&mut fields, "execution_count");
        let written = match fields.remove("outputs") {
            None => Vec::new(),
            Some(Value::Array(outputs)) => outputs,
            Some(_) => return Err("its outputs are not a list".to_owned()),
        };
        let mut outputs = Vec::new();
        for (number, json) in (1..).zip(&written) {
            if !json.is_object() {
                return Err(format!("its output {number} is no JSON object"));
            }
            let (output, files) = outputs::read(json, &count, self.layout);
            self.files.extend(files.into_iter().map(|file| (file.path.clone(), file)));
            outputs.push(output);
        }
        let info = take_info(&mut fields, &self.language).unwrap_or_else(|| self.language.clone());
        let word = info.split_whitespace().next().unwrap_or_default();
        let mut chunk = String::new();
        if !fields.is_empty() || !is_language(&Language::from_word(word)) {
            chunk = Note::write(NoteKind::Code, &fields) + "\n";
        }
        chunk.push_str(&text_fence(&info, source));
        chunk.push_str(&region(&outputs));
        self.chunks.push(chunk);
        self.bare = true;
        Ok(())
    }

    /// A text cell in the plainest form that is read as the same cell again.
    fn text(&mut self, source: String, mut fields: Fields) {
        let source = match attachments::take(&source, &mut fields, self.layout) {
            None => source,
            Some((linked, files)) => {
                self.files.extend(files.into_iter().map(|file| (file.path.clone(), file)));
                linked
            }
        };
        let first = self.chunks.is_empty();
        let at_top = first && (source.starts_with("---") || source.starts_with('\u{feff}'));
        let before = if first { "" } else { "```python\n```\n\n```output\n```\n\n" };
        let note = |kind| Note::write(kind, &fields);
        let bare = (fields.is_empty() && !at_top && (self.bare || first)).then(|| source.clone());
        let forms = [
            bare,
            Some(format!("{}\n\n{source}", note(NoteKind::Text))),
            Some(format!("{}\n{source}\n{}", note(NoteKind::Whole), Note::write(NoteKind::End, &Fields::new()))),
        ];
        let wanted = Piece::Text { source: source.clone(), fields: fields.clone() };
        let plainest = forms.into_iter().flatten().find(|chunk| survives(before, chunk, &wanted));
        let chunk =
            plainest.unwrap_or_else(|| format!("{}\n{}", note(NoteKind::Source), text_fence("markdown", &source)));
        self.bare = false;
        self.chunks.push(chunk);
    }
}

/// The info string that a cell had in a document, if it was another than the notebook's language.
fn take_info(fields: &mut Fields, language: &str) -> Option<String> {
    let metadata = fields.get_mut("metadata")?.as_object_mut()?;
    let own = metadata.get_mut("wayfare")?.as_object_mut()?;
    let info = own.get("info")?.as_str()?.to_owned();
    let plain = |c: char| !c.is_control() && !matches!(c, '`' | '\\' | '&');
    if info.is_empty() || info == language || info.trim() != info || !info.chars().all(plain) {
        return None;
    }
    own.remove("info");
    drop_empty(metadata, "wayfare");
    drop_empty(fields, "metadata");
    Some(info)
}

/// Whether a chunk is read as the one cell that is wanted, between others.
fn survives(before: &str, chunk: &str, wanted: &Piece) -> bool {
    let text = format!("{before}{chunk}\n\n```python\n```\n\n<!-- nb text -->\n\nx\n");
    let document = Document::parse(&text);
    let pieces = pieces(&document);
    let expected = if before.is_empty() { 3 } else { 4 };
    let at = expected - 3;
    pieces.len() == expected && pieces[at] == *wanted && pieces[at + 1] == Piece::Code(at)
}
