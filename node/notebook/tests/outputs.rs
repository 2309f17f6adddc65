//! How outputs are written into a document and read from it.

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, json};
use wayfare_notebook::{
    CellPlace, Content, Document, Edits, Layout, Output, OutputForm, OutputKey, RunKey, RunOutputs, StreamName,
    ValueKind, WriteError, clear_all_outputs, clear_outputs, write_outputs,
};
use wayfare_protocol::limits::{OUTPUT_INLINE_MAX, OUTPUT_ITEMS_MAX, OUTPUT_PLAIN_MAX};
use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent, RunResult};

fn key(attempt: u32) -> RunKey {
    RunKey { run: "0190f5fe-7c00-7a00-8000-000000000001".parse().expect("an id"), attempt }
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn link(path: &str) -> Content {
    Content::Link(path.to_owned())
}

fn stream(name: StreamName, content: &str) -> OutputForm {
    OutputForm::Stream { name, text: text(content) }
}

fn value(kind: ValueKind, data: &[(&str, Content)]) -> OutputForm {
    let data = data.iter().map(|(mime, content)| ((*mime).to_owned(), content.clone())).collect();
    OutputForm::Value { kind, data }
}

fn of_run(form: OutputForm) -> Output {
    Output::new(OutputKey::Run(key(1)), form)
}

fn edits(document: &str, outputs: &[Output]) -> Edits {
    write_outputs(&Document::parse(document), CellPlace::Number(1), key(1), outputs).expect("a cell")
}

fn written(document: &str, outputs: &[Output]) -> String {
    edits(document, outputs).apply(document)
}

fn read(document: &str) -> Vec<Output> {
    let document = Document::parse(document);
    document.outputs_of(&document.cells()[0])
}

/// Every form as the documentation shows it.
#[test]
fn each_form_is_written_as_documented() {
    let error = OutputForm::Error {
        name: "ValueError".to_owned(),
        message: "no".to_owned(),
        traceback: vec!["Traceback:".to_owned(), "a\nb".to_owned()],
    };
    let k = "output:0190f5fe-7c00-7a00-8000-000000000001";
    for (form, expected) in [
        (stream(StreamName::Stdout, "a\n"), format!("```{k}\na\n```")),
        (stream(StreamName::Stdout, "a"), format!("```{k} open\na\n```")),
        (stream(StreamName::Stderr, "\u{1b}[31m```\r\n"), format!("````{k} stderr\n␛[31m```␍\n````")),
        (OutputForm::Stream { name: StreamName::Stdout, text: link("a/b.txt") }, format!("[stdout](a/b.txt \"{k}\")")),
        (value(ValueKind::Result, &[("text/plain", text("42"))]), format!("```{k} result\n42\n```")),
        (
            value(ValueKind::Result, &[("text/html", text("<b>1</b>")), ("text/plain", text("1"))]),
            format!("```{k} result\n1\n```\n\n```{k} also text/html\n<b>1</b>\n```"),
        ),
        (
            value(ValueKind::Display, &[("image/png", link("a b.png")), ("text/plain", text("<Figure 1>"))]),
            format!("![\\<Figure 1\\>](a%20b.png \"{k} display text/plain image/png\")"),
        ),
        (
            value(ValueKind::Display, &[("image/svg+xml", link("a.svg")), ("text/plain", text("a\nb"))]),
            format!("```{k} display\na\nb\n```\n\n![output](a.svg \"{k} also image/svg+xml\")"),
        ),
        (
            value(ValueKind::Display, &[("text/html", link("a.html"))]),
            format!("[text/html](a.html \"{k} display text/html\")"),
        ),
        (error, format!("```{k} error lines=1,2\nValueError: no\nTraceback:\na\nb\n```")),
        (OutputForm::Json(text("{}")), format!("```{k} json\n{{}}\n```")),
    ] {
        let document = written("```py\n1\n```\n", &[of_run(form.clone())]);
        assert_eq!(document, format!("```py\n1\n```\n\n{expected}\n"));
        assert_eq!(read(&document), [of_run(form)], "{document}");
    }
}

#[test]
fn further_fields_stand_in_a_note_before_the_output() {
    let mut output = of_run(value(ValueKind::Display, &[("image/png", link("a.png"))]));
    output.fields = Map::from_iter([("metadata".to_owned(), json!({"image/png": {"width": 3}}))]);
    let document = written("```py\n```\n", std::slice::from_ref(&output));
    assert!(document.contains("\n<!-- nb output {\"metadata\":{\"image/png\":{\"width\":3}}} -->\n![output](a.png"));
    assert_eq!(read(&document), [output]);
}

#[test]
fn output_replaces_output_and_touches_nothing_else() {
    let before = "# A\n\n```py\n1\n```\n\n```output:exec-1\nold\n```\n\n![plot](_assets/generated/old.png)\n\nafter\n\n\
                  ```py\n2\n```\n\n```output\nkept\n```\n";
    let after = written(before, &[of_run(stream(StreamName::Stdout, "new\n"))]);
    assert_eq!(
        after,
        "# A\n\n```py\n1\n```\n\n```output:0190f5fe-7c00-7a00-8000-000000000001\nnew\n```\n\nafter\n\n\
         ```py\n2\n```\n\n```output\nkept\n```\n"
    );
    assert_eq!(
        written(before, &[]),
        before.replacen("\n\n```output:exec-1\nold\n```\n\n![plot](_assets/generated/old.png)", "", 1)
    );
}

#[test]
fn the_same_output_is_written_once() {
    let outputs =
        [of_run(stream(StreamName::Stdout, "a\n")), of_run(value(ValueKind::Result, &[("text/plain", text("1"))]))];
    for before in ["```py\n```", "a\r\n```py\r\n1\r\n```\r\nb\r\n", "1. x\n\n   ```py\n   1\n   ```\n\n2. y\n"] {
        let once = written(before, &outputs);
        assert_eq!(read(&once), outputs, "{once:?}");
        assert!(edits(&once, &outputs).is_empty(), "{once:?}");
    }
}

#[test]
fn the_output_of_a_cell_in_a_list_stays_in_the_list() {
    let outputs = [of_run(stream(StreamName::Stdout, "a\n\nb\n"))];
    assert_eq!(
        written("- x\n\n  ```py\n  1\n  ```\n- y\n", &outputs),
        "- x\n\n  ```py\n  1\n  ```\n\n  ```output:0190f5fe-7c00-7a00-8000-000000000001\n  a\n\n  b\n  ```\n- y\n"
    );
}

#[test]
fn a_later_attempt_is_not_overwritten_by_an_earlier_one() {
    let document = "```py\n```\n";
    let second = [of_run(stream(StreamName::Stdout, "2\n"))];
    let edits = write_outputs(&Document::parse(document), CellPlace::Number(1), key(2), &second).expect("a cell");
    let document = edits.apply(document);
    let error = write_outputs(&Document::parse(&document), CellPlace::Run(key(1)), key(1), &second);
    assert_eq!(error, Err(WriteError::Superseded { attempt: 2 }));
    let third = write_outputs(&Document::parse(&document), CellPlace::Run(key(1)), key(3), &second).expect("later");
    assert!(third.apply(&document).contains("000000000001.3\n"));
}

#[test]
fn what_has_no_place_is_refused() {
    let write = |document: &str, place| write_outputs(&Document::parse(document), place, key(1), &[]);
    assert_eq!(write("```py\n1\n", CellPlace::Number(1)), Err(WriteError::Unclosed { line: 1 }));
    assert_eq!(write("x", CellPlace::Byte(0)), Err(WriteError::NoCell(CellPlace::Byte(0), 0)));
    assert!(write("```py\n```\n", CellPlace::Byte(3)).is_ok());
}

#[test]
fn a_line_that_is_output_does_not_run_into_the_text_after_it() {
    let picture = [of_run(value(ValueKind::Display, &[("image/png", link("a.png"))]))];
    let document = written("```py\n```\ntext\n", &picture);
    assert!(document.ends_with("image/png\")\n\ntext\n"), "{document}");
    assert_eq!(read(&document), picture);
    assert!(edits(&document, &picture).is_empty());
}

#[test]
fn outputs_are_cleared_of_one_cell_or_of_all() {
    let document = "```py\n1\n```\n\n```output\na\n```\n\n```py\n2\n```\n```output\nb\n```\nend\n";
    let one = clear_outputs(&Document::parse(document), CellPlace::Number(2)).expect("a cell");
    assert_eq!(one.apply(document), "```py\n1\n```\n\n```output\na\n```\n\n```py\n2\n```\nend\n");
    let all = clear_all_outputs(&Document::parse(document));
    assert_eq!(all.apply(document), "```py\n1\n```\n\n```py\n2\n```\nend\n");
    assert_eq!(all.as_slice().len(), 2);
}

#[test]
fn edits_are_small_and_can_be_counted_in_utf16() {
    let document = written("😀\n\n```py\n```\n", &[of_run(stream(StreamName::Stdout, "é one\n"))]);
    let edits = edits(&document, &[of_run(stream(StreamName::Stdout, "é two\n"))]);
    let [edit] = edits.as_slice() else { panic!("{edits:?}") };
    assert!(edit.delete <= 3 && edit.insert.len() <= 3, "{edit:?}");
    let mut units: Vec<u16> = document.encode_utf16().collect();
    for edit in edits.utf16(&document) {
        units.splice(edit.at..edit.at + edit.delete, edit.insert.encode_utf16());
    }
    assert_eq!(String::from_utf16(&units).expect("text"), edits.apply(&document));
}

fn bundle(data: &[(&str, &str)]) -> MimeBundle {
    let data = data.iter().map(|(mime, text)| ((*mime).to_owned(), (*text).to_owned())).collect();
    MimeBundle { data, metadata: "{}".to_owned() }
}

fn gathered(events: &[RunEvent], layout: Layout) -> (Vec<OutputForm>, Vec<String>) {
    let mut outputs = RunOutputs::new(key(1), layout);
    events.iter().for_each(|event| outputs.event(event));
    let (outputs, files) = outputs.finish();
    (outputs.into_iter().map(|output| output.form).collect(), files.into_iter().map(|file| file.path).collect())
}

fn stdout(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.to_owned() }
}

#[test]
fn a_run_leaves_what_a_terminal_would_show() {
    let events = [
        stdout("10%"),
        stdout("\r\u{1b}[32m100%\u{1b}[0m\r\n"),
        RunEvent::Stderr { content: "w\n".to_owned() },
        RunEvent::Display { bundle: bundle(&[("text/plain", "old")]), display_id: Some("d".to_owned()) },
        RunEvent::DisplayUpdate { bundle: bundle(&[("text/plain", "new")]), display_id: "d".to_owned() },
        RunEvent::Result(RunResult { result: Some(bundle(&[("text/plain", "1")])), ..RunResult::default() }),
    ];
    let (forms, files) = gathered(&events, Layout::default());
    assert_eq!(
        forms,
        [
            stream(StreamName::Stdout, "100%\n"),
            stream(StreamName::Stderr, "w\n"),
            value(ValueKind::Display, &[("text/plain", text("new"))]),
            value(ValueKind::Result, &[("text/plain", text("1"))]),
        ]
    );
    assert!(files.is_empty());
}

#[test]
fn output_is_cleared_now_or_when_the_next_comes() {
    let clear = |wait| RunEvent::ClearOutput { wait };
    let forms = |events: &[RunEvent]| gathered(events, Layout::default()).0;
    assert_eq!(forms(&[stdout("a\n"), clear(false), stdout("b\n")]), [stream(StreamName::Stdout, "b\n")]);
    assert_eq!(forms(&[stdout("a\n"), clear(true), stdout("b\n")]), [stream(StreamName::Stdout, "b\n")]);
    assert_eq!(forms(&[stdout("a\n"), clear(true)]), [stream(StreamName::Stdout, "a\n")]);
}

#[test]
fn pictures_and_long_texts_become_files() {
    let long = "x".repeat(3000);
    let png = data_encoding::BASE64.encode(b"\x89PNG");
    let events = [
        RunEvent::Display {
            bundle: bundle(&[("image/png", &png), ("text/plain", "<Figure>"), ("text/html", &long)]),
            display_id: None,
        },
        stdout(&"y\n".repeat(40_000)),
        RunEvent::Display { bundle: bundle(&[("image/png", "not base64!"), ("no type", "x")]), display_id: None },
    ];
    let (forms, files) = gathered(&events, Layout { folder: "f".to_owned(), ..Layout::default() });
    assert_eq!((forms.len(), files.len()), (2, 3), "{files:?}");
    assert!(files.iter().any(|path| path.starts_with("f/") && path.ends_with(".png") && path.len() == 2 + 64 + 4));
    let OutputForm::Stream { text: Content::Link(path), .. } = &forms[1] else { panic!("{forms:?}") };
    assert!(files.contains(path) && path.ends_with(".txt"));
}

#[test]
fn a_document_has_so_much_of_a_run_and_the_rest_as_files() {
    let text = "x".repeat(OUTPUT_PLAIN_MAX);
    let displays = |text: &str, count: usize| -> Vec<RunEvent> {
        (0..count)
            .map(|at| RunEvent::Display {
                bundle: bundle(&[("text/plain", &format!("{at}{}", &text[4..]))]),
                display_id: None,
            })
            .collect()
    };
    let (forms, files) = gathered(&displays(&text, 9), Layout::default());
    let inline: usize = forms
        .iter()
        .map(|form| match form {
            OutputForm::Value { data, .. } => {
                data.values().map(|c| if let Content::Text(t) = c { t.len() } else { 0 }).sum()
            }
            _ => 0,
        })
        .sum();
    assert_eq!((forms.len(), files.len()), (9, 5));
    assert!(inline <= OUTPUT_INLINE_MAX && inline > OUTPUT_INLINE_MAX - OUTPUT_PLAIN_MAX, "{inline}");
    // Of very many outputs the first ones and the last.
    let mut events = displays("12345", OUTPUT_ITEMS_MAX + 7);
    events.push(stdout("the end"));
    let (forms, _) = gathered(&events, Layout::default());
    assert_eq!(forms.len(), OUTPUT_ITEMS_MAX);
    let said = |at: usize| match &forms[at] {
        OutputForm::Stream { text: Content::Text(text), .. } => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(said(OUTPUT_ITEMS_MAX - 2), "[9 more outputs are not in the document]\n");
    assert_eq!(said(OUTPUT_ITEMS_MAX - 1), "the end");
}

#[test]
fn an_error_keeps_its_traceback() {
    let error = |lines: usize| RunEvent::Error {
        error: ExecuteError {
            kind: "NameError".to_owned(),
            message: "x".to_owned(),
            traceback: vec!["\u{1b}[31mline\u{1b}[0m".to_owned(); lines],
            ..ExecuteError::default()
        },
        duration_ms: 1,
        execution_count: None,
    };
    let (forms, _) = gathered(&[error(1)], Layout::default());
    let expected = |traceback: &[&str]| OutputForm::Error {
        name: "NameError".to_owned(),
        message: "x".to_owned(),
        traceback: traceback.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(forms, [expected(&["line"])]);
    let (forms, files) = gathered(&[error(20_000)], Layout::default());
    assert!(matches!(forms[0], OutputForm::Stream { text: Content::Link(_), .. }) && files.len() == 1);
    assert_eq!(forms[1], expected(&[]));
}

fn any_form() -> impl Strategy<Value = OutputForm> {
    let any_text = || "[ -~\n\r\t\u{1b}\u{e9}`\u{241b}\u{2424}]{0,30}";
    let content = |mime: &'static str| {
        prop_oneof![any_text().prop_map(Content::Text), "[a-z ()%é/]{1,10}".prop_map(Content::Link)]
            .prop_map(move |content| (mime.to_owned(), content))
    };
    let picture = "[a-z ()%é/]{1,10}".prop_map(|path| ("image/png".to_owned(), Content::Link(path)));
    let data = proptest::collection::vec(
        prop_oneof![content("text/plain"), content("text/html"), content("application/json"), picture],
        1..4,
    );
    let name = prop_oneof![Just(StreamName::Stdout), Just(StreamName::Stderr)];
    let kind = prop_oneof![Just(ValueKind::Result), Just(ValueKind::Display)];
    prop_oneof![
        (name, content("")).prop_map(|(name, (_, text))| OutputForm::Stream { name, text }),
        (kind, data).prop_map(|(kind, data)| OutputForm::Value { kind, data: BTreeMap::from_iter(data) }),
        ("[A-Za-z]{0,5}", any_text(), proptest::collection::vec(any_text(), 0..4))
            .prop_map(|(name, message, traceback)| OutputForm::Error { name, message, traceback }),
        any_text().prop_map(|json| OutputForm::Json(Content::Text(json))),
    ]
}

proptest! {
    /// Whatever an output holds, and wherever the cell stands, it is read as it was written, and written once.
    #[test]
    fn outputs_are_read_as_written(
        forms in proptest::collection::vec(any_form(), 0..4),
        before in support::any_markdown(),
        windows in any::<bool>(),
    ) {
        let outputs: Vec<_> = forms.into_iter().map(of_run).collect();
        let mut text = format!("{before}\n\n```py\n1\n```\n\nafter\n");
        if windows {
            text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        let document = Document::parse(&text);
        for cell in document.cells().iter().filter(|cell| cell.closed) {
            let edits = write_outputs(&document, CellPlace::Number(cell.index), key(9), &outputs).expect("a cell");
            let once = edits.apply(&text);
            let again = Document::parse(&once);
            prop_assert_eq!(again.cells().len(), document.cells().len(), "{:?}", once);
            let found = again.outputs_of(&again.cells()[cell.index as usize - 1]);
            let found: Vec<_> = found.into_iter().map(|output| output.form).collect();
            let wanted: Vec<_> = outputs.iter().map(|output| output.form.clone()).collect();
            prop_assert_eq!(found, wanted, "{:?}", once);
            let twice = write_outputs(&again, CellPlace::Number(cell.index), key(9), &outputs).expect("a cell");
            prop_assert!(twice.is_empty(), "{:?}", twice);
        }
    }
}
