//! The rules of the house that no compiler knows: sizes, names, what a layer may touch, and that documents speak of what is there.

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 400;
/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[];
/// Sources of a layer that are its edge to the system, and why.
const EDGES: &[(&str, &str)] = &[
    ("simulation/src/dev/console.rs", "a person types, at the pace of the clock on the wall"),
    ("simulation/src/disorder.rs", "a mutation goes through an unordered map, to be found out"),
];
/// Words that say nothing about what is in a file.
const EMPTY_WORDS: &[&str] = &["manager", "helper", "utils", "common"];
/// Folders of sources, of the layers and of everything else.
const SOURCES: &[&str] = &["protocol", "actors", "node", "cloud", "simulation", "tests"];

/// What a folder's sources never name (architecture, folders and invariants).
const BANNED: &[(&str, &[&str])] = &[
    ("protocol/src", PURE),
    ("actors/core/src", PURE),
    ("node/notebook/src", PURE),
    ("actors/shell/src", SHELL),
    ("simulation/src", SHELL),
];
const PURE: &[&str] = &[
    "tokio::",
    "ractor::",
    "rand::",
    "rand_chacha::",
    "getrandom::",
    "HashMap",
    "HashSet",
    "std::time::Instant",
    "SystemTime",
    "std::fs",
    "std::process",
    "std::thread",
    "async fn",
    ".await",
];
const SHELL: &[&str] = &[
    "tokio::net",
    "tokio::fs",
    "tokio::process",
    "spawn_blocking",
    "std::fs",
    "std::process",
    "std::thread",
    "HashMap",
    "HashSet",
    "std::time::Instant",
    "SystemTime",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// Files below a folder whose names end so, without build output, as paths from the root.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | "corpus" | "artifacts")
                    && !name.starts_with('.')
                {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    SOURCES.iter().flat_map(|folder| files(folder, ".rs")).map(|path| (path.clone(), text(&path))).collect()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A source without the comments that take whole lines.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_source_begins_by_saying_what_it_is() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//!"));
    none(&silent.map(|(path, _)| format!("{path} does not begin with //!")).collect::<Vec<_>>());
}

#[test]
fn sources_are_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        let allowed = LONG_FILES.iter().any(|(long, _)| *long == path);
        match (lines > FILE_LINES_MAX, allowed) {
            (true, false) => wrong.push(format!("{path} has {lines} lines, more than {FILE_LINES_MAX}")),
            (false, true) => wrong.push(format!("{path} is short enough: take it off the list")),
            (true, true) | (false, false) => {}
        }
    }
    none(&wrong);
}

#[test]
fn file_names_say_something() {
    let empty = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        EMPTY_WORDS.iter().any(|word| name.contains(word))
    };
    none(&SOURCES.iter().flat_map(|folder| files(folder, ".rs")).filter(empty).collect::<Vec<_>>());
}

#[test]
fn a_layer_names_nothing_it_may_not_touch() {
    let mut wrong = Vec::new();
    for (folder, words) in BANNED {
        for path in files(folder, ".rs").into_iter().filter(|path| EDGES.iter().all(|(edge, _)| edge != path)) {
            for (number, line) in (1..).zip(text(&path).lines()) {
                if line.trim_start().starts_with("//") {
                    continue;
                }
                let named = words.iter().filter(|word| names(line, word));
                wrong.extend(named.map(|word| format!("{path}:{number} names {word}")));
            }
        }
    }
    none(&wrong);
}

/// Whether the word stands in the line, not as the end of a longer one (`operand::` is not `rand::`).
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_'))
}

#[test]
fn the_pure_crates_depend_on_nothing_that_acts() {
    for path in ["protocol/Cargo.toml", "actors/core/Cargo.toml", "node/notebook/Cargo.toml"] {
        let manifest = text(path);
        let begin = manifest.find("[dependencies]").expect("dependencies");
        let dependencies = manifest[begin + 1..].split("\n[").next().unwrap_or_default();
        for line in dependencies.lines().skip(1) {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            let acts = ["tokio", "ractor", "rand", "rand_chacha", "getrandom", "sqlx", "axum", "nix"];
            assert!(!acts.contains(&name), "{path} depends on {name}");
        }
    }
}

#[test]
fn nothing_is_left_to_do_by_panicking() {
    let marks = [concat!("to", "do!("), concat!("unimpl", "emented!(")];
    let left = |text: &str| marks.iter().any(|mark| names(&code(text), mark));
    none(&sources().into_iter().filter(|(_, text)| left(text)).map(|(path, _)| path).collect::<Vec<_>>());
}

/// An unbiased choice draws a random number: two runs of one seed would differ.
#[test]
fn every_select_is_biased() {
    let mark = concat!("select", "! {");
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let code = code(&text);
        let unbiased = code.split(mark).skip(1).filter(|after| !after.trim_start().starts_with("biased;")).count();
        if unbiased > 0 {
            wrong.push(format!("{path}: {unbiased} without biased;"));
        }
    }
    none(&wrong);
}

/// A path in backticks that begins with a folder of the repository is there.
#[test]
fn documents_speak_of_what_is_there() {
    let mut wrong = Vec::new();
    for document in files("docs", ".md") {
        for path in text(&document).split('`').skip(1).step_by(2).filter(|quoted| is_path(quoted)) {
            if !root().join(path).exists() {
                wrong.push(format!("{document} speaks of {path}, which is not there"));
            }
        }
    }
    none(&wrong);
}

fn is_path(quoted: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let folders = SOURCES.iter().copied().chain(["docs", ".config", ".ci"]);
    quoted.chars().all(plain)
        && quoted.split_once('/').is_some_and(|(first, _)| folders.into_iter().any(|folder| folder == first))
}
