//! The machines stepped through, one rule each.

mod orchestrator_steps;
mod source_steps;
mod spare_steps;
mod table;
mod target_steps;

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;
use wayfare_protocol::daemon::Durability;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::{
    FailureReason, MigrationMessage, MigrationStep as M, MoveCause, MoveMode, MoveOrder, MoveState, Party,
    SnapshotReady,
};
use wayfare_protocol::ownership::{ClaimOutcome, Lineage, Row};
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{
    Boot, DeviceId, EntityKey, Epoch, ErrorCode, Head, MigrationId, NodeId, Now, Refusal, ResourceId, SignedHead, Wall,
};

use super::super::{Orchestrator, Source, Target, Wrong, orchestrator, source, target};
use super::world::limits;
use crate::daemon::desk::{HERE, THERE, config, entity, tally};
use crate::daemon::{MoveAnswer, MoveAsk, Standing};
use crate::machine::{Machine, OpId};

pub(super) const LEADER: NodeId = NodeId(DeviceId([3; 32]));
pub(super) const STRANGER: NodeId = NodeId(DeviceId([4; 32]));
pub(super) const EPOCH: Epoch = Epoch { generation: 1, n: 5 };

pub(super) fn at(ms: u64) -> Now {
    Now { boot: Boot(Duration::from_millis(ms)), wall: Wall(ms) }
}

pub(super) fn id(n: u128) -> MigrationId {
    MigrationId(Uuid::from_u128(n))
}

pub(super) fn message(to: Party, step: M) -> MigrationMessage {
    MigrationMessage { migration: id(1), daemon: entity(), epoch: EPOCH, to, step }
}

pub(super) fn row(owner: NodeId, n: u64) -> Row {
    let key = config(HERE, tally()).key.into();
    let (resource, lineage) = (ResourceId::Daemon(entity()), Lineage(0));
    Row { resource, key, owner, epoch: Epoch { generation: 1, n }, lineage, base: None }
}

pub(super) fn head(position: u64) -> Head {
    Head { inbox_position: position, ..Head::default() }
}

pub(super) fn signed(position: u64) -> SignedHead {
    SignedHead::sign(&EntityKey::from_seed(&[9; 32]), Lineage(0), EPOCH, head(position))
}

pub(super) fn ready(position: u64, is_sealed: bool) -> Box<SnapshotReady> {
    Box::new(SnapshotReady {
        source: HERE,
        key: config(HERE, tally()).key,
        durability: Durability::Process,
        manifest: Manifest { total: 10, chunks: Vec::new() },
        head: signed(position),
        is_sealed,
        sealed_key: None,
    })
}

/// A machine and what it did last.
pub(super) struct Stepped<T: Machine> {
    pub(super) machine: T,
    pub(super) now: Now,
    pub(super) out: Vec<T::Effect>,
}

impl<T: Machine> Stepped<T> {
    pub(super) fn new(machine: T) -> Self {
        Self { machine, now: at(0), out: Vec::new() }
    }

    pub(super) fn step(&mut self, input: T::Input) -> &[T::Effect] {
        self.out.clear();
        self.machine.step(self.now, input, &mut self.out);
        &self.out
    }

    pub(super) fn wake(&mut self, ms: u64) -> &[T::Effect] {
        self.now = at(ms);
        self.out.clear();
        self.machine.wake(self.now, &mut self.out);
        &self.out
    }
}

/// The entity's key, sealed for the target.
pub(super) fn key() -> SealedKey {
    let (key, device) = (EntityKey::from_seed(&[9; 32]), DeviceKey::from_seed(&[2; 32]));
    SealedKey::seal(&key, device.sealing_public(), &signed(3), [7; 32].into()).expect("it is sealed")
}
