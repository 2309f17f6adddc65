//! Projects of one name that were made apart: their folders come together in the one that was made first.

use wayfare_actors::folder::Binder;
use wayfare_core::document::{Edit, FILES, PROJECTS, TRASH, Tree, asset_put};
use wayfare_protocol::{DocumentId, ProjectId};

use super::{BoundFolder, FolderError, Folders, actor_name};

/// Looks again and again, for as long as the node runs.
pub(super) async fn watch(folders: Folders, binder: Binder) {
    loop {
        tokio::time::sleep(folders.limits.folder_rescan).await;
        if let Err(error) = look(&folders, &binder).await {
            tracing::info!(%error, "projects of one name do not come together now");
        }
    }
}

async fn look(folders: &Folders, binder: &Binder) -> Result<(), FolderError> {
    let bound: Vec<BoundFolder> = folders.inner().working.iter().map(|working| working.bound.clone()).collect();
    if bound.is_empty() {
        return Ok(());
    }
    let projects = binder.library().projects().await?;
    for bound in bound {
        let first = projects.iter().find(|(_, name)| *name == bound.name).map(|(id, _)| *id);
        let is_other = |first: &ProjectId| *first != bound.project;
        if let Some(first) = first.filter(is_other) {
            join(folders, binder, &bound, first).await?;
        }
    }
    Ok(())
}

/// The documents keep their ids and histories, and get the other project's name. Each step may be done again.
async fn join(folders: &Folders, binder: &Binder, bound: &BoundFolder, first: ProjectId) -> Result<(), FolderError> {
    let library = binder.library();
    let (from, to) = (library.tree(bound.project).await?, library.tree(first).await?);
    let edits = missing(&from, &to);
    if !edits.is_empty() {
        library.edit(first.tree(), edits).await?;
    }
    bind_to(folders, binder, bound, first)?;
    let gone = Edit::Remove { map: PROJECTS.to_owned(), key: bound.project.0.to_string() };
    library.edit(DocumentId::INDEX, vec![gone]).await.map_err(FolderError::from)
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

fn bind_to(folders: &Folders, binder: &Binder, bound: &BoundFolder, first: ProjectId) -> Result<(), FolderError> {
    let mut inner = folders.inner();
    if inner.working.iter().any(|working| working.bound.project == first) {
        let why = format!("two folders here would be bound to the project {:?}", bound.name);
        return Err(FolderError::Unfit { folder: bound.folder.clone(), why });
    }
    let Some(working) = inner.working.iter_mut().find(|working| working.bound == *bound) else { return Ok(()) };
    working.bound.project = first;
    (working.binding.project, working.binding.name) = (first, actor_name(first));
    let binding = working.binding.clone();
    folders.remember(&inner)?;
    binder.unbind(&actor_name(bound.project));
    binder.bind(binding);
    Ok(())
}
