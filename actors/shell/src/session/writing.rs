//! What a run of a cell wrote goes into its document: composed from the session's log, merged into this place's replica.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_core::cell_output::{Change, Ended, Gathered, change};
use wayfare_core::document::{AssetFile, Place};
use wayfare_core::session::{Composed, EndedCell, LoggedOutput};
use wayfare_notebook::{AssetBytes, RunKey};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::output::OutputBody;
use wayfare_protocol::session::Language;
use wayfare_protocol::{AssetId, DocumentId, ErrorCode, ProjectId, Refusal};

use crate::actor::Fatal;
use crate::document::{Library, LibraryError};
use crate::logs;
use crate::ports::Log;

/// What composing needs.
pub(super) struct Composer {
    pub(super) library: Library,
    /// The session's outputs.
    pub(super) outputs: Arc<dyn Log>,
    /// The session's language.
    pub(super) language: Language,
    /// This device's name.
    pub(super) device_name: String,
    /// Bytes that are read from the log at once.
    pub(super) read_bytes: usize,
}

impl Composer {
    /// Makes of a run's output a change to its document. The files that it links to are kept, and have paths in the project.
    ///
    /// # Errors
    /// If the session's log cannot be read.
    pub(super) async fn compose(&self, ended: EndedCell) -> Result<Composed, Fatal> {
        let is_in_step = self.library.is_in_step();
        let cell = ended.cell;
        let mut copy = match self.library.copy(cell.document).await {
            Ok(copy) => copy,
            Err(error) => return Ok(Composed::NotYet { is_in_step: false, why: error.to_string() }),
        };
        let not_here = || Composed::NotYet { is_in_step, why: "its cell is not here".to_owned() };
        if copy.place_of(cell.begins) == Place::Unknown {
            return Ok(not_here());
        }
        let key = RunKey { run: ended.run, attempt: ended.attempt };
        let gathered = self.gather(key, &ended).await?;
        let run = Ended {
            key,
            begins: cell.begins,
            language: self.language.clone(),
            code: ended.code,
            accepted_at: ended.accepted_at,
            outcome: ended.outcome,
            device_name: self.device_name.clone(),
        };
        let (edits, files) = match change(&copy, &run, gathered) {
            Change::NotYet => return Ok(not_here()),
            Change::NoPlace(why) => return Ok(Composed::NoPlace(why)),
            Change::Edits { edits, .. } if edits.is_empty() => return Ok(Composed::Same),
            Change::Edits { edits, files } => (edits, files),
        };
        if let Err(why) = self.keep_all(cell, files).await {
            return Ok(Composed::NotYet { is_in_step: false, why });
        }
        Ok(match copy.edit(&edits) {
            Ok(update) => Composed::Update(update.into()),
            Err(error) => Composed::NoPlace(error.to_string()),
        })
    }

    /// Keeps the files of an output, and gives them their paths in the project, beside the document.
    async fn keep_all(&self, cell: DocumentCell, files: Vec<AssetBytes>) -> Result<(), String> {
        if files.is_empty() {
            return Ok(());
        }
        let tree = self.library.tree(cell.project).await.map_err(|error| error.to_string())?;
        let path = tree.files.get(&cell.document);
        if path.is_none() {
            tracing::warn!(document = %cell.document, "files of an output have no paths: its document has none in that project");
        }
        for file in files {
            let folder =
                path.and_then(|path| path.rsplit_once('/')).map_or(String::new(), |(folder, _)| format!("{folder}/"));
            let at = path.map(|_| format!("{folder}{}", file.path));
            let at = at.filter(|at| tree.assets.get(at).is_none_or(|known| known.asset != AssetId::of(&file.bytes)));
            keep(&self.library, cell.project, at, file).await?;
        }
        Ok(())
    }

    async fn gather(&self, key: RunKey, ended: &EndedCell) -> Result<Gathered, Fatal> {
        let mut gathered = Gathered::new(key);
        let mut next = ended.from;
        while next <= ended.through {
            let read: Vec<LoggedOutput> = logs::decode_all(&self.outputs.read(next, self.read_bytes).await?)?;
            let Some(last) = read.last() else { break }; // it was trimmed meanwhile
            next = last.record.sequence + 1;
            for LoggedOutput { record, .. } in read {
                if let OutputBody::Event { number, event } = &record.body
                    && (record.run, record.attempt) == (key.run, key.attempt)
                {
                    gathered.event(*number, event);
                }
            }
        }
        Ok(gathered)
    }
}

/// Keeps a file of an output, and gives it a path if it lacks one. What no later attempt would do better is noted, and the text has its
/// link all the same.
async fn keep(library: &Library, project: ProjectId, path: Option<String>, file: AssetBytes) -> Result<(), String> {
    let (asset, size) = (AssetId::of(&file.bytes), file.bytes.len() as u64);
    match store(library, asset, file.bytes).await {
        Ok(()) => {}
        Err(refusal) if refusal.code == ErrorCode::TooLarge => {
            tracing::warn!(%asset, %refusal, "a file of an output is not kept");
            return Ok(());
        }
        Err(refusal) => return Err(refusal.to_string()),
    }
    let Some(path) = path else { return Ok(()) };
    match library.put_asset(project, &path, &AssetFile::new(asset, size, file.asset.mime)).await {
        Ok(()) => Ok(()),
        Err(LibraryError::Refused(refusal)) if refusal.code != ErrorCode::TooLarge => Err(refusal.to_string()),
        Err(error) => {
            tracing::warn!(%asset, path, %error, "a file of an output has no path in its project");
            Ok(())
        }
    }
}

async fn store(library: &Library, asset: AssetId, bytes: Vec<u8>) -> Result<(), Refusal> {
    let Some(mut upload) = library.assets().upload(asset, bytes.len() as u64).await? else { return Ok(()) };
    let from = usize::try_from(upload.at()).unwrap_or(bytes.len());
    upload.take(Bytes::from(bytes).slice(from..)).await?;
    upload.finish().await
}

/// Merges a change into a document here. Ends when it is durable.
///
/// # Errors
/// If it is refused.
pub(super) async fn merge(library: &Library, document: DocumentId, update: Bytes) -> Result<(), Refusal> {
    library.merge(document, update.into()).await.map_err(|error| match error {
        LibraryError::Refused(refusal) => refusal,
        other => Refusal::new(ErrorCode::Malformed, other.to_string()),
    })
}
