//! Lines of JSON: every update with the run it belongs to.

use serde_json::{Value, json};
use wayfare_protocol::RunId;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::stream::RunUpdate;

use super::{Channel, Piece};

/// Shows a run as one object a line, with the keys `run`, `cell` (in a notebook), `kind` and what the kind has.
#[derive(Clone, Debug)]
pub(super) struct JsonRenderer {
    pub(super) run: RunId,
    pub(super) cell: Option<u32>,
}

impl JsonRenderer {
    pub(super) fn update(&self, update: &RunUpdate) -> Piece {
        let mut line = match update {
            RunUpdate::Attached { owner, device_name, attempt } => {
                json!({ "kind": "attached", "owner": owner.to_string(), "device": device_name, "attempt": attempt })
            }
            RunUpdate::Event { number, event } => json!({ "kind": "event", "number": number, "event": event }),
            RunUpdate::Ended(outcome) => ended(*outcome),
            RunUpdate::Waiting => json!({ "kind": "waiting" }),
            RunUpdate::Refused(refusal) => {
                json!({ "kind": "refused", "code": refusal.code, "detail": refusal.detail })
            }
        };
        line["run"] = Value::String(self.run.to_string());
        if let Some(cell) = self.cell {
            line["cell"] = cell.into();
        }
        Piece { channel: Channel::Out, text: format!("{line}\n") }
    }
}

fn ended(outcome: RunOutcome) -> Value {
    let name = match outcome {
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Failed => "failed",
        RunOutcome::Interrupted { .. } => "interrupted",
        RunOutcome::Cancelled => "cancelled",
        RunOutcome::Unknown => "unknown",
    };
    let mut line = json!({ "kind": "ended", "outcome": name });
    if let RunOutcome::Interrupted { seen_through } = outcome {
        line["seenThrough"] = seen_through.into();
    }
    line
}
