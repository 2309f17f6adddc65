//! The supervisor: starts actors, and starts them again when they fail.
//!
//! One for one: a failure ends no sibling. The first restart comes after `restart_min`, each further one after twice as long up to
//! `restart_max`; more than `restarts` failures within `restart_window` end the supervisor itself, and its own supervisor
//! decides. Sessions, daemons and journals are many and independent: one that cannot be made well ends nobody else. An actor is rebuilt from what is durable, never from the state in which it failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use wayfare_core::supervision::{Decision, Restarts};
use wayfare_protocol::{Boot, Limits};

use crate::actor::{self, Executor, Fatal, Mail, Runtime};
use crate::ports::Pending;

/// What becomes of an actor that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is started again, until it fails too often.
    Restart,
    /// It is started again however often it fails, at last every `restart_max`: what is wrong with it is wrong with it alone, and
    /// nobody else is to end for it.
    Persist,
    /// It is gone: whoever needs it makes a new one.
    Temporary,
    /// Its siblings cannot do without its state: the supervisor fails too, and all begin anew.
    Escalate,
}

/// Starts one child under the supervisor that is given.
pub type Spawn = Arc<dyn Fn(ActorCell) -> Pending<Result<ActorCell, ractor::SpawnErr>> + Send + Sync>;

/// An actor to supervise.
#[derive(Clone)]
pub struct Child {
    /// For logs, and to stop it by.
    pub name: String,
    /// Starts it, and makes it known.
    pub spawn: Spawn,
    /// What happens when it fails.
    pub policy: Policy,
    /// Told each time it has ended, in whatever way.
    pub ended: Arc<dyn Fn() + Send + Sync>,
}

impl Child {
    /// A child that is started again, and whose end concerns nobody else.
    #[must_use]
    pub fn new(name: impl Into<String>, spawn: Spawn) -> Self {
        Self { name: name.into(), spawn, policy: Policy::Restart, ended: Arc::new(|| ()) }
    }

    /// One that runs an actor, under the actor's name. `known` is given its address at every start.
    #[must_use]
    pub fn of<X: Executor>(
        arguments: actor::Arguments<X>,
        known: impl Fn(ActorRef<Mail<X>>) + Send + Sync + 'static,
    ) -> Self {
        let (name, known) = (arguments.name.clone(), Arc::new(known));
        let spawn: Spawn = Arc::new(move |supervisor| {
            let (arguments, known) = (arguments.clone(), Arc::clone(&known));
            Box::pin(async move {
                let actor = actor::spawn(arguments, supervisor).await?;
                known(actor.clone());
                Ok(actor.get_cell())
            })
        });
        Self::new(name, spawn)
    }

    /// The same with another policy.
    #[must_use]
    pub fn with(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The same, telling of its end.
    #[must_use]
    pub fn on_end(mut self, ended: impl Fn() + Send + Sync + 'static) -> Self {
        self.ended = Arc::new(ended);
        self
    }
}

/// What a supervisor is told.
pub enum Order {
    /// Start a child.
    Start(Child),
    /// Start a failed child again: its wait is over.
    StartAgain(u64),
    /// Stop a child in order; it is not started again.
    Stop(String),
}

/// The supervisor's address.
pub type SupervisorRef = ActorRef<Order>;

/// See the module.
pub struct Supervisor;

/// What a supervisor is started with.
#[derive(Clone)]
pub struct Arguments {
    /// Its bounds.
    pub limits: Limits,
    /// Its clock and timer.
    pub runtime: Runtime,
    /// Its first children, in order.
    pub children: Vec<Child>,
}

struct Known {
    child: Child,
    restarts: Restarts,
}

/// Where a supervisor stands.
pub struct State {
    limits: Limits,
    runtime: Runtime,
    known: BTreeMap<u64, Known>,
    living: BTreeMap<ActorId, u64>,
    next: u64,
}

impl Actor for Supervisor {
    type Msg = Order;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(&self, myself: ActorRef<Order>, arguments: Arguments) -> Result<State, ActorProcessingErr> {
        let Arguments { limits, runtime, children } = arguments;
        for child in children {
            myself.cast(Order::Start(child))?;
        }
        Ok(State { limits, runtime, known: BTreeMap::new(), living: BTreeMap::new(), next: 0 })
    }

    async fn handle(&self, myself: ActorRef<Order>, order: Order, state: &mut State) -> Result<(), ActorProcessingErr> {
        match order {
            Order::Start(child) => {
                let number = state.next;
                state.next += 1;
                state.known.insert(number, Known { child, restarts: Restarts::new(&state.limits) });
                state.start(number, &myself).await
            }
            Order::StartAgain(number) => state.start(number, &myself).await,
            Order::Stop(name) => {
                let numbers: Vec<_> =
                    state.known.iter().filter(|(_, known)| known.child.name == name).map(|(n, _)| *n).collect();
                for number in numbers {
                    state.known.remove(&number);
                    state.stop_living(number, &myself);
                }
                Ok(())
            }
        }
    }

    async fn post_stop(&self, myself: ActorRef<Order>, _state: &mut State) -> Result<(), ActorProcessingErr> {
        end_in_order(&myself.get_cell());
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Order>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                let outcome = state.failed(&myself, &cell, &error.to_string());
                if outcome.is_err() {
                    end_in_order(&myself.get_cell());
                }
                outcome
            }
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                if let Some(number) = state.living.remove(&cell.get_id()) {
                    // An actor that stopped of its own will is done.
                    if let Some(known) = state.known.remove(&number) {
                        tracing::debug!(actor = known.child.name, ?reason, "actor stopped");
                        (known.child.ended)();
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl State {
    async fn start(&mut self, number: u64, myself: &ActorRef<Order>) -> Result<(), ActorProcessingErr> {
        let Some(known) = self.known.get(&number) else { return Ok(()) };
        // An actor's own start runs as its task, so this waits for no IO.
        let cell = (known.child.spawn)(myself.get_cell()).await?;
        self.living.insert(cell.get_id(), number);
        Ok(())
    }

    fn stop_living(&mut self, number: u64, myself: &ActorRef<Order>) {
        for child in myself.get_children() {
            if self.living.get(&child.get_id()) == Some(&number) {
                child.stop(None);
            }
        }
    }

    fn failed(&mut self, myself: &ActorRef<Order>, cell: &ActorCell, error: &str) -> Result<(), ActorProcessingErr> {
        let Some(number) = self.living.remove(&cell.get_id()) else { return Ok(()) };
        let Some(known) = self.known.get_mut(&number) else { return Ok(()) };
        let name = known.child.name.clone();
        metrics::counter!("wayfare_actor_failures_total").increment(1);
        (known.child.ended)();
        match known.child.policy {
            Policy::Temporary => {
                tracing::warn!(actor = name, error, "actor failed");
                self.known.remove(&number);
                Ok(())
            }
            Policy::Escalate => {
                tracing::error!(actor = name, error, "actor failed; all of its siblings begin anew");
                Err(Box::new(Fatal(format!("{name} failed: {error}"))))
            }
            policy @ (Policy::Restart | Policy::Persist) => {
                let decision = known.restarts.failed(self.runtime.clock.now().boot);
                match (decision, policy) {
                    (Decision::RestartAt(at), _) | (Decision::TooOften { next: at }, Policy::Persist) => {
                        tracing::warn!(actor = name, error, "actor failed; it is started again");
                        self.start_again(number, at, myself);
                        Ok(())
                    }
                    (Decision::TooOften { .. }, _) => {
                        tracing::error!(actor = name, error, "actor fails again and again");
                        Err(Box::new(Fatal(format!("{name} fails again and again: {error}"))))
                    }
                }
            }
        }
    }

    fn start_again(&self, number: u64, at: Boot, myself: &ActorRef<Order>) {
        let sleep = self.runtime.timer.sleep_until(at);
        let myself = myself.clone();
        tokio::spawn(async move {
            sleep.await;
            let _ = myself.cast(Order::StartAgain(number)); // the supervisor has ended
        });
    }
}

/// Ends everything under an actor at once, the youngest first. ractor does it too when the actor fails or stops, in an order that
/// differs from run to run.
fn end_in_order(cell: &ActorCell) {
    let mut children = cell.get_children();
    children.sort_by_key(ActorCell::get_id);
    for child in children.into_iter().rev() {
        end_in_order(&child);
        child.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::time::Instant;
    use wayfare_protocol::{Now, Wall};

    use super::*;
    use crate::ports::{Clock, Timer};

    struct Time(Instant);

    impl Clock for Time {
        fn now(&self) -> Now {
            Now { boot: Boot(self.0.elapsed()), wall: Wall(0) }
        }
    }

    impl Timer for Time {
        fn sleep_until(&self, at: Boot) -> Pending<()> {
            Box::pin(tokio::time::sleep_until(self.0 + at.0))
        }
    }

    /// Fails as soon as it runs, and counts how often it was started.
    struct Failing(Arc<AtomicU32>);

    impl Actor for Failing {
        type Msg = ();
        type State = ();
        type Arguments = ();

        async fn pre_start(&self, myself: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(myself.cast(())?)
        }

        async fn handle(&self, _: ActorRef<()>, (): (), (): &mut ()) -> Result<(), ActorProcessingErr> {
            Err("on purpose".into())
        }
    }

    /// How often a child that always fails was started within ten minutes, and whether its supervisor still lives.
    async fn tries(policy: Policy) -> (u32, bool) {
        let time = Arc::new(Time(Instant::now()));
        let runtime = Runtime { clock: Arc::clone(&time) as _, timer: time, trace: None };
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        let spawn: Spawn = Arc::new(move |supervisor| {
            let counted = Arc::clone(&counted);
            Box::pin(async move { Ok(Actor::spawn_linked(None, Failing(counted), (), supervisor).await?.0.get_cell()) })
        });
        let children = vec![Child::new("failing", spawn).with(policy)];
        let arguments = Arguments { limits: Limits::default(), runtime, children };
        let (supervisor, _) = Actor::spawn(None, Supervisor, arguments).await.unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
        let lives = supervisor.get_status() == ractor::ActorStatus::Running;
        supervisor.stop(None);
        (starts.load(Ordering::Relaxed), lives)
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_too_often_ends_its_supervisor() {
        let limits = Limits::default();
        assert_eq!(tries(Policy::Restart).await, (limits.restarts + 1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn what_persists_is_tried_again_for_good_and_ends_nobody_else() {
        let (starts, lives) = tries(Policy::Persist).await;
        assert!(lives && (100..200).contains(&starts), "{starts}");
    }
}
