//! The accepting ends: what came in at a door becomes a connection.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response as ShakeResponse};
use wayfare_actors::ports::Connection;
use wayfare_protocol::codec::BINCODE_SUBPROTOCOL;

use super::{READ_BUFFER, WEBSOCKET_MESSAGE_MAX, frames, websocket_config};

/// A stream that did not become a connection.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It did not finish the handshake in time.
    #[error("no WebSocket handshake within {0:?}")]
    Late(Duration),
    /// It does not speak as wanted, or is gone.
    #[error("no WebSocket handshake: {0}")]
    Handshake(Box<tungstenite::Error>),
}

/// Accepts a TCP connection with `TCP_NODELAY`.
///
/// # Errors
/// The system's, as of [`TcpListener::accept`].
pub async fn tcp(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

/// Does the server's side of the WebSocket handshake over an open stream (TCP, TLS, a unix socket). `peer` is for logs.
///
/// # Errors
/// If the other end does not ask for a WebSocket with our subprotocol within the time.
pub async fn stream<S>(stream: S, peer: String, within: Duration) -> Result<Connection, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaking = tokio_tungstenite::accept_hdr_async_with_config(stream, choose, Some(websocket_config()));
    let socket = tokio::time::timeout(within, shaking).await.map_err(|_| AcceptError::Late(within))?;
    let socket = socket.map_err(|error| AcceptError::Handshake(Box::new(error)))?;
    Ok(frames::connection(socket, peer))
}

/// Answers axum's upgrade request: with a connection given to `serve` in a task of its own, or with a refusal (400) of a
/// request without our subprotocol.
pub fn upgrade<F, Fut>(upgrade: WebSocketUpgrade, peer: String, serve: F) -> Response
where
    F: FnOnce(Connection) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let upgrade = upgrade
        .protocols([BINCODE_SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .max_message_size(WEBSOCKET_MESSAGE_MAX)
        .max_frame_size(WEBSOCKET_MESSAGE_MAX);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, wanted()).into_response();
    }
    upgrade.on_upgrade(move |socket| serve(frames::connection(socket, peer)))
}

fn wanted() -> String {
    format!("this door speaks {BINCODE_SUBPROTOCOL}: name it in Sec-WebSocket-Protocol\n")
}

#[expect(clippy::result_large_err, reason = "the form that the library asks for")]
fn choose(request: &Request, mut response: ShakeResponse) -> Result<ShakeResponse, ErrorResponse> {
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let ours = offered
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim() == BINCODE_SUBPROTOCOL);
    if !ours {
        let mut refusal = ErrorResponse::new(Some(wanted()));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Err(refusal);
    }
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(BINCODE_SUBPROTOCOL));
    Ok(response)
}
