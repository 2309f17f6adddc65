//! `mutations`: every mutation is caught by what must catch it, by a plan that has become short.

use anyhow::ensure;
use strum::VariantArray as _;
use wayfare_simulation::sweep::run_seed;
use wayfare_simulation::{Mutation, Plan, shrink};

use crate::arguments::{Seeds, mutation};

/// A shrunk plan has at most so many faults.
const FAULTS_MAX: usize = 3;
/// The plans of so many seeds are made shorter, at most.
const SHORTENED_MAX: usize = 5;

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
        caught += u64::from(is_caught(mutation, arguments)?);
    }
    println!("{}", serde_json::json!({ "mutations": asked.len(), "caught": caught }));
    Ok(caught == asked.len() as u64)
}

/// Whether one of the seeds catches it with a plan that becomes short. Where the shortest plan found of one is still long, the next
/// that catches it is tried.
fn is_caught(mutation: Mutation, arguments: &Arguments) -> anyhow::Result<bool> {
    let (name, by) = (mutation.name(), mutation.caught_by().name());
    let mut tried = 0;
    for seed in arguments.seeds.0.clone() {
        let plan = Plan::of(seed, Some(mutation));
        if mutation.shows(&plan).is_none() {
            continue;
        }
        if shortens(&plan, mutation, arguments)? {
            return Ok(true);
        }
        tried += 1;
        if tried == SHORTENED_MAX {
            break;
        }
    }
    println!("{name}: of {tried} seeds that {by} catches it at, none has a short plan");
    Ok(false)
}

/// Whether the plan of a catching seed becomes short, and clean code passes both.
fn shortens(plan: &Plan, mutation: Mutation, arguments: &Arguments) -> anyhow::Result<bool> {
    let (name, by, seed) = (mutation.name(), mutation.caught_by().name(), plan.seed);
    let clean = run_seed(seed, None, None)?;
    ensure!(clean.violations.is_empty(), "seed {seed} fails without a mutation too: wayfare-sim replay {seed}");
    let Some(shrunk) = shrink::shrink_mutation(plan, mutation, shrink::TRIES) else {
        println!("{name}: run again, seed {seed} does not fail");
        return Ok(false);
    };
    let (before, after) = shrunk.sizes;
    println!("{name} is caught by {by} at seed {seed}: {after} after {} tries (before: {before})", shrunk.tries);
    let clean = wayfare_simulation::run(&Plan { mutation: None, ..shrunk.plan.clone() }, None)?;
    if !clean.violations.is_empty() {
        println!("{name}: the shrunk plan fails without the mutation too: {:?}", clean.violations);
        return Ok(false);
    }
    if after.faults > FAULTS_MAX {
        println!("{name}: {} faults are left, more than {FAULTS_MAX}", after.faults);
        return Ok(false);
    }
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder)?;
        let plan = Plan { about: shrunk.shows.clone(), ..shrunk.plan };
        std::fs::write(folder.join(format!("{name}.toml")), plan.write()?)?;
    }
    Ok(true)
}
