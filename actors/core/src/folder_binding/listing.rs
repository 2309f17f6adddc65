//! A project's tree, found by path too.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::DocumentId;

use crate::document::Tree;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Listing {
    tree: Tree,
    places: BTreeMap<String, BTreeSet<DocumentId>>,
}

impl Listing {
    pub(super) fn of(tree: Tree) -> Self {
        let mut places: BTreeMap<String, BTreeSet<DocumentId>> = BTreeMap::new();
        for (document, path) in &tree.files {
            places.entry(path.clone()).or_default().insert(*document);
        }
        Self { tree, places }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&DocumentId, &String)> {
        self.tree.files.iter()
    }

    pub(super) fn path(&self, document: DocumentId) -> Option<&String> {
        self.tree.files.get(&document)
    }

    /// The document that answers to a path.
    pub(super) fn at(&self, path: &str) -> Option<DocumentId> {
        self.places.get(path)?.first().copied()
    }

    pub(super) fn is_in_trash(&self, document: DocumentId) -> bool {
        self.tree.trash.contains_key(&document)
    }

    /// The document of the trash that had a path; of several the one that was made last.
    pub(super) fn in_trash_at(&self, path: &str) -> Option<DocumentId> {
        self.tree.trash.iter().rfind(|(_, had)| *had == path).map(|(document, _)| *document)
    }

    /// As an edit of ours made it; the tree is read again anyway.
    pub(super) fn put(&mut self, document: DocumentId, path: String) {
        self.take_out(document);
        self.tree.trash.remove(&document);
        self.places.entry(path.clone()).or_default().insert(document);
        self.tree.files.insert(document, path);
    }

    pub(super) fn delete(&mut self, document: DocumentId, path: String) {
        self.take_out(document);
        self.tree.trash.insert(document, path);
    }

    fn take_out(&mut self, document: DocumentId) {
        let Some(path) = self.tree.files.remove(&document) else { return };
        if let Some(here) = self.places.get_mut(&path) {
            here.remove(&document);
            if here.is_empty() {
                self.places.remove(&path);
            }
        }
    }
}
