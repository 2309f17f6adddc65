//! What is done to the files of a project: documents get other paths and go to the trash, assets get paths.

use wayfare_core::document::{
    ASSET_TRASH, AssetFile, Edit, FILES, TRASH, Tree, asset_deletion, asset_put, deletion, restoration,
};
use wayfare_protocol::{DocumentId, ErrorCode, ProjectId, Refusal};

use super::library::{Library, LibraryError, checked_path};

impl Library {
    /// The tree of a project.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn tree(&self, project: ProjectId) -> Result<Tree, LibraryError> {
        Ok(Tree::of(&self.copy(project.tree()).await?))
    }

    /// The documents of a project that were deleted, in the order of their ids, with the paths that they had.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn trash(&self, project: ProjectId) -> Result<Vec<(DocumentId, String)>, LibraryError> {
        Ok(self.tree(project).await?.trash.into_iter().collect())
    }

    /// Gives a document another path. What it holds stays.
    ///
    /// # Errors
    /// If it cannot be a path, or another document has it; see also [`Library::ask`].
    pub async fn rename(&self, project: ProjectId, document: DocumentId, path: &str) -> Result<(), LibraryError> {
        checked_path(path)?;
        match self.document(project, path).await {
            Ok(taken) if taken != document => return Err(LibraryError::Taken { path: path.to_owned() }),
            Ok(_) | Err(LibraryError::Unknown { .. }) => {}
            Err(other) => return Err(other),
        }
        self.put(project.tree(), FILES, document.0, path).await
    }

    /// Puts a document into the project's trash. What it holds stays, and so does what others change in it meanwhile.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn delete(&self, project: ProjectId, document: DocumentId, path: &str) -> Result<(), LibraryError> {
        self.edit(project.tree(), deletion(document, path)).await
    }

    /// Takes a document out of the project's trash, to its path or, if that is taken, to one beside it. Returns the path.
    ///
    /// # Errors
    /// If there is none of that id or path in the trash; see also [`Library::ask`].
    pub async fn restore(&self, project: ProjectId, which: &str) -> Result<(DocumentId, String), LibraryError> {
        let tree = self.tree(project).await?;
        let is_meant = |(id, path): &(&DocumentId, &String)| id.0.to_string() == which || path.as_str() == which;
        // Of several of one path the one that was made last.
        let found = tree.trash.iter().rfind(is_meant).map(|(id, path)| (*id, path.clone()));
        let unknown = || LibraryError::Unknown { what: "document in the trash", name: which.to_owned() };
        let (document, had) = found.ok_or_else(unknown)?;
        let path = tree.free_path(document, &had);
        self.edit(project.tree(), restoration(document, &path)).await?;
        Ok((document, path))
    }

    /// The asset at a path of a project.
    ///
    /// # Errors
    /// If there is none; see also [`Library::ask`].
    pub async fn asset_at(&self, project: ProjectId, path: &str) -> Result<AssetFile, LibraryError> {
        let mut tree = self.tree(project).await?;
        tree.assets.remove(path).ok_or_else(|| LibraryError::Unknown { what: "file", name: path.to_owned() })
    }

    /// Gives an asset a path in a project. What was there before is not there any more.
    ///
    /// # Errors
    /// If it cannot be a path, a document has it, or the project has as many assets as it may; see also [`Library::ask`].
    pub async fn put_asset(&self, project: ProjectId, path: &str, file: &AssetFile) -> Result<(), LibraryError> {
        checked_path(path)?;
        let tree = self.tree(project).await?;
        if tree.at(path).is_some() {
            return Err(LibraryError::Taken { path: path.to_owned() });
        }
        let limit = self.limits().project_assets;
        if tree.assets.len() >= limit && !tree.assets.contains_key(path) {
            let detail = format!("the project has {limit} assets, the limit (project_assets)");
            return Err(Refusal::new(ErrorCode::TooLarge, detail).into());
        }
        let file = file.clone().instead_of(tree.assets.get(path).or_else(|| tree.asset_trash.get(path)));
        self.edit(project.tree(), asset_put(path, &file)).await
    }

    /// Takes the file that had a path out of the project's trash, to that path or, if it is taken, to one beside it. Returns the path.
    ///
    /// # Errors
    /// If there is none; see also [`Library::ask`].
    pub async fn restore_asset(&self, project: ProjectId, path: &str) -> Result<String, LibraryError> {
        let tree = self.tree(project).await?;
        let unknown = || LibraryError::Unknown { what: "file in the trash", name: path.to_owned() };
        let file = tree.asset_trash.get(path).ok_or_else(unknown)?;
        let free = tree.free_asset_path(path);
        let mut edits = asset_put(&free, file);
        edits.push(Edit::Remove { map: ASSET_TRASH.to_owned(), key: path.to_owned() });
        self.edit(project.tree(), edits).await?;
        Ok(free)
    }

    /// Takes out of a project's trash for good what this tree has there. Nothing leads to it any more.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn empty_trash(&self, project: ProjectId, seen: &Tree) -> Result<(), LibraryError> {
        let now = self.tree(project).await?;
        let remove = |map: &str, key: String| Edit::Remove { map: map.to_owned(), key };
        // What was restored or deleted anew since then stays.
        let documents = seen.trash.keys().filter(|document| now.trash.contains_key(*document));
        let files = seen.asset_trash.iter().filter(|(path, file)| now.asset_trash.get(*path) == Some(*file));
        let documents = documents.map(|document| remove(TRASH, document.0.to_string()));
        let edits: Vec<Edit> = documents.chain(files.map(|(path, _)| remove(ASSET_TRASH, path.clone()))).collect();
        self.edit(project.tree(), edits).await
    }

    /// Puts the asset at a path into the project's trash.
    ///
    /// # Errors
    /// If there is none; see also [`Library::ask`].
    pub async fn delete_asset(&self, project: ProjectId, path: &str) -> Result<(), LibraryError> {
        let file = self.asset_at(project, path).await?;
        self.edit(project.tree(), asset_deletion(path, &file)).await
    }
}
