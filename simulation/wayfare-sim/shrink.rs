//! `shrink`: the shortest plan at which the same rule fails.

use std::path::PathBuf;

use anyhow::bail;
use wayfare_simulation::{Mutation, run, shrink as search};

use crate::arguments::mutation;
use crate::shortest;
use crate::source::Source;

/// What `shrink` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A seed, or the file of a plan.
    source: Source,
    /// A fault of the product to switch on.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
    /// How many plans are tried at most.
    #[arg(long, default_value_t = search::TRIES)]
    tries: usize,
    /// Where the plan is written to.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Carries the order out.
pub(crate) fn shrink(arguments: &Arguments) -> anyhow::Result<bool> {
    let plan = arguments.source.read(arguments.mutation)?.plan;
    let report = run(&plan, None)?;
    // A mutation is to be caught by what must catch it.
    let own = plan.mutation.filter(|mutation| mutation.shows(&plan).is_some());
    let shrunk = match (own, report.violations.first()) {
        (Some(mutation), _) => search::shrink_mutation(&plan, mutation, arguments.tries),
        (None, Some(violation)) => search::shrink(&plan, violation.oracle, arguments.tries),
        (None, None) => bail!("every rule holds at {}: there is nothing to make shorter", arguments.source),
    };
    let Some(shrunk) = shrunk else {
        bail!("run again, {} does not fail: the simulation is not deterministic here", arguments.source);
    };
    shortest::print_shrunk(&shrunk);
    match &arguments.out {
        Some(path) => shortest::write(&shrunk.plan, path)?,
        None => print!("\n{}", shrunk.plan.write()?),
    }
    Ok(true)
}
