//! Which documents are followed: those that changed last. The others are looked after in turn, some at each rescan.

use std::collections::BTreeMap;

use wayfare_protocol::DocumentId;

use super::{Effect, FolderBinding, paths};
use crate::machine::Sink;

/// Documents that are looked after at one rescan without being followed.
const POLLED: usize = 32;

/// See the module.
#[derive(Debug)]
pub(super) struct Followed {
    limit: usize,
    /// When each was touched last, by a count of our own.
    touched: BTreeMap<DocumentId, u64>,
    count: u64,
    /// The last that was looked after without being followed.
    polled: Option<DocumentId>,
}

impl Followed {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, touched: BTreeMap::new(), count: 0, polled: None }
    }
}

impl FolderBinding {
    /// Follows what is listed, as far as there is room, and lets go what is not listed any more.
    pub(super) fn follow(&mut self, out: &mut impl Sink<Effect>) {
        let Some(tree) = &self.tree else { return };
        let left: Vec<DocumentId> =
            self.followed.touched.keys().filter(|document| tree.path(**document).is_none()).copied().collect();
        for document in left {
            self.followed.touched.remove(&document);
            out.push(Effect::Leave { document });
        }
        for (document, path) in tree.files() {
            if self.followed.touched.len() >= self.followed.limit {
                break;
            }
            if paths::fits(path).is_ok() && !self.followed.touched.contains_key(document) {
                self.followed.touched.insert(*document, 0);
                out.push(Effect::Follow { document: *document });
            }
        }
    }

    /// A document changed: it is followed, in the place of the one that has not changed for the longest time.
    pub(super) fn touch(&mut self, document: DocumentId, out: &mut impl Sink<Effect>) {
        if self.listed(document).is_none_or(|path| paths::fits(path).is_err()) {
            return;
        }
        self.followed.count += 1;
        let is_new = self.followed.touched.insert(document, self.followed.count).is_none();
        if !is_new {
            return;
        }
        out.push(Effect::Follow { document });
        if self.followed.touched.len() > self.followed.limit {
            let oldest = self.followed.touched.iter().min_by_key(|(_, at)| **at).map(|(document, _)| *document);
            if let Some(document) = oldest {
                self.followed.touched.remove(&document);
                out.push(Effect::Leave { document });
            }
        }
    }

    /// The next documents that are not followed.
    pub(super) fn poll(&mut self) -> Vec<DocumentId> {
        let Some(tree) = &self.tree else { return Vec::new() };
        let others = tree
            .files()
            .filter(|(document, path)| !self.followed.touched.contains_key(document) && paths::fits(path).is_ok());
        let others: Vec<DocumentId> = others.map(|(document, _)| *document).collect();
        let after = others.iter().filter(|document| self.followed.polled.is_none_or(|last| **document > last));
        let mut next: Vec<DocumentId> = after.take(POLLED).copied().collect();
        if next.is_empty() {
            next = others.into_iter().take(POLLED).collect();
        }
        self.followed.polled = next.last().copied();
        next
    }
}
