//! From Jupyter's format to a document and back.

mod support;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wayfare_notebook::{Document, ExportError, ImportError, Imported, Layout, from_ipynb, to_ipynb};

fn import(notebook: &Value) -> Imported {
    from_ipynb(&notebook.to_string(), &Layout::default()).expect("a notebook")
}

fn export(imported: &Imported) -> Value {
    let json = to_ipynb(&imported.markdown, &support::asset_of(imported)).expect("an export");
    serde_json::from_str(&json).expect("JSON")
}

fn assert_comes_back(notebook: &Value) {
    let imported = import(notebook);
    let back = export(&imported);
    assert_eq!(support::kept(&back, notebook), support::kept(notebook, notebook), "{}", imported.markdown);
}

fn notebook(cells: &Value) -> Value {
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
}

fn markdown(source: &str) -> Value {
    json!({"cell_type": "markdown", "metadata": {}, "source": source})
}

fn code(source: &str, outputs: &Value) -> Value {
    json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": outputs, "source": source})
}

fn body(cells: &Value) -> String {
    let markdown = import(&notebook(cells)).markdown;
    let end = markdown.rfind("\n<!-- nb notebook").expect("the note of the notebook");
    markdown[..end].to_owned()
}

/// Small notebooks of every kind, and the documents that they become.
#[test]
fn own_notebooks_come_back_as_they_were() {
    let fixtures = [
        (include_str!("fixtures/plain.ipynb"), include_str!("fixtures/plain.md")),
        (include_str!("fixtures/rich.ipynb"), include_str!("fixtures/rich.md")),
        (include_str!("fixtures/odd.ipynb"), include_str!("fixtures/odd.md")),
    ];
    for (json, markdown) in fixtures {
        let notebook: Value = serde_json::from_str(json).expect("JSON");
        assert_comes_back(&notebook);
        assert_eq!(import(&notebook).markdown, markdown);
        assert_eq!(to_ipynb(markdown, &support::asset_of(&import(&notebook))).expect("an export"), json);
    }
}

#[test]
fn text_cells_are_plain_where_they_can_be() {
    assert_eq!(
        body(&json!([markdown("# A\n\ntext"), code("1", &json!([])), markdown("b")])),
        "# A\n\ntext\n\n```python\n1\n```\n\nb\n"
    );
    assert_eq!(body(&json!([markdown("a"), markdown("b")])), "a\n\n<!-- nb text -->\n\nb\n");
    assert_eq!(
        body(&json!([markdown("```python\nno cell\n```")])),
        "<!-- nb whole -->\n```python\nno cell\n```\n<!-- nb end -->\n"
    );
    assert_eq!(body(&json!([markdown("```\nopen")])), "<!-- nb source -->\n````markdown\n```\nopen\n````\n");
    assert_eq!(body(&json!([markdown("---\na: 1\n---")])), "<!-- nb text -->\n\n---\na: 1\n---\n");
    assert_eq!(body(&json!([markdown("a\n")])), "<!-- nb whole -->\na\n\n<!-- nb end -->\n");
}

#[test]
fn text_after_output_is_not_taken_for_output() {
    let cells = json!([code("1", &json!([])), markdown("```output\nx\n```\n\n![a](b.png \"output\")")]);
    assert_comes_back(&notebook(&cells));
    assert!(body(&cells).contains("<!-- nb text -->"));
}

#[test]
fn what_no_form_holds_is_kept_as_json() {
    for output in [
        json!({"output_type": "display_data", "data": {"image/png": "not base64!"}, "metadata": {}}),
        json!({"output_type": "display_data", "data": {}, "metadata": {}}),
        json!({"output_type": "display_data", "data": {"text/plain": "x"}}),
        json!({"output_type": "stream", "name": "third", "text": "x"}),
        json!({"output_type": "display_data", "data": {"text/html; charset=x": "`a`"}, "metadata": {}}),
        json!({"output_type": "error", "ename": "a: b", "evalue": "", "traceback": []}),
        json!({"output_type": "unheard of", "x": "y".repeat(100_000)}),
    ] {
        let notebook = notebook(&json!([code("1", &json!([output]))]));
        assert_comes_back(&notebook);
        assert!(import(&notebook).markdown.contains("output json"), "{output}");
    }
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let refused = |json: &str| from_ipynb(json, &Layout::default()).expect_err(json);
    assert_eq!(refused("{\"nbformat\": 3, \"worksheets\": []}"), ImportError::Version(3));
    assert!(refused("{\"nbformat\": 3}").to_string().contains("nbconvert"));
    assert!(matches!(refused("x"), ImportError::NotJson(_)));
    assert!(matches!(refused("[]"), ImportError::NotNotebook(_)));
    assert!(matches!(refused("{\"nbformat\": 4}"), ImportError::NotNotebook(_)));
    for cell in ["1", "{}", "{\"cell_type\":\"code\",\"source\":1}", "{\"cell_type\":\"code\",\"outputs\":[1]}"] {
        let error = refused(&format!("{{\"nbformat\": 4, \"cells\": [{{\"cell_type\": \"raw\"}}, {cell}]}}"));
        assert!(matches!(error, ImportError::Cell { number: 2, .. }), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let imported = import(&notebook(&json!([code(
        "1",
        &json!([{"output_type": "display_data", "data": {"image/png": "iVBORw=="}, "metadata": {}}])
    )])));
    let error = to_ipynb(&imported.markdown, &|_| None).expect_err("missing");
    assert_eq!(error, ExportError::Missing(vec![imported.assets[0].path.clone()]));
}

#[test]
fn a_document_that_was_never_a_notebook_becomes_one() {
    let text = "---\ntitle: x\n---\n\n# A\n\n```R stats\n1\n```\n\n```output:0190f5fe-7c00-7a00-8000-000000000001 result\n1\n```\n\n```bash\nls\n```\n";
    let json: Value = serde_json::from_str(&to_ipynb(text, &|_| None).expect("an export")).expect("JSON");
    assert_eq!(json["metadata"]["language_info"]["name"], "r");
    assert_eq!((json["nbformat"].clone(), json["nbformat_minor"].clone()), (json!(4), json!(5)));
    assert_eq!(json["cells"][1]["metadata"], json!({"wayfare": {"info": "R stats"}}));
    assert_eq!(json["cells"][1]["outputs"][0]["output_type"], "execute_result");
    assert_eq!(json["cells"][2]["id"], "cell-3");
    let back = import(&json).markdown;
    assert!(back.starts_with("---\ntitle: x\n---\n"), "{back}");
    assert!(
        back.contains("```R stats\n1\n```\n\n```output result\n1\n```") && back.contains("```bash\nls\n```"),
        "{back}"
    );
}

#[test]
fn the_count_of_an_imported_cell_is_not_given_to_a_later_run() {
    let cell = |key: &str| {
        format!("<!-- nb code {{\"execution_count\":7}} -->\n```python\n1\n```\n\n```output{key} result\n1\n```\n")
    };
    let count = |text: &str| {
        let json: Value = serde_json::from_str(&to_ipynb(text, &|_| None).expect("an export")).expect("JSON");
        (json["cells"][0]["execution_count"].clone(), json["cells"][0]["outputs"][0]["execution_count"].clone())
    };
    assert_eq!(count(&cell("")), (json!(7), json!(7)));
    assert_eq!(count(&cell(":0190f5fe-7c00-7a00-8000-000000000001")), (Value::Null, Value::Null));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![support::any_markdown(), "[ -~\n\t\u{e9}\u{1b}\u{2424}]{0,40}"]
}

#[test]
fn a_cell_of_a_type_to_come_is_kept() {
    let cells = json!([markdown("a"), {"cell_type": "future", "metadata": {"x": "```"}, "y": [1.5]}, markdown("b")]);
    assert_comes_back(&notebook(&cells));
}

/// A text as Jupyter may write it.
fn written(text: impl Strategy<Value = String>) -> impl Strategy<Value = Value> {
    (text, any::<bool>()).prop_map(|(text, in_lines)| match in_lines {
        true => text.split_inclusive('\n').collect(),
        false => Value::String(text),
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        any_text().prop_map(Value::from),
        Just(json!({"a": [1, {"b--": "-->"}]})),
    ]
}

fn any_output() -> impl Strategy<Value = Value> {
    let mime = proptest::sample::select(vec![
        "text/plain",
        "text/html",
        "image/svg+xml",
        "application/vnd.x-y.v1+json",
        "application/json",
        "image/png",
        "a b",
    ]);
    let data =
        proptest::collection::vec((mime, prop_oneof![written(any_text()), any_value(), Just(json!("aGk=\n"))]), 0..3);
    let data =
        data.prop_map(|data| data.into_iter().map(|(mime, value)| (mime.to_owned(), value)).collect::<Map<_, _>>());
    let name = proptest::sample::select(vec!["stdout", "stderr", "other"]);
    let metadata = prop_oneof![Just(json!({})), Just(json!({"image/png": {"width": 3}}))];
    prop_oneof![
        (name, written(any_text()))
            .prop_map(|(name, text)| json!({"output_type": "stream", "name": name, "text": text})),
        (data.clone(), metadata)
            .prop_map(|(data, metadata)| json!({"output_type": "display_data", "data": data, "metadata": metadata})),
        (data, any_value()).prop_map(|(data, count)| {
            json!({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": count})
        }),
        (any_text(), any_text(), proptest::collection::vec(any_text(), 0..3)).prop_map(|(name, message, traceback)| {
            json!({"output_type": "error", "ename": name, "evalue": message, "traceback": traceback})
        }),
        any_value().prop_map(|value| json!({"output_type": "unheard of", "x": value})),
    ]
}

fn any_cell() -> impl Strategy<Value = Value> {
    let kind = proptest::sample::select(vec!["markdown", "markdown", "code", "raw"]);
    let outputs = proptest::collection::vec(any_output(), 0..3);
    let attachments = prop_oneof![
        3 => Just(None),
        1 => Just(Some(json!({"a.png": {"image/png": "aGk="}}))),
        1 => any_value().prop_map(Some),
    ];
    (kind, written(any_text()), outputs, any_value(), proptest::option::of("[a-z-]{1,5}"), attachments).prop_map(
        |(kind, source, outputs, extra, id, attachments)| {
            let mut cell = json!({"cell_type": kind, "source": source, "metadata": {"x": extra}});
            if kind == "code" {
                cell["outputs"] = json!(outputs);
                cell["execution_count"] = json!(outputs.len());
            } else if let Some(attachments) = attachments {
                cell["attachments"] = attachments;
            } else {
                cell["metadata"] = json!({});
            }
            if let Some(id) = id {
                cell["id"] = json!(id);
            }
            cell
        },
    )
}

proptest! {
    /// Whatever a notebook of version 4 holds comes back, and its document has its code cells and no other.
    #[test]
    fn any_notebook_comes_back(cells in proptest::collection::vec(any_cell(), 0..6), metadata in any_value(), minor in 0..6_u32) {
        let notebook = json!({"cells": cells, "metadata": {"kernelspec": metadata}, "nbformat": 4, "nbformat_minor": minor});
        let imported = import(&notebook);
        prop_assert_eq!(
            support::kept(&export(&imported), &notebook),
            support::kept(&notebook, &notebook),
            "{}", imported.markdown
        );
        let codes = cells.iter().filter(|cell| cell["cell_type"] == "code").count();
        prop_assert_eq!(Document::parse(&imported.markdown).cells().len(), codes);
    }

    /// Any text is exported, and what comes of it is a notebook.
    #[test]
    fn any_text_becomes_a_notebook(text in support::any_markdown()) {
        let json = to_ipynb(&text, &|_| Some(b"{}".to_vec())).expect("an export");
        let notebook: Value = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(notebook["nbformat"].clone(), json!(4));
        prop_assert!(notebook["cells"].is_array() && notebook["metadata"].is_object());
        from_ipynb(&json, &Layout::default()).expect("what was exported");
    }
}
