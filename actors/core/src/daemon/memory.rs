//! What a host remembers beside the daemon's own state: a fold of the inbox, part of every snapshot.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{DaemonStats, DeadLetter, InboxDigest, Source};
use wayfare_protocol::entity::{EntityId, Origin};
use wayfare_protocol::horizon::Horizon;
use wayfare_protocol::{Head, Wall};

/// See the module. Equal inboxes lead to equal memories, but for how far subscribers are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// Inputs that were processed.
    pub(super) position: u64,
    /// Over the frames that they came in.
    pub(super) digest: InboxDigest,
    /// The outputs so far. In a snapshot the envelope has it.
    #[serde(skip, default = "no_chain")]
    pub(super) chain: Chain,
    /// What the daemon has seen of others. In a snapshot the envelope has it.
    #[serde(skip)]
    pub(super) horizon: Horizon,
    /// Publishers by origin.
    pub(super) origins: BTreeMap<Origin, Publisher>,
    /// Ticks that have not come, by when they are due and the host's number: the daemon's tag.
    pub(super) ticks: BTreeMap<(Wall, u64), u64>,
    /// Background work without a result.
    pub(super) work: BTreeMap<u64, PendingWork>,
    /// Events that were given up, by position.
    pub(super) dead: BTreeMap<u64, DeadLetter>,
    /// Who keeps a place in the outputs, and the last output that it has.
    pub(super) subscribers: BTreeMap<Origin, u64>,
    /// Daemons whose outputs are events.
    pub(super) feeds: BTreeSet<EntityId>,
    /// Ticks and works so far: the number of the last.
    pub(super) numbered: u64,
    /// What was done.
    pub(super) stats: DaemonStats,
}

/// A publisher as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Publisher {
    /// Its last accepted number.
    pub(super) sequence: u64,
    /// The place of that in the inbox.
    pub(super) position: u64,
}

/// Background work that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingWork {
    pub(super) tag: u64,
    pub(super) input: Bytes,
}

fn no_chain() -> Chain {
    Chain::genesis(Origin(0))
}

impl Memory {
    pub(super) fn new(entity: EntityId) -> Self {
        Self {
            position: 0,
            digest: InboxDigest::default(),
            chain: Chain::genesis(entity.origin()),
            horizon: Horizon::default(),
            origins: BTreeMap::new(),
            ticks: BTreeMap::new(),
            work: BTreeMap::new(),
            dead: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            feeds: BTreeSet::new(),
            numbered: 0,
            stats: DaemonStats::default(),
        }
    }

    /// Where inbox and outputs stand. Good at the end of a frame only (architecture §5.4).
    pub(super) fn head(&self) -> Head {
        Head {
            inbox_position: self.position,
            inbox_digest: self.digest.0,
            output_sequence: self.chain.sequence(),
            output_hash: self.chain.hash(),
        }
    }

    /// The last number of a publisher that was accepted.
    pub(super) fn last_of(&self, origin: Origin) -> u64 {
        self.origins.get(&origin).map_or(0, |publisher| publisher.sequence)
    }

    /// A publisher's number was accepted. Of too many publishers the one that was silent for longest is forgotten, but never a daemon that
    /// feeds this one.
    pub(super) fn saw(&mut self, origin: Origin, sequence: u64, position: u64, origins_max: usize) {
        let publisher = self.origins.entry(origin).or_insert(Publisher { sequence, position });
        *publisher = Publisher { sequence: sequence.max(publisher.sequence), position };
        if self.origins.len() > origins_max {
            let feeds = |origin: &Origin| self.feeds.iter().any(|from| from.origin() == *origin);
            let others = self.origins.iter().filter(|(origin, _)| !feeds(origin));
            if let Some(oldest) = others.min_by_key(|(_, publisher)| publisher.position).map(|(origin, _)| *origin) {
                self.origins.remove(&oldest);
            }
        }
    }

    /// Gives an event up. Of too many the oldest is forgotten.
    pub(super) fn bury(&mut self, letter: DeadLetter, letters_max: usize) {
        self.stats.dead += 1;
        self.dead.insert(letter.position, letter);
        while self.dead.len() > letters_max {
            self.dead.pop_first();
        }
    }

    /// The last output that every subscriber has; `None` without one.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.subscribers.values().min().copied()
    }

    /// Takes a dead letter back, to be processed once more.
    pub(super) fn exhume(&mut self, position: u64) -> Option<(Source, Bytes)> {
        self.dead.remove(&position).map(|letter| (letter.source, letter.payload))
    }
}
