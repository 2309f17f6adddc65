//! A node of the small world: a host at its desk, and the machines of migrations.

use std::collections::BTreeMap;

use wayfare_protocol::daemon::DaemonState;
use wayfare_protocol::{DeviceId, Limits, NodeId};

use super::super::{Orchestrator, Source, Target};
use crate::daemon::desk::{Desk, Disk, config};
use crate::machine::{Machine as _, OpId};
use crate::mark::Mark;
use crate::session::Caller;
use wayfare_protocol::daemon::DaemonFactory;
use wayfare_protocol::migration::Party;

pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) is_up: bool,
    /// Counts its lives.
    pub(super) life: u64,
    pub(super) desk: Option<Desk>,
    /// What a crash has left.
    pub(super) disk: Option<Disk>,
    pub(super) blobs: BTreeMap<u64, wayfare_protocol::snapshot::SnapshotBytes>,
    pub(super) has_key: bool,
    pub(super) has_code: bool,
    pub(super) source: Option<Source>,
    pub(super) target: Option<Target>,
    pub(super) orchestrator: Option<Orchestrator>,
    /// Who waits for the host.
    pub(super) asked: BTreeMap<Caller, (Party, OpId)>,
    /// Which publisher waits for the host.
    pub(super) calls: BTreeMap<Caller, usize>,
    pub(super) is_finishing: bool,
}

impl Node {
    pub(super) fn new(number: u8) -> Self {
        Self {
            id: NodeId(DeviceId([number; 32])),
            is_up: true,
            life: 0,
            desk: None,
            disk: None,
            blobs: BTreeMap::new(),
            has_key: false,
            has_code: true,
            source: None,
            target: None,
            orchestrator: None,
            asked: BTreeMap::new(),
            calls: BTreeMap::new(),
            is_finishing: false,
        }
    }

    pub(super) fn state(&self) -> Option<DaemonState> {
        self.desk.as_ref().map(|desk| desk.host.info().state)
    }

    /// Where its machines are.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::new();
        self.source.iter().for_each(|source| source.marks(&mut marks));
        self.target.iter().for_each(|target| target.marks(&mut marks));
        self.orchestrator.iter().for_each(|orchestrator| orchestrator.marks(&mut marks));
        marks
    }

    /// For a test that fails.
    pub(super) fn summary(&self) -> String {
        let marks: Vec<_> = self.marks().iter().map(ToString::to_string).collect();
        format!("up {} host {:?} {marks:?}", self.is_up, self.state())
    }

    pub(super) fn is_busy(&self) -> bool {
        self.source.is_some() || self.target.is_some() || self.orchestrator.is_some()
    }

    pub(super) fn crash_if_up(&mut self) {
        if self.is_up {
            self.crash();
        }
    }

    /// Everything that is not on disk is gone.
    pub(super) fn crash(&mut self) {
        self.is_up = false;
        self.life += 1;
        self.disk = self.desk.take().filter(|desk| !desk.is_removed).map(|desk| desk.disk);
        (self.source, self.target, self.orchestrator) = (None, None, None);
        self.asked.clear();
        self.calls.clear();
        self.is_finishing = false;
    }

    pub(super) fn host_config(
        &self,
        factory: &std::sync::Arc<dyn DaemonFactory>,
        limits: &Limits,
    ) -> crate::daemon::Config {
        let seed = 7_000 + self.life;
        crate::daemon::Config { limits: limits.clone(), seed, ..config(self.id, factory.clone()) }
    }
}
