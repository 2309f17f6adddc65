//! From a document to Jupyter's format.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::attachments;
use super::outputs;
use super::pieces::{Piece, pieces};
use super::value::{language, lines, minor};
use crate::cell::Cell;
use crate::document::{Document, SpanKind};
use crate::key::OutputKey;
use crate::note::Fields;

/// The version of the format that a document becomes which was never in it: 4.5.
const MINOR: u64 = 5;

/// A document that is not exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Files that it links to cannot be had.
    #[error("{} files that it links to cannot be read from the folder of the document: {}", .0.len(), .0.join(", "))]
    Missing(Vec<String>),
    /// A file is not what the document says.
    #[error("{path}: {why}")]
    File {
        /// Its path from the document.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Makes a notebook in Jupyter's format of a document. `asset` gives a file's bytes by its path from the document.
///
/// # Errors
/// If files that outputs link to are missing or are not of their type.
pub fn to_ipynb(markdown: &str, asset: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<String, ExportError> {
    let document = Document::parse(markdown);
    let mut notebook = fields_of(&document);
    let mut missing = BTreeSet::new();
    let mut writer = Writer {
        language: language(&notebook),
        document: &document,
        asset: |path: &str| {
            let bytes = asset(path);
            if bytes.is_none() {
                missing.insert(path.to_owned());
            }
            bytes
        },
    };
    let cells: Result<Vec<_>, _> = pieces(&document).into_iter().map(|piece| writer.cell(piece)).collect();
    let mut cells = cells.map_err(|wrong| ExportError::File { path: wrong.path, why: wrong.why })?;
    if !missing.is_empty() {
        return Err(ExportError::Missing(missing.into_iter().collect()));
    }
    if minor(&notebook).is_some_and(|minor| minor >= 5) {
        give_ids(&mut cells);
    }
    notebook.insert("cells".to_owned(), Value::Array(cells.into_iter().map(Value::Object).collect()));
    Ok(pretty(&Value::Object(notebook)))
}

/// As Jupyter writes it: indented by one space, a line end at its end.
fn pretty(value: &Value) -> String {
    use serde::Serialize as _;
    let mut bytes = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, form));
    debug_assert!(written.is_ok(), "a value is always written to memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// What a notebook says beside its cells.
fn fields_of(document: &Document<'_>) -> Fields {
    let noted = document.spans().iter().rev().find_map(|span| match &span.kind {
        SpanKind::Notebook(fields) => Some(fields.clone()),
        _ => None,
    });
    let mut notebook = noted.unwrap_or_else(|| {
        let first = document.cells().first().map_or("python", |cell| cell.language.as_str());
        let metadata = json!({"language_info": {"name": first}});
        Fields::from_iter([("metadata".to_owned(), metadata), ("nbformat_minor".to_owned(), json!(MINOR))])
    });
    notebook.insert("nbformat".to_owned(), json!(4));
    notebook.entry("metadata").or_insert_with(|| json!({}));
    if let Some(front) = document.front_matter() {
        let text = document.text()[front.block.clone()].replace("\r\n", "\n");
        own(&mut notebook).insert("front_matter".to_owned(), json!(text));
    }
    notebook
}

/// The object `metadata.wayfare`, made where it is missing.
fn own(fields: &mut Fields) -> &mut Fields {
    let mut at = fields;
    for name in ["metadata", "wayfare"] {
        let entry = at.entry(name).or_insert_with(|| json!({}));
        if !entry.is_object() {
            *entry = json!({});
        }
        let Value::Object(inner) = entry else { unreachable!("made an object above") };
        at = inner;
    }
    at
}

struct Writer<'d, A> {
    document: &'d Document<'d>,
    language: String,
    asset: A,
}

impl<A: FnMut(&str) -> Option<Vec<u8>>> Writer<'_, A> {
    fn cell(&mut self, piece: Piece) -> Result<Fields, outputs::WrongFile> {
        let (kind, source, fields) = match piece {
            Piece::Text { source, mut fields } => {
                let source = attachments::give_back(source, &mut fields, &mut self.asset);
                ("markdown", source, fields)
            }
            Piece::Raw { source, fields } => ("raw", source, fields),
            Piece::Json(json) => match serde_json::from_str(&json) {
                Ok(cell) => return Ok(cell),
                Err(_) => ("raw", json, Fields::new()), // edited since
            },
            Piece::Code(index) => {
                let document = self.document;
                return self.code(&document.cells()[index]);
            }
        };
        let mut cell = Fields::from_iter([
            ("cell_type".to_owned(), json!(kind)),
            ("metadata".to_owned(), json!({})),
            ("source".to_owned(), lines(&source)),
        ]);
        cell.extend(fields);
        Ok(cell)
    }

    fn code(&mut self, cell: &Cell) -> Result<Fields, outputs::WrongFile> {
        let mut fields = cell.fields.clone();
        if cell.output_blocks.iter().any(|block| matches!(block.key, OutputKey::Run(_))) {
            fields.remove("execution_count"); // it counts the run before
        }
        if cell.info != self.language {
            own(&mut fields).insert("info".to_owned(), json!(cell.info));
        }
        let count = fields.get("execution_count").cloned().unwrap_or_default();
        let outputs: Result<Vec<_>, _> = self
            .document
            .outputs_of(cell)
            .iter()
            .map(|output| outputs::write(output, &count, &mut self.asset))
            .collect();
        let source = cell.code.strip_suffix('\n').unwrap_or(&cell.code);
        let mut json = Fields::from_iter([
            ("cell_type".to_owned(), json!("code")),
            ("execution_count".to_owned(), Value::Null),
            ("metadata".to_owned(), json!({})),
            ("outputs".to_owned(), Value::Array(outputs?)),
            ("source".to_owned(), lines(source)),
        ]);
        json.extend(fields);
        Ok(json)
    }
}

/// Cells have ids from 4.5 on. Those that have none get one by their place.
fn give_ids(cells: &mut [Fields]) {
    let mut used: BTreeSet<String> =
        cells.iter().filter_map(|cell| cell.get("id")).filter_map(Value::as_str).map(str::to_owned).collect();
    for (number, cell) in (1..).zip(cells) {
        if !cell.contains_key("id") {
            let names = std::iter::once(format!("cell-{number}")).chain((1..).map(|n| format!("cell-{number}-{n}")));
            let id = names.into_iter().find(|name| !used.contains(name)).unwrap_or_default();
            used.insert(id.clone());
            cell.insert("id".to_owned(), json!(id));
        }
    }
}
