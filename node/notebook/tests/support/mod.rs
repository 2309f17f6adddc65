//! What several of these tests need.

#![allow(dead_code, reason = "each test binary uses its part")]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wayfare_notebook::{Imported, MimeClass};

/// Pieces of Markdown among which there are all that a notebook gives a meaning, and what comes near.
pub(crate) fn any_markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~\u{e9}\u{1b}\t]{0,12}",
        "\r?\n",
        proptest::sample::select(vec![
            "\n\n",
            "\n",
            "\n\n```python\n1\n```\n",
            "```",
            "~~~~",
            "`````py scratch needs=gpu\n",
            "```output:0190f5fe-7c00-7a00-8000-000000000001.2 stderr\nx\n```",
            "\n\n```output\nx\n```\n",
            "\n\n![a](b.png \"output display image/png\")\n",
            "[t](c.html \"output also text/html\")",
            "---\n",
            "---\ntitle: x\n---\n",
            "<!-- nb text {\"id\":\"a\"} -->\n",
            "<!-- nb whole -->\n",
            "<!-- nb end -->\n",
            "<!-- nb code -->\n",
            "<!-- nb raw -->\n",
            "<!-- nb source -->\n",
            "<!-- nb output {\"metadata\":{\"a\":1}} -->\n",
            "<!-- nb notebook {\"nbformat_minor\":2} -->\n",
            "<!-- ",
            "-->",
            "> ",
            "- ",
            "1. ",
            "    ",
            "\t",
            "<div>\n",
            "<script>\n",
            "\u{feff}",
            "\u{241b}\u{2424}",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A file of an import, by its path.
pub(crate) fn asset_of(imported: &Imported) -> impl Fn(&str) -> Option<Vec<u8>> {
    |path| imported.assets.iter().find(|file| file.path == path).map(|file| file.bytes.clone())
}

/// A notebook without what `docs/documents.md` lists as not kept: how texts are cut into lines, white space in base64, CR as line
/// end of a source, fields that are not there and mean nothing, and ids where 4.5 wants them and there were none.
pub(crate) fn kept(notebook: &Value, other: &Value) -> Value {
    let mut notebook = notebook.clone();
    if let Some(notebook) = notebook.as_object_mut() {
        notebook.entry("metadata").or_insert_with(|| json!({}));
    }
    let needs_ids = notebook["nbformat_minor"].as_u64().is_some_and(|minor| minor >= 5);
    let others = other["cells"].as_array().cloned().unwrap_or_default();
    for (at, cell) in notebook["cells"].as_array_mut().into_iter().flatten().enumerate() {
        let Some(cell) = cell.as_object_mut() else { continue };
        if needs_ids && others.get(at).is_some_and(|other| other.get("id").is_none()) {
            cell.remove("id");
        }
        kept_of_cell(cell);
    }
    notebook
}

fn kept_of_cell(cell: &mut Map<String, Value>) {
    cell.entry("metadata").or_insert_with(|| json!({}));
    let source = cell.remove("source").unwrap_or_else(|| json!(""));
    cell.insert("source".to_owned(), json!(joined(&source).replace("\r\n", "\n").replace('\r', "\n")));
    for bundle in cell.get_mut("attachments").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        for value in bundle.as_object_mut().into_iter().flat_map(Map::values_mut) {
            *value = json!(joined(value).split_ascii_whitespace().collect::<String>());
        }
    }
    if cell.get("cell_type") == Some(&json!("code")) {
        cell.entry("execution_count").or_insert(Value::Null);
        cell.entry("outputs").or_insert_with(|| json!([]));
    }
    for output in cell.get_mut("outputs").and_then(Value::as_array_mut).into_iter().flatten() {
        kept_of_output(output);
    }
}

fn kept_of_output(output: &mut Value) {
    if let Some(text) = output.get_mut("text").filter(|text| is_text(text)) {
        *text = json!(joined(text));
    }
    for (mime, value) in output.get_mut("data").and_then(Value::as_object_mut).into_iter().flatten() {
        match MimeClass::of(mime) {
            MimeClass::Json => {}
            MimeClass::Binary => {
                if is_text(value) {
                    *value = json!(joined(value).split_ascii_whitespace().collect::<String>());
                }
            }
            MimeClass::Plain | MimeClass::Markup | MimeClass::Drawing => {
                if is_text(value) {
                    *value = json!(joined(value));
                }
            }
        }
    }
}

fn is_text(value: &Value) -> bool {
    value.is_string() || value.as_array().is_some_and(|lines| lines.iter().all(Value::is_string))
}

fn joined(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => value.to_string(),
    }
}
