//! The documents of an account at one place: by id, and by project and path.
//!
//! The index is a document whose map [`PROJECTS`] names the projects; a project's tree ([`Tree`]) is a document whose map [`FILES`]
//! names documents by path. Whoever makes one decides its id; two of one name, made apart, are both kept: the smaller id has the name.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use wayfare_core::document::{Ask, Body, Edit, EditError, FILES, PROJECTS, Told};
use wayfare_protocol::limits::DOCUMENT_NAME_MAX;
use wayfare_protocol::{AccountId, DocumentId, ErrorCode, Limits, ProjectId, Refusal, Wall};

use super::{DocumentCommand, Editor, EditorFeed, Environs, PassingLogs};
use crate::actor::Runtime;
use crate::asset::{self, Assets, MemoryAssets};
use crate::directory::Directory;
use crate::ids::Ids;
use crate::link::Unserved;
use crate::ports::{LogError, LogName};
use crate::supervisor::{Child, Order, Policy};

/// A document that could not be read, changed or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// It is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The edit does not fit.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// There is none of that name.
    #[error("there is no {what} {name:?}")]
    Unknown {
        /// A project or a document.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Another document has that path.
    #[error("another document is at {path:?}")]
    Taken {
        /// The path.
        path: String,
    },
    /// A name that cannot be one.
    #[error("{name:?} cannot be a name: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
}

/// See the module.
#[derive(Clone)]
pub struct Library(Environs, Assets, Making);

/// Held by whoever makes a project or a document: of several at this place who want one of a name that is not there, one makes it, and all
/// have it.
type Making = Arc<tokio::sync::Mutex<()>>;

impl Library {
    /// Of an account at this place.
    #[must_use]
    pub fn new(environs: Environs) -> Self {
        let assets = Assets::new(asset::Environs {
            account: environs.account,
            store: Arc::clone(&environs.assets),
            directory: Arc::clone(&environs.directory),
            runtime: environs.runtime.clone(),
            limits: Arc::clone(&environs.limits),
            has_above: environs.has_above,
        });
        Self(environs, assets, Making::default())
    }

    /// Of a process that keeps nothing: what it has lasts as long as it does, and is durable where it is linked to.
    pub(crate) fn of_a_client(directory: Arc<Directory>, ids: Arc<Ids>, runtime: Runtime, limits: Arc<Limits>) -> Self {
        Self::new(Environs {
            account: AccountId::LOCAL,
            directory,
            logs: Arc::new(PassingLogs),
            assets: Arc::new(MemoryAssets::default()),
            ids,
            runtime,
            limits,
            has_above: true,
            keeps: false,
        })
    }

    /// The assets of the account at this place.
    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.1
    }

    /// Whether its documents are those of the cloud, as far as is known: it is connected, or there is none.
    pub(crate) fn is_in_step(&self) -> bool {
        !self.0.has_above || self.0.directory.documents_above().is_some()
    }

    pub(crate) fn environs(&self) -> &Environs {
        &self.0
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(super) fn now(&self) -> Wall {
        self.0.runtime.clock.now().wall
    }

    /// What makes ids and numbers of replicas.
    pub(crate) fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// Gives the document's actor a command; it is started if there is none.
    fn command(&self, document: DocumentId, command: DocumentCommand) -> Result<(), Refusal> {
        let directory = &self.0.directory;
        let limit = self.0.limits.documents;
        if directory.command_document(document, command, limit)? {
            return Ok(());
        }
        self.start(document);
        Ok(())
    }

    /// Starts the actor of a document that is expected.
    fn start(&self, document: DocumentId) {
        let arguments = super::arguments(document, self.clone());
        let (known, ended) = (Arc::clone(&self.0.directory), self.clone());
        let child = Child::of(arguments, move |actor| known.set_document(document, actor))
            .with(Policy::Persist)
            .on_end(move || {
                if ended.0.directory.document_left(document) {
                    ended.start(document);
                }
            });
        if let Some(supervisor) = self.0.directory.supervisor() {
            let _ = supervisor.cast(Order::Start(child)); // the whole tree is ending
        }
    }

    /// A stream of a link takes part in a document.
    pub(crate) fn serve(&self, document: DocumentId, stream: Unserved) {
        if let Err(refusal) = self.command(document, DocumentCommand::Serve(stream)) {
            tracing::warn!(%document, %refusal, "a document is not opened");
        }
    }

    /// Brings every document that was ever open here into step with the one of the cloud, one after the other: what was changed here
    /// without the cloud is not to wait until somebody opens it again. Ends by itself when the cloud is out of reach again.
    pub(crate) async fn meet(self) {
        let kept = match self.kept().await {
            Ok(kept) => kept,
            Err(error) => return tracing::warn!(%error, "documents do not meet the cloud's until they are opened"),
        };
        for document in kept {
            match self.ask(document, Ask::Settled).await {
                Ok(Told::Refused(refusal)) | Err(refusal) => {
                    tracing::info!(%document, %refusal, "a document does not meet the cloud's now");
                }
                Ok(_) => {}
            }
        }
    }

    /// The documents that were ever open here.
    pub(crate) async fn kept(&self) -> Result<Vec<DocumentId>, LogError> {
        let own = |name: LogName| match name {
            LogName::Document(account, document) if account == self.0.account => Some(document),
            _ => None,
        };
        Ok(self.0.logs.list().await?.into_iter().filter_map(own).collect())
    }

    /// A client of y-websocket takes part in a document.
    ///
    /// # Errors
    /// If too many documents are open, or the account is being restarted.
    pub async fn join(&self, document: DocumentId, may_write: bool) -> Result<(Editor, EditorFeed), Refusal> {
        let (news, told) = mpsc::unbounded_channel();
        let (joined, number) = oneshot::channel();
        self.command(document, DocumentCommand::Join { may_write, news, joined })?;
        let peer = number.await.map_err(|_| restarted())?;
        let actor = self.0.directory.document(document).ok_or_else(restarted)?;
        Ok((Editor::new(peer, actor, self.0.limits.document_backlog), told))
    }

    /// Asks a document.
    ///
    /// # Errors
    /// If too many are open, or the account is being restarted: the outcome of an edit is then unknown.
    pub async fn ask(&self, document: DocumentId, what: Ask) -> Result<Told, Refusal> {
        let (told, answer) = oneshot::channel();
        self.command(document, DocumentCommand::Ask { what, told })?;
        answer.await.map_err(|_| restarted())
    }

    /// Waits until the replica above, a node's or the cloud's, and this one have everything of a document.
    ///
    /// # Errors
    /// If it does not come to that within the time, for want of a link above all; see also [`Library::ask`].
    pub async fn settled(&self, document: DocumentId, within: Duration) -> Result<(), LibraryError> {
        let late = || Refusal::new(ErrorCode::DeadlineExceeded, format!("document {document} is not in step yet"));
        match self.0.runtime.within(within, self.ask(document, Ask::Settled)).await.ok_or_else(late)?? {
            Told::Settled => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// The text of a document.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn text(&self, document: DocumentId) -> Result<String, LibraryError> {
        match self.ask(document, Ask::Text).await? {
            Told::Text(text) => Ok(text),
            other => Err(unexpected(other)),
        }
    }

    /// The whole history of a document as it is now.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn history(&self, document: DocumentId) -> Result<Bytes, LibraryError> {
        match self.ask(document, Ask::History).await? {
            Told::History(history) => Ok(history),
            other => Err(unexpected(other)),
        }
    }

    /// A copy of a document as it is now, to be changed apart: what is changed in it is merged by [`Library::merge`].
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn copy(&self, document: DocumentId) -> Result<Body, LibraryError> {
        let history = self.history(document).await?;
        let mut copy = Body::new(self.0.ids.client());
        copy.apply(&history).map_err(|error| Refusal::new(ErrorCode::Malformed, error.to_string()))?;
        Ok(copy)
    }

    /// Takes in what was changed in a copy. Ends when it is durable at this place.
    ///
    /// # Errors
    /// If it is no update; see also [`Library::ask`].
    pub async fn merge(&self, document: DocumentId, update: Vec<u8>) -> Result<(), LibraryError> {
        self.change(document, Ask::Merge(update.into())).await
    }

    /// Changes a document. Ends when the change is durable at this place.
    ///
    /// # Errors
    /// If it does not fit; see also [`Library::ask`].
    pub async fn edit(&self, document: DocumentId, edits: Vec<Edit>) -> Result<(), LibraryError> {
        self.change(document, Ask::Edit(edits)).await
    }

    async fn change(&self, document: DocumentId, what: Ask) -> Result<(), LibraryError> {
        match self.ask(document, what).await? {
            Told::Edited(outcome) => Ok(outcome?),
            other => Err(unexpected(other)),
        }
    }

    pub(super) async fn entries(&self, document: DocumentId, map: &str) -> Result<Vec<(Uuid, String)>, LibraryError> {
        match self.ask(document, Ask::Entries { map: map.to_owned() }).await? {
            Told::Entries(entries) => {
                Ok(entries.into_iter().filter_map(|(id, name)| Some((id.parse().ok()?, name))).collect())
            }
            other => Err(unexpected(other)),
        }
    }

    /// The projects, in the order of their ids.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn projects(&self) -> Result<Vec<(ProjectId, String)>, LibraryError> {
        let entries = self.entries(DocumentId::INDEX, PROJECTS).await?;
        Ok(entries.into_iter().map(|(id, name)| (ProjectId(id), name)).collect())
    }

    /// The documents of a project, in the order of their ids.
    ///
    /// # Errors
    /// See [`Library::ask`].
    pub async fn files(&self, project: ProjectId) -> Result<Vec<(DocumentId, String)>, LibraryError> {
        let entries = self.entries(project.tree(), FILES).await?;
        Ok(entries.into_iter().map(|(id, path)| (DocumentId(id), path)).collect())
    }

    /// The project of a name.
    ///
    /// # Errors
    /// If there is none; see also [`Library::ask`].
    pub async fn project(&self, name: &str) -> Result<ProjectId, LibraryError> {
        named(self.projects().await?, "project", name)
    }

    /// The document at a path of a project.
    ///
    /// # Errors
    /// If there is none; see also [`Library::ask`].
    pub async fn document(&self, project: ProjectId, path: &str) -> Result<DocumentId, LibraryError> {
        named(self.files(project).await?, "document", path)
    }

    /// The project of a name; it is made if there is none.
    ///
    /// # Errors
    /// If it cannot be a name; see also [`Library::ask`].
    pub async fn make_project(&self, name: &str) -> Result<ProjectId, LibraryError> {
        match self.project(name).await {
            Err(LibraryError::Unknown { .. }) => {}
            known => return known,
        }
        checked(name, "a project's name has no /", !name.contains('/'))?;
        let _making = self.2.lock().await;
        match self.project(name).await {
            Err(LibraryError::Unknown { .. }) => {}
            known => return known,
        }
        let id = ProjectId(self.0.ids.next());
        self.put(DocumentId::INDEX, PROJECTS, id.0, name).await?;
        Ok(id)
    }

    /// The document at a path of a project; an empty one is made if there is none.
    ///
    /// # Errors
    /// If it cannot be a path; see also [`Library::ask`].
    pub async fn make_document(&self, project: ProjectId, path: &str) -> Result<DocumentId, LibraryError> {
        match self.document(project, path).await {
            Err(LibraryError::Unknown { .. }) => {}
            known => return known,
        }
        checked_path(path)?;
        let _making = self.2.lock().await;
        match self.document(project, path).await {
            Err(LibraryError::Unknown { .. }) => {}
            known => return known,
        }
        let id = DocumentId(self.0.ids.next());
        self.put(project.tree(), FILES, id.0, path).await?;
        Ok(id)
    }

    pub(super) async fn put(&self, document: DocumentId, map: &str, id: Uuid, name: &str) -> Result<(), LibraryError> {
        let edit = Edit::Put { map: map.to_owned(), key: id.to_string(), value: name.to_owned() };
        self.edit(document, vec![edit]).await
    }
}

/// The first of a name.
fn named<Id>(known: Vec<(Id, String)>, what: &'static str, name: &str) -> Result<Id, LibraryError> {
    let found = known.into_iter().find(|(_, known)| known == name);
    found.map(|(id, _)| id).ok_or_else(|| LibraryError::Unknown { what, name: name.to_owned() })
}

pub(super) fn checked_path(path: &str) -> Result<(), LibraryError> {
    let is_plain = path.split('/').all(|name| !matches!(name, "" | "." | ".."));
    checked(path, "a path is names with / between them, none of them empty, . or ..", is_plain)
}

fn checked(name: &str, rule: &str, holds: bool) -> Result<(), LibraryError> {
    let error = |why: String| LibraryError::Name { name: name.to_owned(), why };
    if name.is_empty() || name.len() > DOCUMENT_NAME_MAX {
        return Err(error(format!("it has 1 to {DOCUMENT_NAME_MAX} bytes")));
    }
    if name.chars().any(char::is_control) {
        return Err(error("it has no control characters".to_owned()));
    }
    if holds { Ok(()) } else { Err(error(rule.to_owned())) }
}

fn restarted() -> Refusal {
    Refusal::new(ErrorCode::OwnerUnreachable, "the documents are being restarted; ask again")
}

pub(crate) fn unexpected(told: Told) -> LibraryError {
    LibraryError::Refused(match told {
        Told::Refused(refusal) => refusal,
        Told::Text(_) | Told::Entries(_) | Told::History(_) | Told::Links(_) | Told::Settled | Told::Edited(_) => {
            unreachable!("the answer to another question")
        }
    })
}
