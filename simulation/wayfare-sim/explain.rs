//! `explain`: a run as one page, to be looked at in a browser.

use std::path::PathBuf;

use anyhow::Context as _;
use wayfare_simulation::explain::Recording;
use wayfare_simulation::{Mutation, run};

use crate::arguments::mutation;
use crate::source::Source;

/// What `explain` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A seed, the file of a plan or a scenario, or the name of one of those that come with the simulation.
    source: Source,
    /// A fault of the product to switch on.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
    /// Where the page is written to.
    #[arg(long)]
    html: PathBuf,
}

/// Carries the order out. The page is written whether the rules hold or not.
pub(crate) fn explain(arguments: &Arguments) -> anyhow::Result<bool> {
    let plan = arguments.source.read(arguments.mutation)?.plan;
    let recording = Recording::default();
    let report = run(&plan, Some(recording.listener()))?;
    let path = &arguments.html;
    std::fs::write(path, recording.page(&plan, &report)).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(true)
}
