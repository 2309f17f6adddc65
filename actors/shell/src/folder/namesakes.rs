//! Projects of one name that were made apart: their folders come together in the one that was made first.

use wayfare_core::document::{Edit, FILES, PROJECTS, TRASH, Tree, asset_put};
use wayfare_protocol::{DocumentId, ProjectId};

use super::{Binder, sleep};
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
            sleep(&self.runtime, self.limits.folder_rescan).await;
            if let Err(error) = self.look(folders).await {
                tracing::info!(%error, "projects of one name do not come together now");
            }
        }
    }

    async fn look(&self, folders: &dyn BoundFolders) -> Result<(), JoinError> {
        let bound = folders.bound();
        if bound.is_empty() {
            return Ok(());
        }
        let projects = self.library.projects().await?;
        for (name, project) in bound {
            let first = projects.iter().find(|(_, other)| *other == name).map(|(id, _)| *id);
            if let Some(first) = first.filter(|first| *first != project) {
                self.join(folders, project, first).await?;
            }
        }
        Ok(())
    }

    /// The documents keep their ids and histories, and get the other project's name. Each step may be done again.
    async fn join(&self, folders: &dyn BoundFolders, project: ProjectId, first: ProjectId) -> Result<(), JoinError> {
        let (from, to) = (self.library.tree(project).await?, self.library.tree(first).await?);
        let edits = missing(&from, &to);
        if !edits.is_empty() {
            self.library.edit(first.tree(), edits).await?;
        }
        folders.rebind(project, first).map_err(JoinError::Unbound)?;
        let gone = Edit::Remove { map: PROJECTS.to_owned(), key: project.0.to_string() };
        Ok(self.library.edit(DocumentId::INDEX, vec![gone]).await?)
    }
}

/// What one tree has and the other has not.
fn missing(from: &Tree, to: &Tree) -> Vec<Edit> {
    let put = |map: &str, (document, path): (&DocumentId, &String)| {
        let is_known = to.files.contains_key(document) || to.trash.contains_key(document);
        let (map, key, value) = (map.to_owned(), document.0.to_string(), path.clone());
        (!is_known).then_some(Edit::Put { map, key, value })
    };
    let files = from.files.iter().filter_map(|entry| put(FILES, entry));
    let trash = from.trash.iter().filter_map(|entry| put(TRASH, entry));
    // Of two files of one path that of the first project stays at it; the folder's own then goes aside.
    let assets = from.assets.iter().filter(|(path, _)| !to.assets.contains_key(*path));
    files.chain(trash).chain(assets.flat_map(|(path, file)| asset_put(path, file))).collect()
}
