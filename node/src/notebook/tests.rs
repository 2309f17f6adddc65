//! What is a cell, and which session it belongs to.

use std::fs;

use proptest::prelude::*;
use wayfare_protocol::session::Language;

use super::{Notebook, NotebookError, NotebookFile, Project};

const FIXTURE: &str = include_str!("fixture.md");

fn parse(text: &str) -> Notebook {
    Notebook::parse(text).expect("a notebook")
}

fn key(notebook: &Notebook, index: usize) -> String {
    notebook.session_of(&notebook.cells[index], "thesis").expect("a session").0.to_string()
}

#[test]
fn a_whole_notebook_is_read_as_documented() {
    let file = parse(FIXTURE);
    let read: Vec<_> = file
        .cells
        .iter()
        .map(|cell| (cell.line, cell.language.as_str(), cell.session.as_deref(), cell.code.as_str()))
        .collect();
    assert_eq!(
        read,
        [
            (14, "python", None, "x = 1\nprint(x)\n"),
            (25, "python", Some("scratch"), "print('a fence: ```')\n\n"),
            (36, "bash", None, "ls\n  -l\n"),
            (45, "r", None, "y <- 2\n"),
            (49, "python", None, ""),
        ]
    );
    assert_eq!(file.cells[1].attributes, ["echo=false", "{.wide}"]);
    assert_eq!(file.cells[3].attributes, ["fig=3"]);
    let sessions: Vec<_> = (0..5).map(|index| key(&file, index)).collect();
    assert_eq!(
        sessions,
        [
            "thesis:analysis (python)",
            "thesis:scratch (python)",
            "thesis:side (bash)",
            "thesis:stats (r)",
            "thesis:analysis (python)"
        ]
    );
    let environment = file.session_of(&file.cells[1], "thesis").expect("a session").1;
    assert_eq!((environment.cwd.as_deref(), environment.venv.as_deref()), (Some("~/data"), Some(".venv")));
}

#[test]
fn a_notebook_without_choices_uses_main() {
    assert_eq!(key(&parse("```py\n1\n```\n"), 0), "thesis:main (python)");
    assert_eq!(key(&parse("---\nsession: one\n---\n```py\n1\n```\n"), 0), "thesis:one (python)");
    assert_eq!(key(&parse("---\nsession: other:one\n---\n```py\n```\n"), 0), "other:one (python)");
    assert_eq!(key(&parse("```py other:two\n```\n"), 0), "other:two (python)");
}

#[test]
fn a_name_that_is_too_long_is_an_error_at_its_line() {
    let notebook = parse(&format!("\n```py {}\n1\n```\n", "n".repeat(65)));
    let error = notebook.session_of(&notebook.cells[0], "thesis").expect_err("too long");
    assert!(matches!(error, NotebookError::Session { line: 2, .. }), "{error}");
}

#[test]
fn front_matter_tells_what_is_wrong_with_it() {
    for (yaml, named) in [("session: {python: {vnev: x}}", "session"), ("project: [1]", "project"), ("- a", "mapping")]
    {
        let error = Notebook::parse(&format!("---\n{yaml}\n---\n")).expect_err(yaml).to_string();
        assert!(error.contains(named) && error.contains("front matter"), "{error}");
    }
    assert_eq!(parse("---\ntitle: Hello\n---\n").front_matter, super::FrontMatter::default());
    assert_eq!(parse("---\n---\n").front_matter, super::FrontMatter::default());
}

#[test]
fn a_lone_rule_at_the_top_is_not_front_matter() {
    let notebook = parse("---\n\n```py\n1\n```\n");
    assert_eq!((notebook.cells.len(), notebook.cells[0].line), (1, 3));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing_but_places() {
    let plain = "---\nsession: s\n---\n\n~~~~py\na\n\nb\n~~~~\n";
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let (plain, windows_cells) = (parse(plain), parse(&windows));
    assert_eq!(plain.front_matter, windows_cells.front_matter);
    assert_eq!(plain.cells[0].code, windows_cells.cells[0].code);
    assert_eq!(plain.cells[0].line, windows_cells.cells[0].line);
    let cell = &windows_cells.cells[0];
    assert_eq!(&windows[cell.content.clone()], "a\r\n\r\nb\r\n");
    assert_eq!(&windows[cell.block.clone()], "~~~~py\r\na\r\n\r\nb\r\n~~~~");
}

#[test]
fn quoted_and_commented_fences_are_not_cells() {
    assert!(parse("> ```py\n> 1\n> ```\n").cells.is_empty());
    assert!(parse("<!--\n```py\n1\n```\n-->\n").cells.is_empty());
    assert!(parse("    ```py\n    1\n    ```\n").cells.is_empty());
    assert!(parse("```output:exec-1\nx\n```\n```{python}\n```\n```\n```\n").cells.is_empty());
}

#[test]
fn an_unclosed_fence_runs_to_the_end() {
    let text = "a\n```py\nx\n";
    let cell = &parse(text).cells[0];
    assert_eq!((cell.code.as_str(), &text[cell.content.clone()]), ("x\n", "x\n"));
}

#[test]
fn a_fence_in_a_list_loses_its_indentation() {
    let text = "* one\n\n  ```py\n  if x:\n    y\n  ```\n";
    let cell = &parse(text).cells[0];
    assert_eq!(cell.code, "if x:\n  y\n");
    assert_eq!(&text[cell.content.clone()], "  if x:\n    y\n");
}

#[test]
fn the_project_is_the_front_matters_then_the_nearest_marked_folder_then_the_notebooks_own() {
    let root = tempfile::tempdir().expect("folder");
    let folder = root.path().join("My Project/notes/deep");
    fs::create_dir_all(&folder).expect("folder");
    let path = folder.join("a.md");
    fs::write(&path, "```py\n1\n```\n").expect("notebook");

    let file = NotebookFile::read(&path).expect("a notebook");
    assert_eq!(file.project.name, "deep");
    assert_eq!(file.cell_ref(&file.notebook.cells[0]).document, "a.md");

    fs::write(root.path().join("My Project/mrmd.md"), "").expect("marker");
    let file = NotebookFile::read(&path).expect("a notebook");
    assert_eq!(file.project.name, "My-Project");
    assert_eq!(file.cell_ref(&file.notebook.cells[0]).document, "notes/deep/a.md");
    assert_eq!(file.session_of(&file.notebook.cells[0]).expect("a session").0.to_string(), "My-Project:main (python)");

    assert_eq!(Project::of(&path, Some("thesis")).expect("a project").name, "thesis");
    let error = Project::of(&path, Some("a b")).expect_err("a blank").to_string();
    assert!(error.contains("project") && error.contains("a b"), "{error}");
}

/// One piece of a made-up notebook.
#[derive(Clone, Debug)]
enum Piece {
    Prose(String),
    Output(String),
    Cell { word: &'static str, fence: String, indent: usize, lines: Vec<String> },
}

fn piece() -> impl Strategy<Value = Piece> {
    let lines = || proptest::collection::vec("[a-zé`~ #*>-]{0,12}", 0..5);
    let word = proptest::sample::select(vec!["python", "py", "R", "sh", "ts"]);
    prop_oneof![
        "[a-zé ,.]{1,20}".prop_map(Piece::Prose),
        "[a-z ]{0,20}".prop_map(Piece::Output),
        (word, any::<bool>(), 13_usize..16, 0_usize..4, lines()).prop_map(|(word, tilde, length, indent, lines)| {
            // Longer than any line, so that no line closes it.
            let fence = if tilde { "~" } else { "`" }.repeat(length);
            Piece::Cell { word, fence, indent, lines }
        }),
    ]
}

proptest! {
    /// Whatever stands around it, a cell's block, content and line are exactly where it was written.
    #[test]
    fn places_are_exact(pieces in proptest::collection::vec(piece(), 0..12), crlf in any::<bool>()) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = String::new();
        let mut expected = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Prose(prose) => text.push_str(&format!("{prose}{end}{end}")),
                Piece::Output(output) => text.push_str(&format!("```output{end}{output}{end}```{end}{end}")),
                Piece::Cell { word, fence, indent, lines } => {
                    let indent = " ".repeat(indent);
                    let line = u32::try_from(text.matches('\n').count()).expect("few") + 1;
                    text.push_str(&indent);
                    let block = text.len();
                    text.push_str(&format!("{fence}{word}{end}"));
                    let content = text.len();
                    for code in &lines {
                        text.push_str(&format!("{indent}{code}{end}"));
                    }
                    let content = content..text.len();
                    text.push_str(&format!("{indent}{fence}"));
                    let code: String = lines.iter().map(|code| format!("{code}\n")).collect();
                    expected.push((Language::from_word(word), line, block..text.len(), content, code));
                    text.push_str(&format!("{end}{end}"));
                }
            }
        }
        let cells = parse(&text).cells;
        let found: Vec<_> = cells.into_iter().map(|c| (c.language, c.line, c.block, c.content, c.code)).collect();
        prop_assert_eq!(found, expected, "{:?}", text);
    }

    /// No text makes the parser fail in another way than by an error.
    #[test]
    fn any_text_is_read_or_refused(text in "(---\n)?[-a-z:`~ \r\n\t>*{}\\[\\]&!|#é]{0,200}") {
        if let Ok(notebook) = Notebook::parse(&text) {
            for cell in notebook.cells {
                prop_assert!(text.get(cell.block.clone()).is_some() && text.get(cell.content.clone()).is_some());
                prop_assert!(cell.block.start <= cell.content.start && cell.content.end <= cell.block.end);
            }
        }
    }
}

#[test]
fn a_cell_needs_what_it_and_the_front_matter_say() {
    let needs = |text: &str| {
        let notebook = parse(text);
        notebook.needs_of(&notebook.cells[0]).map_err(|error| error.to_string())
    };
    let words = |words: &str| Ok(super::parse_needs(words).expect("needs"));
    assert_eq!(needs("```py\n```\n"), Ok(super::Needs::default()));
    assert_eq!(needs("```py needs=gpu\n```\n"), words("gpu"));
    assert_eq!(
        needs("---\nneeds: memory:16GiB\n---\n```py main needs=\"gpu,tag:lab\"\n```\n"),
        words("gpu,tag:lab,memory:16GiB")
    );
    assert_eq!(needs("---\nneeds: [gpu, \"tag:lab\"]\n---\n```py\n```\n"), words("gpu,tag:lab"));
    assert!(needs("# a\n\n```py needs=cpu\n```\n").expect_err("no need").starts_with("line 3: needs=\"cpu\""));
    let wrong = Notebook::parse("---\nneeds: lots\n---\n").expect_err("no need");
    assert!(wrong.to_string().contains("needs: \"lots\""), "{wrong}");
}
