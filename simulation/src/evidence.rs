//! What happened, as it happened: facts from every process and every port go to the oracles at once, and marks are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wayfare_core::fact::Writing;
use wayfare_core::oracle::{Judge, Oracle, Seen, Setting, Violation};
use wayfare_core::{EffectMark, Fact, Mark, Witness};
use wayfare_protocol::{EntityId, Origin, RunId, SessionId};

use crate::parts::{Own, OwnOracle, Verdict};
use crate::world::World;

/// Violations of one run that are kept; one is enough to fail it.
const VIOLATIONS: usize = 100;

/// What a run of the world shows.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Rules that did not hold.
    pub violations: Vec<Violation>,
    /// How often each rule was applied.
    pub checks: BTreeMap<Oracle, u64>,
    /// Runs that were acknowledged.
    pub acknowledged: usize,
    /// Events that their publishers were told are recorded.
    pub confirmed: u64,
    /// Moves of daemons of which somebody was told that they are done.
    pub moved: u64,
    /// Marks in documents that their authors were told are kept.
    pub saved: u64,
    /// How runs ended, over everybody who looked.
    pub outcomes: BTreeMap<String, u64>,
    /// Phases that a machine was in.
    pub reached: BTreeSet<Mark>,
    /// Effects that a machine decided.
    pub decided: BTreeSet<EffectMark>,
    /// What own oracles say.
    pub own: Own,
}

/// See the module.
pub struct Evidence {
    world: Arc<World>,
    state: Mutex<State>,
}

struct State {
    judge: Judge,
    own: Vec<(String, Box<dyn OwnOracle>)>,
    found: Findings,
    acknowledged: BTreeSet<RunId>,
    /// The last event of each publisher that was confirmed.
    confirmed: BTreeMap<(EntityId, Origin), u64>,
    /// The phases of every actor of every place.
    marks: BTreeMap<(String, String), Vec<Mark>>,
}

impl State {
    /// Asks the own oracles.
    fn ask_own(&mut self, at: Duration, mut ask: impl FnMut(&mut dyn OwnOracle, &mut Verdict)) {
        let found = &mut self.found.own;
        for (name, oracle) in &mut self.own {
            let mut verdict = Verdict::default();
            ask(&mut **oracle, &mut verdict);
            if verdict.checks > 0 {
                *found.checks.entry(name.clone()).or_default() += verdict.checks;
            }
            let room = VIOLATIONS.saturating_sub(found.violations.len());
            let details = verdict.details.into_iter().take(room);
            found.violations.extend(details.map(|detail| (name.clone(), format!("at {at:?}, {detail}"))));
        }
    }
}

impl Evidence {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(world: Arc<World>, setting: &Setting, own: Vec<(String, Box<dyn OwnOracle>)>) -> Arc<Self> {
        let state = State {
            judge: Judge::new(setting),
            own,
            found: Findings::default(),
            acknowledged: BTreeSet::new(),
            confirmed: BTreeMap::new(),
            marks: BTreeMap::new(),
        };
        Arc::new(Self { world, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything found so far.
    #[must_use]
    pub fn all(&self) -> Findings {
        let state = self.state();
        Findings {
            checks: state.judge.checks().clone(),
            acknowledged: state.acknowledged.len(),
            confirmed: state.confirmed.values().sum(),
            ..state.found.clone()
        }
    }

    /// Something happened in a place.
    pub fn fact(&self, place: &str, fact: &Fact) {
        let at = self.world.elapsed();
        let mut state = self.state();
        let state = &mut *state;
        match fact {
            Fact::Acknowledged { run, .. } => {
                state.acknowledged.insert(*run);
            }
            Fact::Confirmed { daemon, origin, through } => {
                state.confirmed.insert((*daemon, *origin), *through);
            }
            Fact::Writing(Writing::Saved { .. }) => state.found.saved += 1,
            Fact::Ended { outcome, .. } => {
                let name = format!("{outcome:?}");
                let word = name.split(' ').next().unwrap_or_default().to_owned();
                *state.found.outcomes.entry(word).or_default() += 1;
            }
            _ => {}
        }
        let seen = Seen { at, place, fact };
        state.ask_own(at, |oracle, out| oracle.judge(seen, out));
        let violations = state.judge.observe(seen);
        let room = VIOLATIONS.saturating_sub(state.found.violations.len());
        state.found.violations.extend(violations.into_iter().take(room).map(|mut violation| {
            violation.detail = format!("at {at:?}, {}", violation.detail);
            violation
        }));
    }

    /// The run is over.
    pub fn end(&self) {
        let at = self.world.elapsed();
        self.state().ask_own(at, |oracle, out| oracle.end(out));
    }

    /// What a machine in a place tells.
    pub fn facts(&self, place: &str, witness: &mut Witness) {
        for fact in witness.take() {
            self.fact(place, &fact);
        }
    }

    /// An actor of a place is in these phases from now on.
    pub fn marks(&self, place: &str, actor: &str, marks: &[Mark]) {
        let mut state = self.state();
        state.found.reached.extend(marks);
        state.marks.insert((place.to_owned(), actor.to_owned()), marks.to_vec());
    }

    /// A machine decided an effect of that name.
    pub fn decides(&self, effect: EffectMark) {
        self.state().found.decided.insert(effect);
    }

    /// The process of a place, or one actor of it, is gone, and its phases with it.
    pub fn gone(&self, place: &str, actor: Option<&str>) {
        self.state().marks.retain(|(of, name), _| of != place || actor.is_some_and(|actor| actor != name));
    }

    /// The phases that actors are in now, in some places or in all.
    #[must_use]
    pub fn present(&self, is_meant: impl Fn(&str) -> bool) -> BTreeSet<Mark> {
        self.state()
            .marks
            .iter()
            .filter(|((place, _), _)| is_meant(place))
            .flat_map(|(_, marks)| marks)
            .copied()
            .collect()
    }

    /// Somebody was told that a daemon has moved.
    pub fn moved(&self) {
        self.state().found.moved += 1;
    }

    /// A kernel began an execution that its host did not decide.
    pub fn executed(&self, place: &str, session: SessionId, run: RunId, attempt: u32, kernel: u32) {
        self.fact(place, &Fact::Executed { session, run, attempt, kernel });
    }

    /// A host was started while another lived.
    pub fn two_hosts(&self, place: &str, session: SessionId) {
        self.fact(place, &Fact::TwoHosts { session });
    }

    /// Something promised did not come in time.
    pub fn late(&self, what: String) {
        self.fact("world", &Fact::Overdue { what });
    }
}
