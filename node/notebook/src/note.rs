//! Notes: one-line comments that say what Markdown has no place for: `<!-- nb text {"id":"a1"} -->`.

use serde_json::{Map, Value};

/// What a note says beyond its kind: the fields of a Jupyter cell, output or notebook that stand nowhere else.
pub type Fields = Map<String, Value>;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoteKind {
    /// A text cell begins here; it goes to the next cell.
    Text,
    /// A text cell begins here and goes to [`NoteKind::End`]; code fences in it are text.
    Whole,
    /// Ends [`NoteKind::Whole`].
    End,
    /// The fence that follows is a code cell.
    Code,
    /// The fence that follows is a raw cell.
    Raw,
    /// The fence that follows is the source of a text cell.
    Source,
    /// The fence that follows is a cell of another type, as JSON.
    Json,
    /// About the output that follows.
    Output,
    /// About the notebook.
    Notebook,
}

const WORDS: [(NoteKind, &str); 9] = [
    (NoteKind::Text, "text"),
    (NoteKind::Whole, "whole"),
    (NoteKind::End, "end"),
    (NoteKind::Code, "code"),
    (NoteKind::Raw, "raw"),
    (NoteKind::Source, "source"),
    (NoteKind::Json, "json"),
    (NoteKind::Output, "output"),
    (NoteKind::Notebook, "notebook"),
];

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) kind: NoteKind,
    pub(crate) fields: Fields,
}

impl Note {
    /// Reads a comment. `None` if it is not a note, or its fields are not a JSON object.
    pub(crate) fn read(comment: &str) -> Option<Self> {
        let inner = comment.trim().strip_prefix("<!-- nb ")?.strip_suffix("-->")?.trim();
        let (word, rest) = inner.split_once(' ').unwrap_or((inner, ""));
        let kind = WORDS.iter().find(|(_, known)| *known == word)?.0;
        let fields = if rest.is_empty() { Fields::new() } else { serde_json::from_str(rest).ok()? };
        Some(Self { kind, fields })
    }

    /// The comment, without a line end.
    pub(crate) fn write(kind: NoteKind, fields: &Fields) -> String {
        let word = WORDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, word)| word);
        if fields.is_empty() {
            return format!("<!-- nb {word} -->");
        }
        // `-->` would end the comment, and older Markdown wants no `--` in it at all; both stand only in JSON's strings.
        let json = Value::Object(fields.clone()).to_string().replace("--", "-\\u002d").replace('\u{7f}', "\\u007f");
        format!("<!-- nb {word} {json} -->")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn notes_are_read_as_written_and_stay_on_one_line() {
        for fields in [json!({}), json!({"id": "a--b-->c", "metadata": {"x": ["\n", -1, "---", "é`"]}})] {
            let fields = fields.as_object().expect("an object").clone();
            for (kind, _) in WORDS {
                let text = Note::write(kind, &fields);
                assert!(!text.contains('\n') && text.matches("--").count() == 2, "{text}");
                assert_eq!(Note::read(&text), Some(Note { kind, fields: fields.clone() }));
            }
        }
    }

    #[test]
    fn other_comments_are_not_notes() {
        for text in
            ["<!-- nb -->", "<!-- nb cell -->", "<!-- nb text [1] -->", "<!-- nb text {} {} -->", "<!-- note -->"]
        {
            assert_eq!(Note::read(text), None, "{text}");
        }
    }
}
