//! Keys of daemons that are not on this node.

use std::collections::BTreeSet;

use wayfare_protocol::{EntityId, EntityKey};

use super::Environs;
use crate::ports::EntityKeys;

/// The entity's key, which is kept where the daemon lives.
///
/// # Errors
/// If it is not there, or cannot be read: why.
pub(super) async fn of(environs: &Environs, daemon: EntityId) -> Result<EntityKey, String> {
    let found = environs.daemons.keys.get(daemon).await.map_err(|error| error.to_string())?;
    found.ok_or_else(|| "its key is not kept here".to_owned())
}

/// Deletes the entity's key here; whoever asked for it may have ended before that is done.
pub(super) fn forget(environs: &Environs, daemon: EntityId) {
    let removed = environs.daemons.keys.remove(daemon);
    tokio::spawn(async move {
        if let Err(error) = removed.await {
            tracing::warn!(%error, "the key of a daemon that has moved stays until the next start");
        }
    });
}

/// Deletes keys of daemons of which nothing else is kept: a crash came between the one and the other. Only before any daemon is made or
/// comes.
pub(crate) async fn forget_strays(keys: &dyn EntityKeys, hosted: &BTreeSet<EntityId>) {
    let kept = match keys.list().await {
        Ok(kept) => kept,
        Err(error) => return tracing::warn!(%error, "keys of daemons that are gone stay until the next start"),
    };
    for daemon in kept.into_iter().filter(|daemon| !hosted.contains(daemon)) {
        match keys.remove(daemon).await {
            Ok(()) => tracing::info!(daemon = daemon.short(), "the key of a daemon that is not here was deleted"),
            Err(error) => tracing::warn!(%error, "the key of a daemon that is gone stays until the next start"),
        }
    }
}
