//! HTTP at a door, in bounds of number and time.

use std::fmt::Debug;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::serve::Listener;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use wayfare_actors::gate::Gate;

/// What one door allows.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections that are served as HTTP at a time; one more is closed at once. A WebSocket does not count.
    pub connections: usize,
    /// A request's head must be complete within this time.
    pub request: Duration,
    /// A connection is served as HTTP for so long; `None`: for as long as it likes, answers that stream included.
    pub lasts: Option<Duration>,
}

/// Serves a router at a door for as long as this runs. Who is at the other end can be extracted as
/// `ConnectInfo` of the door's addresses.
pub async fn serve<D>(mut door: D, router: Router, bounds: Bounds)
where
    D: Listener,
    D::Addr: Clone + Debug + Sync + 'static,
{
    let gate = Gate::new(bounds.connections);
    let mut serving = JoinSet::new();
    loop {
        let (stream, peer) = door.accept().await;
        while serving.try_join_next().is_some() {}
        let Some(permit) = gate.try_enter() else {
            tracing::debug!(?peer, "closed a connection: too many are being served");
            continue;
        };
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        serving.spawn(async move {
            one(stream, router, bounds).await;
            drop(permit);
        });
    }
}

async fn one<S>(stream: S, router: Router, bounds: Bounds)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.request)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let served = match bounds.lasts {
        Some(lasts) => tokio::time::timeout(lasts, served).await,
        None => Ok(served.await),
    };
    match served {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "HTTP connection over"),
        Err(_) => tracing::debug!("HTTP connection closed: it took too long"),
    }
}
