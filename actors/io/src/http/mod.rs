//! The HTTP door: MRP v1 for running code, and what programs ask of a mesh, as JSON and server-sent events.
//!
//! | route | answer |
//! |---|---|
//! | `/mrp/v1/…` | MRP v1 ([`mrp`]) in the session `mrp:main` (python) |
//! | `/s/{project:name}/mrp/v1/…`, `/s/{project:name}/{language}/mrp/v1/…` | the same in that session |
//! | `GET /api/devices`, `/api/sessions`, `/api/runs` | lists ([`api`]) |
//! | `GET /api/presence` | the devices again whenever one of them changes, as events |
//! | `/api/projects…` | projects and their documents ([`documents`]) |
//! | `/api/assets/{id}`, `/api/projects/{project}/files…` | files that are no documents ([`assets`]) |
//! | `/sync/{project}/{path}` | a document, for clients of y-websocket ([`sync`]) |
//! | `GET /api/runs/{session}/{run}/events?from=N` | a run's numbered events from any number on |
//!
//! Whoever comes in passes the [`entrance`] first. Behind it the door is a client of the mesh like any other: what it starts
//! belongs to a session and runs on when the other end of a connection is gone.

mod answer;
mod api;
mod assets;
mod clients;
mod documents;
pub mod entrance;
mod follow;
mod guests;
mod mrp;
mod serve;
mod sse;
mod sync;
mod target;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::mpsc;
use tower::ServiceExt as _;
use wayfare_actors::document::Library;
use wayfare_actors::gate::Gate;
use wayfare_actors::ports::{Connection, Pending};
use wayfare_protocol::limits::HTTP_BODY_MAX;
use wayfare_protocol::{Access, Limits, Refusal};

use crate::client::ClientIdentity;
use crate::transport;
pub use clients::{Clients, Reach};
pub use entrance::{Entrance, Origin, OriginError, Way, is_from_own_page_or_none};
pub use guests::{Guest, Guests, shared_routes, token_of};
pub use serve::{Bounds, serve};
pub use token::{Token, TokenError, load_or_create_token};

/// The documents that a door serves to somebody.
pub trait Documents: Send + Sync {
    /// The documents as they are now: whoever serves them may begin anew.
    ///
    /// # Errors
    /// If nobody serves them now.
    fn library(&self) -> Result<Library, Refusal>;

    /// What whoever they are served to may do with them.
    fn access(&self) -> Access;

    /// Whether they are still to be served. Asked every [`Limits::ping_every`] while one is being edited.
    fn admits(&self) -> Pending<Result<(), Refusal>>;
}

/// What every route needs.
#[derive(Clone)]
struct Door {
    clients: Clients,
    limits: Arc<Limits>,
    exec_ids: Arc<mrp::ExecIds>,
    documents: Arc<dyn Documents>,
    editors: Gate,
}

impl Door {
    fn library(&self) -> Result<Library, answer::Failure> {
        self.documents.library().map_err(|refusal| answer::Failure::Documents(refusal.into()))
    }
}

/// The routes of a door to the mesh that is reached at a place, behind an entrance.
pub fn routes(reach: Reach, identity: ClientIdentity, documents: Arc<dyn Documents>, limits: &Limits) -> Doorway {
    let door = Door {
        clients: Clients::new(reach, identity, limits),
        limits: Arc::new(limits.clone()),
        exec_ids: Arc::default(),
        documents,
        editors: Gate::new(limits.http_editors),
    };
    let inner = Router::new()
        .route("/api/devices", get(api::devices))
        .route("/api/sessions", get(api::sessions))
        .route("/api/runs", get(api::runs))
        .route("/api/runs/{session}/{run}/events", get(api::events))
        .route("/api/projects", get(documents::projects).post(documents::make_project))
        .route("/api/projects/{project}/documents", get(documents::documents))
        .route("/api/projects/{project}/documents/{*path}", get(documents::document))
        .route("/api/assets/{id}", get(assets::asset).put(assets::asset))
        .route("/api/projects/{project}/files", get(assets::files))
        .route(
            "/api/projects/{project}/files/{*path}",
            get(assets::file).put(assets::put_file).delete(assets::delete_file),
        )
        .route("/sync/{project}/{*path}", get(sync::sync))
        .route("/api/presence", get(api::presence))
        .nest("/mrp/v1", mrp::routes())
        .nest("/s/{session}/mrp/v1", mrp::routes())
        .nest("/s/{session}/{language}/mrp/v1", mrp::routes())
        .fallback(answer::no_such_route)
        .method_not_allowed_fallback(answer::no_such_method)
        .layer(DefaultBodyLimit::max(HTTP_BODY_MAX))
        .with_state(door);
    Doorway(inner)
}

async fn link(State(links): State<mpsc::Sender<Connection>>, upgrade: WebSocketUpgrade) -> Response {
    transport::accept::upgrade(upgrade, "a page".to_owned(), move |connection| async move {
        let _ = links.send(connection).await; // whoever takes links is gone with the door
    })
}

/// What is served to anybody.
#[derive(Clone)]
pub struct Open {
    /// Its routes.
    pub routes: Router,
    /// Whether a path is one of them.
    pub has: fn(&str) -> bool,
}

/// Routes without an entrance: nothing is served from them as they are.
#[derive(Clone)]
pub struct Doorway(Router);

impl Doorway {
    /// Takes links in as well, at `/link`: whoever came through the entrance has proven enough.
    #[must_use]
    pub fn with_links(self, links: mpsc::Sender<Connection>) -> Self {
        Self(self.0.merge(Router::new().route("/link", get(link)).with_state(links)))
    }

    /// The same, and others beside them.
    #[must_use]
    pub fn with_routes(&self, others: Router) -> Self {
        Self(self.0.clone().merge(others))
    }

    /// The routes behind an entrance, and before it what anybody may have who names the door's host.
    pub fn behind(&self, entrance: Entrance, open: Option<Open>) -> Router {
        let (inner, entrance) = (self.0.clone(), Arc::new(entrance));
        Router::new().fallback(move |request: Request| {
            let (inner, entrance, open) = (inner.clone(), Arc::clone(&entrance), open.clone());
            async move {
                if let Some(open) = open
                    && (open.has)(request.uri().path())
                    && entrance.is_named(request.headers(), request.uri())
                {
                    return open.routes.oneshot(request).await.unwrap_or_else(|never| match never {});
                }
                let shown = (request.method().clone(), entrance::redacted(request.uri().path()));
                let response = match entrance.enter(request) {
                    Ok(entered) => {
                        let response = inner.oneshot(entered.request).await.unwrap_or_else(|never| match never {});
                        entered.cors.over(response)
                    }
                    Err(turned_away) => *turned_away,
                };
                tracing::debug!(method = %shown.0, path = shown.1, status = response.status().as_u16(), "HTTP");
                response
            }
        })
    }
}
