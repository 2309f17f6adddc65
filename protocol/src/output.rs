//! A session's outputs: one sequence of records, replicated from the session host to the node to the cloud.

use serde::{Deserialize, Serialize};

use crate::RunId;
use crate::mrp::RunEvent;

/// One record of a session's outputs.
///
/// `sequence` counts the records of the session from 1 without a gap; `number` in [`OutputBody::Event`] counts the events
/// of one (run, attempt). Session host, node and cloud hold copies of the same records under the same sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// Its place in the session.
    pub sequence: u64,
    /// The run it belongs to.
    pub run: RunId,
    /// Which execution of that run, from 1.
    pub attempt: u32,
    /// What it says.
    pub body: OutputBody,
}

/// What an output record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputBody {
    /// Something happened in the run.
    Event {
        /// Number of the event within (run, attempt), from 1.
        number: u64,
        /// The event.
        event: RunEvent,
    },
    /// The run is over: no event follows.
    Ended(RunOutcome),
}

/// How a run ended. Never [`RunEvent`]-numbered: the owner says it about the run as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum RunOutcome {
    /// It ended well; its last event is a result.
    Succeeded,
    /// It ended with an error of the code; its last event is an error.
    Failed,
    /// It was started and its kernel or session host was lost. Events through this number are kept; it is not run again.
    Interrupted {
        /// Number of the last event that is known; 0 for none.
        seen_through: u64,
    },
    /// It was taken back before it was started.
    Cancelled,
    /// No owner can say whether it was executed.
    Unknown,
}
