//! A run on a terminal.

use std::time::Duration;

use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::stream::RunUpdate;

use super::{Channel, Piece, duration, size};

/// Erases the line and goes to its start: what a terminal can do about cleared output.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Shows what a cell writes as it is (colours and `\r` included), values by their plain text, and a label at the end.
#[derive(Clone, Debug)]
pub(super) struct TextRenderer {
    device: Option<String>,
    end: Option<End>,
    /// Whether the next text begins at the start of a line. Both channels end on the same terminal.
    at_line_start: bool,
    clear_at_next: bool,
}

/// What the last event said.
#[derive(Clone, Debug)]
struct End {
    took: Duration,
    error: Option<String>,
}

impl Default for TextRenderer {
    fn default() -> Self {
        Self { device: None, end: None, at_line_start: true, clear_at_next: false }
    }
}

impl TextRenderer {
    pub(super) fn update(&mut self, update: &RunUpdate) -> Vec<Piece> {
        let mut out = Vec::new();
        match update {
            RunUpdate::Attached { device_name, .. } => self.device = Some(printable(device_name)),
            RunUpdate::Event { event, .. } => self.event(event, &mut out),
            RunUpdate::Ended(outcome) => {
                let label = self.label(*outcome);
                self.line(Channel::Out, &label, &mut out);
            }
            RunUpdate::Waiting => {
                let device = self.device.as_deref().unwrap_or("the device");
                self.line(Channel::Err, &format!("… {device} is not connected; output goes on when it is"), &mut out);
            }
            RunUpdate::Refused(refusal) => {
                self.line(Channel::Err, &format!("✗ {}", printable(&refusal.to_string())), &mut out);
            }
        }
        out
    }

    pub(super) fn progress(&self, elapsed: Duration) -> Option<String> {
        let place = self.device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
        self.at_line_start.then(|| format!("… {}{place}", duration(elapsed)))
    }

    fn event(&mut self, event: &RunEvent, out: &mut Vec<Piece>) {
        match event {
            RunEvent::Start { .. } => {}
            RunEvent::StdinAnswered => self.at_line_start = true, // the answer's own line end
            RunEvent::Stdout { content } => self.text(Channel::Out, content, out),
            RunEvent::Stderr { content } => self.text(Channel::Err, content, out),
            RunEvent::StdinRequest { prompt, .. } => self.text(Channel::Out, prompt, out),
            RunEvent::Display { bundle, .. } | RunEvent::DisplayUpdate { bundle, .. } => self.value(bundle, out),
            RunEvent::Asset(asset) => {
                let about =
                    format!("[{} {} {}]", printable(&asset.path), printable(&asset.mime_type), size(asset.size));
                self.line(Channel::Out, &about, out);
            }
            RunEvent::ClearOutput { wait: true } => self.clear_at_next = true,
            RunEvent::ClearOutput { wait: false } => self.clear(out),
            RunEvent::Omitted { from, through, bytes } => {
                let about = format!("[events {from} to {through} were not kept: {}]", size(*bytes));
                self.line(Channel::Err, &about, out);
            }
            RunEvent::Result(result) => {
                if let Some(bundle) = &result.result {
                    self.value(bundle, out);
                }
                self.end = Some(End { took: Duration::from_millis(result.duration_ms), error: None });
            }
            RunEvent::Error { error, duration_ms, .. } => {
                self.error(error, out);
                self.end = Some(End { took: Duration::from_millis(*duration_ms), error: Some(printable(&error.kind)) });
            }
        }
    }

    fn label(&self, outcome: RunOutcome) -> String {
        let device = self.device.as_deref().unwrap_or("unknown device");
        let took = self.end.as_ref().map(|end| format!(" · {}", duration(end.took))).unwrap_or_default();
        match outcome {
            RunOutcome::Succeeded => format!("⚡ ran on {device}{took}"),
            RunOutcome::Failed => {
                let error = self.end.as_ref().and_then(|end| end.error.as_deref()).unwrap_or("error");
                format!("⚡ ran on {device}{took} · {error}")
            }
            RunOutcome::Interrupted { seen_through } => {
                format!("✗ interrupted after event {seen_through} on {device}; it is not run again by itself")
            }
            RunOutcome::Cancelled => "✗ cancelled before it started".to_owned(),
            RunOutcome::Unknown => {
                "? unknown: no device can say whether it ran; it is not run again by itself".to_owned()
            }
        }
    }

    fn error(&mut self, error: &ExecuteError, out: &mut Vec<Piece>) {
        if error.traceback.is_empty() {
            self.line(Channel::Err, &format!("{}: {}", error.kind, error.message), out);
        }
        for line in &error.traceback {
            self.line(Channel::Err, line, out);
        }
    }

    /// A value's plain text, and what else it comes as: a terminal shows no pictures.
    fn value(&mut self, bundle: &MimeBundle, out: &mut Vec<Piece>) {
        if let Some(text) = bundle.text() {
            self.line(Channel::Out, text, out);
        }
        let others = bundle.data.iter().filter(|(mime, _)| *mime != "text/plain");
        let others: Vec<_> =
            others.map(|(mime, data)| format!("{} {}", printable(mime), size(bytes_of(mime, data)))).collect();
        if !others.is_empty() {
            self.line(Channel::Out, &format!("[{}]", others.join(", ")), out);
        }
    }

    /// Text on lines of its own.
    fn line(&mut self, channel: Channel, text: &str, out: &mut Vec<Piece>) {
        let start = if self.at_line_start { "" } else { "\n" };
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.text(channel, &format!("{start}{text}{end}"), out);
    }

    fn text(&mut self, channel: Channel, text: &str, out: &mut Vec<Piece>) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.clear_at_next) {
            self.clear(out);
        }
        self.at_line_start = text.ends_with('\n');
        out.push(Piece { channel, text: text.to_owned() });
    }

    fn clear(&mut self, out: &mut Vec<Piece>) {
        self.clear_at_next = false;
        if !self.at_line_start {
            out.push(Piece { channel: Channel::Out, text: CLEAR_LINE.to_owned() });
            self.at_line_start = true;
        }
    }
}

/// Bytes of a value: binary types travel as base64.
fn bytes_of(mime: &str, data: &str) -> u64 {
    let textual =
        mime.starts_with("text/") || mime.ends_with("json") || mime.ends_with("xml") || mime.ends_with("javascript");
    let characters = data.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').count() as u64;
    if textual { data.len() as u64 } else { characters * 3 / 4 }
}

/// Names from elsewhere must not move the cursor.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
