//! `replay`: a seed or a plan once more.

use std::time::Duration;

use wayfare_simulation::explain::Recording;
use wayfare_simulation::sweep::explain;
use wayfare_simulation::trace::{Heard, Line, Listener};
use wayfare_simulation::{Mutation, run};

use crate::arguments::{duration, mutation};
use crate::source::Source;

/// What `replay` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A seed, the file of a plan or a scenario, or the name of one of those that come with the simulation.
    source: Source,
    /// The seed to run a scenario with, if not its own.
    #[arg(long)]
    seed: Option<u64>,
    /// A fault of the product to switch on.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
    /// Prints the lines of the trace that contain this text, to standard error.
    #[arg(long)]
    trace: Option<String>,
    /// Prints the actors whose place and name begin so, such as "node0 session": their phases, last inputs and effects.
    #[arg(long)]
    dump: Option<String>,
    /// Prints a story for every place.
    #[arg(long)]
    story: bool,
    /// Of all that, shows nothing that comes later, such as 12s or "1m 30s".
    #[arg(long, value_parser = duration)]
    until: Option<Duration>,
    /// Runs it without its faults.
    #[arg(long)]
    calm: bool,
}

/// Carries the order out.
pub(crate) fn replay(arguments: &Arguments) -> anyhow::Result<bool> {
    let read = arguments.source.read(arguments.mutation)?;
    let scenario = arguments.seed.map_or_else(|| read.clone(), |seed| read.with_seed(seed));
    let plan = if arguments.calm { scenario.plan.calm() } else { scenario.plan };
    let until = arguments.until.unwrap_or(Duration::MAX);
    let recording = Recording::default();
    let listener = match &arguments.trace {
        Some(wanted) => Some(printer(wanted.clone(), until)),
        None if arguments.story || arguments.dump.is_some() => Some(recording.listener()),
        None => None,
    };
    let report = run(&plan, listener)?;
    if arguments.story {
        print!("{}", recording.story(&plan, until));
    }
    if let Some(wanted) = &arguments.dump {
        print!("{}", recording.dump(wanted, until));
    }
    if !report.violations.is_empty() {
        print!("{}", explain(&report, &plan));
    }
    // Without its faults, or with a mutation, something else is to come of it.
    let is_as_written = !arguments.calm && arguments.mutation.is_none();
    let unmet = if is_as_written { scenario.expects.unmet(&plan, &report) } else { Vec::new() };
    for unmet in &unmet {
        println!("not as expected: {unmet}");
    }
    Ok(report.violations.is_empty() && unmet.is_empty())
}

fn printer(wanted: String, until: Duration) -> Listener {
    Box::new(move |heard| {
        let Heard::Line(Line { at, place, actor, text }) = heard else { return };
        let whole = format!("{at} {place} {actor} {text}");
        if Duration::from_nanos(at) <= until && whole.contains(&wanted) {
            eprintln!("{whole}");
        }
    })
}
