//! What a person is made of, and what it is to do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayfare_actors::ports::Address;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::{NodeId, RunId, SessionId};

use crate::habit::Habit;
use crate::life::Life;
use crate::process::Surroundings;
use crate::seed::{Draws, Seed};

/// Persons whose wait is over.
pub type Woken = Arc<Mutex<VecDeque<usize>>>;

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Opens a session.
    Open(String, Option<NodeId>),
    /// Runs a program in the session that is open.
    Run(String),
    /// Looks at a run from its first event on.
    Watch(SessionId, RunId),
    /// Sends a run again, as if its answer had been lost.
    Resend(RunId, String),
    /// Stops the session that is open.
    Stop,
}

/// What a person is made of.
pub struct Config {
    /// Its number, and its name in the evidence.
    pub number: usize,
    /// For the evidence.
    pub name: String,
    /// What it draws from.
    pub seed: Seed,
    /// Its device.
    pub key: DeviceKey,
    /// Where it dials.
    pub address: Address,
    /// What it does, one after the other.
    pub tasks: Vec<Task>,
    /// Whether it looks at everything on the board as well.
    pub watches: bool,
    /// Whether it leaves now and then.
    pub leaves: bool,
    /// What else it does.
    pub habits: Vec<Habit>,
    /// Whether others may look at its runs.
    pub is_public: bool,
    /// Whether it looks again at a run that it is told is nowhere, until it finds it.
    pub insists: bool,
    /// Whether it thinks no longer than a moment.
    pub hurries: bool,
    /// Whether it asks for one event too few when it returns: what it must not do.
    pub skips: bool,
}

impl Config {
    /// A person who does nothing of itself.
    pub(crate) fn of_visitor(name: &str, seed: &Seed, key: DeviceKey, address: Address) -> Self {
        Self {
            number: 0,
            name: name.to_owned(),
            seed: seed.child(name),
            key,
            address,
            tasks: Vec::new(),
            watches: false,
            leaves: false,
            habits: Vec::new(),
            is_public: true,
            insists: false,
            hurries: true,
            skips: false,
        }
    }

    /// How long it thinks before it goes on: between these, or a moment if it hurries.
    pub(crate) fn thinks(&self, draws: &mut Draws, low: Duration, high: Duration) -> Duration {
        let hurried = Duration::from_millis(10);
        let (low, high) = if self.hurries { (low.min(hurried), high.min(hurried)) } else { (low, high) };
        draws.duration(low, high)
    }

    /// Wakes it after a while: its client, if it has one, must still live then, and wakes it later if that is frozen.
    pub(crate) fn wake_after(&self, lasts: Duration, around: &Surroundings, woken: &Woken, life: Option<Arc<Life>>) {
        let (woken, number) = (Arc::clone(woken), self.number);
        let wake = move || {
            woken.lock().unwrap_or_else(PoisonError::into_inner).push_back(number);
            true
        };
        around.world.after(lasts, move || match life {
            Some(life) => life.meet(wake),
            None => wake(),
        });
    }
}
