//! `wayfare docs`.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use serde_json::json;
use wayfare_actors::document::Library;
use wayfare_core::document::{Body, edits_between};
use wayfare_protocol::limits::NOTEBOOK_MAX;
use wayfare_protocol::{DocumentId, ProjectId};

use super::app::App;
use super::docs_arguments::{DocsCommand, DocsEdit, DocumentName};
use super::exit::{Exit, Failure};
use super::later::cloud_state;
use super::lists::printable;
use crate::render::Form;

/// Does what was asked.
pub(super) async fn docs(app: &App, command: DocsCommand) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let shelf = Shelf { app, library: client.library() };
    match command {
        DocsCommand::List { project: None, .. } => shelf.projects().await,
        DocsCommand::List { project: Some(project), trash } => shelf.documents(&project, trash).await,
        DocsCommand::New { name } => shelf.make(&name).await,
        DocsCommand::Cat { name, version: None } => shelf.cat(&name).await,
        DocsCommand::Cat { name, version: Some(version) } => shelf.cat_version(&name, &version).await,
        DocsCommand::History { name } => shelf.history(&name).await,
        DocsCommand::Queue { name, take_back: None } => shelf.queue(&name, &client.devices().await?).await,
        DocsCommand::Queue { name, take_back: Some(run) } => {
            shelf.take_back(&name, run, &client.devices().await?).await
        }
        DocsCommand::Edit(asked) => shelf.edit(asked).await,
        DocsCommand::Rename { name, path } => shelf.rename(&name, &path).await,
        DocsCommand::Delete { name } => shelf.delete(&name).await,
        DocsCommand::Restore { name, version: None } => shelf.restore(&name).await,
        DocsCommand::Restore { name, version: Some(version) } => shelf.restore_version(&name, &version).await,
    }
}

/// The documents at the other end of the client's link. Each is in step before it is read, and after it was changed.
pub(super) struct Shelf<'a> {
    pub(super) app: &'a App,
    pub(super) library: &'a Library,
}

impl Shelf<'_> {
    pub(super) async fn settled(&self, document: DocumentId) -> Result<(), Failure> {
        Ok(self.library.settled(document, self.app.limits.request).await?)
    }

    async fn project(&self, name: &str) -> Result<ProjectId, Failure> {
        self.settled(DocumentId::INDEX).await?;
        let project = self.library.project(name).await?;
        self.settled(project.tree()).await?;
        Ok(project)
    }

    async fn projects(&self) -> Result<Exit, Failure> {
        self.settled(DocumentId::INDEX).await?;
        let projects = self.library.projects().await?;
        if self.app.form == Form::Json {
            projects.iter().try_for_each(|(id, name)| self.app.screen.json(&json!({ "id": id, "name": name })))?;
            return Ok(Exit::Good);
        }
        let rows = projects.iter().map(|(id, name)| vec![printable(name), id.to_string()]);
        self.table(["PROJECT", "ID"], rows)
    }

    async fn documents(&self, project: &str, trash: bool) -> Result<Exit, Failure> {
        let project = self.project(project).await?;
        let files = if trash { self.library.trash(project).await? } else { self.library.files(project).await? };
        if self.app.form == Form::Json {
            files.iter().try_for_each(|(id, path)| self.app.screen.json(&json!({ "id": id, "path": path })))?;
            return Ok(Exit::Good);
        }
        let rows = files.iter().map(|(id, path)| vec![printable(path), id.to_string()]);
        self.table(["DOCUMENT", "ID"], rows)
    }

    fn table(&self, head: [&str; 2], rows: impl Iterator<Item = Vec<String>>) -> Result<Exit, Failure> {
        let head = head.map(str::to_owned).to_vec();
        self.app.screen.table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
        Ok(Exit::Good)
    }

    async fn make(&self, name: &str) -> Result<Exit, Failure> {
        let (project, path) = name.split_once('/').map_or((name, None), |(project, path)| (project, Some(path)));
        self.settled(DocumentId::INDEX).await?;
        let id = self.library.make_project(project).await?;
        self.settled(DocumentId::INDEX).await?;
        let id = match path {
            None => id.to_string(),
            Some(path) => self.make_document(id, path).await?.to_string(),
        };
        match self.app.form {
            Form::Json => self.app.screen.json(&json!({ "id": id, "name": name }))?,
            _ => self.app.screen.line(&id)?,
        }
        Ok(Exit::Good)
    }

    async fn make_document(&self, project: ProjectId, path: &str) -> Result<DocumentId, Failure> {
        self.settled(project.tree()).await?;
        let document = self.library.begin_document(project, path).await?;
        self.settled(project.tree()).await?;
        self.settled(document).await?;
        Ok(document)
    }

    pub(super) async fn find(&self, name: &DocumentName) -> Result<(ProjectId, DocumentId), Failure> {
        let project = self.project(&name.project).await?;
        Ok((project, self.library.document(project, &name.path).await?))
    }

    /// A document as it is, with its project.
    pub(super) async fn open(&self, name: &DocumentName) -> Result<(ProjectId, DocumentId, Body), Failure> {
        let (project, document) = self.find(name).await?;
        self.settled(document).await?;
        Ok((project, document, self.library.copy(document).await?))
    }

    /// What is written into a document of which nothing has come to this device would stand beside what it has elsewhere.
    pub(super) async fn must_have_come(&self, name: &DocumentName, copy: &Body) -> Result<(), Failure> {
        if copy.is_empty() && cloud_state(self.app).await?.is_some_and(|cloud| cloud.paired && !cloud.connected) {
            return Err(Failure::NotFound(format!(
                "{name} has not come to this device yet, and the node is not connected to its cloud: nothing is done"
            )));
        }
        Ok(())
    }

    async fn cat(&self, name: &DocumentName) -> Result<Exit, Failure> {
        let (_, document) = self.find(name).await?;
        self.settled(document).await?;
        let text = self.library.text(document).await?;
        match self.app.form {
            Form::Json => self.app.screen.json(&json!({ "id": document, "path": name.path, "text": text }))?,
            _ => io::stdout().lock().write_all(text.as_bytes())?,
        }
        Ok(Exit::Good)
    }

    async fn rename(&self, name: &DocumentName, path: &str) -> Result<Exit, Failure> {
        let (project, document) = self.find(name).await?;
        self.library.rename(project, document, path).await?;
        self.settled(project.tree()).await?;
        self.done(document, path, &format!("{} is {path} now", name.path))
    }

    async fn delete(&self, name: &DocumentName) -> Result<Exit, Failure> {
        let (project, document) = self.find(name).await?;
        self.library.delete(project, document, &name.path).await?;
        self.settled(project.tree()).await?;
        self.done(document, &name.path, &format!("{} is in the trash of {}", name.path, name.project))
    }

    async fn restore(&self, name: &DocumentName) -> Result<Exit, Failure> {
        let project = self.project(&name.project).await?;
        let (document, path) = self.library.restore(project, &name.path).await?;
        self.settled(project.tree()).await?;
        self.done(document, &path, &format!("{path} is back"))
    }

    fn done(&self, document: DocumentId, path: &str, says: &str) -> Result<Exit, Failure> {
        match self.app.form {
            Form::Json => self.app.screen.json(&json!({ "id": document, "path": path }))?,
            _ => self.app.screen.note(&printable(says)),
        }
        Ok(Exit::Good)
    }

    async fn edit(&self, asked: DocsEdit) -> Result<Exit, Failure> {
        let project = self.project(&asked.name.project).await?;
        let document = self.make_document(project, &asked.name.path).await?;
        let mut copy = self.library.copy(document).await?;
        self.must_have_come(&asked.name, &copy).await?;
        let old = copy.text();
        let new = match &asked.from {
            Some(file) => read(file)?,
            None => edited(&old, &asked.name.path)?,
        };
        let edits = edits_between(&old, &new);
        if !edits.is_empty() {
            let update = copy.edit(&edits).map_err(|error| Failure::Usage(error.to_string()))?;
            self.library.merge(document, update).await?;
            self.settled(document).await?;
        }
        match self.app.form {
            Form::Json => self.app.screen.json(&json!({ "id": document, "edits": edits.len() }))?,
            _ => self.app.screen.note(&format!("{} changed in {} places", asked.name.path, edits.len())),
        }
        Ok(Exit::Good)
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let source: Box<dyn io::Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
    let mut text = String::new();
    source.take(NOTEBOOK_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > NOTEBOOK_MAX {
        return Err(Failure::Usage(format!("{} is larger than {NOTEBOOK_MAX} bytes", file.display())));
    }
    Ok(text)
}

/// What the user makes of a text in an editor.
fn edited(old: &str, path: &str) -> Result<String, Failure> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var_os(name).filter(|set| !set.is_empty()));
    let editor = editor.ok_or_else(|| Failure::Usage("set $EDITOR, or say --from <file>".to_owned()))?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = tempfile::Builder::new().prefix("wayfare-").tempdir()?;
    let file = folder.path().join(name);
    std::fs::write(&file, old)?;
    // As git does it: the setting may have arguments.
    let status = Command::new("sh").arg("-c").arg("exec $0 \"$1\"").arg(&editor).arg(&file).status()?;
    if !status.success() {
        return Err(Failure::Usage(format!("{} ended with {status}; nothing is changed", editor.display())));
    }
    read(&file)
}
