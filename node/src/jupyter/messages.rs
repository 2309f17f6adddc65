//! What happens in a run, as the messages by which a Jupyter kernel tells it.

use serde_json::{Map, Value, json};
use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent};
use wayfare_protocol::output::RunOutcome;

/// A message's type and content.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said(pub(super) &'static str, pub(super) Value);

/// What the front end is told of an event; `count` is the number of the cell.
pub(super) fn of_event(event: &RunEvent, count: u32) -> Option<Said> {
    Some(match event {
        RunEvent::Stdout { content } => Said("stream", json!({ "name": "stdout", "text": content })),
        RunEvent::Stderr { content } => Said("stream", json!({ "name": "stderr", "text": content })),
        RunEvent::Display { bundle, display_id } => {
            let transient = display_id.as_ref().map_or_else(|| json!({}), |id| json!({ "display_id": id }));
            Said("display_data", with(bundle, "transient", transient))
        }
        RunEvent::DisplayUpdate { bundle, display_id } => {
            Said("update_display_data", with(bundle, "transient", json!({ "display_id": display_id })))
        }
        RunEvent::ClearOutput { wait } => Said("clear_output", json!({ "wait": wait })),
        RunEvent::Omitted { bytes, .. } => {
            let text = format!("[{bytes} bytes of output were not kept]\n");
            Said("stream", json!({ "name": "stderr", "text": text }))
        }
        RunEvent::Result(result) => {
            let bundle = result.result.as_ref()?;
            Said("execute_result", with(bundle, "execution_count", json!(count)))
        }
        RunEvent::Error { error, .. } => Said("error", of_error(error)),
        RunEvent::Asset(asset) => {
            let text = format!("[{} left {} bytes in {}]\n", asset.mime_type, asset.size, asset.path);
            Said("stream", json!({ "name": "stdout", "text": text }))
        }
        RunEvent::Start { .. } | RunEvent::StdinRequest { .. } | RunEvent::StdinAnswered => return None,
    })
}

/// An error's content, alike on both channels.
pub(super) fn of_error(error: &ExecuteError) -> Value {
    json!({ "ename": error.kind, "evalue": error.message, "traceback": error.traceback })
}

/// An end that the code did not make itself, as an error of the cell.
pub(super) fn of_outcome(outcome: RunOutcome) -> Option<ExecuteError> {
    let (kind, message) = match outcome {
        RunOutcome::Succeeded | RunOutcome::Failed => return None,
        RunOutcome::Interrupted { seen_through } => {
            ("KernelLost", format!("the kernel was lost in the middle of the cell, after event {seen_through}"))
        }
        RunOutcome::Cancelled => ("Cancelled", "the cell was taken back before it was started".to_owned()),
        RunOutcome::Unknown => ("OutcomeUnknown", "nobody can say whether the cell was executed".to_owned()),
    };
    Some(by_itself(kind, message))
}

/// An error that is not the code's.
pub(super) fn by_itself(kind: &str, message: String) -> ExecuteError {
    let traceback = vec![format!("{kind}: {message}")];
    ExecuteError { kind: kind.to_owned(), message, traceback, ..ExecuteError::default() }
}

/// A value as Jupyter has it, and one more field: JSON is JSON, not text.
fn with(bundle: &MimeBundle, name: &str, value: Value) -> Value {
    let data: Map<_, _> = bundle.data.iter().map(|(mime, text)| (mime.clone(), of_text(mime, text))).collect();
    let metadata: Value = serde_json::from_str(&bundle.metadata).unwrap_or_else(|_| json!({}));
    let mut content = json!({ "data": data, "metadata": metadata });
    content[name] = value;
    content
}

fn of_text(mime: &str, text: &str) -> Value {
    let is_json = mime == "application/json" || mime.ends_with("+json");
    let value = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::mrp::RunResult;

    use super::*;

    #[test]
    fn a_value_keeps_its_forms_and_json_is_json() {
        let data = [("application/json", r#"{"a":[1]}"#), ("application/geo+json", "{}"), ("text/plain", "{}")];
        let bundle = MimeBundle {
            data: data.map(|(mime, text)| (mime.to_owned(), text.to_owned())).into(),
            metadata: r#"{"text/plain":{"x":1}}"#.to_owned(),
        };
        let event = RunEvent::Result(RunResult { result: Some(bundle), execution_count: Some(4), duration_ms: 1 });
        let expected = json!({
            "execution_count": 4,
            "data": { "application/json": { "a": [1] }, "application/geo+json": {}, "text/plain": "{}" },
            "metadata": { "text/plain": { "x": 1 } },
        });
        assert_eq!(of_event(&event, 4), Some(Said("execute_result", expected)));
    }

    #[test]
    fn what_was_not_kept_is_told() {
        let said = of_event(&RunEvent::Omitted { from: 3, through: 9, bytes: 700 }, 1).expect("a message");
        assert_eq!(said.1["text"], "[700 bytes of output were not kept]\n");
        assert_eq!(of_event(&RunEvent::StdinAnswered, 1), None);
        assert_eq!(of_outcome(RunOutcome::Failed), None);
        let lost = of_outcome(RunOutcome::Interrupted { seen_through: 7 }).expect("an error");
        assert!(of_error(&lost)["traceback"][0].as_str().is_some_and(|line| line.contains("after event 7")));
    }
}
