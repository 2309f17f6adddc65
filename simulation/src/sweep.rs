//! Many seeds, and what they say together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use strum::VariantArray as _;
use wayfare_actors::actor::Fatal;

use crate::chore;
use crate::fault::Kind;
use crate::marks::{self, Coverage};
use crate::mutation::Mutation;
use crate::plan::Plan;
use crate::simulation::{Report, run};
use crate::trace::Listener;

/// Fewer acknowledged runs per simulated minute on average, and the sweep proves nothing.
pub const RUNS_PER_MINUTE: f64 = 20.0;
/// Fewer faults that hit something per simulated minute on average, and the sweep proves nothing.
pub const FAULTS_PER_MINUTE: f64 = 3.0;
/// A sweep of fewer seeds may miss a kind of fault by chance: it is not asked whether enough happened.
pub const ASKED_FROM: u64 = 50;

/// The last line of a sweep.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Rules that did not hold, over all seeds.
    pub violations: u64,
    /// Violations by rule.
    #[serde(skip)]
    pub broken: BTreeMap<&'static str, u64>,
    /// How often each oracle was applied.
    pub oracles: BTreeMap<&'static str, u64>,
    /// Acknowledged runs.
    pub runs_acknowledged: u64,
    /// Events of daemons that their publishers were told are recorded.
    pub events_confirmed: u64,
    /// Marks in documents that their authors were told are kept.
    pub marks_saved: u64,
    /// Moves of daemons of which somebody was told that they are done.
    pub daemons_moved: u64,
    /// Its plans were all drawn: only then is it asked whether enough of everything happened.
    #[serde(skip)]
    pub is_drawn: bool,
    /// Faults that had something to hit, by kind.
    pub faults_by_kind: BTreeMap<&'static str, u64>,
    /// Chores that found something to do, by kind.
    #[serde(skip)]
    pub chores_by_kind: BTreeMap<&'static str, u64>,
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
    /// Events per second of real time.
    pub events_per_s: f64,
    /// How runs ended, over everybody who looked.
    #[serde(skip)]
    pub outcomes: BTreeMap<String, u64>,
    /// Which phases were reached, and which faults met them.
    #[serde(skip)]
    pub coverage: Coverage,
}

impl Summary {
    /// Adds a seed's report.
    pub fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.violations += report.violations.len() as u64;
        for violation in &report.violations {
            *self.broken.entry(violation.oracle.name()).or_default() += 1;
        }
        self.runs_acknowledged += report.acknowledged as u64;
        self.events_confirmed += report.confirmed;
        self.marks_saved += report.saved;
        self.daemons_moved += report.moved;
        for kind in Kind::drawn() {
            *self.faults_by_kind.entry(kind.name()).or_default() += report.faults.get(&kind).copied().unwrap_or(0);
        }
        for kind in chore::Kind::VARIANTS.iter().copied() {
            *self.chores_by_kind.entry(kind.name()).or_default() += report.chores.get(&kind).copied().unwrap_or(0);
        }
        for (oracle, count) in &report.checks {
            *self.oracles.entry(oracle.name()).or_default() += count;
        }
        self.coverage.add(&report.reached, &report.decided, &report.struck);
        (self.marks_hit, self.marks_required) = (self.coverage.marks_hit(), self.coverage.marks_required());
        for (outcome, count) in &report.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += count;
        }
        self.sim_minutes += report.elapsed.as_secs_f64() / 60.0;
        self.events += report.events;
    }

    /// Says how long it took in real time.
    #[expect(clippy::cast_precision_loss, reason = "counts of a sweep are small")]
    pub fn took(&mut self, seconds: f64) {
        self.wall_s = seconds;
        self.events_per_s = (self.events as f64 / seconds.max(f64::EPSILON)).round();
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a sweep are small")]
    fn per_minute(&self, count: u64) -> f64 {
        count as f64 / self.sim_minutes.max(f64::EPSILON)
    }

    fn faults(&self) -> u64 {
        self.faults_by_kind.values().sum()
    }

    /// Why this sweep proves nothing, if it does not: too little happened.
    #[must_use]
    pub fn vacuity(&self) -> Option<String> {
        if self.seeds < ASKED_FROM || !self.is_drawn {
            return None;
        }
        let (runs, faults) = (self.per_minute(self.runs_acknowledged), self.per_minute(self.faults()));
        if runs < RUNS_PER_MINUTE {
            return Some(format!("{runs:.1} acknowledged runs per simulated minute, below {RUNS_PER_MINUTE}"));
        }
        if faults < FAULTS_PER_MINUTE {
            return Some(format!("{faults:.1} faults per simulated minute, below {FAULTS_PER_MINUTE}"));
        }
        if let Some((kind, _)) = self.faults_by_kind.iter().find(|(_, count)| **count == 0) {
            return Some(format!("no fault of the kind {kind} hit anything"));
        }
        if let Some((kind, _)) = self.chores_by_kind.iter().find(|(_, count)| **count == 0) {
            return Some(format!("no chore of the kind {kind} found anything to do"));
        }
        if self.daemons_moved == 0 {
            return Some("no daemon was moved".to_owned());
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

    /// One screen for people.
    #[must_use]
    pub fn verdict(&self) -> String {
        let mut text = String::new();
        let list = |counts: &mut dyn Iterator<Item = (&str, u64)>| {
            counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        let verdict = match self.violations {
            0 => "every rule held".to_owned(),
            1 => "1 violation".to_owned(),
            many => format!("{many} violations"),
        };
        let _ = writeln!(text, "{} seeds, {:.1} simulated minutes: {verdict}", self.seeds, self.sim_minutes);
        if !self.broken.is_empty() {
            let _ =
                writeln!(text, "  violations  {}", list(&mut self.broken.iter().map(|(name, count)| (*name, *count))));
        }
        let applied = list(&mut self.oracles.iter().map(|(name, count)| (*name, *count)));
        let _ = writeln!(text, "  oracles     applied: {applied}");
        let outcomes = list(&mut self.outcomes.iter().map(|(name, count)| (name.as_str(), *count)));
        let runs = self.per_minute(self.runs_acknowledged);
        let _ = writeln!(text, "  runs        {} acknowledged, {runs:.1} a minute", self.runs_acknowledged);
        let _ = writeln!(text, "  ends seen   {outcomes}");
        let _ =
            writeln!(text, "  daemons     {} events confirmed, {} moves", self.events_confirmed, self.daemons_moved);
        let _ = writeln!(text, "  documents   {} marks kept", self.marks_saved);
        let faults = self.per_minute(self.faults());
        let _ = writeln!(text, "  faults      {} hit something, {faults:.1} a minute", self.faults());
        let kinds = list(&mut self.faults_by_kind.iter().map(|(name, count)| (*name, *count)));
        let _ = writeln!(text, "  by kind     {kinds}");
        let chores = list(&mut self.chores_by_kind.iter().map(|(name, count)| (*name, *count)));
        let _ = writeln!(text, "  chores      {chores}");
        let _ = writeln!(text, "  marks       {} of {} hit", self.marks_hit, self.marks_required);
        let _ = writeln!(text, "  effects     {}", self.coverage.effects());
        let _ = writeln!(text, "  events      {}, {} a second, {:.1} s", self.events, self.events_per_s, self.wall_s);
        if let Some(why) = self.vacuity() {
            let _ = writeln!(text, "too little happened: {why}");
        }
        text
    }
}

/// Runs one seed as it decides itself.
///
/// # Errors
/// If the world cannot be set up.
pub fn run_seed(number: u64, mutation: Option<Mutation>, listener: Option<Listener>) -> Result<Report, Fatal> {
    run(&Plan::of(number, mutation), listener)
}

/// What is said of a plan that violates a rule: the rules, the seed, and everything that was decided.
#[must_use]
pub fn explain(report: &Report, plan: &Plan) -> String {
    let mut text = String::new();
    for violation in &report.violations {
        let _ = writeln!(text, "{violation}");
    }
    text.push_str(&plan.describe());
    if let Some(command) = plan.command() {
        let _ = writeln!(text, "again: {command}");
    }
    text
}
