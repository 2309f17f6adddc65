//! The bounds that everybody in a world is held to.

use std::time::Duration;

use wayfare_protocol::Limits;

use crate::plan::Plan;

/// Those of a plan.
pub(super) fn of(plan: &Plan) -> Limits {
    let limits = if plan.narrow { narrow() } else { roomy() };
    // Of a machine that is lost the cloud is to have had more than one spare of a daemon.
    let spare_every = if plan.losses() > 0 { Duration::from_secs(8) } else { limits.spare_every };
    Limits { spare_every, ..limits }
}

/// Bounds that a world of a few people comes to.
fn narrow() -> Limits {
    Limits {
        runs_waiting: 1,
        readers_per_session: 3,
        requests_per_link: 4,
        output_tail: 2 * 1024,
        output_read: 1024,
        daemon_snapshot_events: 4,
        daemon_tail: 1024,
        journal_memory: 192,
        spill_segment: 96,
        migration_lag: 1,
        ..roomy()
    }
}

/// Bounds that a world of a few people does not come to. Its daemons and documents live for minutes: they take snapshots, are merged,
/// become versions, and are unloaded all the same, and chunks and assets are collected.
fn roomy() -> Limits {
    let seconds = Duration::from_secs;
    Limits {
        daemon_snapshot_events: 12,
        snapshot_sweep: seconds(30),
        document_merge: 512,
        document_idle: seconds(8),
        version_quiet: seconds(4),
        version_every: seconds(15),
        document_versions: 4,
        // Longer than devices are out of reach with what leads to an asset.
        asset_grace: seconds(95),
        asset_sweep: seconds(20),
        asset_sweep_first: seconds(10),
        ..Limits::default()
    }
}
