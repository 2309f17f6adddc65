//! What a run looks like on a terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent, RunResult};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{DeviceId, ErrorCode, NodeId, Refusal, RunId};

use super::{Channel, Form, Renderer, duration, size};

fn attached() -> RunUpdate {
    RunUpdate::Attached { owner: NodeId(DeviceId([1; 32])), device_name: "laptop".to_owned(), attempt: 1 }
}

fn stdout(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.to_owned() }
}

fn bundle(values: &[(&str, &str)]) -> MimeBundle {
    let data: BTreeMap<_, _> = values.iter().map(|(mime, data)| ((*mime).to_owned(), (*data).to_owned())).collect();
    MimeBundle { data, metadata: "{}".to_owned() }
}

fn result(value: Option<MimeBundle>, duration_ms: u64) -> RunEvent {
    RunEvent::Result(RunResult { result: value, execution_count: Some(1), duration_ms })
}

/// What a run on a laptop shows: standard output, standard error, and both as a terminal shows them.
fn shown(events: &[RunEvent], outcome: RunOutcome) -> [String; 3] {
    let mut renderer = Renderer::new(Form::Text, RunId(Uuid::nil()), None);
    let events = events.iter().cloned().zip(1..).map(|(event, number)| RunUpdate::Event { number, event });
    let updates = std::iter::once(attached()).chain(events).chain([RunUpdate::Ended(outcome)]);
    let mut shown = [const { String::new() }; 3];
    for piece in updates.flat_map(|update| renderer.update(&update)) {
        shown[usize::from(piece.channel == Channel::Err)].push_str(&piece.text);
        shown[2].push_str(&piece.text);
    }
    shown
}

#[test]
fn a_cells_text_is_shown_as_it_is_and_then_where_it_ran() {
    let events = [stdout("\x1b[31mred\x1b[0m 1%\r"), stdout("2%"), result(None, 312)];
    assert_eq!(shown(&events, RunOutcome::Succeeded)[0], "\x1b[31mred\x1b[0m 1%\r2%\n⚡ ran on laptop · 0.3 s\n");
}

#[test]
fn the_two_channels_are_kept_apart_and_share_the_lines_of_the_terminal() {
    let events = [stdout("a\n"), RunEvent::Stderr { content: "warning".to_owned() }, result(None, 20_000)];
    let [out, err, both] = shown(&events, RunOutcome::Succeeded);
    assert_eq!((out.as_str(), err.as_str()), ("a\n\n⚡ ran on laptop · 20 s\n", "warning"));
    assert_eq!(both, "a\nwarning\n⚡ ran on laptop · 20 s\n");
}

#[test]
fn a_value_shows_its_plain_text_and_names_what_else_it_is() {
    let figure = bundle(&[("image/png", &"A".repeat(16_000)), ("text/plain", "<Figure>")]);
    let page = bundle(&[("text/html", "<b>x</b>")]);
    let events = [RunEvent::Display { bundle: figure, display_id: None }, result(Some(page), 1)];
    assert_eq!(
        shown(&events, RunOutcome::Succeeded)[0],
        "<Figure>\n[image/png 12 kB]\n[text/html 8 B]\n⚡ ran on laptop · 0.0 s\n"
    );
}

#[test]
fn an_error_shows_its_traceback_and_names_itself_in_the_label() {
    let mut error = ExecuteError {
        kind: "ZeroDivisionError".to_owned(),
        message: "division by zero".to_owned(),
        traceback: vec!["Traceback".to_owned(), "\x1b[31mline\x1b[0m".to_owned()],
        ..ExecuteError::default()
    };
    let ended = |error: &ExecuteError| RunEvent::Error { error: error.clone(), duration_ms: 99, execution_count: None };
    let [out, err, _] = shown(&[stdout("before"), ended(&error)], RunOutcome::Failed);
    assert_eq!(err, "\nTraceback\n\x1b[31mline\x1b[0m\n");
    assert_eq!(out, "before⚡ ran on laptop · 0.1 s · ZeroDivisionError\n");
    error.traceback.clear();
    assert_eq!(shown(&[ended(&error)], RunOutcome::Failed)[1], "ZeroDivisionError: division by zero\n");
}

#[test]
fn what_did_not_end_says_so() {
    let label = |outcome| shown(&[stdout("x")], outcome)[2].lines().last().map(str::to_owned).unwrap_or_default();
    assert!(label(RunOutcome::Interrupted { seen_through: 12 }).contains("interrupted after event 12"));
    assert!(label(RunOutcome::Unknown).contains("unknown"));
    assert!(label(RunOutcome::Cancelled).contains("cancelled"));
}

#[test]
fn cleared_output_clears_the_line_when_the_next_one_comes() {
    let events = [stdout("50%"), RunEvent::ClearOutput { wait: true }, stdout("60%"), result(None, 0)];
    assert!(shown(&events, RunOutcome::Succeeded)[0].starts_with("50%\r\x1b[2K60%\n"));
    let events = [stdout("50%"), RunEvent::ClearOutput { wait: false }, result(None, 0)];
    assert!(shown(&events, RunOutcome::Succeeded)[0].starts_with("50%\r\x1b[2K⚡"));
}

#[test]
fn a_name_from_elsewhere_cannot_move_the_cursor() {
    let mut renderer = Renderer::new(Form::Text, RunId(Uuid::nil()), None);
    let refusal = Refusal::new(ErrorCode::NotFound, "no \x1b[2Jsession");
    let shown = renderer.update(&RunUpdate::Refused(refusal));
    assert_eq!(shown[0].text, "✗ not found: no [2Jsession\n");
}

#[test]
fn json_lines_carry_the_run_and_the_cell() {
    let mut renderer = Renderer::new(Form::Json, RunId(Uuid::nil()), Some(2));
    let updates = [
        attached(),
        RunUpdate::Event { number: 1, event: stdout("a\nb") },
        RunUpdate::Ended(RunOutcome::Interrupted { seen_through: 1 }),
    ];
    for (update, kind) in updates.iter().zip(["attached", "event", "ended"]) {
        let pieces = renderer.update(update);
        assert_eq!((pieces.len(), pieces[0].text.matches('\n').count()), (1, 1));
        let line: serde_json::Value = serde_json::from_str(&pieces[0].text).expect("JSON");
        assert_eq!((line["kind"].as_str(), line["cell"].as_u64()), (Some(kind), Some(2)));
        assert_eq!(line["run"], Uuid::nil().to_string());
        if kind == "ended" {
            assert_eq!((line["outcome"].as_str(), line["seenThrough"].as_u64()), (Some("interrupted"), Some(1)));
        }
    }
}

#[test]
fn the_time_is_shown_only_where_it_overwrites_nothing() {
    let mut renderer = Renderer::new(Form::Text, RunId(Uuid::nil()), None);
    let elapsed = Duration::from_secs(42);
    assert_eq!(renderer.progress(elapsed).as_deref(), Some("… 42 s"));
    renderer.update(&attached());
    assert_eq!(renderer.progress(elapsed).as_deref(), Some("… 42 s on laptop"));
    renderer.update(&RunUpdate::Event { number: 1, event: stdout("50%") });
    assert_eq!(renderer.progress(elapsed), None);
    renderer.update(&RunUpdate::Event { number: 2, event: stdout(" done\n") });
    assert!(renderer.progress(elapsed).is_some());
    assert_eq!(Renderer::new(Form::Json, RunId(Uuid::nil()), None).progress(elapsed), None);
}

#[test]
fn durations_follow_the_documented_rule() {
    let of = |ms| duration(Duration::from_millis(ms));
    let cases = [
        (0, "0.0 s"),
        (312, "0.3 s"),
        (9_949, "9.9 s"),
        (9_960, "10 s"),
        (59_499, "59 s"),
        (59_600, "1 m 0 s"),
        (125_000, "2 m 5 s"),
        (5_400_000, "90 m 0 s"),
    ];
    for (ms, text) in cases {
        assert_eq!(of(ms), text, "{ms} ms");
    }
}

#[test]
fn sizes_are_short() {
    let cases = [
        (0, "0 B"),
        (999, "999 B"),
        (1_500, "1.5 kB"),
        (12_000, "12 kB"),
        (2_000_000, "2.0 MB"),
        (3_000_000_000, "3.0 GB"),
    ];
    for (bytes, text) in cases {
        assert_eq!(size(bytes), text);
    }
}
