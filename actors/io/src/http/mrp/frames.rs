//! A run as MRP's events: `start`, then `stdout`, `stderr`, `stdin_request`, `display`, `asset` and `ping`, then exactly one of
//! `result` and `error`, then `done`.
//!
//! MRP repeats the whole text so far in every event (`accumulated`). Texts that wait for a slow reader are joined first, so that
//! they are repeated once and not for each. What MRP has no event for is told by an event of its own name (`omitted`), which
//! clients of MRP ignore, or not at all.

use std::collections::VecDeque;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use wayfare_protocol::limits::HTTP_BACKLOG_MAX;
use wayfare_protocol::mrp::{ExecuteError, RunEvent};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{Refusal, Wall};

use super::super::sse::{self, Frames};
use super::fold::{Fold, of_bundle};

/// Which of the events came already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Started,
    /// `result` or `error` was said.
    Told,
    Done,
}

/// The events of one run.
pub(super) struct MrpFrames {
    exec_id: String,
    fold: Fold,
    stage: Stage,
}

impl MrpFrames {
    pub(super) fn new(exec_id: String) -> Self {
        Self { exec_id, fold: Fold::default(), stage: Stage::Waiting }
    }

    /// The events of a run that never began.
    pub(super) fn refused(&mut self, why: &ExecuteError) -> String {
        self.end(Some(why))
    }

    fn start(&mut self, at: Wall) -> String {
        if self.stage != Stage::Waiting {
            return String::new();
        }
        self.stage = Stage::Started;
        sse::event("start", &json!({ "execId": self.exec_id, "timestamp": timestamp(at) }))
    }

    fn event(&mut self, event: &RunEvent) -> String {
        self.fold.push(event);
        match event {
            RunEvent::Start { at, .. } => self.start(*at),
            RunEvent::Stdout { content } => text("stdout", content, &self.fold.stdout.whole()),
            RunEvent::Stderr { content } => text("stderr", content, &self.fold.stderr.whole()),
            RunEvent::StdinRequest { prompt, password } => {
                let id = &self.exec_id;
                let data = json!({ "prompt": prompt, "password": password, "execId": id, "exec_id": id });
                sse::event("stdin_request", &data)
            }
            RunEvent::Display { bundle, .. } | RunEvent::DisplayUpdate { bundle, .. } => {
                sse::event("display", &of_bundle(bundle))
            }
            RunEvent::Asset(asset) => sse::event("asset", asset),
            // An accumulated text that is empty clears what a client shows.
            RunEvent::ClearOutput { wait: false } => text("stdout", "", ""),
            RunEvent::ClearOutput { wait: true } | RunEvent::StdinAnswered => String::new(),
            RunEvent::Omitted { from, through, bytes } => {
                sse::event("omitted", &json!({ "from": from, "through": through, "bytes": bytes }))
            }
            RunEvent::Result(_) => self.tell("result", &self.fold.result()),
            RunEvent::Error { error, .. } => self.tell("error", &json!(error)),
        }
    }

    /// `result` or `error`; a second one is not said.
    fn tell(&mut self, name: &str, data: &Value) -> String {
        if self.stage != Stage::Started {
            return String::new();
        }
        self.stage = Stage::Told;
        sse::event(name, data)
    }

    /// The end of a run: `done`, and before it what is missing.
    fn end(&mut self, why: Option<&ExecuteError>) -> String {
        if self.stage == Stage::Done {
            return String::new();
        }
        // A run that was taken back, or refused, never started: clients wait for the word all the same.
        let mut events = self.start(now());
        let unexplained = ended_without_error();
        events.push_str(&self.tell("error", &json!(why.unwrap_or(&unexplained))));
        self.stage = Stage::Done;
        events + &sse::event("done", &json!({}))
    }
}

impl Frames for MrpFrames {
    fn of(&mut self, mut updates: VecDeque<RunUpdate>) -> String {
        let mut events = String::new();
        while let Some(update) = updates.pop_front() {
            match update {
                RunUpdate::Event { mut event, .. } => {
                    join(&mut event, &mut updates);
                    events.push_str(&self.event(&event));
                }
                RunUpdate::Ended(outcome) => events.push_str(&self.end(of_outcome(outcome).as_ref())),
                RunUpdate::Refused(refusal) => events.push_str(&self.end(Some(&of_refusal(&refusal)))),
                RunUpdate::Attached { .. } | RunUpdate::Waiting => {}
            }
        }
        events
    }

    fn silence(&self) -> String {
        match self.stage {
            // Nothing goes before `start`, but a comment is nothing.
            Stage::Waiting => ": waiting\n\n".to_owned(),
            Stage::Started | Stage::Told | Stage::Done => sse::event("ping", &json!({})),
        }
    }

    fn lost(&mut self, why: &str) -> String {
        self.end(Some(&of_lost(why)))
    }
}

/// Appends to a text the texts of the same channel that follow it.
fn join(first: &mut RunEvent, updates: &mut VecDeque<RunUpdate>) {
    while let Some(RunUpdate::Event { event: next, .. }) = updates.front() {
        match (&mut *first, next) {
            (RunEvent::Stdout { content }, RunEvent::Stdout { content: more })
            | (RunEvent::Stderr { content }, RunEvent::Stderr { content: more })
                if content.len() + more.len() <= HTTP_BACKLOG_MAX =>
            {
                content.push_str(more);
            }
            _ => return,
        }
        updates.pop_front();
    }
}

fn text(name: &str, content: &str, accumulated: &str) -> String {
    sse::event(name, &json!({ "content": content, "accumulated": accumulated }))
}

/// `2026-01-02T03:04:05.678Z`.
fn timestamp(at: Wall) -> String {
    let latest = Duration::from_secs(253_402_300_799); // the last second of the year 9999: what the format can say
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(at.0).min(latest)).to_string()
}

fn now() -> Wall {
    use wayfare_actors::ports::Clock as _;
    crate::SystemClock.now().wall
}

fn error(kind: &str, message: String) -> ExecuteError {
    ExecuteError { kind: kind.to_owned(), message, ..ExecuteError::default() }
}

fn ended_without_error() -> ExecuteError {
    error("OutcomeUnknown", "the run ended, and its last event is missing".to_owned())
}

/// What a client of MRP is told of an end that the code did not make itself.
pub(super) fn of_outcome(outcome: RunOutcome) -> Option<ExecuteError> {
    match outcome {
        RunOutcome::Succeeded | RunOutcome::Failed => None,
        RunOutcome::Interrupted { seen_through } => {
            let message = format!("the kernel was lost in the middle of the run, after event {seen_through}");
            Some(error("KernelLost", message))
        }
        RunOutcome::Cancelled => Some(error("Cancelled", "the run was taken back before it was started".to_owned())),
        RunOutcome::Unknown => Some(error("OutcomeUnknown", "nobody can say whether the run was executed".to_owned())),
    }
}

/// A run, or its session, that was refused.
pub(super) fn of_refusal(refusal: &Refusal) -> ExecuteError {
    error(&format!("{:?}", refusal.code), refusal.detail.clone())
}

/// A run of which nothing more can be learned here.
pub(super) fn of_lost(why: &str) -> ExecuteError {
    error("OutcomeUnknown", format!("the run may go on, and cannot be shown any more: {why}"))
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
