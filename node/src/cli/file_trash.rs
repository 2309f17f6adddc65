//! `wayfare project delete`, `restore` and `empty`: the trash of a project, and that of projects.

use serde_json::{Value, json};
use wayfare_actors::document::Library;
use wayfare_protocol::DocumentId;

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
    let says = format!("{path} is in the trash of {name}");
    done(app, library, project.tree(), json!({ "path": path }), &says).await
}

/// Takes one out of it.
pub(super) async fn restore(app: &App, name: &str, path: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    let project = project(app, library, name).await?;
    let path = library.restore_asset(project, path).await?;
    done(app, library, project.tree(), json!({ "path": path }), &format!("{path} is back")).await
}

/// Puts a project into the trash, with everything in it.
pub(super) async fn delete_project(app: &App, name: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    library.delete_project(name).await?;
    let says = format!("the project {name} is deleted; wayfare project restore brings it back");
    done(app, library, DocumentId::INDEX, json!({ "project": name }), &says).await
}

/// Takes one out of it.
pub(super) async fn restore_project(app: &App, name: &str) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    library.restore_project(name).await?;
    done(app, library, DocumentId::INDEX, json!({ "project": name }), &format!("the project {name} is back")).await
}

/// Ends when the other end has what was changed there.
async fn done(app: &App, library: &Library, changed: DocumentId, answer: Value, says: &str) -> Result<Exit, Failure> {
    library.settled(changed, app.limits.request).await?;
    match app.form {
        Form::Json => app.screen.json(&answer)?,
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
    let answer = json!({ "documents": tree.trash.len(), "files": tree.asset_trash.len() });
    done(app, library, project.tree(), answer, &format!("deleted from the trash of {name}: {what}")).await
}
