//! Notebooks that other people made, from the folder that `WAYFARE_TEST_NOTEBOOKS` names (`./x test` fetches them): each comes
//! back as it was, and what is exported is valid by Jupyter's own judgement.

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use wayfare_notebook::{Document, ImportError, Layout, from_ipynb, to_ipynb};

/// Reads a list of notebooks and writes a list: what is wrong with each, or null.
const VALIDATE: &str = "
import json, sys, warnings
import nbformat
warnings.simplefilter('ignore')
def wrong(notebook):
    try:
        nbformat.validate(notebook)
    except Exception as error:
        return str(error)[:500]
print(json.dumps([wrong(notebook) for notebook in json.load(sys.stdin)]))
";

fn variable(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).map(PathBuf::from);
    let required = std::env::var_os("WAYFARE_REQUIRE_KERNELS").is_some();
    assert!(value.is_some() || !required, "{name} is not set: `./x test` sets it");
    value
}

fn notebooks(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            notebooks(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "ipynb") {
            found.push(path);
        }
    }
}

fn judged(python: &Path, notebooks: &[Value]) -> Vec<Value> {
    let mut validator = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = validator.stdin.take().expect("its input");
    input.write_all(json!(notebooks).to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = validator.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).expect("a list")
}

#[test]
fn they_come_back_as_they_were_and_are_valid() {
    let (Some(folder), Some(python)) = (variable("WAYFARE_TEST_NOTEBOOKS"), variable("WAYFARE_TEST_PYTHON")) else {
        return;
    };
    let mut paths = Vec::new();
    notebooks(&folder, &mut paths);
    paths.sort();
    let (mut both, mut refused) = (Vec::new(), Vec::new());
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a file");
        let source: Value = serde_json::from_str(&text).expect("JSON");
        let imported = match from_ipynb(&text, &Layout::default()) {
            Ok(imported) => imported,
            Err(ImportError::Version(version)) => {
                assert!(version < 4 && source["nbformat"] == json!(version), "{}", path.display());
                continue;
            }
            Err(error) => {
                refused.push((path, source, error));
                continue;
            }
        };
        let back = to_ipynb(&imported.markdown, &support::asset_of(&imported)).expect("an export");
        let back: Value = serde_json::from_str(&back).expect("JSON");
        assert_eq!(support::kept(&back, &source), support::kept(&source, &source), "{}", path.display());
        let codes = source["cells"].as_array().into_iter().flatten().filter(|cell| cell["cell_type"] == "code").count();
        assert_eq!(Document::parse(&imported.markdown).cells().len(), codes, "{}", path.display());
        both.push((path, source, back));
    }
    assert!(both.len() >= 20, "only {} notebooks in {}", both.len(), folder.display());
    let sources: Vec<_> = both.iter().map(|(_, source, _)| source.clone()).collect();
    let backs: Vec<_> = both.iter().map(|(_, _, back)| back.clone()).collect();
    let refused_ones: Vec<_> = refused.iter().map(|(_, source, _)| source.clone()).collect();
    for ((path, _, error), wrong) in refused.iter().zip(judged(&python, &refused_ones)) {
        assert!(!wrong.is_null(), "{} is valid and refused: {error}", path.display());
        println!("{}: {error}", path.display());
    }
    let was_wrong = judged(&python, &sources);
    let is_wrong = judged(&python, &backs);
    let mut valid = 0;
    for (((path, ..), was), is) in both.iter().zip(was_wrong).zip(is_wrong) {
        // Some are made to be invalid.
        assert!(is.is_null() || !was.is_null(), "{}: {is}", path.display());
        valid += usize::from(is.is_null());
    }
    println!("{} notebooks came back, {valid} of them valid, of {} files", both.len(), paths.len());
    assert!(valid >= 20, "only {valid} are valid");
}
