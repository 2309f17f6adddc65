//! Clocks and timers of the simulated world.

use std::sync::{Arc, Mutex, PoisonError};

use wayfare_actors::ports::{Clock, Pending, Random, Timer};
use wayfare_protocol::{Boot, Now};

use crate::clock::MachineClock;
use crate::life::Life;
use crate::seed::{Draws, Seed};
use crate::world::World;

/// The clock and the timer of one process.
pub struct SimTime {
    /// Whose time.
    pub world: Arc<World>,
    /// Its machine's clocks.
    pub clock: Arc<MachineClock>,
    /// Whose process.
    pub life: Arc<Life>,
}

impl Clock for SimTime {
    fn now(&self) -> Now {
        self.clock.now()
    }
}

impl Timer for SimTime {
    fn sleep_until(&self, at: Boot) -> Pending<()> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let mut due = self.world.answer_at(self.clock.nanos_at(at), &self.life, || ());
        let (world, clock, life) = (Arc::clone(&self.world), Arc::clone(&self.clock), Arc::clone(&self.life));
        Box::pin(async move {
            due.await;
            while clock.now().boot < at {
                due = world.answer_at(clock.nanos_at(at), &life, || ()); // the clock has slowed down since
                due.await;
            }
        })
    }
}

/// The random bytes of one process.
pub struct SimRandom(Mutex<Draws>);

impl SimRandom {
    /// Those of a seed.
    #[must_use]
    pub fn new(seed: &Seed) -> Self {
        Self(Mutex::new(seed.draws()))
    }
}

impl Random for SimRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}
