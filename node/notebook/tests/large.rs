//! What a large notebook costs: 2,000 cells with 20 MB of outputs. Prints time and memory, and judges neither.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]

mod support;

use std::time::Instant;

use serde_json::{Value, json};
use wayfare_notebook::{CellPlace, Document, Layout, Output, OutputForm, OutputKey, RunKey, StreamName};
use wayfare_notebook::{Content, from_ipynb, to_ipynb, write_outputs};

const CELLS: usize = 2_000;
const OUTPUT_BYTES: usize = 10_000;

fn notebook() -> String {
    let line = "0123456789 \u{1b}[32mabcdefghijklmnopqrstuvwxyz\u{1b}[0m `fence` é\n";
    let text = line.repeat(OUTPUT_BYTES / line.len() + 1);
    let cells: Vec<_> = (0..CELLS)
        .map(|at| {
            let id = format!("cell-{at}");
            if at % 4 == 0 {
                return json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": format!("# OutputBlock {at}\n\n- a\n- b")});
            }
            let output = match at % 4 {
                1 => json!({"output_type": "stream", "name": "stdout", "text": text}),
                2 => json!({"output_type": "display_data", "metadata": {}, "data": {"text/html": text, "text/plain": "x"}}),
                _ => json!({"output_type": "execute_result", "metadata": {}, "execution_count": at, "data": {"text/plain": text}}),
            };
            // Three quarters of the cells have outputs, so a third more each.
            let more = json!({"output_type": "stream", "name": "stderr", "text": text[..text.len() / 3].trim_end()});
            json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": at, "source": "x = 1\nx", "outputs": [output, more]})
        })
        .collect();
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).to_string()
}

/// The most memory that this process has had, in MiB, where the system tells.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn measured<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    println!("{what:<32} {:>6} ms, at most {} MiB so far", began.elapsed().as_millis(), memory());
    done
}

#[test]
#[ignore = "it measures: cargo test --release -p wayfare-notebook --test large -- --ignored --nocapture"]
fn a_large_notebook_is_read_and_written() {
    for (name, layout) in [
        ("markup as files", Layout::default()),
        (
            "all in the document",
            Layout { markup_max: usize::MAX, plain_max: usize::MAX, inline_max: usize::MAX, ..Layout::default() },
        ),
    ] {
        let json = notebook();
        println!("{name}: {} bytes of JSON, {} MiB", json.len(), memory());
        let imported = measured("import", || from_ipynb(&json, &layout).expect("a notebook"));
        println!("{} bytes of Markdown, {} files", imported.markdown.len(), imported.assets.len());
        let document = measured("parse", || Document::parse(&imported.markdown));
        assert_eq!(document.cells().len(), CELLS * 3 / 4);
        let key = RunKey { run: "0190f5fe-7c00-7a00-8000-000000000001".parse().expect("an id"), attempt: 1 };
        let form = OutputForm::Stream { name: StreamName::Stdout, text: Content::Text("x\n".repeat(5_000)) };
        let outputs = [Output::new(OutputKey::Run(key), form)];
        let place = CellPlace::Number(700);
        let edits = measured("edits for one cell", || write_outputs(&document, place, key, &outputs).expect("a cell"));
        assert!(!edits.is_empty());
        let back =
            measured("export", || to_ipynb(&imported.markdown, &support::asset_of(&imported)).expect("an export"));
        let (back, source): (Value, Value) =
            (serde_json::from_str(&back).expect("JSON"), serde_json::from_str(&json).expect("JSON"));
        assert!(support::kept(&back, &source) == support::kept(&source, &source));
    }
}
