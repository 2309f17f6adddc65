//! `/api/projects`: projects and their documents.
//!
//! | route | answer |
//! |---|---|
//! | `GET /api/projects` | `{"projects": [{"id", "name"}]}` |
//! | `POST /api/projects` with `{"name"}` | `{"id", "name"}`: the project of that name, made if there is none |
//! | `GET /api/projects/{project}/documents` | `{"documents": [{"id", "path"}]}` |
//! | `GET /api/projects/{project}/documents/{path}` | `{"id", "path", "text"}` |

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Door;
use super::answer::{Answer, body};

pub(super) async fn projects(State(door): State<Door>) -> Answer {
    let projects = door.library()?.projects().await?;
    let projects: Vec<Value> = projects.into_iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    Ok(Json(json!({ "projects": projects })))
}

#[derive(Debug, Deserialize)]
struct NewProject {
    #[serde(default)]
    name: String,
}

pub(super) async fn make_project(State(door): State<Door>, sent: Result<Bytes, BytesRejection>) -> Answer {
    let NewProject { name } = body(sent)?;
    let id = door.library()?.make_project(&name).await?;
    Ok(Json(json!({ "id": id, "name": name })))
}

pub(super) async fn documents(State(door): State<Door>, Path(project): Path<String>) -> Answer {
    let project = door.library()?.project(&project).await?;
    let files = door.library()?.files(project).await?;
    let documents: Vec<Value> = files.into_iter().map(|(id, path)| json!({ "id": id, "path": path })).collect();
    Ok(Json(json!({ "documents": documents })))
}

pub(super) async fn document(State(door): State<Door>, Path((project, path)): Path<(String, String)>) -> Answer {
    let project = door.library()?.project(&project).await?;
    let id = door.library()?.document(project, &path).await?;
    let text = door.library()?.text(id).await?;
    Ok(Json(json!({ "id": id, "path": path, "text": text })))
}
