//! `wayfare-sim`: sweeps seeds, replays and explains one, makes plans shorter, and checks the simulation itself.
//!
//! The world has no clock, thread or file; this program around it has.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of the command line")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what the world must not have, this program has"
)]

mod arguments;
mod check;
mod check_determinism;
mod digest;
mod explain;
mod mutations;
mod replay;
mod run;
mod shortest;
mod shrink;
mod soak;
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The commit that this was built from, where the build was told.
const COMMIT: &str = match option_env!("WAYFARE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The deterministic simulation of Wayfare.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Runs seeds on all cores and judges them; the last line is a JSON summary.
    Run(run::Arguments),
    /// Runs a seed or a plan again; prints nothing if every rule holds.
    Replay(replay::Arguments),
    /// Looks for the shortest plan at which the same rule fails.
    Shrink(shrink::Arguments),
    /// Writes a run as a page: a lane per place, messages as arrows, faults as bands.
    Explain(explain::Arguments),
    /// Runs new seeds until one fails or the time is up.
    Soak(soak::Arguments),
    /// Judges trace files of real processes by the same rules.
    Check(check::Arguments),
    /// Runs each seed in two processes and compares every step.
    CheckDeterminism(check_determinism::Arguments),
    /// Runs every mutation until its own oracle catches it.
    Mutations(mutations::Arguments),
    /// Prints a seed's digest, or the digest of every line: what two processes are compared by.
    #[command(hide = true)]
    Digest(digest::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Run(arguments) => run::sweep(&arguments),
        Verb::Replay(arguments) => replay::replay(&arguments),
        Verb::Shrink(arguments) => shrink::shrink(&arguments),
        Verb::Explain(arguments) => explain::explain(&arguments),
        Verb::Soak(arguments) => soak::soak(&arguments),
        Verb::Check(arguments) => check::check(&arguments),
        Verb::CheckDeterminism(arguments) => check_determinism::check(&arguments),
        Verb::Mutations(arguments) => mutations::mutations(&arguments),
        Verb::Digest(arguments) => digest::digest(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("wayfare-sim: {error:#}");
            ExitCode::from(2)
        }
    }
}
