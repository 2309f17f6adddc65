//! Tells of the shortest plan of a failing one, and leaves it as a file.

use std::path::Path;

use anyhow::Context as _;
use wayfare_simulation::shrink::{self, Shrunk};
use wayfare_simulation::{Plan, Report};

/// Looks for the shortest plan of the first rule that did not hold, and prints it.
pub(crate) fn tell(plan: &Plan, report: &Report) -> anyhow::Result<()> {
    let Some(first) = report.violations.first() else { return Ok(()) };
    match shrink::shrink(plan, first.oracle, shrink::TRIES) {
        Some(shrunk) => {
            let name = plan.mutation.map(|mutation| format!("-{}", mutation.name())).unwrap_or_default();
            let path = std::env::temp_dir().join(format!("wayfare-sim-{}{name}.toml", plan.seed));
            print_shrunk(&shrunk);
            write(&shrunk.plan, &path)
        }
        None => {
            println!("run again, the seed does not fail: the simulation is not deterministic here");
            Ok(())
        }
    }
}

/// Prints a plan and how short it has become.
pub(crate) fn print_shrunk(shrunk: &Shrunk) {
    let (before, after) = shrunk.sizes;
    println!("shortest plan found in {} tries: {after} (before: {before})", shrunk.tries);
    println!("{}", shrunk.shows);
    print!("{}", shrunk.plan.describe());
}

/// Leaves a plan as a file, and says how to run it.
pub(crate) fn write(plan: &Plan, path: &Path) -> anyhow::Result<()> {
    let text = plan.write()?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("again: wayfare-sim replay {}", path.display());
    Ok(())
}
