//! Samples of what the parties of a migration say.

use bytes::Bytes;
use wayfare_protocol::between::{Between, Said, SealingKey};
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::Durability;
use wayfare_protocol::migration::{
    FailureReason, MigrationMessage, MigrationPhase, MigrationStep, MoveCause, MoveInfo, MoveMode, MoveOrder,
    MoveState, Party, Recovery, SnapshotReady, Spare,
};
use wayfare_protocol::{MigrationId, ResourceId};

use super::daemon::{entity, manifest, sealed_key, signed_head};
use super::daemon_calls::daemon_key;
use super::*;

crate::variants!(step: MigrationStep {
    TakeSnapshot, SnapshotReady, RestoreComplete, BufferedEvents, ReplayComplete, CutoverNotify, ActivateTarget, ActivateAck,
    CleanupComplete, MigrationFailed,
});
crate::variants!(failure: FailureReason {
    NotReady, NoCode, Refused, NotDeterministic, StateFailed, FramesGone, TooLarge, AlreadyMigrating, IdentityTransport,
    Timeout, WrongHead, StoreUnreachable, NoTarget, Superseded, Cancelled,
});
crate::variants!(party: Party { Orchestrator, Source, Target });
crate::variants!(phase: MigrationPhase { Snapshot, Transfer, Restore, Replay, Cutover, Complete });
crate::variants!(cause: MoveCause { Asked, Overload, Drain, Loss });
crate::variants!(mode: MoveMode { Live, StopAndCopy });
crate::variants!(move_state: MoveState { Moving, Moved, Failed, Unknown });

crate::variants!(said: Said { Migration, WantsSealingKey, SealingKey });

pub fn saids() -> Vec<Said> {
    let migration = messages().into_iter().next_back().map(|message| Said::Migration(Box::new(message)));
    migration.into_iter().chain([Said::WantsSealingKey, Said::SealingKey(sealing_key())]).collect()
}

pub fn controls() -> Vec<Control> {
    vec![
        Control::Between(Box::new(Between { from: NODE, to: NODE, said: Said::WantsSealingKey })),
        Control::ReadRow { request: REQUEST, resource: ResourceId::Daemon(entity()) },
        Control::RowRead { request: REQUEST, row: Some(Box::new(control::row())) },
    ]
}

pub const MIGRATION: MigrationId = MigrationId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0006));

pub fn sealing_key() -> SealingKey {
    SealingKey { key: KEY, sealing_key: [0x5e; 32], signature: SIGNATURE }
}

pub fn spare() -> Spare {
    let ready = SnapshotReady { is_sealed: false, sealed_key: None, ..ready() };
    Spare { daemon: entity(), ready, sealed_keys: vec![(NODE, sealed_key())] }
}

pub fn recovery() -> Recovery {
    let known = Head { inbox_position: 312, ..HEAD };
    Recovery { daemon: entity(), target: NODE, base: HEAD, known, durability: Durability::Process }
}

pub fn ready() -> SnapshotReady {
    SnapshotReady {
        source: NODE,
        key: daemon_key(),
        durability: Durability::Disk,
        manifest: manifest(),
        head: signed_head(),
        is_sealed: true,
        sealed_key: Some(sealed_key()),
    }
}

pub fn messages() -> Vec<MigrationMessage> {
    let steps = [
        MigrationStep::TakeSnapshot { target: NODE, seal: true },
        MigrationStep::SnapshotReady(Box::new(ready())),
        MigrationStep::RestoreComplete { head: HEAD },
        MigrationStep::BufferedEvents {
            frames: vec![Bytes::from_static(b"frame"), Bytes::from_static(b"another")],
            dead: vec![(299, "not this one".to_owned())],
            stood: 300,
            sealed: Some(signed_head()),
        },
        MigrationStep::ReplayComplete { head: HEAD, behind: 2 },
        MigrationStep::CutoverNotify { target: NODE },
        MigrationStep::ActivateTarget { source: NODE },
        MigrationStep::ActivateAck,
        MigrationStep::CleanupComplete,
        MigrationStep::MigrationFailed { reason: FailureReason::Cancelled },
    ];
    let message =
        |step| MigrationMessage { migration: MIGRATION, daemon: entity(), epoch: EPOCH, to: Party::Target, step };
    steps.into_iter().map(message).collect()
}

pub fn failures() -> Vec<FailureReason> {
    let why = || "torn".to_owned();
    vec![
        FailureReason::NotReady { why: why() },
        FailureReason::NoCode { kind: daemon_key().kind },
        FailureReason::Refused(refusal()),
        FailureReason::NotDeterministic,
        FailureReason::StateFailed { why: why() },
        FailureReason::FramesGone { after: 300 },
        FailureReason::TooLarge { bytes: 70_000, max: 300 },
        FailureReason::AlreadyMigrating(MIGRATION),
        FailureReason::IdentityTransport { why: why() },
        FailureReason::Timeout(MigrationPhase::Replay),
        FailureReason::WrongHead,
        FailureReason::StoreUnreachable,
        FailureReason::NoTarget,
        FailureReason::Superseded { owner: NODE, epoch: EPOCH },
        FailureReason::Cancelled,
    ]
}

pub fn parties() -> Vec<Party> {
    vec![Party::Orchestrator, Party::Source, Party::Target]
}

pub fn phases() -> Vec<MigrationPhase> {
    use MigrationPhase as P;
    vec![P::Snapshot, P::Transfer, P::Restore, P::Replay, P::Cutover, P::Complete]
}

pub fn causes() -> Vec<MoveCause> {
    vec![MoveCause::Asked, MoveCause::Overload, MoveCause::Drain, MoveCause::Loss]
}

pub fn modes() -> Vec<MoveMode> {
    vec![MoveMode::Live, MoveMode::StopAndCopy]
}

pub fn order() -> MoveOrder {
    MoveOrder { daemon: entity(), to: Some(NODE), mode: MoveMode::Live, cause: MoveCause::Asked }
}

pub fn move_states() -> Vec<MoveState> {
    vec![
        MoveState::Moving(MigrationPhase::Transfer),
        MoveState::Moved,
        MoveState::Failed(FailureReason::NoTarget),
        MoveState::Unknown,
    ]
}

pub fn info() -> MoveInfo {
    let state = MoveState::Moving(MigrationPhase::Transfer);
    MoveInfo {
        migration: MIGRATION,
        daemon: entity(),
        source: Some(NODE),
        target: None,
        state,
        bytes: 70_000,
        phases: vec![(MigrationPhase::Snapshot, 0), (MigrationPhase::Transfer, 300)],
        pause_ms: Some(7),
    }
}
