//! Something that a process asks of what is on its machine and outlives it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use wayfare_actors::ports::Pending;

use crate::life::Life;
use crate::seed::{Draws, Seed};
use crate::world::World;

fn moment(draws: &mut Draws) -> Duration {
    draws.duration(Duration::from_micros(20), Duration::from_millis(2))
}

/// What takes time on a machine.
pub(super) struct Errands {
    world: Arc<World>,
    draws: Mutex<Draws>,
}

impl Errands {
    pub(super) fn new(world: &Arc<World>, seed: &Seed) -> Self {
        Self { world: Arc::clone(world), draws: Mutex::new(seed.draws()) }
    }

    fn after(&self, takes: impl FnOnce(&mut Draws) -> Duration) -> u64 {
        let takes = takes(&mut self.draws.lock().unwrap_or_else(PoisonError::into_inner));
        self.world.nanos_after(takes)
    }

    /// Does it a while later, if the process lives then, and tells it another while later: it may be done and never told. What is asked
    /// must be done at once when it is.
    pub(super) fn run<T: Send + 'static>(
        self: &Arc<Self>,
        life: &Arc<Life>,
        more: Duration,
        work: impl FnOnce() -> Pending<T> + Send + 'static,
    ) -> Pending<T> {
        if !life.is_lived() {
            return Box::pin(std::future::pending());
        }
        // Now and then it takes long, as a sync does.
        let takes = |draws: &mut Draws| if draws.percent(3) { draws.ms(20, 300) } else { moment(draws) };
        let at = self.after(|draws| takes(draws) + more);
        let at_once =
            move || work().now_or_never().unwrap_or_else(|| unreachable!("what is in memory is done at once"));
        let done = self.world.answer_at(at, life, at_once);
        let (errands, life) = (Arc::clone(self), Arc::clone(life));
        Box::pin(async move {
            let done = done.await;
            let at = errands.after(moment);
            errands.world.answer_at(at, &life, move || done).await
        })
    }
}
