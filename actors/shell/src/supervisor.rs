//! The supervisor: starts actors, and starts them again when they fail.
//!
//! One for one: a failure ends no sibling. The first restart comes after `restart_min`, each further one after twice as long up to
//! `restart_max`; more than `restarts` failures within `restart_window` end the supervisor itself, and its own supervisor
//! decides. An actor is rebuilt from what is durable, never from the state in which it failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use wayfare_core::supervision::{Decision, Restarts};
use wayfare_protocol::Limits;

use crate::actor::{Fatal, Runtime};
use crate::ports::Pending;

/// What becomes of an actor that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is started again.
    Restart,
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
            Policy::Restart => match known.restarts.failed(self.runtime.clock.now().boot) {
                Decision::RestartAt(at) => {
                    tracing::warn!(actor = name, error, "actor failed; it is started again");
                    let sleep = self.runtime.timer.sleep_until(at);
                    let myself = myself.clone();
                    tokio::spawn(async move {
                        sleep.await;
                        let _ = myself.cast(Order::StartAgain(number)); // the supervisor has ended
                    });
                    Ok(())
                }
                Decision::Escalate => {
                    tracing::error!(actor = name, error, "actor fails again and again");
                    Err(Box::new(Fatal(format!("{name} fails again and again: {error}"))))
                }
            },
        }
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
