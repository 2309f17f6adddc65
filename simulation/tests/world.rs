//! The sweep: seeds hold every rule, runs are the same in two processes, and each rule is seen to fail where it must.

use std::ops::Range;
use std::process::Command;

use wayfare_simulation::Mutation;
use wayfare_simulation::sweep::{Summary, explain, run_seed};

fn sweep(seeds: Range<u64>) {
    let mut summary = Summary::default();
    for seed in seeds {
        let report = run_seed(seed, None, None).expect("a world");
        assert!(report.violations.is_empty(), "{}", explain(&report, None));
        summary.add(&report);
    }
    assert_eq!(summary.vacuity(), None, "{summary:?}");
}

#[test]
fn seeds_0_to_50_hold_every_rule() {
    sweep(0..50);
}

#[test]
fn seeds_50_to_100_hold_every_rule() {
    sweep(50..100);
}

#[test]
fn a_seed_is_the_same_run_in_two_processes() {
    let program = env!("CARGO_BIN_EXE_wayfare-sim");
    let output = Command::new(program).args(["check-determinism", "--seeds", "0..10"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The seed at which each mutation was seen to be caught; the clean code passes the same seeds above.
fn caught(mutation: Mutation, seed: u64) {
    let report = run_seed(seed, Some(mutation), None).expect("a world");
    let oracles: Vec<_> = report.violations.iter().map(|violation| violation.oracle).collect();
    assert!(oracles.contains(&mutation.caught_by()), "{mutation:?} at seed {seed}: {oracles:?}");
}

#[test]
fn a_host_that_forgets_is_caught() {
    caught(Mutation::HostForgets, 0);
}

#[test]
fn a_client_that_skips_is_caught() {
    caught(Mutation::ClientSkips, 0);
}

#[test]
fn a_log_that_acknowledges_early_is_caught() {
    caught(Mutation::LogAcknowledgesEarly, 0);
}

#[test]
fn a_node_that_stays_down_is_caught() {
    caught(Mutation::NodeStaysDown, 0);
}
