//! Changes to a document's text.

use std::ops::Range;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where, in bytes of the text before all the edits.
    pub at: usize,
    /// How many bytes are taken away there.
    pub delete: usize,
    /// What is put there.
    pub insert: String,
}

/// One change in the units that Yjs counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utf16Edit {
    /// Where, in UTF-16 code units of the text before all the edits.
    pub at: usize,
    /// How many code units are taken away there.
    pub delete: usize,
    /// What is put there.
    pub insert: String,
}

/// Changes that belong together, in order of place, none touching another. Applied one at a time from the last to the first,
/// each is at its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes in order of place.
    #[must_use]
    pub fn as_slice(&self) -> &[Edit] {
        &self.0
    }

    /// The changes from the last to the first, in UTF-16 code units of the text that they were made for.
    #[must_use]
    pub fn utf16(&self, text: &str) -> Vec<Utf16Edit> {
        let mut through = 0;
        let mut units = 0;
        let mut to = |at: usize| {
            units += text[through..at].encode_utf16().count();
            through = at;
            units
        };
        let mut edits: Vec<_> = self
            .0
            .iter()
            .map(|edit| {
                let at = to(edit.at);
                Utf16Edit { at, delete: to(edit.at + edit.delete) - at, insert: edit.insert.clone() }
            })
            .collect();
        edits.reverse();
        edits
    }

    /// The text that they make of the text that they were made for.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut through = 0;
        for edit in &self.0 {
            out.push_str(&text[through..edit.at]);
            out.push_str(&edit.insert);
            through = edit.at + edit.delete;
        }
        out.push_str(&text[through..]);
        out
    }

    /// Puts a text in the place of another, leaving alone what is the same at the beginning and at the end. Called in order of
    /// place.
    pub(crate) fn replace(&mut self, text: &str, range: Range<usize>, new: &str) {
        let old = &text[range.clone()];
        let same = |pairs: &mut dyn Iterator<Item = (char, char)>| {
            pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>()
        };
        let head = same(&mut old.chars().zip(new.chars()));
        let (old, new) = (&old[head..], &new[head..]);
        let tail = same(&mut old.chars().rev().zip(new.chars().rev()));
        let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
        if !(old.is_empty() && new.is_empty()) {
            self.0.push(Edit { at: range.start + head, delete: old.len(), insert: new.to_owned() });
        }
    }
}
