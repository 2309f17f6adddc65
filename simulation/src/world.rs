//! Time and the one queue of events.
//!
//! Everything that takes time is an event: it happens at its virtual nanosecond, one at a time, and the next one only when every actor
//! has done what the one before led to. Events of one nanosecond come in a seeded order. Virtual time is the world's own; the
//! runtime's paused clock only tells when nobody has anything left to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use wayfare_actors::ports::Pending;

use crate::life::Life;
use crate::seed::{Draws, Seed};

/// What happens; it says whether anybody was there for it.
pub type Event = Box<dyn FnOnce() -> bool + Send>;

/// See the module.
pub struct World(Mutex<State>);

struct State {
    now: u64,
    sequence: u64,
    ties: Draws,
    queue: BTreeMap<(u64, u64, u64), Event>,
    happened: u64,
}

impl World {
    /// An empty world at its first moment.
    #[must_use]
    pub fn new(seed: &Seed) -> Arc<Self> {
        let ties = seed.child("ties").draws();
        Arc::new(Self(Mutex::new(State { now: 0, sequence: 0, ties, queue: BTreeMap::new(), happened: 0 })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Virtual nanoseconds since the beginning.
    #[must_use]
    pub fn nanos(&self) -> u64 {
        self.state().now
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos())
    }

    /// Events that found somebody so far.
    #[must_use]
    pub fn happened(&self) -> u64 {
        self.state().happened
    }

    /// Lets something happen at a nanosecond; now, if that has passed.
    pub fn at(&self, nanos: u64, event: impl FnOnce() -> bool + Send + 'static) {
        let mut state = self.state();
        let (at, tie, sequence) = (nanos.max(state.now), state.ties.number(), state.sequence);
        state.sequence += 1;
        state.queue.insert((at, tie, sequence), Box::new(event));
    }

    /// Lets something happen after a while; returns when.
    pub fn after(&self, delay: Duration, event: impl FnOnce() -> bool + Send + 'static) -> u64 {
        let at = self.nanos_after(delay);
        self.at(at, event);
        at
    }

    /// The nanosecond after a while.
    #[must_use]
    pub fn nanos_after(&self, delay: Duration) -> u64 {
        self.nanos().saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Answers a process at a nanosecond with what is worked out then; it hears of it when it goes on, if it is frozen. The answer
    /// to a task that has gone is worked out all the same, that to a process that has ended is not.
    pub fn answer_at<T: Send + 'static>(
        &self,
        nanos: u64,
        life: &Arc<Life>,
        answer: impl FnOnce() -> T + Send + 'static,
    ) -> Pending<T> {
        let (tell, told) = oneshot::channel();
        let life = Arc::clone(life);
        self.at(nanos, move || {
            if !life.is_lived() {
                return false;
            }
            let answer = answer();
            life.meet(move || tell.send(answer).is_ok())
        });
        Box::pin(async move {
            match told.await {
                Ok(answer) => answer,
                Err(_) => std::future::pending().await, // of a process that is gone
            }
        })
    }

    /// Waits until no actor has anything left to do at this moment.
    pub async fn settle(&self) {
        // A paused runtime moves its clock only when all of its tasks wait.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Lets the next event happen if it is due by that nanosecond. `false`: none is, and that is the time now.
    pub fn step(&self, until: u64) -> bool {
        loop {
            let event = {
                let mut state = self.state();
                let due = state.queue.first_entry().filter(|entry| entry.key().0 <= until);
                let Some(entry) = due else {
                    state.now = state.now.max(until);
                    return false;
                };
                let ((at, _, _), event) = entry.remove_entry();
                state.now = at;
                event
            };
            if event() {
                self.state().happened += 1;
                return true;
            }
        }
    }

    /// Lets events happen for as long as anybody polls.
    pub async fn run(&self) {
        loop {
            self.settle().await;
            let next = self.state().queue.keys().next().map(|key| key.0);
            if let Some(next) = next {
                self.step(next);
            }
        }
    }
}
