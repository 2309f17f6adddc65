//! `/api/ahead`: what the node reads ahead, for programs of this machine alone. What is set is kept in `ahead.json`.
//!
//! | route | answer |
//! |---|---|
//! | `GET /api/ahead` | `{"metered", "documents", "assets", "done", "off"}`: how many have yet to come, and the projects that are not read ahead |
//! | `POST /api/ahead` with `{"name", "prefetch"}` | the same, after that; without `prefetch` nothing changes |

use std::collections::BTreeSet;
use std::fs;
use std::io;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use wayfare_actors::document::LibraryError;
use wayfare_actors::prefetch::Ahead;
use wayfare_io::http::Documents as _;
use wayfare_protocol::ProjectId;

use super::folder_routes::read;
use super::http::Shelf;
use crate::folder::DataFolder;
use crate::folders::{FolderError, write};

/// The route.
pub(crate) const AHEAD: &str = "/api/ahead";

/// What is kept of a node's settings.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) folder: DataFolder,
    pub(super) ahead: Ahead,
    pub(super) shelf: Shelf,
}

#[derive(Debug, Deserialize)]
struct Set {
    name: String,
    prefetch: Option<bool>,
}

/// The projects that are not read ahead, as they are remembered.
///
/// # Errors
/// If what is remembered cannot be read.
pub(super) fn remembered(folder: &DataFolder) -> Result<BTreeSet<ProjectId>, FolderError> {
    let path = folder.ahead();
    let failed = |why| FolderError::System { path: path.clone(), why };
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.into())),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(why) => Err(failed(why)),
    }
}

/// The routes.
pub(super) fn routes(settings: Settings) -> Router {
    Router::new().route(AHEAD, get(show).post(set)).with_state(settings)
}

async fn show(State(settings): State<Settings>) -> Json<Value> {
    let (status, off) = (settings.ahead.status(), settings.ahead.off());
    let (documents, assets, done) = (status.documents, status.assets, status.is_done);
    Json(json!({
        "metered": settings.ahead.is_metered(), "documents": documents, "assets": assets, "done": done, "off": off,
    }))
}

async fn set(State(settings): State<Settings>, body: Bytes) -> Result<Json<Value>, FolderError> {
    let Set { name, prefetch } = read(&body)?;
    let library = settings.shelf.library().map_err(|_| FolderError::Starting)?;
    let project = match library.project(&name).await {
        Err(LibraryError::Unknown { .. }) => return Err(FolderError::NoProject(name)),
        project => project?,
    };
    let mut off = settings.ahead.off();
    match prefetch {
        Some(true) => off.remove(&project),
        Some(false) => off.insert(project),
        None => false,
    };
    if prefetch.is_some() {
        let path = settings.folder.ahead();
        let text = serde_json::to_vec_pretty(&off).unwrap_or_default();
        write(&path, &text).map_err(|why| FolderError::System { path, why })?;
        settings.ahead.set_off(off.clone());
    }
    let Json(mut shown) = show(State(settings)).await;
    shown["prefetch"] = json!(!off.contains(&project));
    Ok(Json(shown))
}
