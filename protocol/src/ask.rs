//! What can be asked of a kernel besides running code: MRP v1's `complete`, `inspect`, `hover`, `is_complete`, `variables`
//! and `history`.
//!
//! A cursor counts Unicode characters of the code, from 0, as Jupyter does. A question changes nothing, is not recorded,
//! and is answered within [`Limits::ask`](crate::Limits::ask) or refused: while a cell runs a kernel answers nobody.

use serde::{Deserialize, Serialize};

use crate::session::Language;

/// A question to a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all_fields = "camelCase")]
pub enum KernelAsk {
    /// How the code could go on at the cursor.
    Complete {
        /// The code.
        code: String,
        /// Where in it.
        cursor: u32,
    },
    /// What stands at the cursor.
    Inspect {
        /// The code.
        code: String,
        /// Where in it.
        cursor: u32,
        /// How much is wanted; MRP's `hover` is the least of it.
        detail: Detail,
    },
    /// Whether the code can be executed as it is.
    IsComplete {
        /// The code.
        code: String,
    },
    /// The variables that the session's cells have made.
    Variables,
    /// One variable and what is in it.
    Variable {
        /// Its name.
        name: String,
        /// From it inwards: names of children, as a [`VariableDetail`] gives them.
        path: Vec<String>,
        /// Most children that are wanted.
        max_children: u32,
        /// Most characters of a value that are wanted.
        max_value: u32,
    },
    /// What the kernel has executed, newest last.
    History {
        /// Most entries that are wanted.
        last: u32,
        /// Only entries before that index; 0: from the newest.
        before: u64,
        /// Only entries that contain this text; empty: all.
        contains: String,
    },
}

impl KernelAsk {
    /// Whether variables of kernels of a language can be told: Jupyter has no message for them, so each language needs a program.
    #[must_use]
    pub fn tells_variables(language: &Language) -> bool {
        matches!(language.as_str(), "python" | "r")
    }
}

/// How much an inspection tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Detail {
    /// Name, type, value and signature.
    Signature,
    /// The documentation too.
    Documentation,
    /// The source code too.
    Source,
}

/// A kernel's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all_fields = "camelCase")]
pub enum KernelTold {
    /// How the code could go on.
    Completions {
        /// The possibilities, in the kernel's order.
        matches: Vec<Completion>,
        /// First character that a match replaces.
        cursor_start: u32,
        /// The character after the last one that it replaces.
        cursor_end: u32,
    },
    /// What stands there.
    Inspection(Inspection),
    /// Whether the code is whole.
    Completeness {
        /// The kernel's judgement.
        status: Completeness,
        /// What the next line would begin with.
        indent: String,
    },
    /// The variables, in order of name.
    Variables {
        /// The variables.
        variables: Vec<Variable>,
        /// Whether there are more.
        truncated: bool,
    },
    /// One variable.
    Variable(Box<VariableDetail>),
    /// What was executed, oldest first.
    History {
        /// The entries.
        entries: Vec<HistoryEntry>,
        /// Whether there are older ones.
        has_more: bool,
    },
}

/// One way to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// What is to be inserted, and shown.
    pub label: String,
    /// What it is, where the kernel says so: `function`, `module`, …
    pub kind: Option<String>,
    /// More about it, where the kernel says so: a signature.
    pub detail: Option<String>,
}

/// What a kernel knows of a thing in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Whether it knows anything; the rest is empty if not.
    pub found: bool,
    /// The name at the cursor.
    pub name: String,
    /// Its type.
    pub kind: Option<String>,
    /// How it is called.
    pub signature: Option<String>,
    /// Its value, short.
    pub value: Option<String>,
    /// Its documentation: with kernels that do not part their answer, all of it.
    pub docstring: Option<String>,
    /// Its source code.
    pub source_code: Option<String>,
    /// The file that has it.
    pub file: Option<String>,
}

/// Whether code is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Completeness {
    /// It can be executed.
    Complete,
    /// More must follow.
    Incomplete,
    /// Nothing that follows makes it right.
    Invalid,
    /// The kernel cannot say.
    Unknown,
}

/// A variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name; of a child, how it is reached: `[0]`, `['key']`, `.attribute`, `$column`.
    pub name: String,
    /// Its type, as its language calls it.
    pub r#type: String,
    /// Its value, short.
    pub value: String,
    /// Bytes that it takes, where that is known.
    #[serde(default)]
    pub size: Option<u64>,
    /// Whether it has children.
    #[serde(default)]
    pub expandable: bool,
    /// Length of each dimension.
    #[serde(default)]
    pub shape: Option<Vec<u64>>,
    /// Type of its elements.
    #[serde(default)]
    pub dtype: Option<String>,
    /// How many elements it has.
    #[serde(default)]
    pub length: Option<u64>,
    /// Its first keys or column names.
    #[serde(default)]
    pub keys: Option<Vec<String>>,
}

/// A variable and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct VariableDetail {
    /// The variable itself.
    pub variable: Variable,
    /// Its value, as long as was asked for.
    pub full_value: String,
    /// What is in it, in order.
    pub children: Vec<Variable>,
    /// Names of what can be called on it.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Whether it has more children.
    pub truncated: bool,
}

/// Something that was executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Counts the executions of this kernel from 1.
    pub history_index: u64,
    /// The code.
    pub code: String,
}

/// The name that a cursor stands in or behind, and where it begins, in characters; empty at the cursor if there is none. Names
/// are letters, digits and `_`, and `.` within: `frame.col`.
#[must_use]
pub fn word_at(code: &str, cursor: u32) -> (u32, String) {
    let characters: Vec<char> = code.chars().collect();
    let cursor = (cursor as usize).min(characters.len());
    let is_name = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let before = characters[..cursor].iter().rev().take_while(|c| is_name(c)).count();
    let after = characters[cursor..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let start = cursor - before;
    (u32::try_from(start).unwrap_or(u32::MAX), characters[start..cursor + after].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_around_the_cursor_and_counted_in_characters() {
        for (code, cursor, start, word) in [
            ("prin(x)", 2, 0, "prin"),
            ("é = frame.co + 1", 12, 4, "frame.co"),
            ("a.b.c", 1, 0, "a"),
            ("f(x)", 4, 4, ""),
            ("x", 99, 0, "x"),
            ("", 0, 0, ""),
        ] {
            assert_eq!(word_at(code, cursor), (start, word.to_owned()), "{code:?} at {cursor}");
        }
    }
}
