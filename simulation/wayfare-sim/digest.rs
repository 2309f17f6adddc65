//! `digest`: what two processes of one seed are compared by.

use std::io::Write as _;

use wayfare_simulation::trace::{Heard, Line, Listener};
use wayfare_simulation::{Mutation, Plan, run};

use crate::arguments::{Seeds, mutation};

/// What `digest` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For example 0..20.
    #[arg(long)]
    seeds: Seeds,
    /// A fault of the product to switch on.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
    /// Prints the lines themselves.
    #[arg(long)]
    lines: bool,
}

/// Carries the order out.
pub(crate) fn digest(arguments: &Arguments) -> anyhow::Result<bool> {
    for seed in arguments.seeds.0.clone() {
        let listener = arguments.lines.then(|| -> Listener {
            let mut out = std::io::BufWriter::new(std::io::stdout());
            Box::new(move |heard| {
                if let Heard::Line(Line { at, place, actor, text }) = heard {
                    // The reader has gone once it knows what it wanted.
                    let _ = writeln!(out, "{at} {place} {actor} {text}");
                }
            })
        });
        let report = run(&Plan::of(seed, arguments.mutation), listener)?;
        if !arguments.lines {
            println!("{seed} {} {}", report.digest, report.lines);
        }
    }
    Ok(true)
}
