//! What happens while assets are collected: documents that are changed and assets that are wanted again.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wayfare_protocol::{AssetId, DocumentId};

/// See the module. Outside of a sweep nothing is remembered.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Option<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    documents: BTreeSet<DocumentId>,
    assets: BTreeSet<AssetId>,
}

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        *self.seen() = Some(Seen::default());
    }

    pub(super) fn end(&self) {
        *self.seen() = None;
    }

    pub(super) fn changed(&self, document: DocumentId) {
        if let Some(seen) = self.seen().as_mut() {
            seen.documents.insert(document);
        }
    }

    pub(super) fn wanted(&self, asset: AssetId) {
        if let Some(seen) = self.seen().as_mut() {
            seen.assets.insert(asset);
        }
    }

    /// Documents that were changed since this was asked last.
    pub(super) fn take_changed(&self) -> BTreeSet<DocumentId> {
        self.seen().as_mut().map(|seen| std::mem::take(&mut seen.documents)).unwrap_or_default()
    }

    pub(super) fn has_changed(&self) -> bool {
        self.seen().as_ref().is_some_and(|seen| !seen.documents.is_empty())
    }

    pub(super) fn is_wanted(&self, asset: AssetId) -> bool {
        self.seen().as_ref().is_some_and(|seen| seen.assets.contains(&asset))
    }
}
