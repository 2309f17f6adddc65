//! Blobs in memory, that outlive the process which put them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use wayfare_actors::ports::{BlobError, BlobStore, Pending};
use wayfare_protocol::{ChunkId, Wall};

use super::ills::StoreIlls;
use crate::life::Life;
use crate::seed::{Draws, Seed};
use crate::world::World;

/// The blobs of one machine, or of a cloud.
pub struct Blobs {
    world: Arc<World>,
    /// They are kept also when they were deleted: what a blob store must not do.
    stay: bool,
    state: Mutex<State>,
}

struct State {
    draws: Draws,
    ills: StoreIlls,
    /// With the time of their last put.
    blobs: BTreeMap<ChunkId, (Bytes, Wall)>,
}

impl Blobs {
    /// Without blobs.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed) -> Arc<Self> {
        Self::empty(world, seed, false)
    }

    /// Without blobs, and nobody can delete any.
    #[must_use]
    pub fn that_stay(world: &Arc<World>, seed: &Seed) -> Arc<Self> {
        Self::empty(world, seed, true)
    }

    fn empty(world: &Arc<World>, seed: &Seed, stay: bool) -> Arc<Self> {
        let state = State { draws: seed.draws(), ills: StoreIlls::default(), blobs: BTreeMap::new() };
        Arc::new(Self { world: Arc::clone(world), stay, state: Mutex::new(state) })
    }

    /// All that are kept.
    #[must_use]
    pub fn all(&self) -> BTreeSet<ChunkId> {
        self.state().blobs.keys().copied().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the store for a process.
    #[must_use]
    pub fn open(self: &Arc<Self>, life: &Arc<Life>) -> Arc<SimBlobs> {
        Arc::new(SimBlobs { blobs: Arc::clone(self), life: Arc::clone(life) })
    }

    /// Changes what is wrong with the store.
    pub fn ail<T>(&self, change: impl FnOnce(&mut StoreIlls) -> T) -> T {
        change(&mut self.state().ills)
    }

    /// Changes a byte of a blob.
    pub fn damage(&self, id: ChunkId) {
        if let Some((bytes, _)) = self.state().blobs.get_mut(&id) {
            let mut changed = bytes.to_vec();
            changed.first_mut().into_iter().for_each(|byte| *byte ^= 1);
            *bytes = changed.into();
        }
    }
}

/// The store as one process has it open.
pub struct SimBlobs {
    blobs: Arc<Blobs>,
    life: Arc<Life>,
}

/// What becomes of something that is asked.
struct Fate {
    is_done: bool,
    answer: Result<(), BlobError>,
    takes: Duration,
}

impl State {
    fn fate(&mut self) -> Fate {
        let takes = if self.draws.percent(3) { self.draws.ms(20, 200) } else { self.draws.ms(1, 5) };
        let unknown = || Err(BlobError::Unknown("no answer in time".to_owned()));
        if let Some((after, strike)) = &self.ills.out {
            strike.hit();
            return Fate { is_done: false, answer: unknown(), takes: *after };
        }
        let Some(strike) = &self.ills.erring else { return Fate { is_done: true, answer: Ok(()), takes } };
        let (is_done, answer) = match self.draws.number() % 4 {
            0 => (true, Ok(())),
            1 => (false, Err(BlobError::Refused("the store is out of order".to_owned()))),
            2 => (true, unknown()),
            _ => (false, unknown()),
        };
        if answer.is_err() {
            strike.hit();
        }
        Fate { is_done, answer, takes }
    }
}

impl SimBlobs {
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State, Wall) -> Result<T, BlobError> + Send + 'static,
    ) -> Pending<Result<T, BlobError>> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let Fate { is_done, answer, takes } = self.blobs.state().fate();
        let blobs = Arc::clone(&self.blobs);
        let world = &self.blobs.world;
        world.answer_at(world.nanos_after(takes), &self.life, move || {
            let now = Wall(u64::try_from(blobs.world.elapsed().as_millis()).unwrap_or(u64::MAX));
            let done = is_done.then(|| work(&mut blobs.state(), now));
            answer.and_then(|()| done.unwrap_or_else(|| Err(BlobError::Refused("it was not done".to_owned()))))
        })
    }
}

impl BlobStore for SimBlobs {
    fn put(&self, id: ChunkId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        self.ask(move |state, now| {
            state.blobs.insert(id, (bytes, now));
            Ok(())
        })
    }

    fn get(&self, id: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        self.ask(move |state, _| match state.blobs.get(&id) {
            Some((bytes, _)) if !id.is_of(bytes) => Err(BlobError::Damaged(id)),
            found => Ok(found.map(|(bytes, _)| bytes.clone())),
        })
    }

    fn has(&self, id: ChunkId) -> Pending<Result<bool, BlobError>> {
        self.ask(move |state, _| Ok(state.blobs.contains_key(&id)))
    }

    fn delete(&self, id: ChunkId) -> Pending<Result<(), BlobError>> {
        let stays = self.blobs.stay;
        self.ask(move |state, _| {
            if !stays {
                state.blobs.remove(&id);
            }
            Ok(())
        })
    }

    /// Answers at once, unless something is wrong: who looks through all asks 256 times.
    fn list(&self, first_byte: u8, put_before: Wall) -> Pending<Result<Vec<ChunkId>, BlobError>> {
        let list = move |state: &mut State, _| {
            let old = state.blobs.iter().filter(|(id, (_, put))| id.0[0] == first_byte && *put < put_before);
            Ok(old.map(|(id, _)| *id).collect())
        };
        let is_well = self.blobs.state().ills.are_none();
        if self.life.is_lived() && is_well {
            let listed = list(&mut self.blobs.state(), Wall(0));
            return Box::pin(async { listed });
        }
        self.ask(list)
    }
}
