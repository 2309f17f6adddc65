//! Folding a run's events into MRP's one result.

use proptest::prelude::*;
use wayfare_protocol::mrp::{ExecuteError, ExecuteResult, MimeBundle, RunEvent, RunResult, Transcript};

fn fold<'a>(events: impl IntoIterator<Item = &'a RunEvent>) -> ExecuteResult {
    let mut transcript = Transcript::default();
    events.into_iter().for_each(|event| transcript.push(event));
    transcript.finish()
}

fn out(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.into() }
}

fn plain(text: &str) -> MimeBundle {
    MimeBundle { data: [("text/plain".to_owned(), text.to_owned())].into(), metadata: "{}".into() }
}

proptest! {
    /// However a text was cut into events, it is the same text.
    #[test]
    fn texts_are_joined_in_order(pieces in prop::collection::vec(("\\PC{0,5}", any::<bool>()), 0..20)) {
        let events: Vec<_> = pieces
            .iter()
            .map(|(text, err)| if *err { RunEvent::Stderr { content: text.clone() } } else { out(text) })
            .collect();
        let joined = |err| pieces.iter().filter(|(_, e)| *e == err).map(|(text, _)| text.as_str()).collect::<String>();
        let whole = fold(&events);
        prop_assert_eq!((whole.stdout, whole.stderr), (joined(false), joined(true)));
    }
}

#[test]
fn a_good_end_has_its_value_as_text_and_among_the_displays() {
    let display = RunEvent::Display { bundle: plain("figure"), display_id: None };
    let end = RunResult { result: Some(plain("2")), execution_count: Some(3), duration_ms: 40 };
    let whole = fold(&[display, RunEvent::Result(end)]);
    assert!(whole.success);
    assert_eq!(whole.result.as_deref(), Some("2"));
    assert_eq!(whole.display_data, [plain("figure"), plain("2")]);
    assert_eq!((whole.execution_count, whole.duration), (Some(3), 40));
}

#[test]
fn an_error_keeps_what_was_printed_before() {
    let error = ExecuteError { kind: "ValueError".into(), message: "no".into(), ..ExecuteError::default() };
    let end = RunEvent::Error { error: error.clone(), duration_ms: 5, execution_count: None };
    let whole = fold(&[out("before"), end]);
    assert!(!whole.success);
    assert_eq!((whole.stdout.as_str(), whole.error), ("before", Some(error)));
}

#[test]
fn clearing_takes_effect_now_or_at_the_next_output() {
    let now = RunEvent::ClearOutput { wait: false };
    let later = RunEvent::ClearOutput { wait: true };
    assert_eq!(fold(&[out("a"), now]).stdout, "");
    assert_eq!(fold(&[out("a"), later.clone()]).stdout, "a");
    assert_eq!(fold(&[out("a"), later, out("b"), out("c")]).stdout, "bc");
}

/// What stands for many events has their numbers; everything else has one.
#[test]
fn omitted_events_keep_their_numbers() {
    assert_eq!(RunEvent::Omitted { from: 5, through: 9, bytes: 1 }.span(), 5);
    assert_eq!(out("a").span(), 1);
    assert_eq!(RunEvent::Omitted { from: 9, through: 5, bytes: 1 }.span(), 1, "a lie does not underflow");
}
