//! Documents that begin here, and those of which nothing has come here yet.

use wayfare_core::document::Edit;
use wayfare_protocol::{DocumentId, ErrorCode, ProjectId, Refusal};

use super::library::{Library, LibraryError};

impl Library {
    /// The document at a path of a project, to be written to; an empty one is made if there is none. Its history begins at once, so
    /// whoever has nothing of a history lacks it.
    ///
    /// # Errors
    /// If it cannot be a path; see also [`Library::ask`].
    pub async fn begin_document(&self, project: ProjectId, path: &str) -> Result<DocumentId, LibraryError> {
        match self.document(project, path).await {
            Err(LibraryError::Unknown { .. }) => {}
            known => return known,
        }
        let document = self.make_document(project, path).await?;
        let come = Edit::Splice { at: 0, delete: 0, insert: " ".to_owned() };
        let gone = Edit::Splice { at: 0, delete: 1, insert: String::new() };
        self.edit(document, vec![come, gone]).await?;
        Ok(document)
    }

    /// The same for whoever writes at once.
    ///
    /// # Errors
    /// If the cloud, which may have it, is out of reach, and nothing of it has come here; see also [`Library::begin_document`].
    pub async fn document_to_write(&self, project: ProjectId, path: &str) -> Result<DocumentId, LibraryError> {
        if self.is_in_step() {
            return self.make_document(project, path).await;
        }
        let document = self.begin_document(project, path).await?;
        if self.copy(document).await?.is_empty() { Err(not_here(document)) } else { Ok(document) }
    }
}

/// What is written into it would stand beside what it has elsewhere.
pub(super) fn not_here(document: DocumentId) -> LibraryError {
    let detail = format!("document {document} has not come here yet");
    Refusal::new(ErrorCode::OwnerUnreachable, detail).into()
}
