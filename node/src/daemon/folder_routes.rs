//! `/api/folders`: bound folders, for programs of this machine alone.
//!
//! | route | answer |
//! |---|---|
//! | `GET /api/folders` | `{"folders": [{"name", "project", "folder", "documents", "held", "skipped", …}]}` |
//! | `POST /api/folders` with `{"folder", "name"}` | the folder, bound to that project |
//! | `DELETE /api/folders` with `{"name"}` | the folder that was bound |
//! | `POST /api/folders/release` with `{"name"}` | `{"released"}`: how many files that are gone were deleted |

use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hyper::Method;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use wayfare_actors::document::LibraryError;

use crate::folder::DataFolder;
use crate::folders::{FolderError, Folders};

/// The route.
pub(crate) const FOLDERS: &str = "/api/folders";
/// Longest answer that is read, in bytes.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// The routes.
pub(super) fn routes(folders: &Folders) -> Router {
    Router::new()
        .route(FOLDERS, get(list).post(add).delete(remove))
        .route(&format!("{FOLDERS}/release"), post(release))
        .with_state(folders.clone())
}

impl IntoResponse for FolderError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Wrong(_) | Self::Unfit { .. } | Self::Library(LibraryError::Name { .. }) => StatusCode::BAD_REQUEST,
            Self::Unknown(_) | Self::NoProject(_) => StatusCode::NOT_FOUND,
            Self::Starting | Self::Library(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::System { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}

#[derive(Debug, Deserialize)]
struct Add {
    folder: PathBuf,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

pub(super) fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, FolderError> {
    serde_json::from_slice(bytes).map_err(|error| FolderError::Wrong(error.to_string()))
}

async fn list(State(folders): State<Folders>) -> Json<Value> {
    let shown = folders.list().into_iter().map(|(bound, mut status, files)| {
        status.held.extend(files.held);
        status.skipped_total += files.problems.len();
        status.skipped.extend(files.problems);
        status.is_settled &= files.is_settled;
        let mut value = json!(status);
        value["files"] = json!(files.files);
        value["name"] = json!(bound.name);
        value["project"] = json!(bound.project);
        value["folder"] = json!(bound.folder);
        value
    });
    Json(json!({ "folders": shown.collect::<Vec<_>>() }))
}

async fn add(State(folders): State<Folders>, body: Bytes) -> Result<Json<Value>, FolderError> {
    let Add { folder, name } = read(&body)?;
    let bound = folders.add(&folder, &name).await?;
    Ok(Json(json!(bound)))
}

async fn remove(State(folders): State<Folders>, body: Bytes) -> Result<Json<Value>, FolderError> {
    let Named { name } = read(&body)?;
    let bound = folders.remove(&name)?;
    Ok(Json(json!(bound)))
}

async fn release(State(folders): State<Folders>, body: Bytes) -> Result<Json<Value>, FolderError> {
    let Named { name } = read(&body)?;
    let released = folders.release(&name)?;
    Ok(Json(json!({ "released": released })))
}

/// What the node answers.
pub(crate) enum LocalAnswer {
    /// As asked.
    Good(Value),
    /// It refuses, and why.
    Refused(String),
}

/// Asks the node of a data folder over its HTTP door.
///
/// # Errors
/// If it does not answer.
pub(crate) async fn ask_local(
    folder: &DataFolder,
    method: Method,
    path: &str,
    body: &Value,
    within: Duration,
) -> std::io::Result<LocalAnswer> {
    let asking = async {
        let stream = UnixStream::connect(folder.http_door()).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
        let connection = tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).map_err(other)?;
        let response = sender.send_request(request).await.map_err(other)?;
        let status = response.status();
        let bytes = to_bytes(Body::new(response.into_body()), ANSWER_MAX).await.map_err(other)?;
        connection.abort();
        let value: Value = serde_json::from_slice(&bytes).map_err(other)?;
        if status.is_success() {
            return Ok(LocalAnswer::Good(value));
        }
        Ok(LocalAnswer::Refused(value["error"].as_str().unwrap_or(status.as_str()).to_owned()))
    };
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "the node does not answer");
    tokio::time::timeout(within, asking).await.map_err(late)?
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> std::io::Error {
    std::io::Error::other(error)
}
