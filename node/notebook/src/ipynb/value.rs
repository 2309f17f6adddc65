//! Texts in Jupyter's format: one string, or a list of its lines.

use serde_json::Value;

use crate::note::Fields;

/// The text of a string or of a list of strings. `None` for anything else.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => lines.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// A text as Jupyter writes it: a list of its lines, each with its line end.
pub(super) fn lines(text: &str) -> Value {
    text.split_inclusive('\n').collect()
}

/// Takes a field away if it says nothing.
pub(super) fn drop_empty(fields: &mut Fields, name: &str) {
    let says_nothing = |value: &Value| value.is_null() || value.as_object().is_some_and(Fields::is_empty);
    if fields.get(name).is_some_and(says_nothing) {
        fields.remove(name);
    }
}

/// The language word of the fences of a notebook with such fields, where a cell says no other.
pub(super) fn language(notebook: &Fields) -> String {
    let metadata = notebook.get("metadata");
    let named = |of: &str, field: &str| metadata?.get(of)?.get(field)?.as_str().map(str::to_lowercase);
    let fits = |word: &String| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '.' | '_'))
    };
    let found = named("language_info", "name").or_else(|| named("kernelspec", "language")).filter(fits);
    found.unwrap_or_else(|| "python".to_owned())
}

/// The version within 4 of a notebook with such fields.
pub(super) fn minor(notebook: &Fields) -> Option<u64> {
    notebook.get("nbformat_minor").and_then(Value::as_u64)
}
