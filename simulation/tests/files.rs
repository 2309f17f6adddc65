//! The plans that are kept: scenarios come out as they say, and every mutation is caught where it was caught before.

use std::path::{Path, PathBuf};

use strum::VariantArray as _;
use wayfare_simulation::scenario::{Scenario, known};
use wayfare_simulation::sweep::explain;
use wayfare_simulation::{Mutation, Plan, run};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    files
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_scenario_is_known_by_its_name() {
    for path in files("scenarios") {
        let name = path.file_stem().expect("a name").to_string_lossy();
        assert_eq!(known(&name), Some(text(&path).as_str()), "{name}");
    }
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for path in files("scenarios") {
        let name = path.display();
        let Scenario { plan, expects, .. } =
            Scenario::read(&text(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = run(&plan, None).expect("a world");
        if !report.violations.is_empty() {
            wrong.push(format!("{name}: {}", explain(&report, &plan)));
        }
        wrong.extend(expects.unmet(&plan, &report).into_iter().map(|unmet| format!("{name}: {unmet}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A plan without a mutation once found a fault of the product, and passes now.
#[test]
fn clean_code_passes_every_regression_and_its_mutation_is_caught_by_what_must_catch_it() {
    let mut wrong = Vec::new();
    for path in files("regressions") {
        let name = path.display();
        let plan = Plan::read(&text(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let clean = Plan { mutation: None, ..plan.clone() };
        let report = run(&clean, None).expect("a world");
        if !report.violations.is_empty() {
            wrong.push(format!("{name}, without a mutation: {}", explain(&report, &clean)));
        }
        let Some(mutation) = plan.mutation else { continue };
        if mutation.shows(&plan).is_none() {
            wrong.push(format!("{name}: not caught by {}", mutation.caught_by().name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mutation_has_a_plan_that_catches_it() {
    let kept: Vec<_> = files("regressions").iter().filter_map(|path| Plan::read(&text(path)).ok()?.mutation).collect();
    let missing: Vec<_> = Mutation::VARIANTS.iter().filter(|mutation| !kept.contains(mutation)).collect();
    let how = "wayfare-sim mutations --out simulation/regressions writes them";
    assert!(missing.is_empty(), "no plan is kept for {missing:?}: {how}");
}
