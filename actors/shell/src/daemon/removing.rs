//! The end of a daemon on its node.

use std::sync::Arc;

use wayfare_core::account;

use super::{DaemonCommand, DaemonExecutor, snapshots};
use crate::actor::Context;
use crate::ports::LogName;

impl DaemonExecutor {
    /// Nothing is kept of it: logs, snapshot and key go, and the actor is done.
    pub(super) fn remove(&mut self, context: &mut Context<Self>) {
        let entity = self.entity();
        self.environs.directory.tell_account(account::Input::NoDaemon { daemon: entity });
        self.logs = None;
        let (logs, keys) = (Arc::clone(&self.environs.logs), Arc::clone(&self.environs.keys));
        let chunks = snapshots::delete(&self.environs.blobs, self.snapshot.take(), None);
        context.obtain(async move {
            chunks.await;
            for name in [LogName::DaemonInbox(entity), LogName::DaemonOutputs(entity)] {
                if let Err(error) = logs.remove(name).await {
                    tracing::warn!(%error, "a log of a daemon that is gone stays");
                }
            }
            if let Err(error) = keys.remove(entity).await {
                tracing::warn!(%error, "the key of a daemon that is gone stays");
            }
            DaemonCommand::Removed
        });
    }
}
