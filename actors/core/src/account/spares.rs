//! Spares: of every daemon the cloud keeps a snapshot, from which another node can go on when the daemon's own is gone for good.
//!
//! The cloud asks the owner for it when that tells of a newer snapshot, and [`Limits::spare_every`](wayfare_protocol::Limits::spare_every)
//! after the one before at the earliest, or later after a large one
//! ([`Limits::spare_rate`](wayfare_protocol::Limits::spare_rate)); one at a time. The owner seals the daemon's key for every other node of the account that has
//! registered since the cloud's start; a spare that lacks a node is fetched anew. The cloud can open none of the keys.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wayfare_protocol::between::SealingKey;
use wayfare_protocol::daemon::DaemonState;
use wayfare_protocol::limits::SPARE_NODES_MAX;
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{Boot, EntityId, NodeId, Now, Refusal};

use super::{Account, Effect, LinkId};
use crate::machine::{OpId, Sink};

/// In the cloud: what is kept, and what is to be fetched.
#[derive(Debug, Default)]
pub(super) struct Spares {
    kept: BTreeMap<EntityId, Kept>,
    /// Nodes of the account, and to which key secrets for them are sealed.
    sealing: BTreeMap<NodeId, SealingKey>,
    due: Schedule,
    /// Until then a spare that fewer nodes could open than the one before is not taken.
    waits_until: Boot,
    taking: Option<Taking>,
}

#[derive(Debug)]
struct Kept {
    spare: Spare,
    /// Snapshots that the owner had taken when it was asked; `None`: that was before this process began.
    snapshots: Option<u64>,
    /// The next one is not asked for before.
    not_before: Boot,
}

#[derive(Clone, Copy, Debug)]
struct Taking {
    op: OpId,
    daemon: EntityId,
    snapshots: u64,
}

/// What is to be done when, for each daemon once.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    by_daemon: BTreeMap<EntityId, Boot>,
    by_time: BTreeSet<(Boot, EntityId)>,
}

impl Schedule {
    /// At that time, unless it is to be done earlier.
    pub(super) fn at(&mut self, at: Boot, daemon: EntityId) {
        if self.by_daemon.get(&daemon).is_some_and(|known| *known <= at) {
            return;
        }
        if let Some(later) = self.by_daemon.insert(daemon, at) {
            self.by_time.remove(&(later, daemon));
        }
        self.by_time.insert((at, daemon));
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        self.by_time.first().map(|(at, _)| *at)
    }

    pub(super) fn take_due(&mut self, now: Boot) -> Option<EntityId> {
        let (at, daemon) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.by_time.pop_first();
        self.by_daemon.remove(&daemon);
        Some(daemon)
    }
}

impl Spares {
    pub(super) fn get(&self, daemon: EntityId) -> Option<&Spare> {
        self.kept.get(&daemon).map(|kept| &kept.spare)
    }

    /// Nothing is sealed for it any more.
    pub(super) fn forget_node(&mut self, node: NodeId) {
        self.sealing.remove(&node);
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        if self.taking.is_some() { None } else { self.due.deadline() }
    }
}

impl Account {
    /// What the cloud kept before this process began.
    pub(super) fn load_spares(&mut self, now: Now, spares: Vec<Spare>) {
        self.spares.waits_until = now.boot.after(self.config.limits.spare_wait);
        for spare in spares {
            self.spares.kept.insert(spare.daemon, Kept { spare, snapshots: None, not_before: now.boot });
        }
        self.recover_lost(now);
    }

    /// A node has registered: spares that it cannot open are fetched anew.
    pub(super) fn on_sealing_key(&mut self, now: Now, key: SealingKey) {
        let node = NodeId(key.key.device_id());
        if self.here().is_some() || self.spares.sealing.insert(node, key) == Some(key) {
            return;
        }
        let daemons: Vec<_> = self.daemons.all().map(|info| info.entity).collect();
        for daemon in daemons {
            self.spare_may_be_old(now, daemon);
        }
    }

    /// Whether a daemon's spare is to be fetched anew, or for the first time: over which link, and for whom.
    fn wants_spare(&self, daemon: EntityId) -> Option<(LinkId, Vec<SealingKey>)> {
        let (info, row) = (self.daemons.get(daemon)?, self.daemons.row(daemon)?);
        let link = self.devices.link(info.owner.0)?;
        let acts = matches!(info.state, DaemonState::Live | DaemonState::Stopped) && info.epoch == row.epoch;
        if !acts || info.stats.snapshots == 0 || self.links.is_of_program(link) {
            return None;
        }
        let others = self.spares.sealing.iter().filter(|(node, _)| **node != info.owner);
        let nodes: Vec<_> = others.map(|(_, key)| *key).take(SPARE_NODES_MAX).collect();
        let is_new = |kept: &Kept| {
            let is_sealed_for = |key: &SealingKey| can_open(&kept.spare, NodeId(key.key.device_id()));
            kept.snapshots == Some(info.stats.snapshots) && nodes.iter().all(is_sealed_for)
        };
        let is_kept = self.spares.kept.get(&daemon).is_some_and(is_new);
        // Without another node nobody could open it.
        (!nodes.is_empty() && !is_kept).then_some((link, nodes))
    }

    /// Something was heard of a daemon: its spare is fetched when it is time, if it is old.
    pub(super) fn spare_may_be_old(&mut self, now: Now, daemon: EntityId) {
        if self.here().is_none() && self.wants_spare(daemon).is_some() {
            self.spares.due.at(self.spare_not_before(now, daemon), daemon);
        }
    }

    /// When the next spare may be taken. After the cloud's start nodes come one after the other: if the owner is lost before the others are
    /// there, it is better to have an older one that they can open than a newer one that nobody can.
    fn spare_not_before(&self, now: Now, daemon: EntityId) -> Boot {
        let Some(kept) = self.spares.kept.get(&daemon) else { return now.boot };
        let owner = self.daemons.get(daemon).map(|info| info.owner);
        let may_come = |node: &NodeId| {
            Some(*node) != owner && !self.spares.sealing.contains_key(node) && self.devices.revoked_at(node.0).is_none()
        };
        let waits = kept.spare.sealed_keys.iter().any(|(node, _)| may_come(node));
        let not_before = kept.not_before.max(now.boot);
        if waits { not_before.max(self.spares.waits_until) } else { not_before }
    }

    /// Fetches the next one that is due.
    pub(super) fn take_spares(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        while self.spares.taking.is_none()
            && let Some(daemon) = self.spares.due.take_due(now.boot)
        {
            let Some((link, nodes)) = self.wants_spare(daemon) else { continue };
            let not_before = self.spare_not_before(now, daemon);
            if not_before > now.boot {
                self.spares.due.at(not_before, daemon); // it was told of while the one before came, or somebody has left
                continue;
            }
            let snapshots = self.daemons.get(daemon).map_or(0, |info| info.stats.snapshots);
            let op = self.ops.take();
            self.spares.taking = Some(Taking { op, daemon, snapshots });
            out.push(Effect::TakeSpare { op, link, daemon, nodes });
        }
    }

    /// One was fetched, or not. Of one that is newer by now the owner has told, and it is due.
    pub(super) fn on_spare_taken(&mut self, now: Now, op: OpId, result: Result<Box<Spare>, Refusal>) {
        let Some(Taking { daemon, snapshots, .. }) = self.spares.taking.take_if(|taking| taking.op == op) else {
            return;
        };
        match result {
            Ok(spare) => {
                let limits = &self.config.limits;
                let fetched = Duration::from_secs(spare.ready.manifest.total / limits.spare_rate.max(1));
                let not_before = now.boot.after(limits.spare_every.max(fetched));
                self.spares.kept.insert(daemon, Kept { spare: *spare, snapshots: Some(snapshots), not_before });
                self.spare_may_be_old(now, daemon);
            }
            Err(_) => self.spares.due.at(now.boot.after(self.config.limits.spare_retry), daemon),
        }
    }
}

/// Whether the daemon's key was sealed for that node.
pub(super) fn can_open(spare: &Spare, node: NodeId) -> bool {
    spare.sealed_keys.iter().any(|(sealed_for, _)| *sealed_for == node)
}
