//! What a writer's device does with documents: each is asked for, changed as a copy, and brought back.

use std::sync::Arc;

use wayfare_actors::document::{Library, LibraryError};
use wayfare_core::Fact;
use wayfare_core::document::{Ask, Edit, Told};
use wayfare_core::fact::EventDigest;
use wayfare_protocol::DocumentId;

use crate::evidence::Evidence;

/// The project of all documents.
const PROJECT: &str = "lab";

/// See the module.
#[derive(Clone)]
pub(super) struct Page {
    pub library: Library,
    pub evidence: Arc<Evidence>,
    /// Who.
    pub name: String,
}

/// A line of its own for each mark, in which no other mark can be found.
fn line(mark: u64) -> String {
    format!("<{mark}>\n")
}

/// The marks of a text, in order: also those in whose line somebody else has written.
fn marks(text: &str) -> Vec<u64> {
    let pieces = text.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
    pieces.filter_map(|(mark, _)| mark.parse().ok()).collect()
}

impl Page {
    fn fact(&self, fact: &Fact) {
        self.evidence.fact(&self.name, fact);
    }

    fn reads(&self, document: DocumentId, text: &str) {
        self.fact(&Fact::Read { document, marks: marks(text) });
    }

    /// The document at a path, which is made if there is none.
    async fn open(&self, path: &str) -> Result<DocumentId, LibraryError> {
        let project = self.library.make_project(PROJECT).await?;
        self.library.make_document(project, path).await
    }

    /// Waits until what the device is connected with keeps everything.
    async fn settled(&self, document: DocumentId) -> Result<bool, LibraryError> {
        Ok(matches!(self.library.ask(document, Ask::Settled).await?, Told::Settled))
    }

    /// Writes a mark at a line of the text, the how many-th. Says in which document, if it is kept.
    pub(super) async fn write(&self, path: &str, mark: u64, spot: u64) -> Result<Option<DocumentId>, LibraryError> {
        let document = self.open(path).await?;
        let mut copy = self.library.copy(document).await?;
        let text = copy.text();
        self.reads(document, &text);
        let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let at = lines.get(usize::try_from(spot % lines.len() as u64).unwrap_or(0)).copied().unwrap_or(0);
        let update = copy.edit(&[Edit::Splice { at, delete: 0, insert: line(mark) }])?;
        self.fact(&Fact::Typed { document, mark });
        self.library.merge(document, update).await?;
        // The index and the tree lead to it.
        let project = self.library.make_project(PROJECT).await?;
        for needed in [DocumentId::INDEX, project.tree(), document] {
            if !self.settled(needed).await? {
                return Ok(None);
            }
        }
        self.fact(&Fact::Saved { document, mark });
        Ok(Some(document))
    }

    /// Takes a mark out, if it is there.
    pub(super) async fn erase(&self, document: DocumentId, mark: u64) -> Result<(), LibraryError> {
        let mut copy = self.library.copy(document).await?;
        let text = copy.text();
        self.reads(document, &text);
        let Some(at) = text.find(&line(mark)) else { return Ok(()) };
        self.fact(&Fact::Erased { document, mark });
        let update = copy.edit(&[Edit::Splice { at, delete: line(mark).len(), insert: String::new() }])?;
        self.library.merge(document, update).await?;
        self.settled(document).await.map(|_| ())
    }

    /// Fetches every version of a document.
    async fn fetches_versions(&self, document: DocumentId) -> Result<bool, LibraryError> {
        let Some(list) = document.versions() else { return Ok(true) };
        let is_in_step = self.settled(list).await?;
        for version in self.library.versions(document).await? {
            let is_there = self.library.version_text(&version).await.is_ok();
            self.fact(&Fact::Wanted { asset: version.asset, is_there });
        }
        Ok(is_in_step)
    }

    /// Reads every document of every project, and fetches its versions. `false`: not everything is in step with the other end.
    pub(super) async fn read_all(&self) -> Result<bool, LibraryError> {
        let mut texts = Vec::new();
        let mut is_in_step = self.settled(DocumentId::INDEX).await?;
        for (project, _) in self.library.projects().await? {
            is_in_step &= self.settled(project.tree()).await?;
            for (document, _) in self.library.files(project).await? {
                is_in_step &= self.settled(document).await?;
                let text = self.library.text(document).await?;
                self.reads(document, &text);
                is_in_step &= self.fetches_versions(document).await?;
                texts.push((document, EventDigest::of_bytes(text.as_bytes())));
            }
        }
        if is_in_step {
            self.fact(&Fact::AllRead { texts });
        }
        Ok(is_in_step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_also_where_somebody_wrote_between() {
        assert_eq!(marks(""), Vec::<u64>::new());
        assert_eq!(marks(&format!("{}{}", line(12), line(3))), [12, 3]);
        assert_eq!(marks("<12<3>\n>\n"), [3]);
        assert_eq!(marks("text <x> <7>"), [7]);
    }
}
