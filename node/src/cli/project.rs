//! `wayfare project`: bound folders, asked of the node that runs here, and files.

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::App;
use super::exit::{Exit, Failure};
use super::file_trash;
use super::files;
use super::lists::printable;
use super::project_arguments::{ProjectCommand, Switch};
use crate::client::node_answers;
use crate::daemon::{AHEAD, FOLDERS, LocalAnswer, ask_local};
use crate::render::Form;

/// Does what was asked.
pub(super) async fn project(app: &App, command: ProjectCommand) -> Result<Exit, Failure> {
    match command {
        ProjectCommand::Add { folder, name } => {
            let folder = std::path::absolute(&folder)?;
            let own = folder.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.or(own).ok_or_else(|| Failure::Usage("say --name: the folder has none".to_owned()))?;
            let folder = folder.to_str().ok_or_else(|| Failure::Usage("the folder's name is not UTF-8".to_owned()))?;
            let answer = ask(app, Method::POST, FOLDERS, &json!({ "folder": folder, "name": name })).await?;
            done(app, &answer, &format!("{folder} is bound to the project {name}"))
        }
        ProjectCommand::List => list(app).await,
        ProjectCommand::Set { name, prefetch } => set(app, &name, prefetch).await,
        ProjectCommand::Files { name, trash } => files::files(app, &name, trash).await,
        ProjectCommand::Upload { name, file, path } => files::upload(app, &name, &file, path).await,
        ProjectCommand::Download { name, path, output } => files::download(app, &name, &path, output).await,
        ProjectCommand::Delete { name, path: None } => file_trash::delete_project(app, &name).await,
        ProjectCommand::Delete { name, path: Some(path) } => file_trash::delete(app, &name, &path).await,
        ProjectCommand::Restore { name, path: None } => file_trash::restore_project(app, &name).await,
        ProjectCommand::Restore { name, path: Some(path) } => file_trash::restore(app, &name, &path).await,
        ProjectCommand::Empty { name, yes } => file_trash::empty(app, &name, yes).await,
        ProjectCommand::Status { name } => status(app, &name).await,
        ProjectCommand::Remove { name } => {
            let answer = ask(app, Method::DELETE, FOLDERS, &json!({ "name": name })).await?;
            done(app, &answer, &format!("the project {name} has no folder here any more"))
        }
        ProjectCommand::Release { name } => {
            let answer = ask(app, Method::POST, &format!("{FOLDERS}/release"), &json!({ "name": name })).await?;
            let count = answer["released"].as_u64().unwrap_or_default();
            done(app, &answer, &format!("{count} documents go to the trash"))
        }
    }
}

/// Asks the node of this device, at a route that it has for programs of its machine.
pub(super) async fn ask(app: &App, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
    if !node_answers(&app.folder) {
        let says = format!("no node runs on {}: `wayfare-node` starts one", app.folder.path().display());
        return Err(Failure::NoNode(says));
    }
    match ask_local(&app.folder, method, path, body, app.limits.request).await? {
        LocalAnswer::Good(value) => Ok(value),
        LocalAnswer::Refused(why) => Err(Failure::NotFound(why)),
    }
}

async fn set(app: &App, name: &str, prefetch: Option<Switch>) -> Result<Exit, Failure> {
    let prefetch = prefetch.map(|switch| switch == Switch::On);
    let answer = ask(app, Method::POST, AHEAD, &json!({ "name": name, "prefetch": prefetch })).await?;
    let is = |key: &str| answer[key].as_bool().unwrap_or_default();
    let count = |key: &str| answer[key].as_u64().unwrap_or_default();
    let says = match (is("metered"), is("prefetch"), is("done")) {
        (true, ..) => format!("{name} is not read ahead: this device's network is metered"),
        (_, false, _) => format!("{name} is not read ahead"),
        (_, true, true) => format!("{name} is read ahead; everything is here"),
        (_, true, false) => {
            let (documents, assets) = (count("documents"), count("assets"));
            format!("{name} is read ahead; of all projects {documents} documents and {assets} files have yet to come")
        }
    };
    done(app, &answer, &says)
}

fn done(app: &App, answer: &Value, says: &str) -> Result<Exit, Failure> {
    match app.form {
        Form::Json => app.screen.json(answer)?,
        Form::Text => app.screen.note(&printable(says)),
    }
    Ok(Exit::Good)
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    folder: String,
    documents: usize,
    files: usize,
    held: Vec<String>,
    skipped: std::collections::BTreeMap<String, String>,
    skipped_total: usize,
    problem: Option<String>,
    is_settled: bool,
}

impl Row {
    fn says(&self) -> String {
        match (&self.problem, self.held.len()) {
            (Some(problem), _) => problem.clone(),
            (None, 0) if self.is_settled => "in step".to_owned(),
            (None, 0) => "at work".to_owned(),
            (None, held) => {
                format!("{held} files are gone: bring them back, or `wayfare project release {}`", self.name)
            }
        }
    }
}

async fn rows(app: &App) -> Result<(Vec<Value>, Vec<Row>), Failure> {
    let mut answer = ask(app, Method::GET, FOLDERS, &Value::Null).await?;
    let values: Vec<Value> = answer["folders"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let rows: Result<Vec<Row>, _> = values.iter().cloned().map(serde_json::from_value).collect();
    Ok((values, rows.map_err(|error| Failure::Usage(format!("the node answers something else: {error}")))?))
}

async fn list(app: &App) -> Result<Exit, Failure> {
    let (values, rows) = rows(app).await?;
    if app.form == Form::Json {
        values.iter().try_for_each(|value| app.screen.json(value))?;
        return Ok(Exit::Good);
    }
    let head = ["PROJECT", "FOLDER", "DOCUMENTS", "FILES", "LEFT OUT", "STATE"].map(str::to_owned).to_vec();
    let cells = |row: &Row| {
        vec![
            printable(&row.name),
            printable(&row.folder),
            row.documents.to_string(),
            row.files.to_string(),
            row.skipped_total.to_string(),
            printable(&row.says()),
        ]
    };
    app.screen.table(&std::iter::once(head).chain(rows.iter().map(cells)).collect::<Vec<_>>())?;
    Ok(Exit::Good)
}

async fn status(app: &App, name: &str) -> Result<Exit, Failure> {
    let (values, rows) = rows(app).await?;
    let at = rows.iter().position(|row| row.name == name);
    let at = at.ok_or_else(|| Failure::NotFound(format!("no folder is bound to the project {name:?} here")))?;
    if app.form == Form::Json {
        app.screen.json(&values[at])?;
        return Ok(Exit::Good);
    }
    let row = &rows[at];
    app.screen.line(&format!(
        "{}: {} documents, {} other files, {}",
        printable(&row.folder),
        row.documents,
        row.files,
        printable(&row.says())
    ))?;
    for path in &row.held {
        app.screen.line(&format!("gone  {}", printable(path)))?;
    }
    for (path, why) in &row.skipped {
        app.screen.line(&format!("left out  {}: {}", printable(path), printable(why)))?;
    }
    if row.skipped_total > row.skipped.len() {
        app.screen.line(&format!("and {} more", row.skipped_total - row.skipped.len()))?;
    }
    Ok(Exit::Good)
}
