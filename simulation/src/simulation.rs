//! One run of the world: the hostile time, the healing, and the proof that everything is served again.

mod bounds;
mod chores;
mod homes;
mod loss;
mod people;
mod site;
mod strike;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_core::{EffectMark, Mark};
use wayfare_protocol::AccountId;

use crate::chore::{self, Chore, Work};
use crate::clock::Clocks;
use crate::evidence::{Evidence, Findings};
use crate::fault::{Fault, Kind};
use crate::habit::STRANGERS;
use crate::hits::{Hits, Strike};
use crate::life::Life;
use crate::marks::Cause;
use crate::mutation::Mutation;
use crate::oracle::{Oracle, Setting, Violation};
use crate::parts::{Own, OwnFault, Parts};
use crate::person::{Board, Woken};
use crate::place::Place;
use crate::plan::{Plan, Role};
use crate::ports::{Network, StoreRows};
use crate::process::{self, CloudMachine, NodeMachine, Surroundings, key};
use crate::seed::{Draws, Seed};
use crate::trace::{Listener, Tracer};
use crate::trap::Traps;
use crate::world::World;

use people::Somebody;
use site::Site;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Digest of the whole trace.
    pub digest: String,
    /// Its lines.
    pub lines: u64,
    /// Rules that did not hold.
    pub violations: Vec<Violation>,
    /// How often each rule was applied.
    pub checks: BTreeMap<Oracle, u64>,
    /// Phases that a machine was in.
    pub reached: BTreeSet<Mark>,
    /// Effects that machines decided.
    pub decided: BTreeSet<EffectMark>,
    /// Phases that machines were in when a fault hit their place, or a chore was done there.
    pub struck: BTreeMap<(Cause, Mark), u64>,
    /// Runs that were acknowledged.
    pub acknowledged: usize,
    /// Events of daemons that their publishers were told are recorded.
    pub confirmed: u64,
    /// Moves of daemons of which somebody was told that they are done.
    pub moved: u64,
    /// Marks in documents that their authors were told are kept.
    pub saved: u64,
    /// Faults that had something to hit.
    pub faults: BTreeMap<Kind, u64>,
    /// Chores that found something to do.
    pub chores: BTreeMap<chore::Kind, u64>,
    /// Virtual time.
    pub elapsed: Duration,
    /// Events of the world.
    pub events: u64,
    /// How runs ended, for their senders.
    pub outcomes: BTreeMap<String, u64>,
    /// What came of parts that were added.
    pub own: Own,
}

impl Report {
    /// What the first violation of a rule says, an oracle's or an own one's, by its name.
    #[must_use]
    pub fn broken(&self, rule: &str) -> Option<String> {
        let known = self.violations.iter().find(|violation| violation.oracle.name() == rule);
        let own = || self.own.violations.iter().find(|(name, _)| name == rule).map(|(_, detail)| detail.clone());
        known.map(|violation| violation.detail.clone()).or_else(own)
    }
}

/// What happens by plan, and what somebody outside of the processes does about it.
#[derive(Clone)]
enum Turn {
    /// A fault begins; its number in the plan.
    Begin(usize, Fault),
    /// A fault ends.
    End(usize, Fault),
    /// A process is to be started: it ended of itself, say.
    Start(Place),
    /// A chore begins.
    BeginChore(Chore),
    /// A chore ends.
    EndChore(Chore),
}

pub(crate) struct Simulation {
    seed: Seed,
    mutation: Option<Mutation>,
    parts: Parts,
    pub(crate) around: Surroundings,
    evidence: Arc<Evidence>,
    pub(crate) cloud: CloudMachine,
    pub(crate) nodes: Vec<NodeMachine>,
    /// So many of the nodes are the first account's: the others are strangers'.
    of_account: usize,
    /// Those of them that have the code of daemons.
    able: Vec<usize>,
    /// The daemons that have no state.
    stateless: Vec<String>,
    people: Vec<Somebody>,
    board: Board,
    woken: Woken,
    turns: Arc<Mutex<VecDeque<Turn>>>,
    hits: Arc<Hits>,
    /// What a fault has frozen, by its number.
    frozen: BTreeMap<usize, Vec<Arc<Life>>>,
    /// Faults that were added and last, by their numbers.
    own: BTreeMap<usize, Lasting>,
}

/// A fault that was added and lasts.
struct Lasting {
    fault: Box<dyn OwnFault>,
    draws: Draws,
    strike: Arc<Strike>,
}

/// The accounts of the world.
fn account(number: usize) -> AccountId {
    AccountId(uuid::Uuid::from_u128(1 + number as u128))
}

/// Runs a plan in this thread. `listener` is told every line of the trace.
///
/// # Errors
/// If the world cannot be set up.
pub fn run(plan: &Plan, listener: Option<Listener>) -> Result<Report, Fatal> {
    Parts::default().run(plan, listener)
}

/// The same with parts that are all there.
pub(crate) fn run_with(plan: &Plan, parts: &Parts, listener: Option<Listener>) -> Result<Report, Fatal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| Fatal(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let mut simulation = Simulation::new(plan, parts, listener);
        simulation.begin(plan).await?;
        simulation.go(plan.hostile, |_| false).await?;
        simulation.heal();
        simulation.end_runs().await?;
        simulation.fresh_runs(plan).await?;
        simulation.fresh_moves().await?;
        simulation.fresh_events().await?;
        simulation.fresh_texts().await?;
        simulation.look_for_orphans().await?;
        simulation.evidence.end();
        Ok(simulation.report())
    })
}

impl Simulation {
    fn new(plan: &Plan, parts: &Parts, listener: Option<Listener>) -> Self {
        let seed = Seed::root(plan.seed);
        let world = World::new(&seed.child("world"));
        let limits = bounds::of(plan);
        let evidence = Evidence::new(Arc::clone(&world), &Setting::of_world(limits.clone()), parts.new_oracles());
        let tracer = Tracer::new(Arc::clone(&world), Arc::clone(&evidence), listener);
        let network = Network::new(&world, &tracer, &seed.child("network"));
        plan.links.iter().for_each(|link| network.set_usual(*link));
        let clocks = Clocks::new(&world, seed.child("clocks"));
        let store = StoreRows::new(&world, &seed.child("store"), account(0));
        store.watch(&evidence, plan.mutation);
        let site =
            Site { plan, parts, seed: &seed, world: &world, evidence: &evidence, store: &store, limits: &limits };
        // Strangers have a node of their own, after all others.
        let has_strangers = plan.people.iter().any(|person| person.account == STRANGERS);
        let numbers = 0..plan.nodes + usize::from(has_strangers);
        let nodes = numbers.map(|number| site.node(number, &clocks, &tracer)).collect();
        // More than there are: those who revoke what is lost, and at the end the auditor.
        for number in 0..=plan.people.len() + plan.losses() {
            let place = Place::Person(number);
            let account = account(plan.people.get(number).map_or(0, |person| person.account));
            store.register(process::device_row(&key(&seed, place), place.to_string(), account, None));
        }
        let cloud = site.cloud();
        Self {
            cloud,
            nodes,
            of_account: plan.nodes,
            able: (0..plan.nodes).filter(|node| !plan.without_code.contains(node)).collect(),
            stateless: plan.stateless.clone(),
            people: Vec::new(),
            seed,
            mutation: plan.mutation,
            parts: parts.clone(),
            around: Surroundings { world, tracer, network, limits, clocks, traps: Arc::new(Traps::default()) },
            hits: Hits::new(&evidence),
            evidence,
            board: Board::default(),
            woken: Woken::default(),
            turns: Arc::default(),
            frozen: BTreeMap::new(),
            own: BTreeMap::new(),
        }
    }

    async fn begin(&mut self, plan: &Plan) -> Result<(), Fatal> {
        self.cloud.start(&self.around).await?;
        for node in &mut self.nodes {
            node.start(&self.around).await?;
        }
        for (number, person) in plan.people.iter().enumerate() {
            let mut comes = self.somebody(number, person);
            if person.role != Role::Absent {
                comes.begin().await?;
            }
            self.people.push(comes);
        }
        for chore in &plan.chores {
            if let Work::Lose { node } = chore.work {
                let mut comes = self.operator(node);
                comes.begin().await?;
                self.people.push(comes);
            }
        }
        for chore in &plan.chores {
            self.turn_after(chore.at, Turn::BeginChore(chore.clone()));
            self.turn_after(chore.at + chore.lasts, Turn::EndChore(chore.clone()));
        }
        for (number, fault) in plan.faults.iter().enumerate() {
            self.turn_after(fault.at, Turn::Begin(number, fault.clone()));
            self.turn_after(fault.at + fault.lasts, Turn::End(number, fault.clone()));
        }
        Ok(())
    }

    fn turn_after(&self, delay: Duration, turn: Turn) {
        let turns = Arc::clone(&self.turns);
        self.around.world.after(delay, move || {
            turns.lock().unwrap_or_else(PoisonError::into_inner).push_back(turn);
            true
        });
    }

    /// Lets the world go on for a while, or until something is true. `false`: it did not come true.
    async fn go(&mut self, lasts: Duration, is_enough: impl Fn(&Self) -> bool) -> Result<bool, Fatal> {
        let until = self.around.world.nanos_after(lasts);
        loop {
            self.around.world.settle().await;
            self.hear_of_recoveries();
            let mut has_read = false;
            for person in &mut self.people {
                has_read |= person.read();
            }
            if has_read {
                continue;
            }
            if is_enough(self) {
                return Ok(true);
            }
            if self.bury().await {
                continue;
            }
            let turn = self.turns.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(turn) = turn {
                self.turn(turn).await?;
                continue;
            }
            let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(number) = woken {
                if let Some(person) = self.people.get_mut(number) {
                    person.wake().await?;
                }
                continue;
            }
            if !self.around.world.step(until) {
                return Ok(is_enough(self));
            }
        }
    }

    pub(crate) fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note("world", "fault", line);
    }

    /// All faults have ended by plan; nobody begins anything new.
    fn heal(&mut self) {
        self.note(format_args!("all faults have ended"));
        for person in &mut self.people {
            person.rest();
        }
    }

    fn report(&self) -> Report {
        let Findings { violations, checks, acknowledged, confirmed, moved, saved, outcomes, reached, decided, own } =
            self.evidence.all();
        let (digest, lines) = self.around.tracer.digest();
        Report {
            digest,
            lines,
            violations,
            checks,
            reached,
            decided,
            struck: self.hits.struck(),
            acknowledged,
            confirmed,
            moved,
            saved,
            faults: self.hits.faults(),
            chores: self.hits.chores(),
            elapsed: self.around.world.elapsed(),
            events: self.around.world.happened(),
            outcomes,
            own: Own { faults: self.hits.own(), ..own },
        }
    }
}
