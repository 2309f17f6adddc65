//! One run of the world: the hostile time, the healing, and the proof that everything is served again.

mod strike;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_actors::ports::Address;
use wayfare_core::Mark;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::{AccountId, Limits, NodeId};

use crate::clock::Clocks;
use crate::evidence::{Evidence, Findings};
use crate::fault::{Fault, Kind};
use crate::habit::STRANGERS;
use crate::hits::Hits;
use crate::life::Life;
use crate::mutation::Mutation;
use crate::oracle::{Oracle, Setting, Violation};
use crate::person::{self, Board, Person, Task, Woken};
use crate::place::Place;
use crate::plan::{FRESH_RUNS_WITHIN, PersonPlan, Plan, RUNS_END_WITHIN, Role};
use crate::ports::{Disk, HostRules, Hosts, Network, StoreRows, Sync};
use crate::process::{self, CloudMachine, NodeMachine, Surroundings, cloud_address, key};
use crate::seed::Seed;
use crate::trace::{Listener, Tracer};
use crate::trap::Traps;
use crate::world::World;

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
    /// Phases that machines were in when a fault hit their place.
    pub struck: BTreeMap<(Kind, Mark), u64>,
    /// Runs that were acknowledged.
    pub acknowledged: usize,
    /// Faults that had something to hit.
    pub faults: BTreeMap<Kind, u64>,
    /// Virtual time.
    pub elapsed: Duration,
    /// Events of the world.
    pub events: u64,
    /// How runs ended, for their senders.
    pub outcomes: BTreeMap<String, u64>,
}

/// What happens by plan, and what somebody outside of the processes does about it.
#[derive(Clone)]
enum Turn {
    /// A fault begins; its number in the plan.
    Begin(usize, Fault),
    /// A fault ends.
    End(usize, Fault),
    /// A process that ended of itself is started again.
    StartAgain(Place),
}

struct Simulation {
    seed: Seed,
    mutation: Option<Mutation>,
    around: Surroundings,
    evidence: Arc<Evidence>,
    cloud: CloudMachine,
    nodes: Vec<NodeMachine>,
    people: Vec<Person>,
    board: Board,
    woken: Woken,
    turns: Arc<Mutex<VecDeque<Turn>>>,
    hits: Arc<Hits>,
    /// What a fault has frozen, by its number.
    frozen: BTreeMap<usize, Vec<Arc<Life>>>,
}

/// The accounts of the world.
fn account(number: usize) -> AccountId {
    AccountId(uuid::Uuid::from_u128(1 + number as u128))
}

/// Bounds that a world of a few people comes to.
fn narrow() -> Limits {
    Limits {
        runs_waiting: 1,
        readers_per_session: 3,
        requests_per_link: 4,
        output_tail: 2 * 1024,
        output_read: 1024,
        ..Limits::default()
    }
}

/// Runs a plan in this thread. `listener` is told every line of the trace.
///
/// # Errors
/// If the world cannot be set up.
pub fn run(plan: &Plan, listener: Option<Listener>) -> Result<Report, Fatal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| Fatal(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let mut simulation = Simulation::new(plan, listener);
        simulation.begin(plan).await?;
        simulation.go(plan.hostile, |_| false).await?;
        simulation.heal();
        simulation.end_runs().await?;
        simulation.fresh_runs(plan).await?;
        Ok(simulation.report())
    })
}

impl Simulation {
    fn new(plan: &Plan, listener: Option<Listener>) -> Self {
        let seed = Seed::root(plan.seed);
        let world = World::new(&seed.child("world"));
        let limits = if plan.narrow { narrow() } else { Limits::default() };
        let evidence = Evidence::new(Arc::clone(&world), &Setting::of_all(limits.clone(), true));
        let tracer = Tracer::new(Arc::clone(&world), Arc::clone(&evidence), listener);
        let network = Network::new(&world, &tracer, &seed.child("network"));
        plan.links.iter().for_each(|link| network.set_usual(*link));
        let clocks = Clocks::new(&world, seed.child("clocks"));
        let store = StoreRows::new(&world, &seed.child("store"), account(0));
        store.watch(&evidence, plan.mutation);
        let rules = HostRules { forgets_positions: plan.mutation == Some(Mutation::HostForgets) };
        let sync = match plan.mutation {
            Some(Mutation::LogAcknowledgesEarly) => Sync::Early,
            Some(Mutation::InboxForgetsRuns) => Sync::Forgetful,
            _ => Sync::Durable,
        };
        // Strangers have a node of their own, after all others.
        let has_strangers = plan.people.iter().any(|person| person.account == STRANGERS);
        let nodes = (0..plan.nodes + usize::from(has_strangers)).map(|number| {
            let account = account(if number < plan.nodes { 0 } else { STRANGERS });
            let (place, seed_of) = (Place::Node(number), seed.numbered("node", number as u64));
            let key = key(&seed, place);
            store.register(process::device_row(&key, place.to_string(), account, true));
            let disk = Disk::new(&world, &seed_of.child("disk"), sync);
            let hosts = Hosts::new(&world, clocks.of(place), &seed_of.child("hosts"), place, &tracer, &evidence, rules);
            let machine = NodeMachine::new(number, seed_of, key, disk, hosts);
            if plan.mutation == Some(Mutation::NodeIgnoresLimits) { machine.without_limits() } else { machine }
        });
        let nodes = nodes.collect();
        // One more than there are: the last is the auditor.
        for number in 0..=plan.people.len() {
            let place = Place::Person(number);
            let account = account(plan.people.get(number).map_or(0, |person| person.account));
            store.register(process::device_row(&key(&seed, place), place.to_string(), account, false));
        }
        let cloud_seed = seed.child("cloud");
        let cloud_disk = Disk::new(&world, &cloud_seed.child("disk"), Sync::Durable);
        Self {
            cloud: CloudMachine::new(cloud_seed, cloud_disk, store),
            nodes,
            people: Vec::new(),
            seed,
            mutation: plan.mutation,
            around: Surroundings { world, tracer, network, limits, clocks, traps: Arc::new(Traps::default()) },
            hits: Hits::new(&evidence),
            evidence,
            board: Board::default(),
            woken: Woken::default(),
            turns: Arc::default(),
            frozen: BTreeMap::new(),
        }
    }

    async fn begin(&mut self, plan: &Plan) -> Result<(), Fatal> {
        self.cloud.start(&self.around).await?;
        for node in &mut self.nodes {
            node.start(&self.around).await?;
        }
        for (number, person) in plan.people.iter().enumerate() {
            let mut comes = self.new_person(self.person(number, person));
            if person.role != Role::Absent {
                comes.begin().await?;
            }
            self.people.push(comes);
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

    fn person(&self, number: usize, plan: &PersonPlan) -> person::Config {
        let (place, address) = match plan.at_node {
            None => (Place::Person(number), cloud_address()),
            Some(node) => {
                let place = Place::Node(node);
                let identity = ServerIdentity::Node(key(&self.seed, place).device_id());
                (place, Address { url: place.url(), identity })
            }
        };
        let tasks = match &plan.role {
            Role::Author { session, chooses, programs } => {
                let chooses = chooses.map(|node| NodeId(key(&self.seed, Place::Node(node)).device_id()));
                let open = Task::Open(session.clone(), chooses);
                std::iter::once(open).chain(programs.iter().cloned().map(Task::Run)).collect()
            }
            Role::Watcher | Role::Absent => Vec::new(),
        };
        person::Config {
            number,
            name: Place::Person(number).to_string(),
            seed: self.seed.numbered("person", number as u64),
            key: key(&self.seed, place),
            address,
            tasks,
            watches: plan.role == Role::Watcher,
            leaves: plan.leaves,
            habits: plan.habits.clone(),
            is_public: plan.account == 0,
            hurries: false,
            skips: self.mutation == Some(Mutation::ClientSkips),
        }
    }

    fn new_person(&self, config: person::Config) -> Person {
        let disk = Disk::new(&self.around.world, &config.seed.child("disk"), Sync::Durable);
        let (board, woken) = (Arc::clone(&self.board), Arc::clone(&self.woken));
        Person::new(config, self.around.clone(), Arc::clone(&self.evidence), board, woken, disk)
    }

    /// Lets the world go on for a while, or until something is true. `false`: it did not come true.
    async fn go(&mut self, lasts: Duration, is_enough: impl Fn(&Self) -> bool) -> Result<bool, Fatal> {
        let until = self.around.world.nanos_after(lasts);
        loop {
            self.around.world.settle().await;
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

    fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note("world", "fault", line);
    }

    /// All faults have ended by plan; nobody begins anything new.
    fn heal(&mut self) {
        self.note(format_args!("all faults have ended"));
        for person in &mut self.people {
            person.rest();
        }
    }

    async fn end_runs(&mut self) -> Result<(), Fatal> {
        let all_idle = |simulation: &Self| simulation.people.iter().all(Person::is_idle);
        if !self.go(RUNS_END_WITHIN, all_idle).await? {
            for person in self.people.iter().filter(|person| !person.is_idle()) {
                let detail = format!("{:?} after the last fault {}", RUNS_END_WITHIN, person.doing());
                self.evidence.late(detail);
            }
        }
        Ok(())
    }

    /// One more person looks at every acknowledged run, and runs something in every session and in a new one.
    async fn fresh_runs(&mut self, plan: &Plan) -> Result<(), Fatal> {
        let number = self.people.len();
        let auditor = PersonPlan { at_node: None, role: Role::Watcher, leaves: false, habits: Vec::new(), account: 0 };
        let known = self.board.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let watch = known.into_iter().map(|(session, run)| Task::Watch(session, run));
        let mut sessions: Vec<_> = plan
            .people
            .iter()
            .filter(|person| person.account == 0)
            .filter_map(|person| match &person.role {
                Role::Author { session, .. } => Some(session.clone()),
                Role::Watcher | Role::Absent => None,
            })
            .collect();
        sessions.push("fresh".to_owned());
        sessions.sort();
        sessions.dedup();
        let fresh = sessions.len();
        let opens = sessions.into_iter().flat_map(|name| [Task::Open(name, None), Task::Run("print fresh".to_owned())]);
        let tasks: Vec<_> = watch.chain(opens).collect();
        let config =
            person::Config { tasks, watches: false, hurries: true, skips: false, ..self.person(number, &auditor) };
        let mut auditor = self.new_person(config);
        auditor.begin().await?;
        self.people.push(auditor);
        let is_done = |simulation: &Self| simulation.people.last().is_some_and(Person::is_idle);
        if !self.go(FRESH_RUNS_WITHIN, is_done).await?
            && let Some(auditor) = self.people.last()
        {
            self.evidence.late(format!("{:?} after everything had ended {}", FRESH_RUNS_WITHIN, auditor.doing()));
        }
        if let Some(auditor) = self.people.last() {
            let outcomes = auditor.outcomes();
            let succeeded = outcomes.iter().rev().take(fresh).filter(|o| **o == RunOutcome::Succeeded).count();
            if succeeded < fresh {
                self.evidence.late(format!("of {fresh} fresh runs {succeeded} succeeded: {outcomes:?}"));
            }
        }
        Ok(())
    }

    fn report(&self) -> Report {
        let Findings { violations, checks, acknowledged, outcomes, reached } = self.evidence.all();
        let (digest, lines) = self.around.tracer.digest();
        Report {
            digest,
            lines,
            violations,
            checks,
            reached,
            struck: self.hits.struck(),
            acknowledged,
            faults: self.hits.by_kind(),
            elapsed: self.around.world.elapsed(),
            events: self.around.world.happened(),
            outcomes,
        }
    }
}
