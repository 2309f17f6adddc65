//! Letting another daemon take what this one says, and looking whether it does.

use wayfare_protocol::EntityId;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall};

use super::{Phase, Publisher};

/// How far that is.
#[derive(Debug, Default)]
pub(super) enum Feeding {
    /// Nothing was done about it.
    #[default]
    No,
    /// The other daemon is there.
    Found(EntityId),
    /// It takes what this one says; through that output, by its last word.
    Feeds { other: EntityId, through: u64 },
}

impl Feeding {
    pub(super) fn begins(&mut self, other: EntityId) {
        *self = Self::Found(other);
    }

    /// The daemon that takes, if it is there.
    pub(super) fn other(&self) -> Option<EntityId> {
        match self {
            Self::No => None,
            Self::Found(other) | Self::Feeds { other, .. } => Some(*other),
        }
    }

    /// What a daemon took in last is lost, and maybe that it is to take anything.
    pub(super) fn is_recovered(&mut self, daemon: EntityId) {
        if self.other() == Some(daemon) {
            *self = Self::Found(daemon);
        }
    }

    /// Whether the other one has everything through an output, as far as it is to have it.
    pub(super) fn has_taken(&self, last: u64) -> bool {
        match self {
            Self::No | Self::Found(_) => true,
            Self::Feeds { through, .. } => *through >= last,
        }
    }
}

impl Publisher {
    pub(super) fn wants_to_feed(&self) -> bool {
        let is_begun = matches!(self.feeding, Feeding::Feeds { .. });
        self.work.feeds.is_some()
            && (is_begun || !self.is_resting)
            && !(is_begun && self.feeding.has_taken(self.hearing.heard()))
    }

    /// The next step: the other daemon is started, told what to take, and then asked what it has.
    pub(super) fn feed(&mut self) {
        let (Some(name), Some(from)) = (&self.work.feeds, self.daemon) else { return self.idle() };
        self.phase = Phase::Feeding;
        match self.feeding {
            Feeding::No => self.start_daemon(name, None),
            Feeding::Found(other) => self.call_daemon(other, DaemonCall::Feed { from, after: 0 }),
            Feeding::Feeds { other, .. } => self.call_daemon(other, DaemonCall::Feeds),
        }
    }

    /// The other daemon has answered.
    pub(super) fn fed(&mut self, from: EntityId, answer: &DaemonAnswer) {
        match (&self.feeding, answer) {
            (Feeding::Found(other), DaemonAnswer::Done) => {
                self.feeding = Feeding::Feeds { other: *other, through: 0 };
                self.idle();
            }
            (Feeding::Feeds { other, .. }, DaemonAnswer::Feeds(feeds)) => {
                let through = feeds.iter().find(|feed| feed.from == from).map_or(0, |feed| feed.through);
                self.feeding = Feeding::Feeds { other: *other, through };
                self.idle();
            }
            _ => self.later(),
        }
    }
}
