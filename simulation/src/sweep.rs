//! Many seeds, and what they say together.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::VariantArray as _;
use wayfare_actors::actor::Fatal;

use crate::fault::Kind;
use crate::marks::{self, Coverage};
use crate::mutation::Mutation;
use crate::plan::Plan;
use crate::simulation::{Report, run};

/// Fewer acknowledged runs per seed on average, and the sweep proves nothing.
pub const RUNS_PER_SEED: f64 = 4.0;
/// Fewer faults per seed on average, and the sweep proves nothing.
pub const FAULTS_PER_SEED: f64 = 2.0;

/// The last line of a sweep.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Rules that did not hold, over all seeds.
    pub violations: u64,
    /// Acknowledged runs.
    pub runs_acknowledged: u64,
    /// Faults that had something to hit, by kind.
    pub faults_by_kind: BTreeMap<&'static str, u64>,
    /// How often each oracle was applied.
    pub oracles: BTreeMap<&'static str, u64>,
    /// How runs ended, over everybody who looked.
    pub outcomes: BTreeMap<String, u64>,
    /// Marks that were reached.
    pub marks_hit: usize,
    /// Marks that must be, over enough seeds.
    pub marks_required: usize,
    /// Virtual minutes.
    pub sim_minutes: f64,
    /// Events of the world.
    pub events: u64,
    /// Seconds of real time; the caller has a clock.
    pub wall_s: f64,
    /// Which phases were reached, and which faults met them.
    #[serde(skip)]
    pub coverage: Coverage,
}

impl Summary {
    /// Adds a seed's report.
    pub fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.violations += report.violations.len() as u64;
        self.runs_acknowledged += report.acknowledged as u64;
        for kind in Kind::VARIANTS.iter().copied() {
            *self.faults_by_kind.entry(kind.name()).or_default() += report.faults.get(&kind).copied().unwrap_or(0);
        }
        for (oracle, count) in &report.checks {
            *self.oracles.entry(oracle.name()).or_default() += count;
        }
        self.coverage.add(&report.reached, &report.struck);
        (self.marks_hit, self.marks_required) = (self.coverage.marks_hit(), self.coverage.marks_required());
        for (outcome, count) in &report.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += count;
        }
        self.sim_minutes += report.elapsed.as_secs_f64() / 60.0;
        self.events += report.events;
    }

    /// Why this sweep proves nothing, if it does not: too little happened.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of a sweep are small")]
    pub fn vacuity(&self) -> Option<String> {
        let seeds = self.seeds.max(1) as f64;
        let runs = self.runs_acknowledged as f64 / seeds;
        let faults = self.faults_by_kind.values().sum::<u64>() as f64 / seeds;
        if runs < RUNS_PER_SEED {
            return Some(format!("{runs:.1} acknowledged runs per seed, at least {RUNS_PER_SEED} are wanted"));
        }
        if faults < FAULTS_PER_SEED {
            return Some(format!("{faults:.1} faults per seed, at least {FAULTS_PER_SEED} are wanted"));
        }
        if let Some((oracle, _)) = self.oracles.iter().find(|(_, count)| **count == 0) {
            return Some(format!("{oracle} was never applied"));
        }
        let missed = self.coverage.missed();
        if self.seeds >= marks::SEEDS && !missed.is_empty() {
            return Some(format!("marks that were never reached: {}", missed.join(", ")));
        }
        None
    }
}

/// Runs one seed as it decides itself.
///
/// # Errors
/// If the world cannot be set up.
pub fn run_seed(number: u64, mutation: Option<Mutation>, print: Option<String>) -> Result<Report, Fatal> {
    run(&Plan::of(number, mutation), print)
}

/// What is said of a seed that violates a rule: the rules, the seed, what it decided, and how to see it again.
#[must_use]
pub fn explain(report: &Report, plan: &Plan) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for violation in &report.violations {
        let _ = writeln!(text, "{violation}");
    }
    let _ = writeln!(text, "seed {}", plan.seed);
    for person in &plan.people {
        let _ = writeln!(text, "  {person:?}");
    }
    for fault in &plan.faults {
        let _ = writeln!(text, "  at {:?} for {:?}: {:?}", fault.at, fault.lasts, fault.what);
    }
    let switch = plan.mutation.map(|mutation| format!(" --mutation {}", mutation.name())).unwrap_or_default();
    let _ = writeln!(text, "again: wayfare-sim replay {}{switch}", plan.seed);
    text
}
