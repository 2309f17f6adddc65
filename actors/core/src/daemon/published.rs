//! How the daemon is described, and when others are told.

use wayfare_protocol::daemon::{DaemonInfo, DaemonKey, DaemonState, DaemonStats, Health};
use wayfare_protocol::ownership::{ResourceKey, Row};
use wayfare_protocol::{Epoch, Head};

use super::moving::Sealing;
use super::{DaemonHost, Effect, Phase};
use crate::machine::Sink;
use crate::ownership;

/// What others have been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// Its creation is not durable: it does not exist for others.
    Unborn,
    /// Something else than what is compared changed.
    Outdated,
    /// This.
    Told(DaemonState, Health),
}

impl DaemonHost {
    /// Its description.
    #[must_use]
    pub fn info(&self) -> DaemonInfo {
        let memory = self.runner().map(|runner| &runner.memory);
        DaemonInfo {
            entity: self.config.entity,
            key: self.key().clone(),
            owner: self.ownership.row().map_or(self.config.here, |row| row.owner),
            device_name: self.config.device_name.clone(),
            epoch: self.epoch(),
            state: self.state(),
            health: self.health(),
            durability: self.durability,
            head: memory.map_or_else(Head::default, super::memory::Memory::head),
            stats: memory.map_or_else(DaemonStats::default, |memory| memory.stats),
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.ownership.row().map_or(Epoch::LOCAL, |row| row.epoch)
    }

    pub(super) fn key(&self) -> &DaemonKey {
        match self.ownership.row() {
            Some(Row { key: ResourceKey::Daemon(key), .. }) => key,
            _ => &self.config.key,
        }
    }

    fn state(&self) -> DaemonState {
        match (self.ownership.phase(), &self.phase) {
            (ownership::Phase::Released { .. }, _) => DaemonState::Elsewhere,
            (_, Phase::Failed { .. }) => DaemonState::Failed,
            (_, Phase::Folding(_) | Phase::Loading { .. } | Phase::Rereading { .. }) => DaemonState::Recovering,
            (ownership::Phase::Unowned, Phase::Running(_)) => DaemonState::Following,
            (ownership::Phase::Sealed { .. }, Phase::Running(_)) => DaemonState::Sealed,
            (ownership::Phase::Held { .. }, Phase::Running(_)) if self.is_stopped => DaemonState::Stopped,
            (ownership::Phase::Held { .. }, Phase::Running(_)) => match self.sealing {
                Sealing::Draining(_) => DaemonState::Sealed,
                Sealing::No => DaemonState::Live,
            },
        }
    }

    /// The worst of what is known.
    fn health(&self) -> Health {
        let degraded = |reason: &str| Health::Degraded { reason: reason.to_owned() };
        match &self.phase {
            Phase::Failed { why } => Health::Unhealthy { reason: why.clone() },
            Phase::Running(runner) => {
                let own = runner.code.health();
                match own {
                    Health::Unhealthy { .. } | Health::Degraded { .. } => own,
                    Health::Healthy => match (&self.doubt, &self.snapshots.failure, self.base()) {
                        (Some(doubt), _, _) => degraded(doubt),
                        (None, Some(why), _) => degraded(&format!("no snapshot: {why}")),
                        (None, None, Some(base)) => degraded(&lost_after(&base)),
                        (None, None, None) => Health::Healthy,
                    },
                }
            }
            Phase::Folding(_) | Phase::Loading { .. } | Phase::Rereading { .. } => Health::Healthy,
        }
    }

    /// Where the snapshot stood from which this node went on in the place of one that was lost.
    fn base(&self) -> Option<Head> {
        self.ownership.row().and_then(|row| row.base)
    }

    /// Others are told anew, if they know of the daemon at all.
    pub(super) fn outdate(&mut self) {
        if self.published != Published::Unborn {
            self.published = Published::Outdated;
        }
    }

    pub(super) fn tell_news(&mut self, out: &mut impl Sink<Effect>) {
        let now = Published::Told(self.state(), self.health());
        if self.published != Published::Unborn && self.published != now {
            self.published = now;
            out.push(Effect::Publish(Box::new(self.info())));
        }
    }
}

/// What people are told of a daemon that went on from its spare.
fn lost_after(base: &Head) -> String {
    let (events, outputs) = (base.inbox_position, base.output_sequence);
    format!(
        "its device was lost: it went on after event {events} and output {outputs}, and what came after those is gone"
    )
}
