//! A project's tree: which document and which asset has which path, and which are in the trash.

use std::collections::BTreeMap;

use wayfare_protocol::DocumentId;

use super::{ASSET_TRASH, ASSETS, AssetFile, Body, Edit};

/// The index's map of projects: their ids to their names.
pub const PROJECTS: &str = "projects";
/// The index's map of projects that were deleted: their ids to the names that they had. One that has a name is not deleted.
pub const PROJECT_TRASH: &str = "projectTrash";
/// The index's map of projects that came together with another one of their name: their ids to that one's. Who had not heard of it may
/// still put something into them.
pub const JOINED: &str = "joined";
/// The map of documents: their ids to their paths, with `/` between names.
pub const FILES: &str = "files";
/// The map of documents that were deleted: their ids to the paths that they had.
pub const TRASH: &str = "trash";

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Paths of documents. Two may have one path, made apart: the smaller id answers to it.
    pub files: BTreeMap<DocumentId, String>,
    /// Paths that documents in the trash had. A document with a path is not in the trash, whatever that map says: somebody renamed or
    /// restored it while another one deleted it.
    pub trash: BTreeMap<DocumentId, String>,
    /// Files that are no documents, by their paths.
    pub assets: BTreeMap<String, AssetFile>,
    /// Those that were deleted, by the paths that they had. One that is at its path is not in the trash.
    pub asset_trash: BTreeMap<String, AssetFile>,
}

impl Tree {
    /// That of a history.
    #[must_use]
    pub fn of(body: &Body) -> Self {
        let read = |map| -> BTreeMap<DocumentId, String> {
            let entries = body.entries(map).into_iter();
            entries.filter_map(|(id, path)| Some((DocumentId(id.parse().ok()?), path))).collect()
        };
        let files = read(FILES);
        let mut trash = read(TRASH);
        trash.retain(|id, _| !files.contains_key(id));
        let read = |map| -> BTreeMap<String, AssetFile> {
            let entries = body.entries(map).into_iter();
            entries.filter_map(|(path, file)| Some((path, file.parse().ok()?))).collect()
        };
        let assets = read(ASSETS);
        let mut asset_trash = read(ASSET_TRASH);
        asset_trash.retain(|path, _| !assets.contains_key(path));
        Self { files, trash, assets, asset_trash }
    }

    /// The document that answers to a path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<DocumentId> {
        self.files.iter().find(|(_, known)| *known == path).map(|(id, _)| *id)
    }

    /// A path for a document: the one that is wanted, or if another document has it a second one.
    #[must_use]
    pub fn free_path(&self, document: DocumentId, wanted: &str) -> String {
        let is_free = |path: &str| self.at(path).is_none_or(|known| known == document);
        if is_free(wanted) { wanted.to_owned() } else { second_path(wanted, document) }
    }

    /// A path for a file that is no document: the one that is wanted, or if something is there one with a number.
    #[must_use]
    pub fn free_asset_path(&self, wanted: &str) -> String {
        let is_free = |path: &String| !self.assets.contains_key(path) && self.at(path).is_none();
        let beside = (2u32..).map(|number| beside(wanted, &number.to_string()));
        std::iter::once(wanted.to_owned()).chain(beside).find(is_free).unwrap_or_else(|| wanted.to_owned())
    }
}

/// The path of a document beside another one of the same path. Whoever works it out comes to the same.
#[must_use]
pub fn second_path(path: &str, document: DocumentId) -> String {
    let id = document.0.simple().to_string();
    beside(path, &id[id.len() - 8..])
}

/// A path with something in brackets before its ending.
fn beside(path: &str, what: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{stem} ({what}){ending}")
}

/// The edits of a tree by which a document goes to the trash.
#[must_use]
pub fn deletion(document: DocumentId, path: &str) -> Vec<Edit> {
    let key = document.0.to_string();
    vec![
        Edit::Put { map: TRASH.to_owned(), key: key.clone(), value: path.to_owned() },
        Edit::Remove { map: FILES.to_owned(), key },
    ]
}

/// The edits by which it has a path, and is not in the trash.
#[must_use]
pub fn restoration(document: DocumentId, path: &str) -> Vec<Edit> {
    let key = document.0.to_string();
    vec![
        Edit::Put { map: FILES.to_owned(), key: key.clone(), value: path.to_owned() },
        Edit::Remove { map: TRASH.to_owned(), key },
    ]
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const A: DocumentId = DocumentId(Uuid::from_u128(0xa));
    const B: DocumentId = DocumentId(Uuid::from_u128(0xb));

    fn put(path: &str) -> Edit {
        Edit::Put { map: FILES.to_owned(), key: A.0.to_string(), value: path.to_owned() }
    }

    #[test]
    fn what_is_deleted_is_in_the_trash_until_it_is_restored() {
        let mut body = Body::new(1);
        body.edit(&[put("a.md")]).unwrap();
        body.edit(&deletion(A, "a.md")).unwrap();
        let tree = Tree::of(&body);
        assert_eq!((tree.at("a.md"), tree.trash.get(&A).map(String::as_str)), (None, Some("a.md")));
        body.edit(&restoration(A, "a.md")).unwrap();
        let tree = Tree::of(&body);
        assert_eq!((tree.at("a.md"), tree.trash.len()), (Some(A), 0));
    }

    /// Who renames a document wants it: a deletion that knew nothing of that does not take it away.
    #[test]
    fn a_document_that_was_renamed_while_it_was_deleted_is_there() {
        let mut here = Body::new(1);
        here.edit(&[put("a.md")]).unwrap();
        let mut there = Body::new(2);
        there.apply(&here.history()).unwrap();
        there.edit(&[put("b.md")]).unwrap();
        here.edit(&deletion(A, "a.md")).unwrap();
        let (from_here, from_there) = (here.history(), there.history());
        for (from_other, replica) in [(from_here, &mut there), (from_there, &mut here)] {
            replica.apply(&from_other).unwrap();
            let tree = Tree::of(replica);
            assert_eq!((tree.at("b.md"), tree.trash.len()), (Some(A), 0));
        }
    }

    #[test]
    fn a_second_path_is_beside_the_first_and_names_the_document() {
        let mut tree = Tree::default();
        tree.files.insert(A, "notes/a.b.md".to_owned());
        assert_eq!(tree.free_path(A, "notes/a.b.md"), "notes/a.b.md");
        assert_eq!(tree.free_path(B, "notes/a.b.md"), "notes/a.b (0000000b).md");
        assert_eq!(second_path(".profile", B), ".profile (0000000b)");
        assert_eq!(tree.free_asset_path("notes/plot.png"), "notes/plot.png");
        assert_eq!(tree.free_asset_path("notes/a.b.md"), "notes/a.b (2).md");
    }
}
