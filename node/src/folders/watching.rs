//! What the system tells of a folder.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Watches the folders that a scan looked into, and no others: those that are ignored may be large. Where the system watches no more
/// of them, a scan by time finds what it does not tell.
pub(super) struct Watching {
    stirred: Arc<Notify>,
    watched: Mutex<Option<Watched>>,
}

struct Watched {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
}

impl Watching {
    pub(super) fn new() -> Self {
        let stirred = Arc::new(Notify::new());
        let told = Arc::clone(&stirred);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                return; // somebody reads
            }
            told.notify_one();
        });
        let watched = match watcher {
            Ok(watcher) => Some(Watched { watcher, folders: BTreeSet::new() }),
            Err(error) => {
                tracing::warn!(%error, "folders are not watched; they are looked through by time");
                None
            }
        };
        Self { stirred, watched: Mutex::new(watched) }
    }

    pub(super) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    /// Watches these folders from now on. What changed in a new one before is told too.
    pub(super) fn look_at(&self, folders: &BTreeSet<PathBuf>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Watched { watcher, folders: before }) = watched.as_mut() else { return };
        for gone in before.difference(folders) {
            let _ = watcher.unwatch(gone); // it may not be there any more
        }
        let mut now: BTreeSet<PathBuf> = before.intersection(folders).cloned().collect();
        let mut is_new = false;
        for new in folders.difference(before) {
            match watcher.watch(new, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    is_new = true;
                    now.insert(new.clone());
                }
                Err(error) => tracing::debug!(folder = %new.display(), %error, "a folder is not watched"),
            }
        }
        *before = now;
        if is_new {
            self.stirred.notify_one();
        }
    }
}
