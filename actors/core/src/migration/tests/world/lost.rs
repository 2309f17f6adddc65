//! An owner that is gone for good, and the cloud that lets another node go on from its spare.

use wayfare_protocol::daemon::{DaemonState, InboxFrame};
use wayfare_protocol::migration::{MoveCause, MoveMode, MoveOrder, SnapshotReady};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::snapshot::SnapshotBytes;
use wayfare_protocol::{EntityKey, SignedHead};

use super::effects::device_key;
use super::{Orchestrator, What, World, orchestrator};
use crate::daemon::desk::entity;
use crate::daemon::{InboxRecord, MoveAnswer, MoveAsk};
use crate::machine::Machine as _;

/// An owner that is lost.
pub(in super::super) struct Lost {
    pub(in super::super) node: usize,
    /// Who is to go on.
    target: usize,
    /// What the cloud keeps.
    ready: SnapshotReady,
    pub(super) snapshot: SnapshotBytes,
}

impl World {
    /// The owner is lost, as soon as the cloud has a spare.
    pub(super) fn lose(&mut self, target: usize) {
        let node = self.index(self.row.owner);
        let Some(desk) = &mut self.nodes[node].desk else { return };
        let MoveAnswer::Newest(newest) = desk.ask(MoveAsk::Newest) else {
            return self.later(5, What::Lose(target));
        };
        let snapshot = desk.disk.snapshots[&newest.manifest.total].clone();
        let key = EntityKey::from_seed(&[9; 32]);
        let head = SignedHead::sign(&key, newest.row.lineage, newest.row.epoch, newest.head);
        let sealing = device_key(self.nodes[target].id).sealing_public();
        let sealed_key = SealedKey::seal(&key, sealing, &head, [7; 32].into()).expect("sealed");
        let ready = SnapshotReady {
            source: self.nodes[node].id,
            key: newest.row.key.daemon().expect("a daemon's").clone(),
            durability: newest.durability,
            manifest: newest.manifest,
            head,
            is_sealed: true,
            sealed_key: Some(sealed_key),
        };
        self.nodes[node].crash();
        self.lost = Some(Lost { node, target, ready, snapshot });
        self.ordered_at = self.steps;
        self.recover();
    }

    /// The cloud orders it again until somebody has the daemon.
    pub(super) fn recover(&mut self) {
        let Some(lost) = &self.lost else { return };
        if self.row.owner != self.nodes[lost.node].id {
            return;
        }
        let (target, ready) = (lost.target, lost.ready.clone());
        self.later(150, What::Recover);
        if !self.nodes[target].is_up || self.nodes[target].orchestrator.is_some() {
            return;
        }
        let to = Some(self.nodes[target].id);
        let order = MoveOrder { daemon: entity(), to, mode: MoveMode::StopAndCopy, cause: MoveCause::Loss };
        let config = orchestrator::Config {
            migration: self.new_id(),
            order,
            by: self.nodes[target].id.0,
            limits: self.limits.clone(),
            seed: self.setup.seed,
        };
        self.nodes[target].orchestrator = Some(Orchestrator::new(config, self.time()));
        self.step_orchestrator(target, orchestrator::Input::Recover(Box::new(ready)));
    }

    /// The row goes to somebody who goes on from a base: what was accepted after that is nobody's any more.
    pub(super) fn forget_after_base(&mut self, row: &Row) {
        if let (Some(_), Some(base)) = (&self.lost, row.base) {
            self.frames.split_off(&(base.inbox_position + 1));
        }
    }

    /// The last position that is on its disk.
    pub(in super::super) fn last_of_lost(&self) -> u64 {
        let lost = self.lost.as_ref().expect("one is lost");
        let inbox = self.nodes[lost.node].disk.iter().flat_map(|disk| &disk.inbox);
        let frames = inbox.filter_map(|record| match record {
            InboxRecord::Frame(bytes) => Some(InboxFrame::decode(bytes).expect("a frame").last()),
            _ => None,
        });
        frames.max().unwrap_or(0)
    }

    /// The lost node is back; it starts twice, so that it has read the row and then begins with that.
    pub(in super::super) fn bring_back(&mut self) -> Option<DaemonState> {
        let node = self.lost.as_ref().expect("one is lost").node;
        for _ in 0..2 {
            self.nodes[node].crash_if_up();
            self.restart(node);
            let until = self.now + 2_000;
            while self.now < until && self.step() {}
        }
        self.nodes[node].state()
    }
}
