//! The texts and values of a run folded together as MRP tells them, within bounds.

use serde_json::{Value, json};
use wayfare_protocol::limits::HTTP_RESULT_MAX;
use wayfare_protocol::mrp::{ExecuteError, ExecuteResult, MimeBundle, RunEvent, Transcript};

/// A text that keeps its end when it becomes too long.
#[derive(Debug, Default)]
pub(super) struct Text {
    kept: String,
    dropped: usize,
}

impl Text {
    fn push(&mut self, content: &str) {
        self.kept.push_str(content);
        if self.kept.len() > HTTP_RESULT_MAX {
            let mut cut = self.kept.len() - HTTP_RESULT_MAX / 2;
            while !self.kept.is_char_boundary(cut) {
                cut += 1;
            }
            self.dropped += cut;
            self.kept.drain(..cut);
        }
    }

    /// All of it, or a note and its end.
    pub(super) fn whole(&self) -> String {
        match self.dropped {
            0 => self.kept.clone(),
            bytes => format!("[… {bytes} bytes before this are left out]\n{}", self.kept),
        }
    }
}

/// Everything that a run said.
#[derive(Debug, Default)]
pub(super) struct Fold {
    pub(super) stdout: Text,
    pub(super) stderr: Text,
    /// The rest.
    rest: Transcript,
    bundles: usize,
    clear_at_next: bool,
}

impl Fold {
    /// Takes the next event in.
    pub(super) fn push(&mut self, event: &RunEvent) {
        let is_output = matches!(event, RunEvent::Stdout { .. } | RunEvent::Stderr { .. } | RunEvent::Display { .. });
        if is_output && std::mem::take(&mut self.clear_at_next) {
            self.clear();
        }
        match event {
            RunEvent::Stdout { content } => self.stdout.push(content),
            RunEvent::Stderr { content } => self.stderr.push(content),
            RunEvent::Display { bundle, .. } | RunEvent::DisplayUpdate { bundle, .. } => {
                self.bundles += bundle.data.values().map(String::len).sum::<usize>();
                if self.bundles <= HTTP_RESULT_MAX {
                    self.rest.push(event);
                }
            }
            RunEvent::ClearOutput { wait: true } => self.clear_at_next = true,
            RunEvent::ClearOutput { wait: false } => self.clear(),
            _ => self.rest.push(event),
        }
    }

    fn clear(&mut self) {
        (self.stdout, self.stderr, self.bundles) = (Text::default(), Text::default(), 0);
        self.rest.push(&RunEvent::ClearOutput { wait: false });
    }

    /// MRP's `ExecuteResult`.
    pub(super) fn result(&self) -> Value {
        let mut whole = self.rest.clone().finish();
        (whole.stdout, whole.stderr) = (self.stdout.whole(), self.stderr.whole());
        if self.bundles > HTTP_RESULT_MAX {
            whole.stderr.push_str(&format!(
                "[rich outputs of {} bytes in all: those after the first {HTTP_RESULT_MAX} are left out here]\n",
                self.bundles
            ));
        }
        of_result(&whole)
    }

    /// The same of a run that ended with an error, or of which it is not known how it ended.
    pub(super) fn failed(&self, error: ExecuteError) -> Value {
        let mut value = self.result();
        (value["success"], value["error"]) = (false.into(), json!(error));
        value
    }
}

fn of_result(whole: &ExecuteResult) -> Value {
    json!({
        "success": whole.success,
        "stdout": whole.stdout,
        "stderr": whole.stderr,
        "result": whole.result,
        "error": whole.error,
        "displayData": whole.display_data.iter().map(of_bundle).collect::<Vec<_>>(),
        "assets": whole.assets,
        "executionCount": whole.execution_count,
        "duration": whole.duration,
        "imports": whole.imports,
    })
}

/// A value as MRP has it: its metadata is an object, not text.
pub(super) fn of_bundle(bundle: &MimeBundle) -> Value {
    let metadata: Value = serde_json::from_str(&bundle.metadata).unwrap_or_else(|_| json!({}));
    json!({ "data": bundle.data, "metadata": metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stdout(content: &str) -> RunEvent {
        RunEvent::Stdout { content: content.to_owned() }
    }

    #[test]
    fn output_that_is_cleared_is_gone_from_the_whole() {
        let mut fold = Fold::default();
        let events = [stdout("50%"), RunEvent::ClearOutput { wait: true }, stdout("100%")];
        events.iter().for_each(|event| fold.push(event));
        assert_eq!(fold.result()["stdout"], "100%");
        fold.push(&RunEvent::ClearOutput { wait: false });
        assert_eq!(fold.result()["stdout"], "");
    }

    #[test]
    fn a_text_over_the_limit_keeps_its_end_and_says_what_is_missing() {
        let mut fold = Fold::default();
        let line = "é".repeat(50) + "\n";
        let lines = HTTP_RESULT_MAX / line.len() + 10;
        for _ in 0..lines {
            fold.push(&stdout(&line));
        }
        let whole = fold.stdout.whole();
        assert!(whole.len() < HTTP_RESULT_MAX && whole.ends_with(&line), "{}", whole.len());
        let (note, kept) = whole.split_once('\n').unwrap();
        assert_eq!(note, format!("[… {} bytes before this are left out]", lines * line.len() - kept.len()));
    }

    #[test]
    fn a_whole_result_has_every_field_of_the_protocol() {
        let mut fold = Fold::default();
        let bundle = MimeBundle {
            data: [("text/plain".to_owned(), "42".to_owned())].into(),
            metadata: r#"{"text/plain":{}}"#.to_owned(),
        };
        fold.push(&RunEvent::Display { bundle, display_id: None });
        let value = fold.result();
        let fields: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "assets",
            "displayData",
            "duration",
            "error",
            "executionCount",
            "imports",
            "result",
            "stderr",
            "stdout",
            "success",
        ];
        assert_eq!(fields, expected);
        assert_eq!(value["displayData"][0]["metadata"], json!({ "text/plain": {} }));
    }
}
