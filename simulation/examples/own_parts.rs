//! Parts of one's own in the simulated world, from the public API alone: an oracle, a fault and a workload, in a sweep of a few seeds;
//! where the oracle does not hold, the shortest plan is looked for, written as a file and replayed.
//!
//! `cargo run --release -p wayfare-simulation --example own_parts`, or `... -- plan.toml` to replay what an earlier run wrote.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_actors::client::News;
use wayfare_core::Fact;
use wayfare_core::client::Told;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::{RunId, SessionId};
use wayfare_simulation::Plan;
use wayfare_simulation::fault::{Fault, What};
use wayfare_simulation::habit::Habit;
use wayfare_simulation::oracle::Seen;
use wayfare_simulation::parts::{Hands, OwnFault, OwnOracle, Parts, Reach, Verdict, Workload};
use wayfare_simulation::place::Place;
use wayfare_simulation::plan::{PersonPlan, Role};
use wayfare_simulation::ports::Path;
use wayfare_simulation::shrink::TRIES;

/// An oracle that always holds: the runs of a session are started in the order of their places, and some are.
#[derive(Default)]
struct InOrder {
    last: BTreeMap<SessionId, u64>,
}

impl OwnOracle for InOrder {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Verdict) {
        let Fact::Started { session, run, attempt: 1, position, .. } = seen.fact else { return };
        let last = self.last.entry(*session).or_insert(0);
        out.demand(*position >= *last, || format!("{run} at {position} was started after the one at {last}"));
        *last = *position;
    }

    fn end(&mut self, out: &mut Verdict) {
        out.demand(!self.last.is_empty(), || "no run was started".to_owned());
    }
}

/// An oracle that asks for more than Wayfare promises: whatever happens to its machine, a run has a result.
#[derive(Default)]
struct AlwaysResults;

impl OwnOracle for AlwaysResults {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Verdict) {
        if let Fact::Ended { run, outcome } = seen.fact {
            let is_result = !matches!(outcome, RunOutcome::Interrupted { .. });
            out.demand(is_result, || format!("{run} was interrupted"));
        }
    }
}

/// A fault: the lightning takes a machine's power and its line at once.
struct Lightning;

impl OwnFault for Lightning {
    fn begin(&mut self, reach: &mut Reach<'_>) -> bool {
        reach.network().set_path(Place::Cloud, reach.place(), Path::Silent);
        reach.crash(reach.place(), true);
        true
    }

    fn end(&mut self, reach: &mut Reach<'_>) {
        reach.network().set_path(Place::Cloud, reach.place(), Path::Open);
        reach.start(reach.place());
    }
}

/// A workload: somebody who runs programs one after the other, each as soon as the one before has ended.
struct Impatient {
    programs: Vec<String>,
    session: Option<SessionId>,
    runs: Option<RunId>,
}

impl Impatient {
    fn next(&mut self, hands: &mut Hands<'_>) {
        self.runs = self.programs.pop().map(|program| hands.run(&program));
    }
}

impl Workload for Impatient {
    fn wake(&mut self, hands: &mut Hands<'_>) {
        if self.session.is_none() {
            hands.open("impatient");
        }
    }

    fn told(&mut self, news: &News, hands: &mut Hands<'_>) {
        let News::Told(told) = news else { return };
        match &**told {
            Told::Opened(opened) if self.session.is_none() => {
                self.session = Some(opened.session.id);
                self.next(hands);
            }
            Told::OpenRefused(_) => hands.sleep(Duration::from_secs(1)),
            Told::Accepted { run } => {
                if let Some(session) = self.session {
                    hands.publish(session, *run);
                }
            }
            Told::Ended { run, .. } | Told::RunRefused { run, .. } if self.runs == Some(*run) => self.next(hands),
            _ => {}
        }
    }

    fn rest(&mut self) {
        self.programs.clear();
    }

    fn doing(&self) -> Option<String> {
        self.runs.map(|run| format!("waiting for {run}"))
    }
}

fn parts() -> Parts {
    Parts::default()
        .oracle("in_order", InOrder::default)
        .oracle("always_results", AlwaysResults::default)
        .fault("lightning", |_| Lightning)
        .workload("impatient", |programs| Impatient { programs, session: None, runs: None })
}

/// What a seed decides, with somebody impatient and two strokes of lightning.
fn plan(seed: u64) -> Plan {
    let mut plan = Plan::of(seed, None);
    for person in &mut plan.people {
        // Who stops a kernel interrupts what runs in it, in any weather,
        person.habits.retain(|habit| *habit != Habit::Stops);
        if let Role::Author { programs, .. } = &mut person.role {
            // and so does a cell that ends its own.
            programs.iter_mut().for_each(|program| *program = program.replace("exit", "print exit"));
        }
    }
    let role = Role::Own { workload: "impatient".to_owned(), with: vec!["sleep 2000\nprint done".to_owned(); 12] };
    plan.people.push(PersonPlan { at_node: None, role, leaves: false, habits: Vec::new(), account: 0 });
    plan.faults.clear();
    for (node, at) in [(0, 20), (1, 40)] {
        let what = What::Own { fault: "lightning".to_owned(), place: Place::Node(node), with: Vec::new() };
        plan.faults.push(Fault { at: Duration::from_secs(at), lasts: Duration::from_secs(5), what });
    }
    plan
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parts = parts();
    if let Some(path) = std::env::args().nth(1) {
        let plan = Plan::read(&std::fs::read_to_string(path)?)?;
        let report = parts.run(&plan, None)?;
        for (name, detail) in &report.own.violations {
            println!("{name}: {detail}");
        }
        return Ok(());
    }
    for seed in 0..5 {
        let report = parts.run(&plan(seed), None)?;
        println!("seed {seed}: {:?}, lightning {:?}", report.own.checks, report.own.faults);
        assert!(report.violations.is_empty(), "{:?}", report.violations);
    }
    let Some(shrunk) = parts.shrink(&plan(0), "always_results", TRIES) else { return Ok(()) };
    println!("{}\n{} after {} tries\n{}", shrunk.shows, shrunk.sizes.1, shrunk.tries, shrunk.plan.write()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_parts_take_part_in_runs_and_runs_stay_the_same() {
        let report = parts().run(&plan(0), None).unwrap();
        assert_eq!(report.violations, []);
        assert!(report.own.checks["in_order"] > 20 && report.own.faults["lightning"] == 2, "{:?}", report.own);
        assert!(report.broken("in_order").is_none() && report.broken("always_results").is_some(), "{:?}", report.own);
        assert_eq!(parts().run(&plan(0), None).unwrap().digest, report.digest);
    }

    #[test]
    fn a_plan_with_own_parts_is_shrunk_written_and_replayed() {
        let shrunk = parts().shrink(&plan(0), "always_results", TRIES).unwrap();
        assert_eq!((shrunk.sizes.1.faults, shrunk.sizes.1.people), (1, 1), "{:?}", shrunk.sizes);
        let again = Plan::read(&shrunk.plan.write().unwrap()).unwrap();
        assert_eq!(parts().run(&again, None).unwrap().broken("always_results"), Some(shrunk.shows));
    }

    #[test]
    fn a_program_without_the_part_says_so() {
        let missing = wayfare_simulation::run(&plan(0), None).unwrap_err().to_string();
        assert!(missing.contains("lightning"), "{missing}");
    }
}
