//! What a document says of a run beside its text: where it was, how it ended, and how long it took.

use std::fmt;
use std::str::FromStr;

use wayfare_protocol::output::RunOutcome;

use super::Ended;
use crate::document::Field;

/// The map of runs whose output a document has: their keys, as output blocks have them, to where and how they ran ([`RunLabel`]).
pub const RUNS: &str = "runs";

/// The map of the same runs for editors that know it: their keys to plain objects (`docs/documents.md`).
pub const EXECUTIONS: &str = "executions";

/// Where a run was and how it ended, for people: in the map as `<outcome> <milliseconds> <device>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLabel {
    /// How it ended: `succeeded`, `failed`, `interrupted` or `unknown`.
    pub outcome: String,
    /// Milliseconds that the kernel took, where it said so.
    pub milliseconds: Option<u64>,
    /// Name of the device.
    pub device_name: String,
}

impl fmt::Display for RunLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.milliseconds {
            Some(took) => write!(f, "{} {took} {}", self.outcome, self.device_name),
            None => write!(f, "{} - {}", self.outcome, self.device_name),
        }
    }
}

/// Text that is not a run's label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an outcome, milliseconds and the name of a device")]
pub struct RunLabelError(String);

impl FromStr for RunLabel {
    type Err = RunLabelError;
    fn from_str(text: &str) -> Result<Self, RunLabelError> {
        let read = || {
            let mut words = text.splitn(3, ' ');
            let (outcome, took, name) = (words.next()?, words.next()?, words.next()?);
            let milliseconds = if took == "-" { None } else { Some(took.parse().ok()?) };
            Some(Self { outcome: outcome.to_owned(), milliseconds, device_name: name.to_owned() })
        };
        read().ok_or_else(|| RunLabelError(text.to_owned()))
    }
}

/// A run as editors read it that have the map [`EXECUTIONS`] from elsewhere: over, and nobody's to do anything about. What it ran and
/// what it wrote is in the text.
pub(super) fn execution(key: &str, ended: &Ended) -> Vec<(&'static str, Field)> {
    let status = match ended.outcome {
        RunOutcome::Succeeded => "completed",
        RunOutcome::Cancelled => "cancelled",
        RunOutcome::Failed | RunOutcome::Interrupted { .. } | RunOutcome::Unknown => "error",
    };
    let known = [
        ("id", Field::Text(key.to_owned())),
        ("language", Field::Text(ended.language.to_string())),
        ("status", Field::Text(status.to_owned())),
        ("requestedAt", Field::Number(ended.accepted_at.0)),
    ];
    let unknown = ["cellId", "requestedBy", "startedAt", "completedAt", "result", "error", "displayData"];
    known.into_iter().chain(unknown.map(|name| (name, Field::Null))).collect()
}

pub(super) fn word_of(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Failed => "failed",
        RunOutcome::Interrupted { .. } => "interrupted",
        RunOutcome::Cancelled => "cancelled",
        RunOutcome::Unknown => "unknown",
    }
}
