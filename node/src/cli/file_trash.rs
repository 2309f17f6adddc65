//! `wayfare project delete`, `restore` and `empty`: the trash of a project, and that of projects.

use serde_json::json;
use wayfare_actors::document::Library;
use wayfare_protocol::{DocumentId, ProjectId};

use super::app::App;
use super::confirm::confirmed;
use super::exit::{Exit, Failure};
use super::files::project;
use super::lists::printable;
use crate::render::Form;

/// Puts a file that is no document into its project's trash.
pub(super) async fn delete(app: &App, name: &str, path: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    let project = project(app, library, name).await?;
    library.delete_asset(project, path).await?;
    done(app, library, project, path, &format!("{path} is in the trash of {name}")).await
}

/// Takes one out of it.
pub(super) async fn restore(app: &App, name: &str, path: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    let project = project(app, library, name).await?;
    let path = library.restore_asset(project, path).await?;
    done(app, library, project, &path, &format!("{path} is back")).await
}

/// Puts a project into the trash, with everything in it.
pub(super) async fn delete_project(app: &App, name: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    library.delete_project(name).await?;
    done_with_project(
        app,
        library,
        name,
        &format!("the project {name} is deleted; wayfare project restore brings it back"),
    )
    .await
}

/// Takes one out of it.
pub(super) async fn restore_project(app: &App, name: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    library.restore_project(name).await?;
    done_with_project(app, library, name, &format!("the project {name} is back")).await
}

async fn done_with_project(app: &App, library: &Library, name: &str, says: &str) -> Result<Exit, Failure> {
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    match app.form {
        Form::Json => app.screen.json(&json!({ "project": name }))?,
        Form::Text => app.screen.note(&printable(says)),
    }
    Ok(Exit::Good)
}

async fn done(app: &App, library: &Library, project: ProjectId, path: &str, says: &str) -> Result<Exit, Failure> {
    library.settled(project.tree(), app.limits.request).await?;
    match app.form {
        Form::Json => app.screen.json(&json!({ "path": path }))?,
        Form::Text => app.screen.note(&printable(says)),
    }
    Ok(Exit::Good)
}

/// Takes everything out of it for good, documents too.
pub(super) async fn empty(app: &App, name: &str, is_sure: bool) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    let project = project(app, library, name).await?;
    let tree = library.tree(project).await?;
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let what = format!("{} and {}", count(tree.trash.len(), "document"), count(tree.asset_trash.len(), "file"));
    if !is_sure {
        let question = format!("delete {what} in the trash of {name} for good, on every device?");
        confirmed(app, &printable(&question), "what is in the trash is to be deleted for good")?;
    }
    library.empty_trash(project, &tree).await?;
    library.settled(project.tree(), app.limits.request).await?;
    let (documents, files) = (tree.trash.len(), tree.asset_trash.len());
    match app.form {
        Form::Json => app.screen.json(&json!({ "documents": documents, "files": files }))?,
        Form::Text => app.screen.note(&printable(&format!("deleted from the trash of {name}: {what}"))),
    }
    Ok(Exit::Good)
}
