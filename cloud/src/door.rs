//! The door of devices, and of the app for browsers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use wayfare_io::http::is_from_own_page_or_none;
use wayfare_io::transport::accept;

use crate::cloud::Cloud;

/// Its routes. Pages that open links come from one of `hosts`.
pub fn routes(cloud: Cloud, hosts: Vec<String>) -> Router {
    let state = Door { cloud, hosts: hosts.into() };
    Router::new().route("/link", get(link)).with_state(state).fallback_service(wayfare_app::routes())
}

#[derive(Clone)]
struct Door {
    cloud: Cloud,
    hosts: Arc<[String]>,
}

async fn link(
    State(Door { cloud, hosts }): State<Door>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_from_own_page_or_none(&headers, &uri, &hosts) {
        return (StatusCode::FORBIDDEN, "pages of this origin may not link here\n").into_response();
    }
    match cloud.admit() {
        Ok(room) => accept::upgrade(upgrade, peer.to_string(), move |connection| async move {
            cloud.accept(room, connection);
        }),
        Err(refusal) => {
            metrics::counter!(crate::metrics::REFUSED).increment(1);
            tracing::warn!(%peer, %refusal, "link refused");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{refusal}\n")).into_response()
        }
    }
}
