//! How a document is read: any text is one, nothing of it is lost, and cells and outputs are where they were written.

mod support;

use proptest::prelude::*;
use wayfare_notebook::{BlockKind, Document, FrontMatterText, OutputKey, SpanKind};
use wayfare_protocol::session::Language;

fn kinds(text: &str) -> Vec<String> {
    let name = |kind: &SpanKind| match kind {
        SpanKind::Cell(at) => format!("cell {at}"),
        SpanKind::Output(cell, block) => format!("output {cell}.{block}"),
        SpanKind::FrontMatter => "front".to_owned(),
        SpanKind::Text => "text".to_owned(),
        SpanKind::Whole(_) => "whole".to_owned(),
        SpanKind::Source { source, .. } => format!("source {source}"),
        SpanKind::Raw { source, .. } => format!("raw {source}"),
        SpanKind::Json(json) => format!("json {json}"),
        SpanKind::Begin(_) => "begin".to_owned(),
        SpanKind::Note => "note".to_owned(),
        SpanKind::Notebook(_) => "notebook".to_owned(),
    };
    let document = Document::parse(text);
    let spans = document
        .spans()
        .iter()
        .filter(|span| !matches!(span.kind, SpanKind::Text) || !text[span.range.clone()].trim().is_empty());
    spans.map(|span| name(&span.kind)).collect()
}

#[test]
fn what_follows_a_cell_is_its_output() {
    let text = "```py\n1\n```\n\n```output:exec-1 | ✓ 1.5s\na\n```\n![plot](_assets/generated/ab.png)\n\n\
                [x](y.html \"output also text/html\")\n\ntext\n\n```output\nnobody's\n```\n";
    assert_eq!(kinds(text), ["cell 0", "output 0.0", "output 0.1", "output 0.2", "text"]);
    let document = Document::parse(text);
    let blocks = &document.cells()[0].output_blocks;
    assert_eq!(blocks[0].key, OutputKey::Other("exec-1".to_owned()));
    assert_eq!(
        blocks.iter().map(|block| block.words.kind).collect::<Vec<_>>(),
        [BlockKind::Stdout, BlockKind::Display, BlockKind::Also]
    );
    assert_eq!(kinds("a\n\n```output\nx\n```\n\n![a](b.png \"output\")\n"), ["text"]);
    assert_eq!(kinds("```py\n```\n\n![a](b.png)\n"), ["cell 0", "text"]);
    assert_eq!(kinds("```py\n```\n\n![a](b.png \"output\") and more\n"), ["cell 0", "text"]);
}

#[test]
fn another_editors_frames_and_questions_are_output() {
    let text =
        "```py\n```\n\n```stdin:exec-1:password\n```\n\n<iframe class=\"rat-output\" srcdoc=\"x\"></iframe>\n\ntext\n";
    assert_eq!(kinds(text), ["cell 0", "output 0.0", "output 0.1", "text"]);
}

#[test]
fn notes_say_what_markdown_cannot() {
    let text = "---\na: 1\n---\n<!-- nb text -->\nx\n\n<!-- nb whole -->\n```py\nno cell\n```\n<!-- nb end -->\n\n\
                <!-- nb raw -->\n```raw\nr\n```\n\n<!-- nb code {\"id\":\"a\"} -->\n```scala\n1\n```\n<!-- nb output -->\n\
                ```output\nx\n```\n\n<!-- nb source -->\n````markdown\n```\n````\n\n<!-- nb notebook {} -->\n";
    assert_eq!(
        kinds(text),
        [
            "front",
            "begin",
            "text",
            "note",
            "whole",
            "note",
            "note",
            "raw r",
            "note",
            "cell 0",
            "output 0.0",
            "output 0.1",
            "note",
            "source ```",
            "notebook"
        ]
    );
    assert_eq!(Document::parse(text).cells()[0].language, Language::from_word("scala"));
}

#[test]
fn a_note_about_nothing_is_text() {
    assert_eq!(kinds("<!-- nb raw -->\n\ntext\n"), ["text"]);
    assert_eq!(kinds("<!-- nb output -->\n"), ["text"]);
    assert_eq!(kinds("<!-- nb whole -->\n\n```py\n```\n"), ["begin", "cell 0"]);
    assert_eq!(
        kinds("<!-- nb whole -->\na\n<!-- nb whole -->\nb\n<!-- nb end -->\n"),
        ["begin", "text", "note", "whole", "note"]
    );
    assert_eq!(kinds("<!-- nb end -->\n"), ["note"]);
}

#[test]
fn quoted_and_commented_fences_are_not_cells() {
    for text in [
        "> ```py\n> 1\n> ```\n",
        "<!--\n```py\n1\n```\n-->\n",
        "    ```py\n    1\n    ```\n",
        "```output:exec-1\nx\n```\n```{python}\n```\n```\n```\n",
        "````\n```py\n1\n```\n````\n",
    ] {
        assert!(Document::parse(text).cells().is_empty(), "{text}");
    }
}

#[test]
fn fences_are_closed_by_their_like_only() {
    let text = "~~~~py\n```\n~~~\n~~~~~\n\nx\n\n```py\nopen\n";
    let document = Document::parse(text);
    let cells: Vec<_> = document.cells().iter().map(|cell| (cell.code.as_str(), cell.closed)).collect();
    assert_eq!(cells, [("```\n~~~\n", true), ("open\n", false)]);
}

#[test]
fn windows_line_ends_are_no_part_of_a_code() {
    let text = "\u{feff}---\r\na: 1\r\n---\r\n```py\r\na\r\n\r\nb\r\n```\r\n";
    let document = Document::parse(text);
    assert_eq!(document.cells()[0].code, "a\n\nb\n");
    assert_eq!(&text[document.cells()[0].block.clone()], "```py\r\na\r\n\r\nb\r\n```");
    assert_eq!(FrontMatterText::find(text).map(|front| &text[front.yaml]), Some("a: 1\r\n"));
}

proptest! {
    /// Nothing of a text is lost, and nothing is in two pieces.
    #[test]
    fn the_spans_are_the_text(text in support::any_markdown()) {
        let document = Document::parse(&text);
        let joined: String = document.spans().iter().map(|span| &text[span.range.clone()]).collect();
        prop_assert_eq!(&joined, &text);
        let ends = document.spans().iter().map(|span| span.range.end);
        let starts = document.spans().iter().map(|span| span.range.start);
        prop_assert!(std::iter::once(0).chain(ends).zip(starts).all(|(end, start)| end == start));
        for cell in document.cells() {
            prop_assert!(cell.block.start <= cell.content.start && cell.content.end <= cell.block.end);
            prop_assert!(cell.region.start == cell.block.end && cell.region.is_empty() == cell.output_blocks.is_empty());
            let _ = document.outputs_of(cell);
        }
    }

    /// A code is what CommonMark says that it is.
    #[test]
    fn code_is_commonmarks(
        marker in proptest::sample::select(vec!["", " ", "  ", "   ", "- ", "1. ", "- - "]),
        lines in proptest::collection::vec("[ a-z~#>\\t-]{0,8}", 0..6),
    ) {
        let indent = " ".repeat(marker.len());
        let body: String = lines.iter().map(|line| format!("{indent}{line}\n")).collect();
        let text = format!("{marker}```py\n{body}{indent}```\n");
        let mut code = String::new();
        for event in pulldown_cmark::Parser::new_ext(&text, pulldown_cmark::Options::empty()) {
            if let pulldown_cmark::Event::Text(text) = event {
                code.push_str(&text);
            }
        }
        let document = Document::parse(&text);
        prop_assert_eq!(document.cells().iter().map(|cell| cell.code.as_str()).collect::<Vec<_>>(), [code], "{:?}", text);
    }
}
