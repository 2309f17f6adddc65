//! The sweep: seeds hold every rule, and runs are the same in two processes. `./x test` sweeps more of them with the program.

use std::process::Command;

use wayfare_simulation::sweep::{Summary, explain};
use wayfare_simulation::{Plan, run};

#[test]
fn seeds_0_to_20_hold_every_rule() {
    let mut summary = Summary::default();
    for seed in 0..20 {
        let plan = Plan::of(seed, None);
        let report = run(&plan, None).expect("a world");
        assert!(report.violations.is_empty(), "{}", explain(&report, &plan));
        summary.add(&report);
    }
    assert_eq!(summary.seeds, 20);
}

fn program(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_wayfare-sim")).args(arguments).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_seed_is_the_same_run_in_two_processes() {
    let (status, text) = program(&["check-determinism", "--seeds", "0..5"]);
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn a_way_through_an_unordered_map_is_found_out_by_the_comparison() {
    let mutation = ["--mutation", "store-lists-unordered"];
    let (status, text) = program(&[&["check-determinism", "--seeds", "0..2"][..], &mutation[..]].concat());
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("seed 0 differs") && text.contains("the first event that differs is line"), "{text}");
}

#[test]
fn a_seed_that_holds_every_rule_is_replayed_without_a_word() {
    assert_eq!(program(&["replay", "1"]), (Some(0), String::new()));
}

#[test]
fn a_file_that_is_no_plan_is_an_error_of_its_own() {
    assert_eq!(program(&["replay", "no/such/file.toml"]), (Some(2), String::new()));
}

#[test]
fn a_sweep_ends_with_one_line_of_json() {
    let (status, text) = program(&["run", "--seeds", "0..4"]);
    assert_eq!(status, Some(0), "{text}");
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!((&last["seeds"], &last["violations"]), (&4.into(), &0.into()), "{text}");
    assert!(last["events"].as_u64().is_some_and(|events| events > 0), "{text}");
}
