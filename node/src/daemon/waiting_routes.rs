//! What the node has of its cloud, and the runs that are to wait for it, for programs of this machine alone.
//!
//! | route | answer |
//! |---|---|
//! | `GET /api/cloud` | `{"paired", "connected"}`: whether there is one, and whether it is within reach |
//! | `POST /api/queue` with `{"cell", "open", "request"}` | `{"run"}`: its id; it waits, durably, and its document says so |

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::limits::HTTP_BODY_MAX;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::OpenSession;
use wayfare_protocol::{ErrorCode, Refusal};

use super::http::Shelf;

/// The route that tells of the cloud.
pub(crate) const CLOUD: &str = "/api/cloud";
/// The route to which runs are given that are to wait.
pub(crate) const QUEUE: &str = "/api/queue";

/// How the node stands with its cloud.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct CloudState {
    /// It has one.
    pub(crate) paired: bool,
    /// That is within reach.
    pub(crate) connected: bool,
}

/// A run that is to wait.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToWait {
    /// Of which cell.
    pub(crate) cell: DocumentCell,
    /// In which session; its id is the node's to choose.
    pub(crate) open: OpenSession,
    /// What is executed.
    pub(crate) request: ExecuteRequest,
}

/// Why a run does not wait.
struct Unqueued(Refusal);

impl IntoResponse for Unqueued {
    fn into_response(self) -> Response {
        let status = match self.0.code {
            ErrorCode::Malformed => StatusCode::BAD_REQUEST,
            ErrorCode::Unsupported | ErrorCode::TooLarge => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(json!({ "error": self.0.detail }))).into_response()
    }
}

/// The routes.
pub(super) fn routes(shelf: &Shelf) -> Router {
    let all = Router::new().route(CLOUD, get(cloud)).route(QUEUE, post(queue));
    all.layer(DefaultBodyLimit::max(HTTP_BODY_MAX)).with_state(shelf.clone())
}

async fn cloud(State(shelf): State<Shelf>) -> Result<Json<CloudState>, Unqueued> {
    let queue = shelf.queue().map_err(Unqueued)?;
    Ok(Json(CloudState { paired: queue.is_paired(), connected: queue.is_in_reach() }))
}

async fn queue(State(shelf): State<Shelf>, body: Bytes) -> Result<Json<Value>, Unqueued> {
    let wrong = |error: serde_json::Error| Unqueued(Refusal::new(ErrorCode::Malformed, error.to_string()));
    let ToWait { cell, open, request } = serde_json::from_slice(&body).map_err(wrong)?;
    let queue = shelf.queue().map_err(Unqueued)?;
    let run = queue.add(cell, open, request).await.map_err(Unqueued)?;
    Ok(Json(json!({ "run": run })))
}
