//! The defects that `./x defects` brings into a copy of the sources: whether they still can be, and say what must catch them. Whether they are
//! caught takes a build for each.

use std::path::{Path, PathBuf};
use std::process::Command;

use wayfare_core::oracle::Oracle;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

#[test]
fn every_defect_can_be_brought_in_and_names_what_must_catch_it() {
    let files = std::fs::read_dir(root().join("simulation/defects"))
        .expect("the folder")
        .map(|entry| entry.expect("a file").path());
    let patches: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "patch")).collect();
    assert!(!patches.is_empty());
    for path in patches {
        let text = std::fs::read_to_string(&path).expect("text");
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.unwrap_or_else(|| panic!("{}: no {name}", path.display()))
        };
        assert!(!field("Defect").is_empty());
        assert!(field("Caught by").parse::<Oracle>().is_ok(), "{}: there is no such oracle", path.display());
        let scenario = root().join(format!("simulation/scenarios/{}.toml", field("Scenario")));
        assert!(scenario.exists(), "{}", scenario.display());
        let seeds =
            field("Seeds").split_once("..").and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse().ok()?)));
        assert!(seeds.is_some_and(|(from, to)| from < to && to - from <= 100), "{}: {seeds:?}", path.display());
        let applied =
            Command::new("git").args(["apply", "--check"]).arg(&path).current_dir(root()).output().expect("git");
        let why = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{}: {why}", path.display());
    }
}
