//! The types of MRP v1 (MRMD Runtime Protocol): requests, results and events of running code.
//!
//! Field names are MRP's own in formats that carry names (`camelCase`). On Wayfare's links the same types travel in
//! bincode. The events differ from MRP's in two ways: each text is sent once (a door rebuilds MRP's `accumulated`),
//! and a result does not repeat the texts before it ([`Transcript`] folds them together again).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Wall;

/// Executes code in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecuteRequest {
    /// The code.
    pub code: String,
    /// Whether it counts and is remembered by the kernel's history.
    pub store_history: bool,
    /// Whether it produces no output and no count.
    pub silent: bool,
    /// Whether it may ask for input.
    pub allow_stdin: bool,
    /// The notebook's cell it came from.
    pub cell: Option<CellRef>,
}

impl ExecuteRequest {
    /// An ordinary cell with that code.
    #[must_use]
    pub fn of(code: impl Into<String>) -> Self {
        Self { code: code.into(), store_history: true, silent: false, allow_stdin: true, cell: None }
    }
}

/// Where in a notebook some code stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CellRef {
    /// Path of the document within its project.
    pub document: String,
    /// The cell's number, from 1.
    pub index: u32,
}

/// One value in several media types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MimeBundle {
    /// Media type to text (base64 for binary ones), in order of type.
    pub data: BTreeMap<String, String>,
    /// JSON object: metadata by media type.
    pub metadata: String,
}

impl MimeBundle {
    /// Its plain text, if it has one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.data.get("text/plain").map(String::as_str)
    }
}

/// A file that the code left for the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// Path below the session's asset folder.
    pub path: String,
    /// Where it can be fetched.
    pub url: String,
    /// Its media type.
    pub mime_type: String,
    /// `image`, `html`, `svg`, `data` or `file`.
    pub asset_type: String,
    /// Bytes.
    pub size: u64,
}

/// What happened in a run. Numbered from 1 without a gap per (run, attempt), by the owner only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum RunEvent {
    /// The kernel got the code.
    Start {
        /// When.
        at: Wall,
        /// Which kernel of the session this is, from 1: a higher number than before means that variables are gone.
        kernel: u32,
    },
    /// Text on standard output.
    Stdout {
        /// The new text only.
        content: String,
    },
    /// Text on standard error.
    Stderr {
        /// The new text only.
        content: String,
    },
    /// The code asks for a line of input.
    StdinRequest {
        /// The text to show.
        prompt: String,
        /// Whether what is typed must not be shown.
        password: bool,
    },
    /// Somebody answered the question before.
    StdinAnswered,
    /// A rich output.
    Display {
        /// The value.
        bundle: MimeBundle,
        /// Names it for later [`RunEvent::DisplayUpdate`]s.
        display_id: Option<String>,
    },
    /// A rich output replaces an earlier one.
    DisplayUpdate {
        /// The value.
        bundle: MimeBundle,
        /// Which it replaces.
        display_id: String,
    },
    /// A file for the document.
    Asset(Asset),
    /// The output so far is to be cleared, now or when the next one comes.
    ClearOutput {
        /// When the next one comes.
        wait: bool,
    },
    /// Events that were produced but not kept, in their place.
    Omitted {
        /// Number of the first that this stands for (its own number).
        from: u64,
        /// Number of the last.
        through: u64,
        /// Bytes of text that they had.
        bytes: u64,
    },
    /// The code ended well. The last event.
    Result(RunResult),
    /// The code ended with an error. The last event.
    Error {
        /// The error.
        error: ExecuteError,
        /// How long the kernel took, in milliseconds.
        duration_ms: u64,
        /// The kernel's count, where it keeps one.
        execution_count: Option<u32>,
    },
}

impl RunEvent {
    /// Whether no event follows.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Result(_) | Self::Error { .. })
    }

    /// How many event numbers this stands for: 1, save for [`RunEvent::Omitted`].
    #[must_use]
    pub fn span(&self) -> u64 {
        match self {
            Self::Omitted { from, through, .. } => through.saturating_sub(*from) + 1,
            _ => 1,
        }
    }
}

/// A good end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// The value of the last expression.
    pub result: Option<MimeBundle>,
    /// The kernel's count, where it keeps one.
    pub execution_count: Option<u32>,
    /// How long the kernel took, in milliseconds.
    pub duration_ms: u64,
}

/// An error of the executed code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ExecuteError {
    /// Its class: `ZeroDivisionError`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its message.
    pub message: String,
    /// Its traceback, line by line, colours as ANSI codes.
    pub traceback: Vec<String>,
    /// Line in the cell, from 1.
    pub line: Option<u32>,
    /// Column in the cell.
    pub column: Option<u32>,
}

/// MRP's `ExecuteResult`: a whole run in one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecuteResult {
    /// Whether the code ended without an error.
    pub success: bool,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
    /// Plain text of the last expression.
    pub result: Option<String>,
    /// The error, if there was one.
    pub error: Option<ExecuteError>,
    /// Rich outputs, the last expression's among them.
    pub display_data: Vec<MimeBundle>,
    /// Files for the document.
    pub assets: Vec<Asset>,
    /// The kernel's count.
    pub execution_count: Option<u32>,
    /// Milliseconds that the kernel took.
    pub duration: u64,
    /// Modules that the code imported, where the runtime tells.
    pub imports: Vec<String>,
}

/// Folds the events of a run into an [`ExecuteResult`].
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    so_far: ExecuteResult,
    clear_at_next: bool,
}

impl Transcript {
    /// Takes the next event in.
    pub fn push(&mut self, event: &RunEvent) {
        if self.clear_at_next
            && matches!(event, RunEvent::Stdout { .. } | RunEvent::Stderr { .. } | RunEvent::Display { .. })
        {
            self.clear_at_next = false;
            self.clear();
        }
        let whole = &mut self.so_far;
        match event {
            RunEvent::Stdout { content } => whole.stdout.push_str(content),
            RunEvent::Stderr { content } => whole.stderr.push_str(content),
            RunEvent::Display { bundle, .. } | RunEvent::DisplayUpdate { bundle, .. } => {
                whole.display_data.push(bundle.clone());
            }
            RunEvent::Asset(asset) => whole.assets.push(asset.clone()),
            RunEvent::ClearOutput { wait: true } => self.clear_at_next = true,
            RunEvent::ClearOutput { wait: false } => self.clear(),
            RunEvent::Result(result) => {
                whole.success = true;
                whole.result = result.result.as_ref().and_then(MimeBundle::text).map(str::to_owned);
                whole.display_data.extend(result.result.clone());
                whole.execution_count = result.execution_count;
                whole.duration = result.duration_ms;
            }
            RunEvent::Error { error, duration_ms, execution_count } => {
                whole.success = false;
                whole.error = Some(error.clone());
                whole.execution_count = *execution_count;
                whole.duration = *duration_ms;
            }
            RunEvent::Start { .. }
            | RunEvent::StdinRequest { .. }
            | RunEvent::StdinAnswered
            | RunEvent::Omitted { .. } => {}
        }
    }

    /// The run as one value.
    #[must_use]
    pub fn finish(self) -> ExecuteResult {
        self.so_far
    }

    fn clear(&mut self) {
        self.so_far.stdout.clear();
        self.so_far.stderr.clear();
        self.so_far.display_data.clear();
    }
}
