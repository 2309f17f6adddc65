//! `soak`: seeds nobody has run before, for as long as there is time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wayfare_simulation::Plan;
use wayfare_simulation::sweep::{Summary, explain};

use crate::arguments::Seeds;
use crate::run::{cores, in_order};
use crate::shortest;

/// So many seeds per core are run before the clock is looked at.
const AT_ONCE: u64 = 25;

/// What `soak` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For how long.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The first seed [default: from the time of day, so that no two soaks run the same].
    #[arg(long)]
    from: Option<u64>,
}

/// Carries the order out: ends at the first seeds that fail, or when the time is up.
pub(crate) fn soak(arguments: &Arguments) -> anyhow::Result<bool> {
    let began = Instant::now();
    let lasts = Duration::from_secs(arguments.minutes * 60);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    // Far from the seeds that every sweep runs, and few enough digits to be typed.
    let mut from = arguments.from.unwrap_or(since_1970 * 1_000);
    let mut summary = Summary { is_drawn: true, ..Summary::default() };
    while began.elapsed() < lasts && summary.violations == 0 {
        let until = from + cores() * AT_ONCE;
        let mut has_told = false;
        in_order(&Seeds(from..until), &|seed| Plan::of(seed, None), cores(), |seed, report| {
            if !report.violations.is_empty() {
                let plan = Plan::of(seed, None);
                println!("\nFAILED at commit {}\n{}", crate::COMMIT, explain(&report, &plan).trim_end());
                if !std::mem::replace(&mut has_told, true) {
                    shortest::tell(&plan, &report)?;
                }
            }
            summary.add(&report);
            Ok(())
        })?;
        from = until;
    }
    summary.took(began.elapsed().as_secs_f64());
    print!("{}", summary.verdict());
    println!("{}", serde_json::to_string(&summary)?);
    Ok(summary.violations == 0 && summary.vacuity().is_none())
}
