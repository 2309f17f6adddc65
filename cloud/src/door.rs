//! The door of devices.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use wayfare_io::transport::accept;

use crate::cloud::Cloud;

const WHAT_THIS_IS: &str = "This is a Wayfare cloud: devices link here and find one another.\n\n\
    To pair a device, ask whoever runs this for a pairing string (`wayfare-cloud pair`) and give it to\n\
    `wayfare login` on the device. Links come in at /link.\n";

/// Its routes.
pub fn routes(cloud: Cloud) -> Router {
    Router::new().route("/", get(|| async { WHAT_THIS_IS })).route("/link", get(link)).with_state(cloud)
}

async fn link(
    State(cloud): State<Cloud>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
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
