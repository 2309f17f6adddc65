//! What an account has done about the daemons of its node, and about their moves.

use std::sync::Arc;
use std::time::Duration;

use wayfare_core::account::{LinkId, MigrationNews};
use wayfare_core::link;
use wayfare_protocol::announcement::Announcement;
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::StartDaemon;
use wayfare_protocol::limits::ANNOUNCEMENT_TTL_MAX;
use wayfare_protocol::migration::{MoveCause, MoveOrder};
use wayfare_protocol::{ChunkId, EntityId, EntityKey, StreamId};

use super::{AccountExecutor, Home, place_node};
use crate::actor::Context;
use crate::children::daemon_child;
use crate::daemon::{Beginning, DaemonCommand};
use crate::link::{Unserved, send_chunk};
use crate::migration::Awaiting;
use crate::supervisor::Order;

impl AccountExecutor {
    /// A daemon's identity is its key: that is kept before anything of it is.
    pub(super) fn start_daemon(&self, start: StartDaemon, context: &mut Context<Self>) {
        let Home::Node { daemons, device_name, .. } = &self.home else { return };
        let Some(here) = place_node(&self.config) else { return };
        let key = EntityKey::from_seed(&daemons.ids.secret());
        let entity = key.entity();
        let config = wayfare_core::daemon::Config {
            entity,
            key: start.key,
            durability: start.durability,
            here,
            device_name: device_name.clone(),
            factories: Arc::clone(&daemons.factories),
            seed: 0,
            limits: self.config.limits.clone(),
        };
        let (kept, directory) = (daemons.keys.put(key), Arc::clone(&self.directory));
        let child = daemon_child(config, daemons.as_ref().clone(), Beginning::Made);
        context.spawn(async move {
            match (kept.await, directory.supervisor()) {
                (Ok(()), Some(supervisor)) => {
                    let _ = supervisor.cast(Order::Start(child)); // the whole tree is ending
                }
                (Err(error), _) => tracing::error!(%error, "the daemon is not started"),
                (Ok(()), None) => {}
            }
        });
    }

    pub(super) fn migrate(&self, news: MigrationNews) {
        let Home::Node { moves, .. } = &self.home else { return };
        match news {
            MigrationNews::Ordered { daemon, kind, caller, to, mode } => {
                let order = MoveOrder { daemon, to, mode, cause: MoveCause::Asked };
                moves.order(Awaiting::Caller(caller), kind, order);
            }
            MigrationNews::Explain { daemon, kind, caller } => moves.explain(caller, daemon, kind),
            MigrationNews::Spare { daemon, caller, nodes } => moves.spare(caller, daemon, nodes),
            MigrationNews::TakeOver { daemon, caller, take } => moves.take_over(caller, daemon, *take),
            MigrationNews::Drain(daemons) => moves.drain(daemons),
            MigrationNews::CancelDrain => moves.cancel_drain(),
            MigrationNews::Arrived(daemon, kind) => moves.arrived(daemon, kind),
            MigrationNews::Said { from, said } => moves.said(from, said),
            MigrationNews::Answered { request, answer } => moves.answered(request, answer),
            MigrationNews::Row(row) => moves.row(&row),
            MigrationNews::Resume { daemon, party } => moves.resume(daemon, party),
        }
    }

    /// Says what this node can do, by its device's word.
    pub(super) fn announce(&self, link: LinkId, (version, ttl): (u64, Duration), capabilities: CapabilitySet) {
        let (Home::Node { moves, environs, .. }, Some(link)) = (&self.home, self.directory.link(link)) else { return };
        let seconds = u32::try_from(ttl.as_secs()).unwrap_or(ANNOUNCEMENT_TTL_MAX).clamp(1, ANNOUNCEMENT_TTL_MAX);
        let at = environs.runtime.clock.now().wall;
        match Announcement::sign(&moves.key, version, at, seconds, capabilities) {
            Ok(announcement) => {
                link.input(link::Input::Send(Box::new(Control::Announce(Box::new(announcement)))));
            }
            Err(error) => tracing::error!(%error, "this node is not announced"),
        }
    }

    /// Deletes what nothing needs any more, for as long as this actor runs: assets where they are collected, and at a node chunks.
    pub(super) fn collect(&self, context: &mut Context<Self>) {
        if self.library.assets().collects() {
            context.spawn(self.library.clone().collect());
        }
        if let Home::Node { daemons, .. } = &self.home {
            let (chunks, logs, runtime) = (daemons.chunks.clone(), Arc::clone(&daemons.logs), daemons.runtime.clone());
            context.spawn(chunks.collect(logs, runtime, self.config.limits.snapshot_sweep));
        }
    }

    /// Sends a piece of a snapshot, whole.
    pub(super) fn serve_chunk(&self, link: LinkId, stream: StreamId, chunk: ChunkId, context: &mut Context<Self>) {
        let (Home::Node { daemons, .. }, Some(link)) = (&self.home, self.directory.link(link)) else { return };
        context.spawn(send_chunk(daemons.chunks.store().get(chunk), chunk, Unserved::new(link, stream)));
    }

    pub(super) fn read_daemon(&self, link: LinkId, stream: StreamId, daemon: EntityId, from: u64) {
        if let Some(link) = self.directory.link(link) {
            let stream = Unserved::new(link, stream);
            self.directory.command_daemon(daemon, DaemonCommand::Read { stream, from });
        }
    }
}
