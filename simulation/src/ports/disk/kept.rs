//! What is on a disk, for those who judge it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use wayfare_actors::ports::LogName;
use wayfare_core::Fact;
use wayfare_core::daemon::InboxRecord;
use wayfare_core::fact::Awareness;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::{ChunkId, EntityId, codec};

use super::{Disk, Records};
use crate::evidence::Evidence;
use crate::marked;

/// The snapshot of which a record of a daemon's inbox tells.
fn manifest(record: &Bytes) -> Option<Manifest> {
    match codec::decode(record) {
        Ok(InboxRecord::Snapshot { manifest, .. }) => Some(manifest),
        _ => None,
    }
}

impl Disk {
    /// Daemons of which there is a log.
    #[must_use]
    pub fn daemons(&self) -> Vec<EntityId> {
        let state = self.state();
        let daemons = state.logs.keys().filter_map(|name| match name {
            LogName::DaemonInbox(daemon) | LogName::DaemonOutputs(daemon) => Some(*daemon),
            _ => None,
        });
        daemons.collect()
    }

    /// Chunks of the newest snapshots of which the inboxes of daemons tell.
    #[must_use]
    pub fn chunks(&self) -> BTreeSet<ChunkId> {
        let state = self.state();
        let inboxes = state.logs.iter().filter(|(name, _)| matches!(name, LogName::DaemonInbox(_)));
        let newest = |log: &Records| log.records.iter().rev().find_map(manifest);
        inboxes.filter_map(|(_, log)| newest(log)).flat_map(|of| of.chunks).map(|(chunk, _)| chunk).collect()
    }

    /// From now on it is told whether the disk of that place is given what nobody must keep.
    pub fn watch(&self, evidence: &Arc<Evidence>, place: &str) {
        let _ = self.watched.set((Arc::clone(evidence), place.to_owned())); // it is watched already
    }

    /// Tells what nobody must keep, and is in these records.
    pub(super) fn look_at(&self, records: &[Bytes]) {
        let Some((evidence, place)) = self.watched.get() else { return };
        let marks: Vec<u64> = records.iter().flat_map(|record| marked::shown_in(record)).collect();
        if !marks.is_empty() {
            evidence.fact(place, &Fact::Awareness(Awareness::Stored { marks }));
        }
    }
}
