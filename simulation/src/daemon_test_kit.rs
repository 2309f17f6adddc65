//! A daemon of one's own in the simulated world: moved to and fro while events come, with its node dying after every step that a
//! move consists of.
//!
//! ```
//! # use std::collections::BTreeMap;
//! # use bytes::Bytes;
//! # use wayfare_protocol::codec;
//! # use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon};
//! # #[derive(Default)]
//! # struct Tally(BTreeMap<Bytes, u64>);
//! # impl MeshDaemon for Tally {
//! #     fn name(&self) -> &str { "tally" }
//! #     fn process(&mut self, event: &Event, _: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
//! #         let count = self.0.entry(event.payload.clone()).or_default();
//! #         *count += 1;
//! #         Ok(vec![Bytes::from(count.to_string())])
//! #     }
//! #     fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> { Ok(Some(codec::encode_stored(&self.0))) }
//! #     fn restore(&mut self, state: Bytes, _: u32) -> Result<(), DaemonError> {
//! #         self.0 = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
//! #         Ok(())
//! #     }
//! #     fn deterministic(&self) -> bool { true }
//! # }
//! use wayfare_simulation::daemon_test_kit::DaemonTestKit;
//!
//! let kit = DaemonTestKit::new(|| Box::new(Tally::default())).events(["pear", "plum", "pear"]);
//! let tested = kit.steps(["Pull", "Claim"]).run().unwrap();
//! tested.assert_good();
//! ```
//!
//! What is asserted:
//!
//! * **Replay**, without a world: whatever the daemon is restored from in the middle, the rest of its events leads to the same outputs and
//!   the same state (by `state_digest`, if it has one). Only of a daemon that calls itself deterministic.
//! * **Once and in order**: every event that was acknowledged is processed once, whatever crashes.
//! * **State**: after every event the daemon in the world has said what the same code says beside it, and its digest is that one's. Only
//!   of a daemon that calls itself deterministic.
//! * **Chain**: its outputs are one causal chain without a gap, for every reader.
//! * **Life**: when nothing fails any more, it is live on exactly one node, moves once more, and processes one event more.
//!
//! Events are texts here; ticks and background work that the daemon asks for happen too.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_actors::actor::Fatal;
use wayfare_protocol::daemon::{Context, DaemonFactory, Durability, Event, MeshDaemon, Source};
use wayfare_protocol::migration::MoveMode;
use wayfare_protocol::{Origin, Wall};

use crate::Plan;
use crate::fault::{Fault, What};
use crate::ledger::{Kept, LEDGER};
use crate::mover::Order;
use crate::parts::Parts;
use crate::place::Place;
use crate::plan::{PersonPlan, Role};
use crate::simulation::Report;

/// The machines whose steps a move consists of.
const OF_A_MOVE: [&str; 3] = ["orchestrator", "source", "target"];
/// Events, where the tester says none.
const EVENTS: usize = 20;

/// See the module.
#[derive(Clone)]
pub struct DaemonTestKit {
    factory: Arc<dyn DaemonFactory>,
    events: Vec<String>,
    steps: Vec<String>,
    seed: u64,
}

/// What came of a daemon's test.
#[derive(Debug, Default)]
pub struct Tested {
    /// Runs of the world.
    pub worlds: usize,
    /// Of those, runs in which the node died.
    pub crashes: usize,
    /// Moves that were done, in all of them.
    pub moves: u64,
    /// Events that were acknowledged, in all of them.
    pub events: u64,
    /// What did not hold.
    pub failures: Vec<Failure>,
}

/// Something that did not hold.
#[derive(Debug)]
pub struct Failure {
    /// In which run, for people.
    pub during: String,
    /// What was seen.
    pub seen: String,
    /// The run's plan, which `wayfare-sim` does not know the daemon of; `None`: it was seen without a world.
    pub plan: Option<Box<Plan>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.during, self.seen)
    }
}

impl Tested {
    /// That everything held, and that the daemon was really moved, and its nodes really died.
    ///
    /// # Panics
    /// If not, with everything that was seen.
    pub fn assert_good(&self) {
        let mut seen = String::new();
        for failure in &self.failures {
            let _ = writeln!(seen, "{failure}"); // a string takes everything
        }
        assert!(self.failures.is_empty(), "in {} worlds:\n{seen}", self.worlds);
        assert!(self.moves > 0 && self.events > 0, "nothing was moved: {self:?}");
    }
}

impl DaemonTestKit {
    /// A test of that code.
    #[must_use]
    pub fn new(make: impl Fn() -> Box<dyn MeshDaemon> + Send + Sync + 'static) -> Self {
        let steps = wayfare_core::mark::effects().into_iter().filter(|mark| OF_A_MOVE.contains(&mark.machine));
        let mut steps: Vec<_> = steps.map(|mark| mark.effect.to_owned()).collect();
        steps.sort_unstable();
        steps.dedup();
        let events = (1..=EVENTS).map(|number| format!("event {number}")).collect();
        Self { factory: Arc::new(make), events, steps, seed: 1 }
    }

    /// What is published, in that order.
    #[must_use]
    pub fn events<E: Into<String>>(self, events: impl IntoIterator<Item = E>) -> Self {
        Self { events: events.into_iter().map(Into::into).collect(), ..self }
    }

    /// The steps of a move after which a node dies, each in a world of its own, instead of every one that there is: names of effects of
    /// `Orchestrator`, `Source` and `Target`.
    #[must_use]
    pub fn steps<S: Into<String>>(self, steps: impl IntoIterator<Item = S>) -> Self {
        Self { steps: steps.into_iter().map(Into::into).collect(), ..self }
    }

    /// The first seed; each world has its own.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Runs all of it.
    ///
    /// # Errors
    /// If a world cannot be set up.
    pub fn run(&self) -> Result<Tested, Fatal> {
        let mut tested = Tested::default();
        if let Err(seen) = self.replay() {
            tested.failures.push(Failure { during: "a replay without a world".to_owned(), seen, plan: None });
        }
        self.world("a calm world".to_owned(), None, &mut tested)?;
        for step in &self.steps {
            for node in 0..2 {
                let during = format!("node{node} dies after {step}");
                let what = What::CrashAfter { place: Place::Node(node), effect: step.clone(), count: 1 };
                self.world(during, Some(what), &mut tested)?;
            }
        }
        Ok(tested)
    }

    fn world(&self, during: String, what: Option<What>, tested: &mut Tested) -> Result<(), Fatal> {
        let plan = self.plan(self.seed + tested.worlds as u64, what);
        let report = Parts::default().daemon(Arc::clone(&self.factory)).run(&plan, None)?;
        tested.worlds += 1;
        tested.crashes += usize::from(!report.faults.is_empty());
        tested.moves += report.moved;
        tested.events += report.confirmed;
        if let Some(seen) = violations(&report) {
            tested.failures.push(Failure { during, seen, plan: Some(Box::new(plan)) });
        }
        Ok(())
    }

    /// Two nodes, somebody who publishes, and somebody who has the daemon moved to and fro meanwhile.
    fn plan(&self, seed: u64, what: Option<What>) -> Plan {
        let person = |role| PersonPlan { at_node: None, role, leaves: false, habits: Vec::new(), account: 0 };
        let (daemon, chooses) = (LEDGER.to_owned(), Some(0));
        let order = |to, mode| Order::Move { to: Some(to), mode };
        let (live, copy) = (MoveMode::Live, MoveMode::StopAndCopy);
        let orders = vec![order(1, live), order(0, copy), order(1, copy), order(0, live)];
        let publisher = Role::Publisher {
            daemon: daemon.clone(),
            chooses,
            events: self.events.clone(),
            feeds: None,
            durability: Durability::Disk,
        };
        let hostile = Duration::from_secs(60);
        let fault = |what| Fault { at: Duration::ZERO, lasts: hostile, what };
        Plan {
            hostile,
            narrow: false,
            without_code: Vec::new(),
            stateless: Vec::new(),
            nodes: 2,
            people: vec![person(publisher), person(Role::Mover { daemon, orders })],
            faults: what.map(fault).into_iter().collect(),
            chores: Vec::new(),
            ..Plan::of(seed, None)
        }
    }

    /// Restores the daemon from what it was after each of its events, and processes the rest.
    fn replay(&self) -> Result<(), String> {
        let mut whole = self.factory.make();
        if !whole.deterministic() {
            return Ok(());
        }
        let events: Vec<_> = (1..).zip(&self.events).map(|(number, text)| event(number, text)).collect();
        let mut states = Vec::new();
        let mut made = Vec::new();
        for event in &events {
            states.push((whole.snapshot().map_err(|error| error.to_string())?, whole.state_version()));
            made.push(process(whole.as_mut(), event));
        }
        for (from, (state, version)) in states.into_iter().enumerate() {
            let mut part = self.factory.make();
            if let Some(state) = state {
                part.restore(state, version).map_err(|error| format!("after {from} events: {error}"))?;
            }
            for (event, made) in events.iter().zip(&made).skip(from) {
                let again = process(part.as_mut(), event);
                if again != *made {
                    let number = event.position;
                    return Err(format!(
                        "restored after {from} events, event {number} led to {again:?} and not to {made:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn event(number: u64, text: &str) -> Event {
    let source = Source::Published { origin: Origin(1), sequence: number };
    Event { position: number, at: Wall(number * 1_000), source, payload: Bytes::from(text.to_owned()) }
}

fn process(daemon: &mut dyn MeshDaemon, event: &Event) -> Kept {
    Kept::of(daemon, event, event.position, &mut Context::new(event.at, event.position))
}

fn violations(report: &Report) -> Option<String> {
    let known = report.violations.iter().map(|violation| format!("{}: {}", violation.oracle.name(), violation.detail));
    let all: Vec<_> = known.collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use wayfare_protocol::codec;
    use wayfare_protocol::daemon::DaemonError;

    use super::*;

    /// Sums numbers, and says the sum once for each.
    #[derive(Default)]
    struct Sum {
        sum: u64,
        /// What it leaves out of its snapshots.
        forgets: bool,
        /// What it takes from outside of its events.
        strays: Option<Arc<AtomicU64>>,
    }

    impl MeshDaemon for Sum {
        fn name(&self) -> &'static str {
            "sum"
        }

        fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
            if event.payload.starts_with(b"later") {
                context.schedule(Duration::from_millis(700), 1);
            }
            self.sum += event.payload.len() as u64 + context.random() % 7;
            let stray = self.strays.as_ref().map_or(0, |strays| strays.fetch_add(1, Ordering::Relaxed));
            Ok(vec![Bytes::from((self.sum + stray).to_string())])
        }

        fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
            Ok(Some(codec::encode_stored(&if self.forgets { 0 } else { self.sum })))
        }

        fn restore(&mut self, state: Bytes, _: u32) -> Result<(), DaemonError> {
            self.sum = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
            Ok(())
        }

        fn state_digest(&self) -> Option<[u8; 32]> {
            Some(*blake3::hash(&self.sum.to_le_bytes()).as_bytes())
        }

        fn deterministic(&self) -> bool {
            true
        }
    }

    const EVENTS: [&str; 12] =
        ["one", "two", "later", "three", "four", "later", "five", "six", "seven", "eight", "nine", "ten"];

    #[test]
    fn a_good_daemon_passes_through_a_crash_at_every_step_of_a_move() {
        let tested = DaemonTestKit::new(|| Box::new(Sum::default())).events(EVENTS).run().unwrap();
        tested.assert_good();
        assert!(tested.crashes > tested.worlds / 2, "{tested:?}");
        assert!(tested.moves > tested.worlds as u64, "{tested:?}");
    }

    #[test]
    fn a_daemon_that_leaves_something_out_of_its_snapshot_is_found_out_with_and_without_a_world() {
        let kit = DaemonTestKit::new(|| Box::new(Sum { forgets: true, ..Sum::default() })).events(EVENTS);
        let tested = kit.steps(["Pull"]).run().unwrap();
        let seen: Vec<_> = tested.failures.iter().map(|failure| failure.plan.is_some()).collect();
        assert!(seen.contains(&false) && seen.contains(&true), "{tested:?}");
    }

    #[test]
    fn a_daemon_that_is_not_deterministic_though_it_says_so_is_found_out() {
        let strays = Arc::new(AtomicU64::new(0));
        let make =
            move || -> Box<dyn MeshDaemon> { Box::new(Sum { strays: Some(Arc::clone(&strays)), ..Sum::default() }) };
        let tested = DaemonTestKit::new(make).events(EVENTS).steps::<String>([]).run().unwrap();
        assert!(!tested.failures.is_empty());
    }
}
