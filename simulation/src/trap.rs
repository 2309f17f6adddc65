//! Traps: what is to happen at an exact step of a process, found by its trace.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::hits::Strike;
use crate::life::Life;
use crate::place::Place;

/// What is to happen.
#[derive(Clone, Debug)]
pub enum Trap {
    /// The process dies right after an effect.
    Crash {
        /// The effect's name.
        effect: String,
        /// The how many-th.
        left: u32,
        /// Hits when it happens.
        strike: Arc<Strike>,
    },
    /// An actor panics.
    Panic {
        /// The beginning of its name.
        actor: String,
        /// So many steps of it later.
        left: u32,
        /// Hits when it happens.
        strike: Arc<Strike>,
    },
}

impl Trap {
    /// Whether this step springs it.
    fn is_sprung(&mut self, actor: &str, step: &str) -> bool {
        let (counts, left) = match self {
            Self::Crash { effect, left, .. } => {
                let rest = step.strip_prefix("> ").and_then(|step| step.strip_prefix(effect.as_str()));
                (rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)), left)
            }
            Self::Panic { actor: wanted, left, .. } => (actor.starts_with(wanted.as_str()), left),
        };
        if !counts {
            return false;
        }
        *left = left.saturating_sub(1);
        *left == 0
    }
}

/// A process that has done its last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// Whose.
    pub place: Place,
    /// Whether its machine goes with it.
    pub loses_power: bool,
}

/// The traps of a world: they outlive processes, and spring once. And the processes that died otherwise than by plan.
#[derive(Default)]
pub struct Traps {
    is_armed: AtomicBool,
    armed: Mutex<Vec<(Place, Trap)>>,
    deaths: Mutex<VecDeque<Death>>,
}

impl Traps {
    /// Sets one.
    pub fn set(&self, place: Place, trap: Trap) {
        self.change(|armed| armed.push((place, trap)));
    }

    /// Takes those of a place away that are like that.
    pub fn take_away(&self, place: Place, is_meant: impl Fn(&Trap) -> bool) {
        self.change(|armed| armed.retain(|(of, trap)| *of != place || !is_meant(trap)));
    }

    /// A process is to be buried.
    pub fn dies(&self, death: Death) {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).push_back(death);
    }

    /// The next process that is to be buried.
    pub fn next_death(&self) -> Option<Death> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<(Place, Trap)>) -> T) -> T {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut armed);
        self.is_armed.store(!armed.is_empty(), Ordering::Relaxed);
        changed
    }

    /// An actor of the process takes a step. Does not return where that makes the actor panic.
    pub(crate) fn step(&self, place: Place, life: &Life, actor: &str, step: std::fmt::Arguments<'_>) {
        if !self.is_armed.load(Ordering::Relaxed) {
            return;
        }
        let step = step.to_string();
        let sprung = self.change(|armed| {
            let sprung = armed.iter_mut().position(|(of, trap)| *of == place && trap.is_sprung(actor, &step));
            sprung.map(|at| armed.remove(at).1)
        });
        match sprung {
            None => {}
            Some(Trap::Crash { strike, .. }) => {
                strike.hit();
                life.doom();
                self.dies(Death { place, loses_power: false });
            }
            Some(Trap::Panic { strike, .. }) => {
                strike.hit();
                // As a panic, but without a word on standard error.
                std::panic::resume_unwind(Box::new("a fault of the simulation".to_owned()));
            }
        }
    }
}
