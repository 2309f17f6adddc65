//! Something that a process asks of what is on its machine and outlives it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use wayfare_actors::ports::Pending;

use crate::life::Life;
use crate::seed::{Draws, Seed};
use crate::world::World;

/// What takes time on a machine.
pub(super) struct Errands {
    world: Arc<World>,
    draws: Mutex<Draws>,
}

impl Errands {
    pub(super) fn new(world: &Arc<World>, seed: &Seed) -> Self {
        Self { world: Arc::clone(world), draws: Mutex::new(seed.draws()) }
    }

    fn after(&self, low: Duration, high: Duration) -> u64 {
        let takes = self.draws.lock().unwrap_or_else(PoisonError::into_inner).duration(low, high);
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
        let at = self.after(Duration::from_micros(20) + more, Duration::from_millis(3) + more);
        let at_once =
            move || work().now_or_never().unwrap_or_else(|| unreachable!("what is in memory is done at once"));
        let done = self.world.answer_at(at, life, at_once);
        let (errands, life) = (Arc::clone(self), Arc::clone(life));
        Box::pin(async move {
            let done = done.await;
            let at = errands.after(Duration::from_micros(20), Duration::from_millis(1));
            errands.world.answer_at(at, &life, move || done).await
        })
    }
}
