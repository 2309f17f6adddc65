//! Files that are gone: deleted, if the person did not just switch to another branch.

use std::collections::BTreeSet;

use wayfare_protocol::{DocumentId, Now};

use super::{Act, Effect, FolderBinding, Job};
use crate::document::deletion;
use crate::machine::Sink;

/// Of fewer, also all may be deleted at once.
const FEW: usize = 5;

impl FolderBinding {
    /// Since when files are gone, by the scan that just ended.
    pub(super) fn note_gone(&mut self, now: Now) {
        let is_gone = |path: &str| !self.found.contains_key(path) && !self.is_skipped(path);
        let gone: BTreeSet<DocumentId> = self
            .known
            .iter()
            .filter(|(_, known)| known.text.is_some() && is_gone(&known.path))
            .map(|(document, _)| *document)
            .collect();
        for known in self.known.values_mut() {
            if self.found.contains_key(&known.path) {
                known.gone_since = None;
            }
        }
        for document in &gone {
            if let Some(known) = self.known.get_mut(document) {
                known.gone_since.get_or_insert(now.boot);
            }
        }
        self.released.retain(|document| gone.contains(document));
    }

    /// Documents that are listed and whose files are gone.
    pub(super) fn gone(&self) -> impl Iterator<Item = (DocumentId, &str)> {
        let gone = self.known.iter().filter(|(document, known)| {
            known.gone_since.is_some() && !self.is_skipped(&known.path) && self.listed(**document).is_some()
        });
        gone.map(|(document, known)| (*document, known.path.as_str()))
    }

    /// Those of them that are not taken for deleted, because they are so many.
    pub(super) fn held(&self) -> Vec<(DocumentId, &str)> {
        let unsaid: Vec<_> = self.gone().filter(|(document, _)| !self.released.contains(document)).collect();
        let is_most = unsaid.len() >= FEW && unsaid.len() * 2 > self.known.len();
        if unsaid.len() > self.limits.folder_deletions || is_most { unsaid } else { Vec::new() }
    }

    pub(super) fn next_deletion(&self) -> Option<(Job, Act)> {
        let tree = self.tree.as_ref()?;
        let scanned_at = self.scanned_at?;
        if !self.known.values().any(|known| known.gone_since.is_some()) {
            return None;
        }
        // A file that has not been looked at may be the one that is gone, under another name.
        let is_unread = |path: &String| {
            !self.owners.contains_key(path) && !self.failed.contains_key(path) && tree.at(path).is_none()
        };
        if self.found.keys().any(is_unread) {
            return None;
        }
        let held = self.held();
        let is_deleted = |document: DocumentId| {
            let since = self.known.get(&document).and_then(|known| known.gone_since);
            let is_late = since.is_some_and(|since| scanned_at >= since.after(self.limits.folder_gone));
            is_late && !held.iter().any(|(held, _)| *held == document)
        };
        let (document, path) =
            self.gone().find(|(document, path)| is_deleted(*document) && !self.failed.contains_key(*path))?;
        let path = self.listed(document).map_or_else(|| path.to_owned(), Clone::clone);
        let edits = deletion(document, &path);
        Some((Job::Delete { document, path }, Act::EditTree { edits }))
    }

    pub(super) fn deleted(
        &mut self,
        document: DocumentId,
        path: String,
        tried: Result<(), String>,
        out: &mut impl Sink<Effect>,
    ) {
        if let Err(why) = tried {
            return self.fail(&path, why);
        }
        if let Some(tree) = &mut self.tree {
            tree.delete(document, path);
        }
        self.begin(Job::Forget { document }, Act::Keep { document, kept: None }, out);
    }
}
