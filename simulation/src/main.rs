//! `wayfare-sim`: sweeps seeds, replays one, and checks the simulation itself.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of the command line")]

use std::ops::Range;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail, ensure};
use clap::{Parser, Subcommand};
use strum::VariantArray as _;
use wayfare_simulation::sweep::{Summary, explain, run_seed};
use wayfare_simulation::{Mutation, Plan, run};

/// The deterministic simulation of Wayfare.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Order,
}

#[derive(Subcommand)]
enum Order {
    /// Runs seeds and judges them; the last line is a JSON summary.
    Run {
        /// For example 0..100.
        #[arg(long, value_parser = range, default_value = "0..100")]
        seeds: Range<u64>,
        /// A fault of the product to switch on.
        #[arg(long, value_parser = mutation)]
        mutation: Option<Mutation>,
    },
    /// Runs one seed again; prints nothing if every rule holds.
    Replay {
        /// The seed.
        seed: u64,
        /// A fault of the product to switch on.
        #[arg(long, value_parser = mutation)]
        mutation: Option<Mutation>,
        /// Prints the lines of the trace that contain this text.
        #[arg(long)]
        trace: Option<String>,
        /// Prints the digest of the trace.
        #[arg(long)]
        digest: bool,
        /// Runs it without its faults.
        #[arg(long)]
        calm: bool,
    },
    /// Runs each seed in two processes and compares the digests of their traces.
    CheckDeterminism {
        /// For example 0..20.
        #[arg(long, value_parser = range, default_value = "0..20")]
        seeds: Range<u64>,
    },
    /// Runs every mutation until its own oracle catches it.
    Mutations {
        /// Seeds to try for each.
        #[arg(long, value_parser = range, default_value = "0..200")]
        seeds: Range<u64>,
    },
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is not a range such as 0..100");
    let (low, high) = text.split_once("..").ok_or_else(wrong)?;
    Ok(low.parse().map_err(|_| wrong())?..high.parse().map_err(|_| wrong())?)
}

fn mutation(text: &str) -> Result<Mutation, String> {
    let known = || Mutation::VARIANTS.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("no mutation {text:?}; there are {}", known()))
}

fn main() -> ExitCode {
    match carry_out(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("wayfare-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(order: Order) -> anyhow::Result<bool> {
    match order {
        Order::Run { seeds, mutation } => sweep(seeds, mutation),
        Order::Replay { seed, mutation, trace, digest, calm } => {
            let plan = Plan::of(seed, mutation);
            let plan = if calm { plan.calm() } else { plan };
            let report = run(&plan, trace)?;
            if digest {
                println!("{} {}", report.digest, report.lines);
            }
            if !report.violations.is_empty() {
                print!("{}", explain(&report, &plan));
            }
            Ok(report.violations.is_empty())
        }
        Order::CheckDeterminism { seeds } => check_determinism(seeds),
        Order::Mutations { seeds } => mutations(&seeds),
    }
}

#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a sweep says how long it took in real time")]
fn sweep(seeds: Range<u64>, mutation: Option<Mutation>) -> anyhow::Result<bool> {
    let began = std::time::Instant::now();
    let mut summary = Summary::default();
    for seed in seeds {
        let plan = Plan::of(seed, mutation);
        let report = run(&plan, None)?;
        if !report.violations.is_empty() {
            print!("{}", explain(&report, &plan));
        }
        summary.add(&report);
    }
    summary.wall_s = began.elapsed().as_secs_f64();
    let vacuity = summary.vacuity();
    if let Some(why) = &vacuity {
        eprintln!("too little happened: {why}");
    }
    println!("{}", summary.coverage.matrix());
    println!("{}", serde_json::to_string(&summary)?);
    Ok(summary.violations == 0 && vacuity.is_none())
}

/// The digest of a seed, worked out by a process of its own.
fn digest_elsewhere(seed: u64) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("where is this program?")?;
    let output = Command::new(program).args(["replay", &seed.to_string(), "--digest"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().to_owned();
    ensure!(!line.is_empty(), "seed {seed} gave no digest: {}", String::from_utf8_lossy(&output.stderr));
    Ok(line)
}

fn check_determinism(seeds: Range<u64>) -> anyhow::Result<bool> {
    let mut differ = 0;
    let count = seeds.end.saturating_sub(seeds.start);
    for seed in seeds {
        let (one, other) = (digest_elsewhere(seed)?, digest_elsewhere(seed)?);
        if one != other {
            differ += 1;
            println!("seed {seed} differs: {one} and {other}");
        }
    }
    println!("{}", serde_json::json!({ "seeds": count, "differ": differ }));
    Ok(differ == 0)
}

fn mutations(seeds: &Range<u64>) -> anyhow::Result<bool> {
    let mut caught = 0;
    for mutation in Mutation::VARIANTS.iter().copied() {
        let oracle = mutation.caught_by();
        let mut catching = None;
        for seed in seeds.clone() {
            let report = run_seed(seed, Some(mutation), None)?;
            if report.violations.iter().any(|violation| violation.oracle == oracle) {
                catching = Some(seed);
                break;
            }
        }
        match catching {
            Some(seed) => {
                caught += 1;
                let clean = run_seed(seed, None, None)?;
                if !clean.violations.is_empty() {
                    bail!("seed {seed} fails without a mutation too");
                }
                println!("{} is caught by {oracle:?} at seed {seed}", mutation.name());
            }
            None => println!("{} is not caught", mutation.name()),
        }
    }
    println!("{}", serde_json::json!({ "mutations": Mutation::VARIANTS.len(), "caught": caught }));
    Ok(caught == Mutation::VARIANTS.len())
}
