//! Tests of a run as MRP's events: their order, their shape, and what line-based parsers can read.

use std::collections::BTreeMap;

use wayfare_protocol::ErrorCode;
use wayfare_protocol::mrp::{MimeBundle, RunResult};

use super::*;

fn stdout(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.to_owned() }
}

fn begun() -> RunEvent {
    RunEvent::Start { at: Wall(1_767_323_045_678), kernel: 1 }
}

fn shown(steps: &[(&[RunEvent], Option<RunOutcome>)]) -> String {
    let (mut frames, mut number) = (MrpFrames::new("exec-1".to_owned()), 0);
    let mut text = String::new();
    for (events, outcome) in steps {
        let mut updates = VecDeque::new();
        for event in *events {
            number += 1;
            updates.push_back(RunUpdate::Event { number, event: event.clone() });
        }
        updates.extend(outcome.map(RunUpdate::Ended));
        text.push_str(&frames.of(updates));
    }
    text
}

/// As a parser of the browser reads: line by line, `event: ` before `data: `, each with its space.
fn parsed(text: &str) -> Vec<(String, Value)> {
    let (mut name, mut events) = (String::new(), Vec::new());
    for line in text.split('\n') {
        if let Some(event) = line.strip_prefix("event: ") {
            name = event.to_owned();
        } else if let Some(data) = line.strip_prefix("data: ") {
            events.push((std::mem::take(&mut name), serde_json::from_str(data).expect("JSON on one line")));
        } else {
            assert!(line.is_empty() || line.starts_with(':'), "{line:?}");
        }
    }
    events
}

fn names(text: &str) -> Vec<String> {
    parsed(text).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_run_is_told_in_the_protocols_order_and_shape() {
    let ok = RunEvent::Result(RunResult {
        result: Some(MimeBundle {
            data: BTreeMap::from([("text/plain".to_owned(), "2".to_owned())]),
            metadata: "{}".to_owned(),
        }),
        execution_count: Some(3),
        duration_ms: 12,
    });
    let text =
        shown(&[(&[begun()], None), (&[stdout("a\n")], None), (&[stdout("b"), ok], Some(RunOutcome::Succeeded))]);
    let expected = concat!(
        "event: start\ndata: {\"execId\":\"exec-1\",\"timestamp\":\"2026-01-02T03:04:05.678Z\"}\n\n",
        "event: stdout\ndata: {\"accumulated\":\"a\\n\",\"content\":\"a\\n\"}\n\n",
        "event: stdout\ndata: {\"accumulated\":\"a\\nb\",\"content\":\"b\"}\n\n",
        "event: result\ndata: {\"assets\":[],\"displayData\":[{\"data\":{\"text/plain\":\"2\"},\"metadata\":{}}],",
        "\"duration\":12,\"error\":null,\"executionCount\":3,\"imports\":[],\"result\":\"2\",\"stderr\":\"\",",
        "\"stdout\":\"a\\nb\",\"success\":true}\n\n",
        "event: done\ndata: {}\n\n",
    );
    assert_eq!(text, expected);
}

#[test]
fn an_error_has_exactly_its_five_fields_and_takes_the_place_of_a_result() {
    let error = ExecuteError { kind: "ValueError".into(), message: "no".into(), ..ExecuteError::default() };
    let failed = RunEvent::Error { error, duration_ms: 1, execution_count: None };
    let events = parsed(&shown(&[(&[begun(), failed], Some(RunOutcome::Failed))]));
    assert_eq!(events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["start", "error", "done"]);
    let expected = json!({ "type": "ValueError", "message": "no", "traceback": [], "line": null, "column": null });
    assert_eq!(events[1].1, expected);
}

#[test]
fn whatever_happens_there_is_one_start_one_end_and_one_done() {
    for outcome in [RunOutcome::Cancelled, RunOutcome::Unknown, RunOutcome::Interrupted { seen_through: 1 }] {
        assert_eq!(names(&shown(&[(&[], Some(outcome))])), ["start", "error", "done"], "{outcome:?}");
        assert_eq!(names(&shown(&[(&[begun()], Some(outcome))])), ["start", "error", "done"], "{outcome:?}");
    }
    let mut frames = MrpFrames::new("x".to_owned());
    let refused = RunUpdate::Refused(Refusal::new(ErrorCode::SessionFull, "100000 runs"));
    let events = parsed(&frames.of([refused].into()));
    assert_eq!(
        (events[1].1["type"].as_str(), events[1].1["message"].as_str()),
        (Some("SessionFull"), Some("100000 runs"))
    );
    let mut frames = MrpFrames::new("x".to_owned());
    frames.of([RunUpdate::Event { number: 1, event: begun() }].into());
    assert_eq!(names(&frames.lost("the link is gone")), ["error", "done"]);
}

#[test]
fn texts_that_wait_are_told_together() {
    let events: Vec<_> = (0..1_000).map(|i| stdout(&format!("line {i}\n"))).collect();
    let text = shown(&[(&[begun()], None), (&events, None)]);
    assert_eq!(names(&text), ["start", "stdout"]);
    let data = &parsed(&text)[1].1;
    assert_eq!(data["content"], data["accumulated"]);
    // The two channels keep their order.
    let mixed = [stdout("a"), RunEvent::Stderr { content: "b".into() }, stdout("c")];
    let events = parsed(&shown(&[(&mixed, None)]));
    assert_eq!(events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["stdout", "stderr", "stdout"]);
    assert_eq!(events[2].1["accumulated"], "ac");
}

#[test]
fn a_question_names_its_run_in_both_ways() {
    let asks = RunEvent::StdinRequest { prompt: "name? ".into(), password: false };
    let (name, data) = parsed(&shown(&[(&[begun(), asks], None)])).pop().expect("an event");
    assert_eq!(
        (name.as_str(), &data["execId"], &data["exec_id"]),
        ("stdin_request", &json!("exec-1"), &json!("exec-1"))
    );
}

#[test]
fn nothing_goes_before_start_but_comments() {
    let mut frames = MrpFrames::new("x".to_owned());
    assert_eq!(names(&frames.silence()), Vec::<String>::new());
    frames.of([RunUpdate::Event { number: 1, event: begun() }].into());
    assert_eq!(names(&frames.silence()), ["ping"]);
}
