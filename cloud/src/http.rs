//! HTTP at a door, in bounds of number and time.

use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::serve::Listener as _;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::task::JoinSet;
use wayfare_actors::gate::Gate;
use wayfare_io::transport::{DoorStream, Peer, TcpDoor};

/// What one door allows.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections that are served as HTTP at a time; one more is closed at once. A WebSocket does not count.
    pub connections: usize,
    /// A request's head must be complete within this time, and a connection is served as HTTP for twice as long.
    pub request: Duration,
}

/// Serves a router at a door for as long as this runs. Who is at the other end can be extracted as `ConnectInfo<Peer>`.
pub async fn serve(mut door: TcpDoor, router: Router, bounds: Bounds) {
    let gate = Gate::new(bounds.connections);
    let mut serving = JoinSet::new();
    loop {
        let (stream, peer) = door.accept().await;
        while serving.try_join_next().is_some() {}
        let Some(permit) = gate.try_enter() else {
            tracing::debug!(%peer, "closed a connection: too many are being served");
            continue;
        };
        let router = router.clone().layer(Extension(ConnectInfo(Peer(peer))));
        serving.spawn(async move {
            one(stream, router, bounds).await;
            drop(permit);
        });
    }
}

async fn one(stream: DoorStream, router: Router, bounds: Bounds) {
    let service = TowerToHyperService::new(router);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.request)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    match tokio::time::timeout(bounds.request * 2, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "HTTP connection over"),
        Err(_) => tracing::debug!("HTTP connection closed: it took too long"),
    }
}
