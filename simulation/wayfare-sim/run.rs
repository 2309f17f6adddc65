//! `run`: seeds on all cores, told in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use wayfare_actors::actor::Fatal;
use wayfare_simulation::sweep::{Summary, explain};
use wayfare_simulation::{Mutation, Plan, Report, run};

use crate::arguments::{Seeds, mutation};
use crate::shortest;
use crate::source::Source;

/// Of so many failing seeds the shortest plan is looked for.
const SHRUNK: u64 = 3;

/// What `run` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For example 0..100.
    #[arg(long, default_value = "0..100")]
    seeds: Seeds,
    /// Runs the people and nodes of this scenario with each seed: a file, or the name of one that comes with the simulation.
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// A fault of the product to switch on.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
    /// How many seeds run at a time [default: one per core].
    #[arg(long)]
    threads: Option<NonZero<u64>>,
    /// Does not look for the shortest plan of a failing seed.
    #[arg(long)]
    no_shrink: bool,
}

/// Carries the order out. `false`: a rule did not hold, or too little happened to say so.
pub(crate) fn sweep(arguments: &Arguments) -> anyhow::Result<bool> {
    let began = std::time::Instant::now();
    let (mut summary, mut failing) = (Summary::default(), 0);
    let threads = arguments.threads.map_or_else(cores, NonZero::get);
    let scenario = match &arguments.scenario {
        Some(path) => Some(Source::File(path.clone()).read(arguments.mutation)?),
        None => None,
    };
    let plan_of = |seed: u64| match &scenario {
        Some(scenario) => scenario.with_seed(seed).plan,
        None => Plan::of(seed, arguments.mutation),
    };
    in_order(&arguments.seeds, &plan_of, threads, |seed, report| {
        if !report.violations.is_empty() {
            failing += 1;
            let plan = plan_of(seed);
            println!("\nFAILED at commit {}\n{}", crate::COMMIT, explain(&report, &plan).trim_end());
            if let Some(path) = &arguments.scenario {
                println!("again: wayfare-sim replay {} --seed {seed}", path.display());
            }
            if failing <= SHRUNK && !arguments.no_shrink {
                shortest::tell(&plan, &report)?;
            }
        }
        summary.add(&report);
        Ok(())
    })?;
    summary.took(began.elapsed().as_secs_f64());
    summary.is_drawn = scenario.is_none();
    println!("{}", summary.coverage.matrix());
    print!("{}", summary.verdict());
    println!("{}", serde_json::to_string(&summary)?);
    Ok(summary.violations == 0 && summary.vacuity().is_none())
}

pub(crate) fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// Runs seeds on threads, a world on each, and tells their reports in the order of the seeds.
pub(crate) fn in_order(
    seeds: &Seeds,
    plan_of: &(impl Fn(u64) -> Plan + Sync),
    threads: u64,
    mut tell: impl FnMut(u64, Report) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Seeds(range) = seeds;
    let next = AtomicU64::new(range.start);
    let (done, reports) = mpsc::channel::<(u64, Result<Report, Fatal>)>();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(range.end - range.start) {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= range.end || done.send((seed, run(&plan_of(seed), None))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let (mut early, mut due) = (BTreeMap::new(), range.start);
        for (seed, report) in reports {
            early.insert(seed, report);
            while let Some(report) = early.remove(&due) {
                let report = report.map_err(|fatal| anyhow::anyhow!("seed {due}: {fatal}"))?;
                tell(due, report)?;
                due += 1;
            }
        }
        anyhow::ensure!(due == range.end, "seed {due} panicked: wayfare-sim replay {due}");
        Ok(())
    })
}
