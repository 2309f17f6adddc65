//! The two logs: what was appended where, and what waits for outputs to be logged.

use std::collections::{BTreeMap, VecDeque};

use wayfare_protocol::daemon::{InboxDigest, InboxFrame, OutputFrame};

use super::runner::Processed;
use super::{DaemonHost, Effect, Phase};
use crate::machine::{OpId, Sink};

/// Where frames are in the inbox log.
#[derive(Debug)]
pub(super) struct Places {
    /// Number of the next record of the inbox log.
    pub(super) next: u64,
    frames: VecDeque<Place>,
    /// Inputs and bytes since the last snapshot.
    pub(super) events: u64,
    pub(super) bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    first: u64,
    last: u64,
    record: u64,
}

/// The outputs log.
#[derive(Debug)]
pub(super) struct OutputsLog {
    /// Number of its next record.
    pub(super) next: u64,
    /// Appends under way: the last sequence that each shows, and what is done then.
    under_way: BTreeMap<OpId, (u64, Vec<Effect>)>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { next: 1, frames: VecDeque::new(), events: 0, bytes: 0 }
    }

    /// A frame is the next record.
    pub(super) fn append(&mut self, frame: &InboxFrame, bytes: usize) {
        self.frames.push_back(Place { first: frame.first, last: frame.last(), record: self.next });
        self.next += 1;
        self.events += frame.entries.len() as u64;
        self.bytes += bytes as u64;
    }

    /// What came before a position is in a snapshot. Returns the number of the first record that is needed after it.
    pub(super) fn forget_through(&mut self, position: u64) -> u64 {
        while self.frames.front().is_some_and(|place| place.last <= position) {
            self.frames.pop_front();
        }
        self.frames.front().map_or(self.next, |place| place.record)
    }

    /// Number of the record with the frame that begins right after a position; `None` if that is no place between two frames that
    /// are kept, or nothing comes after it.
    pub(super) fn record_after(&self, position: u64) -> Option<u64> {
        let at = self.frames.binary_search_by_key(&(position + 1), |place| place.first).ok()?;
        self.frames.get(at).map(|place| place.record)
    }
}

impl OutputsLog {
    pub(super) fn new() -> Self {
        Self { next: 1, under_way: BTreeMap::new() }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.under_way.is_empty()
    }
}

impl DaemonHost {
    /// Processes a durable frame. Returns whether the daemon goes on: `false` if its code broke.
    pub(super) fn process(
        &mut self,
        frame: &InboxFrame,
        digest: InboxDigest,
        given_up: &BTreeMap<u64, String>,
        out: &mut impl Sink<Effect>,
    ) -> bool {
        let acts = self.acts();
        let Phase::Running(runner) = &mut self.phase else { return false };
        let numbered = runner.memory.numbered;
        let processed = runner.entries(frame, frame.first..=frame.last(), given_up, &self.config.limits);
        if !processed.is_broken {
            runner.memory.digest = digest;
        }
        let through = runner.memory.position;
        if acts {
            // A target that follows asks for nothing: the owner did.
            self.ask_for_work(numbered, out);
        }
        let Processed { outputs, dead, is_broken } = processed;
        self.gave_up.extend(dead.iter().cloned());
        if !outputs.is_empty() || !dead.is_empty() {
            self.log_outputs(OutputFrame { through, outputs, dead }, out);
        }
        if is_broken {
            self.make_anew(out);
        }
        !is_broken
    }

    /// Appends what came of a frame; readers see it when it is logged.
    pub(super) fn log_outputs(&mut self, frame: OutputFrame, out: &mut impl Sink<Effect>) {
        self.outbox.push(&frame.outputs);
        let op = self.ops.take();
        self.outputs.next += 1;
        self.outputs.under_way.insert(op, (self.outbox.last(), Vec::new()));
        out.push(Effect::AppendOutputs { op, frame, durability: self.durability });
    }

    /// Emits an effect when all outputs so far are logged: they become so in their order.
    pub(super) fn when_logged(&mut self, effect: Effect, out: &mut impl Sink<Effect>) {
        match self.outputs.under_way.last_entry() {
            Some(mut last) => last.get_mut().1.push(effect),
            None => out.push(effect),
        }
    }

    /// Outputs are logged.
    pub(super) fn logged(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        let Some((through, effects)) = self.outputs.under_way.remove(&op) else { return };
        let acknowledged = self.runner().and_then(|runner| runner.memory.acknowledged());
        self.outbox.show(through, acknowledged, &self.config.limits, out);
        for effect in effects {
            out.push(effect);
        }
    }
}
