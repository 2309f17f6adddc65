//! The sweep: seeds hold every rule, runs are the same in two processes, and each rule is seen to fail where it must.

use std::ops::Range;
use std::process::Command;

use wayfare_simulation::sweep::{Summary, explain, run_seed};
use wayfare_simulation::{Mutation, Plan, run};

fn sweep(seeds: Range<u64>) {
    let mut summary = Summary::default();
    for seed in seeds {
        let plan = Plan::of(seed, None);
        let report = run(&plan, None).expect("a world");
        assert!(report.violations.is_empty(), "{}", explain(&report, &plan));
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

/// Its own oracle catches a mutation within these seeds; the clean code passes the same seeds above.
fn is_caught(mutation: Mutation) {
    let catches = |seed: u64| {
        let report = run_seed(seed, Some(mutation), None).expect("a world");
        report.violations.iter().any(|violation| violation.oracle == mutation.caught_by())
    };
    assert!((0..200).any(catches), "{mutation:?} is not caught by {:?}", mutation.caught_by());
}

#[test]
fn mutations_of_hosts_clients_and_logs_are_caught() {
    is_caught(Mutation::HostForgets);
    is_caught(Mutation::ClientSkips);
    is_caught(Mutation::LogAcknowledgesEarly);
}

#[test]
fn mutations_of_the_control_store_are_caught() {
    is_caught(Mutation::StoreGrantsTwice);
    is_caught(Mutation::StoreCountsDown);
    is_caught(Mutation::StoreMixesOwners);
    is_caught(Mutation::StoreForgetsNames);
    is_caught(Mutation::StoreMixesAccounts);
}

#[test]
fn mutations_of_nodes_are_caught() {
    is_caught(Mutation::NodeStaysDown);
    is_caught(Mutation::InboxForgetsRuns);
    is_caught(Mutation::NodeIgnoresLimits);
}
