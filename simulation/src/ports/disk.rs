//! Logs on a disk that takes its time and forgets what was not synced.

mod kept;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use wayfare_actors::ports::{Log, LogError, LogName, LogStore, Pending};

use super::forgetful::forget;
use super::ills::DiskIlls;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::seed::{Draws, Seed};
use crate::world::World;

/// When an append is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// When it is durable, as a log must.
    Durable,
    /// At once, and it is durable a second later: what a log must not do.
    Early,
    /// The same of documents alone.
    EarlyChanges,
    /// When it is durable; but who reads a session's inbox no longer finds the runs that were started: what a log must not do.
    ForgetsRuns,
    /// When it is durable; but who reads a daemon's inbox no longer finds its newest event: what a log must not do.
    ForgetsEvents,
    /// When it is durable; but who reads a daemon's inbox no longer finds the newest output of another ledger: what a log must not do.
    ForgetsFeeds,
    /// When it is durable; but who reads a daemon's inbox no longer finds that it was sealed: what a log must not do.
    ForgetsSeals,
    /// When it is durable; but who reads a document no longer finds its newest change: what a log must not do.
    ForgetsChanges,
}

impl Sync {
    /// Whether an append to that log is acknowledged before it is durable.
    fn is_early(self, name: LogName) -> bool {
        match self {
            Self::Early => true,
            Self::EarlyChanges => matches!(name, LogName::Document(..)),
            Self::Durable
            | Self::ForgetsRuns
            | Self::ForgetsEvents
            | Self::ForgetsFeeds
            | Self::ForgetsSeals
            | Self::ForgetsChanges => false,
        }
    }
}

/// A machine's disk.
pub struct Disk {
    world: Arc<World>,
    sync: Sync,
    state: Mutex<State>,
    /// Who is told what of it nobody must keep, and whose disk it is.
    watched: OnceLock<(Arc<Evidence>, String)>,
}

struct State {
    draws: Draws,
    ills: DiskIlls,
    logs: BTreeMap<LogName, Records>,
    /// The opener of the store; gone when the store and its logs are.
    opener: Weak<()>,
}

#[derive(Default)]
struct Records {
    /// Number of the first that is kept.
    first: u64,
    records: Vec<Bytes>,
    /// Those before this number survive a loss of power.
    durable: u64,
    /// Those before this number survive the end of their process.
    written: u64,
    /// When the last write ends.
    writing_until: u64,
    /// When the last sync ends.
    busy_until: u64,
    /// A sync has failed: what is not durable may be there when the log is opened anew, or not.
    has_failed: bool,
    opener: Weak<()>,
}

impl Records {
    fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    /// Of what is not durable a beginning came down to the disk, up to that number.
    fn lose(&mut self, keep: u64) {
        self.records.truncate(usize::try_from(keep - self.first).unwrap_or(0));
        self.durable = keep;
        self.written = keep;
        self.busy_until = 0;
        self.writing_until = 0;
        self.has_failed = false;
    }
}

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed, sync: Sync) -> Arc<Self> {
        let ills = DiskIlls::default();
        let state = State { draws: seed.draws(), ills, logs: BTreeMap::new(), opener: Weak::new() };
        Arc::new(Self { world: Arc::clone(world), sync, state: Mutex::new(state), watched: OnceLock::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is wrong with the disk.
    pub fn ail<T>(&self, change: impl FnOnce(&mut DiskIlls) -> T) -> T {
        change(&mut self.state().ills)
    }

    /// The process has crashed, or the machine without power: of what was not durable some may have come down to the disk, always a
    /// beginning. Half a record is none. What was written outlives the process.
    pub fn crash(&self, loses_power: bool) {
        let mut state = self.state();
        let State { draws, logs, opener, ills } = &mut *state;
        *opener = Weak::new();
        let torn = ills.torn.take();
        for (name, log) in logs {
            let last = if torn == Some(*name) { log.next().saturating_sub(1).max(log.durable) } else { log.next() };
            let kept = if loses_power { log.durable } else { log.written.max(log.durable).min(last) };
            log.lose(draws.between(kept, last));
            log.opener = Weak::new();
        }
    }

    fn opened(self: &Arc<Self>, name: LogName, life: Arc<Life>, store: Arc<()>) -> Result<Box<dyn Log>, LogError> {
        let mut state = self.state();
        let State { draws, logs, .. } = &mut *state;
        let log =
            logs.entry(name).or_insert_with(|| Records { first: 1, durable: 1, written: 1, ..Records::default() });
        if log.opener.strong_count() > 0 {
            return Err(refused(name, "it is open already"));
        }
        if log.has_failed {
            let keep = draws.between(log.durable.max(log.written), log.next());
            log.lose(keep);
        }
        let opener = Arc::new(());
        log.opener = Arc::downgrade(&opener);
        let (disk, is_broken) = (Arc::clone(self), Arc::default());
        Ok(Box::new(SimLog { disk, life, name, is_broken, _opener: opener, _store: store }))
    }

    /// Opens the store for a process; `None` if another has it.
    pub fn open(self: &Arc<Self>, life: &Arc<Life>) -> Option<Arc<SimLogStore>> {
        let mut state = self.state();
        if state.opener.strong_count() > 0 {
            return None;
        }
        let opener = Arc::new(());
        state.opener = Arc::downgrade(&opener);
        Some(Arc::new(SimLogStore { disk: Arc::clone(self), life: Arc::clone(life), opener }))
    }
}

/// The logs of one process on its machine's disk.
pub struct SimLogStore {
    disk: Arc<Disk>,
    life: Arc<Life>,
    opener: Arc<()>,
}

fn refused(name: LogName, why: &str) -> LogError {
    LogError::Storage { name: name.to_string(), why: why.to_owned() }
}

impl SimLogStore {
    fn answer<T: Send + 'static>(&self, answer: T) -> Pending<T> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let delay = self.disk.state().draws.duration(Duration::from_micros(20), Duration::from_millis(1));
        self.disk.world.answer_at(self.disk.world.nanos_after(delay), &self.life, move || answer)
    }
}

impl LogStore for SimLogStore {
    fn open(&self, name: LogName) -> Pending<Result<Box<dyn Log>, LogError>> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let at = {
            let mut state = self.disk.state();
            let takes = state.draws.duration(Duration::from_micros(20), Duration::from_millis(1));
            // What an earlier opener appended is made before.
            let busy_until = state.logs.get(&name).map_or(0, |log| log.busy_until);
            self.disk.world.nanos_after(takes).max(busy_until + 1)
        };
        let (disk, life, store) = (Arc::clone(&self.disk), Arc::clone(&self.life), Arc::clone(&self.opener));
        self.disk.world.answer_at(at, &self.life, move || disk.opened(name, life, store))
    }

    /// Answers at once: the trees are assembled with it.
    fn list(&self) -> Pending<Result<Vec<LogName>, LogError>> {
        let names = self.disk.state().logs.keys().copied().collect();
        Box::pin(async move { Ok(names) })
    }

    fn remove(&self, name: LogName) -> Pending<Result<(), LogError>> {
        let removed = {
            let mut state = self.disk.state();
            if state.logs.get(&name).is_some_and(|log| log.opener.strong_count() > 0) {
                Err(refused(name, "it is open"))
            } else {
                state.logs.remove(&name);
                Ok(())
            }
        };
        self.answer(removed)
    }
}

struct SimLog {
    disk: Arc<Disk>,
    life: Arc<Life>,
    name: LogName,
    /// An append has failed: no more is appended until the log is opened anew.
    is_broken: Arc<AtomicBool>,
    _opener: Arc<()>,
    _store: Arc<()>,
}

impl SimLog {
    /// Puts records at the end; returns the number after them, when their sync ends, and whether it fails.
    fn appended(&self, records: Vec<Bytes>) -> Option<(u64, u64, bool)> {
        let (now, name) = (self.disk.world.nanos(), self.name);
        if matches!(name, LogName::Document(..)) {
            self.disk.look_at(&records);
        }
        let is_early = self.disk.sync.is_early(name);
        let mut state = self.disk.state();
        let State { draws, logs, ills, .. } = &mut *state;
        let log = logs.get_mut(&name)?;
        log.records.extend(records);
        // A sync takes a while, sometimes a long one; the next is not done before it.
        let takes = match (is_early, draws.percent(3)) {
            (true, _) => draws.ms(500, 2_000),
            (false, true) => draws.ms(20, 300),
            (false, false) => draws.ms(1, 8),
        };
        let takes = u64::try_from((takes + ills.delay()).as_nanos()).unwrap_or(0);
        log.busy_until = (log.busy_until + 1).max(now + takes);
        if let Some(tear) = ills.tear.take() {
            ills.torn = Some(name);
            self.disk.world.at(now + (log.busy_until - now) / 2, tear);
        }
        Some((log.next(), log.busy_until, ills.sync_fails()))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Records, &mut Draws) -> T) -> Option<T> {
        let mut state = self.disk.state();
        let State { draws, logs, .. } = &mut *state;
        logs.get_mut(&self.name).map(|log| look(log, draws))
    }

    fn answer<T: Send + 'static>(&self, answer: T) -> Pending<T> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let delay = self.disk.state().draws.duration(Duration::from_micros(20), Duration::from_millis(1));
        self.disk.world.answer_at(self.disk.world.nanos_after(delay), &self.life, move || answer)
    }
}

impl Log for SimLog {
    fn first(&self) -> u64 {
        self.with(|log, _| log.first).unwrap_or(1)
    }

    fn next(&self) -> u64 {
        self.with(|log, _| log.next()).unwrap_or(1)
    }

    fn write(&self, records: Vec<Bytes>) -> Pending<Result<(), LogError>> {
        let durable = self.append(records);
        if self.is_broken.load(Ordering::Relaxed) || !self.life.is_lived() {
            return durable;
        }
        let (disk, name) = (Arc::clone(&self.disk), self.name);
        let written = self.with(|log, draws| {
            let delay = draws.duration(Duration::from_micros(20), Duration::from_millis(1));
            log.writing_until = (log.writing_until + 1).max(disk.world.nanos_after(delay));
            (log.next(), log.writing_until)
        });
        let Some((through, at)) = written else { return durable };
        self.disk.world.answer_at(at, &self.life, move || {
            let mut state = disk.state();
            let log = state.logs.get_mut(&name).ok_or_else(|| refused(name, "it was removed"))?;
            log.written = log.written.max(through);
            Ok(())
        })
    }

    fn append(&self, records: Vec<Bytes>) -> Pending<Result<(), LogError>> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let ill = if self.is_broken.load(Ordering::Relaxed) {
            Some("an append before this one failed")
        } else {
            self.disk.state().ills.is_full().then_some("no space left on device")
        };
        if let Some(why) = ill {
            self.is_broken.store(true, Ordering::Relaxed);
            return self.answer(Err(refused(self.name, why)));
        }
        let Some((through, at, fails)) = self.appended(records) else {
            let removed = refused(self.name, "it was removed");
            return Box::pin(async move { Err(removed) });
        };
        let (disk, name, is_broken) = (Arc::clone(&self.disk), self.name, Arc::clone(&self.is_broken));
        let durable = self.disk.world.answer_at(at, &self.life, move || {
            let mut state = disk.state();
            let Some(log) = state.logs.get_mut(&name) else { return Err(refused(name, "it was removed")) };
            if fails || is_broken.load(Ordering::Relaxed) {
                is_broken.store(true, Ordering::Relaxed);
                log.has_failed = true;
                return Err(refused(name, "input/output error"));
            }
            log.durable = log.durable.max(through);
            Ok(())
        });
        if self.disk.sync.is_early(self.name) { self.answer(Ok(())) } else { durable }
    }

    fn read(&self, from: u64, bytes_max: usize) -> Pending<Result<Vec<Bytes>, LogError>> {
        let is_early = self.disk.sync.is_early(self.name);
        let read = self.with(|log, _| {
            let from = from.max(log.first);
            let durable = if is_early { log.next() } else { log.durable };
            let skip = usize::try_from(from - log.first).unwrap_or(usize::MAX);
            let there = usize::try_from(durable.saturating_sub(from)).unwrap_or(0);
            let mut bytes = 0usize;
            let fits = |record: &&Bytes| {
                let is_first = bytes == 0;
                bytes = bytes.saturating_add(record.len().max(1));
                is_first || bytes <= bytes_max
            };
            log.records.iter().skip(skip).take(there).take_while(fits).cloned().collect()
        });
        let mut read: Vec<_> = read.unwrap_or_default();
        forget(self.disk.sync, self.name, &mut read);
        self.answer(Ok(read))
    }

    fn trim(&self, before: u64) -> Pending<Result<(), LogError>> {
        self.with(|log, _| {
            let first = before.clamp(log.first, log.durable);
            log.records.drain(..usize::try_from(first - log.first).unwrap_or(0));
            log.first = first;
        });
        self.answer(Ok(()))
    }
}
