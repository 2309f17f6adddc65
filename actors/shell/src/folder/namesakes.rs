//! Projects of one name that were made apart: their folders come together in the one that was made first.

use std::collections::BTreeMap;

use wayfare_core::document::{
    ASSET_TRASH, ASSETS, AssetFile, Edit, FILES, JOINED, PROJECTS, TRASH, Tree, asset_deletion, asset_put, deletion,
};
use wayfare_protocol::{DocumentId, ProjectId};

use super::Binder;
use crate::document::LibraryError;
use crate::ports::BoundFolders;

/// Why projects of one name did not come together this time.
#[derive(Debug, thiserror::Error)]
enum JoinError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error("a folder cannot be bound to the other project: {0}")]
    Unbound(String),
}

impl Binder {
    /// Looks again and again for folders whose project's name is another project's too, which was made first, for as long as the node runs.
    pub async fn join_namesakes(&self, folders: &dyn BoundFolders) {
        loop {
            self.runtime.sleep(self.limits.folder_rescan).await;
            loop {
                match self.look(folders).await {
                    Ok(true) => {} // that one may be another one too by now
                    Ok(false) => break,
                    Err(error) => {
                        tracing::info!(%error, "projects of one name do not come together now");
                        break;
                    }
                }
            }
        }
    }

    /// Whether projects came together.
    async fn look(&self, folders: &dyn BoundFolders) -> Result<bool, JoinError> {
        let bound = folders.bound();
        if bound.is_empty() {
            return Ok(false);
        }
        let mut has_joined = false;
        let (projects, joined) = (self.library.projects().await?, self.library.joined().await?);
        for (name, project) in &bound {
            let first = projects.iter().find(|(_, other)| other == name).map(|(id, _)| *id);
            // What was begun is ended first.
            let noted = Some(last(&joined, *project)).filter(|noted| noted != project);
            let Some(to) = noted.or(first).filter(|to| to != project) else { continue };
            if bound.iter().any(|(_, other)| *other == to) {
                return Err(JoinError::Unbound("another folder here is bound to that".to_owned()));
            }
            if noted.is_none() {
                self.note(*project, to).await?;
            }
            self.join(folders, *project, to).await?;
            has_joined = true;
        }
        for (project, to) in joined.keys().map(|project| (*project, last(&joined, *project))) {
            if bound.iter().any(|(_, bound)| *bound == to) {
                self.empty(project, to).await?;
            }
        }
        Ok(has_joined)
    }

    /// A project is another one from now on. That is said before anything comes there, so that nothing is in two projects if this node ends
    /// in between and has heard of a third one when it begins again.
    async fn note(&self, project: ProjectId, to: ProjectId) -> Result<(), JoinError> {
        let key = project.0.to_string();
        let joined = Edit::Put { map: JOINED.to_owned(), key: key.clone(), value: to.0.to_string() };
        let gone = Edit::Remove { map: PROJECTS.to_owned(), key };
        Ok(self.library.edit(DocumentId::INDEX, vec![joined, gone]).await?)
    }

    /// The documents keep their ids and histories, and get the other project's name. Each step may be done again.
    async fn join(&self, folders: &dyn BoundFolders, project: ProjectId, to: ProjectId) -> Result<(), JoinError> {
        let from = self.library.tree(project).await?;
        self.bring(&from, to).await?;
        folders.rebind(project, to).map_err(JoinError::Unbound)?;
        Ok(self.library.edit(project.tree(), emptied(&from)).await?)
    }

    /// Brings what somebody has done in a project since, who had not heard that it is another one now. What was brought goes: whatever is
    /// there later is newer than what it became.
    async fn empty(&self, project: ProjectId, to: ProjectId) -> Result<(), JoinError> {
        let from = self.library.tree(project).await?;
        if from == Tree::default() {
            return Ok(());
        }
        self.bring(&from, to).await?;
        Ok(self.library.edit(project.tree(), emptied(&from)).await?)
    }

    async fn bring(&self, from: &Tree, to: ProjectId) -> Result<(), JoinError> {
        let edits = brought(from, &self.library.tree(to).await?);
        if !edits.is_empty() {
            self.library.edit(to.tree(), edits).await?;
        }
        Ok(())
    }
}

/// The project that a project is now, that one perhaps by way of others.
fn last(joined: &BTreeMap<ProjectId, ProjectId>, project: ProjectId) -> ProjectId {
    let next = |project: &ProjectId| joined.get(project).copied();
    // Ids become smaller; what somebody else wrote there may go in a circle.
    std::iter::successors(Some(project), next).take(joined.len() + 1).last().unwrap_or(project)
}

/// The edits after which a tree is empty.
fn emptied(tree: &Tree) -> Vec<Edit> {
    let remove = |map: &str, key: String| Edit::Remove { map: map.to_owned(), key };
    let documents = |map: &'static str, of: &BTreeMap<DocumentId, String>| {
        of.keys().map(move |document| remove(map, document.0.to_string())).collect::<Vec<_>>()
    };
    let assets = |map: &'static str, of: &BTreeMap<String, AssetFile>| {
        of.keys().map(move |path| remove(map, path.clone())).collect::<Vec<_>>()
    };
    let Tree { files, trash, assets: present, asset_trash } = tree;
    let maps =
        [documents(FILES, files), documents(TRASH, trash), assets(ASSETS, present), assets(ASSET_TRASH, asset_trash)];
    maps.concat()
}

/// What one tree has and the other has not, and what was deleted in it.
fn brought(from: &Tree, to: &Tree) -> Vec<Edit> {
    let put = |map: &str, (document, path): (&DocumentId, &String)| {
        let is_known = to.files.contains_key(document) || to.trash.contains_key(document);
        let (map, key, value) = (map.to_owned(), document.0.to_string(), path.clone());
        (!is_known).then_some(Edit::Put { map, key, value })
    };
    let files = from.files.iter().filter_map(|entry| put(FILES, entry));
    let trash = from.trash.iter().filter_map(|entry| put(TRASH, entry));
    // Of two files of one path that of the first project stays at it; the folder's own then goes aside.
    let assets = from.assets.iter().filter(|(path, _)| !to.assets.contains_key(*path));
    let put = files.chain(trash).chain(assets.flat_map(|(path, file)| asset_put(path, file)));
    let thrown = from.trash.keys().filter_map(|document| Some(deletion(*document, to.files.get(document)?)));
    let is_there = |path: &String, file: &AssetFile| to.assets.get(path).is_some_and(|there| there.asset == file.asset);
    let gone = from.asset_trash.iter().filter(|(path, file)| is_there(path, file));
    let gone = gone.map(|(path, file)| asset_deletion(path, file));
    put.chain(thrown.chain(gone).flatten()).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn project(n: u128) -> ProjectId {
        ProjectId(Uuid::from_u128(n))
    }

    #[test]
    fn a_project_is_the_last_one_with_which_it_came_together() {
        let joined = BTreeMap::from([(project(3), project(2)), (project(2), project(1))]);
        assert_eq!([3, 2, 1, 9].map(|n| last(&joined, project(n))), [1, 1, 1, 9].map(project));
        let circle = BTreeMap::from([(project(3), project(2)), (project(2), project(3))]);
        assert!(circle.contains_key(&last(&circle, project(3))), "it ends");
    }

    #[test]
    fn what_is_brought_is_not_there_twice_and_what_is_deleted_is_deleted() {
        let (one, other) = (DocumentId(Uuid::from_u128(1)), DocumentId(Uuid::from_u128(2)));
        let from = Tree {
            files: BTreeMap::from([(one, "a.md".to_owned())]),
            trash: BTreeMap::from([(other, "b.md".to_owned())]),
            ..Tree::default()
        };
        let to = Tree { trash: BTreeMap::from([(one, "a.md".to_owned())]), ..Tree::default() };
        let put = Edit::Put { map: TRASH.to_owned(), key: other.0.to_string(), value: "b.md".to_owned() };
        assert_eq!(brought(&from, &to), [put], "what was deleted there stays so");
        assert_eq!(brought(&to, &from), deletion(one, "a.md"), "and is deleted here");
        assert_eq!(emptied(&from).len(), 2);
        assert_eq!(emptied(&Tree::default()), []);
    }
}
