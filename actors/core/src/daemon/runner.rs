//! A daemon's code and its host's memory: inputs in, outputs out. The same for what is new, what is read from the log after a
//! crash, and what the target of a migration follows.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::daemon::{
    Context, DaemonKind, DaemonOutput, DeadLetter, Event, InboxEntry, InboxFrame, Input, MeshDaemon, Requests, Source,
};
use wayfare_protocol::limits::{DAEMON_EVENT_MAX, DAEMON_OUTPUTS_MAX, DAEMON_REASON_MAX};
use wayfare_protocol::{Limits, Wall};

use super::memory::{Memory, PendingWork};

/// See the module.
pub(super) struct Runner {
    /// Which code it is. A copy that follows has no row that says so, and after a restart not even a name.
    pub(super) kind: DaemonKind,
    pub(super) code: Box<dyn MeshDaemon>,
    pub(super) memory: Memory,
}

/// What came of a frame.
#[derive(Debug, Default)]
pub(super) struct Processed {
    pub(super) outputs: Vec<DaemonOutput>,
    /// Events that were given up now: position and reason.
    pub(super) dead: Vec<(u64, String)>,
    /// The code broke at the last of the dead: nothing after it was processed, and this runner is not used any more.
    pub(super) is_broken: bool,
}

/// How one event ended.
enum End {
    Done(Vec<Bytes>, Requests),
    Refused(String),
    Broken(String),
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("code", &self.code.name()).field("memory", &self.memory).finish()
    }
}

impl Runner {
    /// Processes entries of the frame after the last, those at these positions. `given_up` says what was given up before, by
    /// position: that is not tried again. Who has processed the last entry sets the digest.
    pub(super) fn entries(
        &mut self,
        frame: &InboxFrame,
        positions: RangeInclusive<u64>,
        given_up: &BTreeMap<u64, String>,
        limits: &Limits,
    ) -> Processed {
        let mut processed = Processed::default();
        let entries = (frame.first..).zip(&frame.entries);
        for (position, entry) in entries.filter(|(position, _)| positions.contains(position)) {
            self.memory.position = position;
            if let Some(event) = self.event(position, entry, limits) {
                let seed = frame.seed_of(position);
                self.process(event, seed, given_up.get(&position), limits, &mut processed);
            }
            if processed.is_broken {
                break;
            }
        }
        processed
    }

    /// What the daemon is to process for an input, if anything.
    fn event(&mut self, position: u64, entry: &InboxEntry, limits: &Limits) -> Option<Event> {
        let memory = &mut self.memory;
        let (source, payload) = match &entry.input {
            Input::Published { origin, sequence, payload } => {
                memory.saw(*origin, *sequence, position, limits.daemon_origins);
                (Source::Published { origin: *origin, sequence: *sequence }, payload.clone())
            }
            Input::Lost { origin, through } => {
                memory.saw(*origin, *through, position, limits.daemon_origins);
                return None;
            }
            Input::Tick { due, tick } => {
                let tag = memory.ticks.remove(&(*due, *tick))?;
                (Source::Tick { tag }, Bytes::new())
            }
            Input::Worked { work, result } => {
                let PendingWork { tag, .. } = memory.work.remove(work)?;
                match result {
                    Ok(result) => (Source::Worked { tag }, result.clone()),
                    Err(reason) => (Source::WorkFailed { tag }, Bytes::from(reason.clone())),
                }
            }
            Input::Redriven { position } => memory.exhume(*position)?,
            Input::Subscribed { subscriber, after } => {
                memory.subscribers.insert(*subscriber, *after);
                return None;
            }
            Input::Unsubscribed { subscriber } => {
                memory.subscribers.remove(subscriber);
                return None;
            }
            Input::Fed { from } => {
                memory.feeds.insert(*from);
                return None;
            }
            Input::Unfed { from } => {
                memory.feeds.remove(from);
                return None;
            }
        };
        Some(Event { position, at: entry.at, source, payload })
    }

    fn process(
        &mut self,
        event: Event,
        seed: u64,
        given_up: Option<&String>,
        limits: &Limits,
        processed: &mut Processed,
    ) {
        if let Some(reason) = given_up {
            return self.bury(event, reason.clone(), limits);
        }
        let mut tries = 0;
        let reason = loop {
            match self.attempt(&event, seed) {
                End::Done(payloads, requests) => match self.emit(&event, payloads, requests, processed) {
                    Ok(()) => {
                        self.memory.stats.processed += 1;
                        return;
                    }
                    Err(reason) => {
                        processed.is_broken = true;
                        break reason;
                    }
                },
                End::Refused(reason) => {
                    self.memory.stats.errors += 1;
                    tries += 1;
                    if tries >= limits.daemon_tries.max(1) {
                        break reason;
                    }
                }
                End::Broken(reason) => {
                    self.memory.stats.errors += 1;
                    processed.is_broken = true;
                    break reason;
                }
            }
        };
        let reason = reason[..reason.floor_char_boundary(DAEMON_REASON_MAX)].to_owned();
        processed.dead.push((event.position, reason.clone()));
        self.bury(event, reason, limits);
    }

    /// The code is given the event once. Whatever it unwinds with stays within its own memory, and that is thrown away.
    fn attempt(&mut self, event: &Event, seed: u64) -> End {
        let mut context = Context::new(event.at, seed);
        let code = &mut self.code;
        match catch_unwind(AssertUnwindSafe(|| code.process(event, &mut context))) {
            Ok(Ok(payloads)) => End::Done(payloads, context.into_requests()),
            Ok(Err(error)) => End::Refused(error.to_string()),
            Err(panic) => End::Broken(format!("panicked: {}", said(panic.as_ref()))),
        }
    }

    /// Links what the daemon said into its chain, and notes what it asked for.
    fn emit(
        &mut self,
        event: &Event,
        payloads: Vec<Bytes>,
        requests: Requests,
        processed: &mut Processed,
    ) -> Result<(), String> {
        let memory = &mut self.memory;
        if payloads.len() > DAEMON_OUTPUTS_MAX {
            return Err(format!("{} outputs of one event are over the limit of {DAEMON_OUTPUTS_MAX}", payloads.len()));
        }
        if let Some(large) = payloads.iter().find(|payload| payload.len() > DAEMON_EVENT_MAX) {
            return Err(format!("an output of {} bytes is over the limit of {DAEMON_EVENT_MAX}", large.len()));
        }
        if let Source::Published { origin, sequence } = event.source {
            memory.horizon.observe(origin, sequence);
        }
        let horizon = if payloads.is_empty() { 0 } else { memory.horizon.summary() };
        for payload in payloads {
            let link = memory.chain.append(horizon, &payload).map_err(|error| error.to_string())?;
            memory.stats.emitted += 1;
            processed.outputs.push(DaemonOutput { link, position: event.position, payload });
        }
        for (after, tag) in requests.ticks {
            memory.numbered += 1;
            memory.ticks.insert((later(event.at, after), memory.numbered), tag);
        }
        for (tag, input) in requests.work {
            memory.numbered += 1;
            memory.work.insert(memory.numbered, PendingWork { tag, input });
        }
        Ok(())
    }

    fn bury(&mut self, event: Event, reason: String, limits: &Limits) {
        let Event { position, at, source, payload } = event;
        self.memory.bury(DeadLetter { position, at, source, payload, reason }, limits.daemon_dead_letters);
    }
}

fn later(at: Wall, after: Duration) -> Wall {
    Wall(at.0.saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)))
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
