//! What the logs say of a daemon, and how it is made anew from that.
//!
//! The snapshot is restored and the frames after it are processed again. What the outputs log has recorded stands: outputs that the
//! replay makes once more are compared and dropped, and an event that was given up is not tried again. Code that breaks
//! during a replay is made anew once more, without the event that it broke at.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{DaemonKind, DaemonOutput, InboxFrame, OutputFrame};
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::snapshot::{Snapshot, SnapshotBytes, Unchecked};
use wayfare_protocol::{Head, codec};

use super::interface::Config;
use super::memory::Memory;
use super::record::{InboxRecord, Record};
use super::runner::Runner;

/// What a snapshot has of the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HostSection {
    pub(super) memory: Memory,
    /// Outputs that were not acknowledged.
    pub(super) outputs: Vec<DaemonOutput>,
}

/// The newest snapshot and what came after it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) snapshot: Option<(u64, Manifest)>,
    frames: Vec<(InboxFrame, Bytes)>,
    recorded: Recorded,
    /// What cannot be read.
    damage: Option<String>,
}

/// What the outputs log has.
#[derive(Debug, Default)]
struct Recorded {
    /// Through that position.
    through: u64,
    /// The chain after its last output.
    chain: Option<Chain>,
    dead: BTreeMap<u64, String>,
}

/// A daemon that was made anew.
#[derive(Debug)]
pub(super) struct Remade {
    pub(super) runner: Runner,
    /// Outputs that the snapshot held.
    pub(super) held: Vec<DaemonOutput>,
    /// What came of events that the outputs log has nothing of.
    pub(super) news: Vec<OutputFrame>,
    /// What was given up after the snapshot: position and reason.
    pub(super) gave_up: BTreeMap<u64, String>,
    /// Where the snapshot stands, if there is one.
    pub(super) snapshot: Option<(Manifest, Head)>,
    /// Events that were processed again.
    pub(super) replayed: u64,
    /// The replay made other outputs than were recorded.
    pub(super) has_diverged: bool,
}

impl History {
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Inbox(InboxRecord::Frame(bytes)) => match InboxFrame::decode(bytes) {
                Ok(frame) => self.frames.push((frame, bytes.clone())),
                Err(error) => self.damage = Some(error.to_string()),
            },
            Record::Inbox(InboxRecord::Snapshot { position, manifest, .. }) => {
                self.snapshot = Some((*position, manifest.clone()));
                self.frames.retain(|(frame, _)| frame.first > *position);
            }
            Record::Inbox(
                InboxRecord::Ownership(_) | InboxRecord::Durability(_) | InboxRecord::Stopped(_) | InboxRecord::Kept(_),
            ) => {}
            Record::Output(OutputFrame { through, outputs, dead }) => {
                self.recorded.through = self.recorded.through.max(*through);
                self.recorded.dead.extend(dead.iter().cloned());
                if let Some(last) = outputs.last() {
                    let DaemonOutput { link, payload, .. } = last;
                    self.recorded.chain = Some(Chain::resume(link.origin, link.sequence, link.hash(payload)));
                }
            }
        }
    }

    /// Whether the outputs log has an output that a replay can be compared with.
    pub(super) fn has_outputs(&self) -> bool {
        self.recorded.chain.is_some()
    }

    /// Makes the daemon anew. `snapshot` has the bytes of the newest one, if there is one.
    ///
    /// # Errors
    /// If there is no code, it does not take the state, or the logs do not fit together: why.
    pub(super) fn replay(
        mut self,
        snapshot: Option<&SnapshotBytes>,
        kind: &DaemonKind,
        config: &Config,
    ) -> Result<Remade, String> {
        if let Some(damage) = self.damage.take() {
            return Err(damage);
        }
        let mut given_up = std::mem::take(&mut self.recorded.dead);
        // Each round but the last gives one event up.
        loop {
            let (mut runner, held) = restore(snapshot, kind, config)?;
            let restored = runner.memory.head();
            let mut remade = Replay::default();
            match self.round(&mut runner, &given_up, config, &mut remade)? {
                None => {
                    let Replay { news, replayed, has_diverged } = remade;
                    given_up.extend(news.iter().flat_map(|frame| frame.dead.iter().cloned()));
                    let snapshot = self.snapshot.map(|(_, manifest)| (manifest, restored));
                    return Ok(Remade { runner, held, news, gave_up: given_up, snapshot, replayed, has_diverged });
                }
                Some((position, reason)) => {
                    given_up.insert(position, reason);
                }
            }
        }
    }

    /// Processes every frame. Returns the event at which the code broke.
    fn round(
        &self,
        runner: &mut Runner,
        given_up: &BTreeMap<u64, String>,
        config: &Config,
        replay: &mut Replay,
    ) -> Result<Option<(u64, String)>, String> {
        for (frame, bytes) in &self.frames {
            let next = runner.memory.position + 1;
            if frame.last() < next {
                continue; // in the snapshot
            }
            if frame.first != next {
                return Err(format!("its inbox goes on at position {} and not {next}", frame.first));
            }
            // Code that broke in the middle of a frame left the first part of what came of it.
            let recorded = self.recorded.through.clamp(frame.first - 1, frame.last());
            let old = runner.entries(frame, frame.first..=recorded, given_up, &config.limits);
            if old.is_broken {
                return Ok(old.dead.into_iter().next_back());
            }
            if recorded == self.recorded.through {
                replay.has_diverged |= self.compare(runner);
            }
            let new = runner.entries(frame, recorded + 1..=frame.last(), given_up, &config.limits);
            if new.is_broken {
                return Ok(new.dead.into_iter().next_back());
            }
            runner.memory.digest = runner.memory.digest.after(bytes);
            replay.replayed += frame.entries.len() as u64;
            let before = given_up.range(frame.first..=frame.last()).filter(|(at, _)| **at > recorded);
            let dead: Vec<_> = before.map(|(at, why)| (*at, why.clone())).chain(new.dead).collect();
            if !new.outputs.is_empty() || !dead.is_empty() {
                replay.news.push(OutputFrame { through: frame.last(), outputs: new.outputs, dead });
            }
        }
        Ok(None)
    }

    /// At the end of what is recorded the chains must be one. If they are not, the recorded one stands.
    fn compare(&self, runner: &mut Runner) -> bool {
        match self.recorded.chain {
            Some(recorded) if recorded != runner.memory.chain => {
                runner.memory.chain = recorded;
                true
            }
            _ => false,
        }
    }
}

#[derive(Debug, Default)]
struct Replay {
    news: Vec<OutputFrame>,
    replayed: u64,
    has_diverged: bool,
}

/// The code with the state of a snapshot, which says its kind, or at its beginning.
pub(super) fn restore(
    snapshot: Option<&SnapshotBytes>,
    kind: &DaemonKind,
    config: &Config,
) -> Result<(Runner, Vec<DaemonOutput>), String> {
    let make = |kind: &DaemonKind| {
        let no_code = || format!("this node has no code for daemons of kind {kind}");
        config.factories.get(kind).ok_or_else(no_code).map(|factory| factory.make())
    };
    let Some(bytes) = snapshot else {
        let runner = Runner { kind: kind.clone(), code: make(kind)?, memory: Memory::new(config.entity) };
        return Ok((runner, Vec::new()));
    };
    // Chunks are known by their content.
    let read = Unchecked::read(bytes, config.limits.snapshot).map_err(|error| error.to_string())?;
    let Snapshot { entity, kind, head, chain, horizon, state_version, host, state, .. } = read.known_by_content();
    if entity != config.entity {
        return Err(format!("the snapshot is of daemon {entity}"));
    }
    let HostSection { memory, outputs } =
        codec::decode_stored(&host).map_err(|error| format!("the host's part of the snapshot: {error}"))?;
    let memory = Memory { chain, horizon, ..memory };
    if memory.head() != head {
        return Err("the host's part of the snapshot stands elsewhere than its head".to_owned());
    }
    let kind: DaemonKind = kind.parse().map_err(|error| format!("kind {error}"))?;
    let mut code = make(&kind)?;
    if let Some(state) = state {
        code.restore(state, state_version).map_err(|error| error.to_string())?;
    }
    Ok((Runner { kind, code, memory }, outputs))
}
