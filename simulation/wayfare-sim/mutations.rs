//! `mutations`: every mutation is caught by its own oracle, by a plan that has become short.

use std::ops::Range;

use anyhow::ensure;
use strum::VariantArray as _;
use wayfare_simulation::sweep::run_seed;
use wayfare_simulation::{Mutation, Plan, shrink};

use crate::arguments::{Seeds, mutation};

/// A shrunk plan has at most so many faults.
const FAULTS_MAX: usize = 3;

/// What `mutations` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Seeds to try for each.
    #[arg(long, default_value = "0..200")]
    seeds: Seeds,
    /// This one only.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
    /// Where the shrunk plans are written to, one file for each.
    #[arg(long)]
    out: Option<std::path::PathBuf>,
}

/// Carries the order out.
pub(crate) fn mutations(arguments: &Arguments) -> anyhow::Result<bool> {
    let all = Mutation::VARIANTS.iter().copied();
    let asked: Vec<_> = all.filter(|known| arguments.mutation.is_none_or(|asked| asked == *known)).collect();
    let mut caught = 0;
    for mutation in asked.iter().copied() {
        match catching(mutation, &arguments.seeds.0)? {
            Some(seed) => caught += u64::from(shortens(mutation, seed, arguments)?),
            None => println!("{} is not caught by {:?}", mutation.name(), mutation.caught_by()),
        }
    }
    println!("{}", serde_json::json!({ "mutations": asked.len(), "caught": caught }));
    Ok(caught == asked.len() as u64)
}

fn catching(mutation: Mutation, seeds: &Range<u64>) -> anyhow::Result<Option<u64>> {
    let own = mutation.caught_by();
    for seed in seeds.clone() {
        let report = run_seed(seed, Some(mutation), None)?;
        if report.violations.iter().any(|violation| violation.oracle == own) {
            return Ok(Some(seed));
        }
    }
    Ok(None)
}

/// Whether the plan of a catching seed becomes short, and clean code passes both.
fn shortens(mutation: Mutation, seed: u64, arguments: &Arguments) -> anyhow::Result<bool> {
    let (name, own) = (mutation.name(), mutation.caught_by());
    let clean = run_seed(seed, None, None)?;
    ensure!(clean.violations.is_empty(), "seed {seed} fails without a mutation too: wayfare-sim replay {seed}");
    let Some(shrunk) = shrink::shrink(&Plan::of(seed, Some(mutation)), own, shrink::TRIES) else {
        println!("{name}: run again, seed {seed} does not fail");
        return Ok(false);
    };
    let (before, after) = shrunk.sizes;
    println!("{name} is caught by {own:?} at seed {seed}: {after} after {} tries (before: {before})", shrunk.tries);
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder)?;
        let plan = Plan { about: shrunk.violation.detail.clone(), ..shrunk.plan.clone() };
        std::fs::write(folder.join(format!("{name}.toml")), plan.write()?)?;
    }
    let clean = wayfare_simulation::run(&Plan { mutation: None, ..shrunk.plan.clone() }, None)?;
    if !clean.violations.is_empty() {
        println!("{name}: the shrunk plan fails without the mutation too: {:?}", clean.violations);
        return Ok(false);
    }
    if after.faults > FAULTS_MAX {
        println!("{name}: {} faults are left, more than {FAULTS_MAX}", after.faults);
        return Ok(false);
    }
    Ok(true)
}
