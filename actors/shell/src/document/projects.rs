//! Projects that are deleted and restored, with everything in them.

use std::collections::BTreeMap;

use uuid::Uuid;
use wayfare_core::document::{Edit, JOINED, PROJECT_TRASH, PROJECTS};
use wayfare_protocol::{DocumentId, ProjectId};

use super::library::{Library, LibraryError};

impl Library {
    /// Projects that came together with another one of their name, and that one.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub(crate) async fn joined(&self) -> Result<BTreeMap<ProjectId, ProjectId>, LibraryError> {
        let entries = self.entries(DocumentId::INDEX, JOINED).await?;
        let read = |(id, to): (Uuid, String)| Some((ProjectId(id), ProjectId(to.parse().ok()?)));
        Ok(entries.into_iter().filter_map(read).collect())
    }

    /// Puts the project of a name into the trash, with everything in it.
    ///
    /// # Errors
    /// If there is none; see also [`Library::ask`].
    pub async fn delete_project(&self, name: &str) -> Result<ProjectId, LibraryError> {
        let id = self.project(name).await?;
        let key = id.0.to_string();
        let put = Edit::Put { map: PROJECT_TRASH.to_owned(), key: key.clone(), value: name.to_owned() };
        let gone = Edit::Remove { map: PROJECTS.to_owned(), key };
        self.edit(DocumentId::INDEX, vec![put, gone]).await?;
        Ok(id)
    }

    /// Takes the project that had a name out of the trash, if no other has that name meanwhile.
    ///
    /// # Errors
    /// If there is none, or the name is taken; see also [`Library::ask`].
    pub async fn restore_project(&self, name: &str) -> Result<ProjectId, LibraryError> {
        let projects = self.projects().await?;
        let trash = self.entries(DocumentId::INDEX, PROJECT_TRASH).await?;
        // What two devices deleted and kept at once is kept.
        let is_deleted = |id: &ProjectId| projects.iter().all(|(kept, _)| kept != id);
        let mut found = trash.into_iter().map(|(id, had)| (ProjectId(id), had));
        let (id, _) = found
            .rfind(|(id, had)| had == name && is_deleted(id))
            .ok_or_else(|| LibraryError::Unknown { what: "project in the trash", name: name.to_owned() })?;
        if projects.iter().any(|(_, known)| known == name) {
            return Err(LibraryError::Name { name: name.to_owned(), why: "another project has it".to_owned() });
        }
        let key = id.0.to_string();
        let put = Edit::Put { map: PROJECTS.to_owned(), key: key.clone(), value: name.to_owned() };
        let gone = Edit::Remove { map: PROJECT_TRASH.to_owned(), key };
        self.edit(DocumentId::INDEX, vec![put, gone]).await?;
        Ok(id)
    }
}
