//! The end of a daemon on its node.

use std::sync::Arc;

use wayfare_core::account;

use super::{DaemonCommand, DaemonExecutor};
use crate::actor::Context;
use crate::ports::LogName;

impl DaemonExecutor {
    /// Nothing is kept of it: logs, snapshot and key go, and the actor is done.
    pub(super) fn remove(&mut self, context: &mut Context<Self>) {
        let entity = self.entity();
        self.environs.directory.tell_account(account::Input::NoDaemon { daemon: entity });
        self.logs = None;
        let (logs, keys) = (Arc::clone(&self.environs.logs), Arc::clone(&self.environs.keys));
        let chunks = self.environs.chunks.clone();
        context.obtain(async move {
            let mut is_gone = true;
            for name in [LogName::DaemonInbox(entity), LogName::DaemonOutputs(entity)] {
                if let Err(error) = logs.remove(name).await {
                    is_gone = false;
                    tracing::warn!(%error, "a log of a daemon that is gone stays");
                }
            }
            if let Err(error) = keys.remove(entity).await {
                tracing::warn!(%error, "the key of a daemon that is gone stays");
            }
            // Last: a log never tells of a snapshot that is not there.
            if is_gone {
                chunks.removed(entity).await;
            }
            DaemonCommand::Removed
        });
    }
}
