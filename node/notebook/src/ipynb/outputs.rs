//! Outputs in Jupyter's format.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::value::{drop_empty, lines, text};
use crate::content::Content;
use crate::key::OutputKey;
use crate::layout::{AssetBytes, Layout};
use crate::mime::{MimeClass, is_word};
use crate::note::Fields;
use crate::output::{Output, OutputForm, StreamName, ValueKind};
use crate::run::without_space;

/// Reads an output. One that Wayfare's own forms do not hold without loss is kept as JSON.
pub(super) fn read(json: &Value, count: &Value, layout: &Layout) -> (Output, Vec<AssetBytes>) {
    if let Some((output, files)) = read_form(json, count, layout) {
        let again = write(&output, count, &mut |path| bytes_of(&files, path));
        if again.is_ok_and(|again| normal(&again) == normal(json)) && survives(&output) {
            return (output, files);
        }
    }
    let pretty = format!("{json:#}").into_bytes();
    let (content, files) = if pretty.len() <= layout.plain_max {
        (Content::Text(String::from_utf8(pretty).unwrap_or_default()), Vec::new())
    } else {
        let file = layout.file("application/json", pretty);
        (Content::Link(file.path.clone()), vec![file])
    };
    (Output::new(OutputKey::None, OutputForm::Json(content)), files)
}

fn bytes_of(files: &[AssetBytes], path: &str) -> Option<Vec<u8>> {
    files.iter().find(|file| file.path == path).map(|file| file.bytes.clone())
}

fn read_form(json: &Value, count: &Value, layout: &Layout) -> Option<(Output, Vec<AssetBytes>)> {
    let mut fields = json.as_object()?.clone();
    let mut files = Vec::new();
    let kind = fields.remove("output_type")?;
    let form = match kind.as_str()? {
        "stream" => {
            let name = match fields.remove("name")?.as_str()? {
                "stdout" => StreamName::Stdout,
                "stderr" => StreamName::Stderr,
                _ => return None,
            };
            let (text, file) = layout.place("text/plain", text(&fields.remove("text")?)?.into_bytes());
            files.extend(file);
            OutputForm::Stream { name, text }
        }
        kind @ ("execute_result" | "display_data") => {
            let kind = match kind {
                "execute_result" => ValueKind::Result,
                _ => ValueKind::Display,
            };
            if kind == ValueKind::Result && fields.get("execution_count") == Some(count) {
                fields.remove("execution_count");
            }
            drop_empty(&mut fields, "metadata");
            let data = fields.remove("data")?;
            let data = values(data.as_object().filter(|data| !data.is_empty())?, layout, &mut files)?;
            OutputForm::Value { kind, data }
        }
        "error" => OutputForm::Error {
            name: fields.remove("ename")?.as_str()?.to_owned(),
            message: fields.remove("evalue")?.as_str()?.to_owned(),
            traceback: fields.remove("traceback")?.as_array()?.iter().map(text).collect::<Option<_>>()?,
        },
        _ => return None,
    };
    Some((Output { key: OutputKey::None, form, fields }, files))
}

fn values(data: &Fields, layout: &Layout, files: &mut Vec<AssetBytes>) -> Option<BTreeMap<String, Content>> {
    let mut values = BTreeMap::new();
    for (mime, value) in data {
        let bytes = match MimeClass::of(mime) {
            _ if !is_word(mime) => return None,
            MimeClass::Json => format!("{value:#}").into_bytes(),
            MimeClass::Binary => BASE64.decode(&without_space(&text(value)?)).ok()?,
            MimeClass::Plain | MimeClass::Markup | MimeClass::Drawing => text(value)?.into_bytes(),
        };
        let (content, file) = layout.place(mime, bytes);
        files.extend(file);
        values.insert(mime.clone(), content);
    }
    Some(values)
}

/// A file that an output links to cannot be what the output says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrongFile {
    pub(super) path: String,
    pub(super) why: String,
}

/// Writes an output. What is missing is asked for by its path; where that gives nothing, the value is left out.
pub(super) fn write(
    output: &Output,
    count: &Value,
    asset: &mut impl FnMut(&str) -> Option<Vec<u8>>,
) -> Result<Value, WrongFile> {
    let mut json = Fields::new();
    let mut put = |name: &str, value: Value| json.insert(name.to_owned(), value);
    match &output.form {
        OutputForm::Stream { name, text } => {
            put("output_type", json!("stream"));
            put("name", json!(name.as_str()));
            put("text", value_of("text/plain", text, asset)?.unwrap_or_else(|| json!([])));
        }
        OutputForm::Value { kind, data } => {
            match kind {
                ValueKind::Result => {
                    put("output_type", json!("execute_result"));
                    put("execution_count", count.clone());
                }
                ValueKind::Display => {
                    put("output_type", json!("display_data"));
                }
            }
            let mut bundle = Fields::new();
            for (mime, content) in data {
                bundle.extend(value_of(mime, content, asset)?.map(|value| (mime.clone(), value)));
            }
            put("data", Value::Object(bundle));
            put("metadata", json!({}));
        }
        OutputForm::Error { name, message, traceback } => {
            put("output_type", json!("error"));
            put("ename", json!(name));
            put("evalue", json!(message));
            put("traceback", json!(traceback));
        }
        OutputForm::Json(content) => {
            let value = value_of("application/json", content, asset)?.unwrap_or_default();
            return Ok(if value.is_object() { value } else { as_text(&value) });
        }
    }
    json.extend(output.fields.clone());
    Ok(Value::Object(json))
}

/// What was to be an output's JSON and has been edited.
fn as_text(value: &Value) -> Value {
    json!({"output_type": "stream", "name": "stdout", "text": lines(value.as_str().unwrap_or_default())})
}

fn value_of(
    mime: &str,
    content: &Content,
    asset: &mut impl FnMut(&str) -> Option<Vec<u8>>,
) -> Result<Option<Value>, WrongFile> {
    let class = MimeClass::of(mime);
    let text = match content {
        Content::Text(text) => text.clone(),
        Content::Link(path) => {
            let Some(bytes) = asset(path) else { return Ok(None) };
            if class == MimeClass::Binary {
                return Ok(Some(json!(BASE64.encode(&bytes))));
            }
            let wrong = |error: std::string::FromUtf8Error| WrongFile { path: path.clone(), why: error.to_string() };
            String::from_utf8(bytes).map_err(wrong)?
        }
    };
    Ok(Some(match class {
        MimeClass::Json => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        MimeClass::Plain | MimeClass::Markup | MimeClass::Drawing | MimeClass::Binary => lines(&text),
    }))
}

/// An output with texts as one string each and base64 without white space, to compare.
fn normal(json: &Value) -> Value {
    let mut json = json.clone();
    let join = |value: &mut Value| {
        if let Some(text) = text(value) {
            *value = Value::String(text);
        }
    };
    if let Some(text) = json.get_mut("text") {
        join(text);
    }
    for (mime, value) in json.get_mut("data").and_then(Value::as_object_mut).into_iter().flatten() {
        match MimeClass::of(mime) {
            MimeClass::Json => {}
            MimeClass::Binary => {
                join(value);
                if let Some(text) = value.as_str() {
                    *value = Value::String(text.split_ascii_whitespace().collect());
                }
            }
            MimeClass::Plain | MimeClass::Markup | MimeClass::Drawing => join(value),
        }
    }
    for piece in json.get_mut("traceback").and_then(Value::as_array_mut).into_iter().flatten() {
        join(piece);
    }
    json
}

/// Whether an output is read from the text that it is written as.
fn survives(output: &Output) -> bool {
    let text = format!("```python\n```{}\n", crate::write::region(std::slice::from_ref(output)));
    let document = crate::document::Document::parse(&text);
    let cells = document.cells();
    let is_all = cells.first().is_some_and(|cell| cell.region.end + 1 == text.len());
    is_all && cells.len() == 1 && document.outputs_of(&cells[0]) == [output.clone()]
}
