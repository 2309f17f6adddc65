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
use wayfare_protocol::codec::Codec;

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
#[expect(clippy::result_large_err, reason = "the form that the library asks for")]
pub async fn stream<S>(stream: S, peer: String, within: Duration) -> Result<Connection, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut agreed = None;
    let answer = |request: &Request, response| choose(request, response, &mut agreed);
    let shaking = tokio_tungstenite::accept_hdr_async_with_config(stream, answer, Some(websocket_config()));
    let socket = tokio::time::timeout(within, shaking).await.map_err(|_| AcceptError::Late(within))?;
    let socket = socket.map_err(|error| AcceptError::Handshake(Box::new(error)))?;
    let refused = || AcceptError::Handshake(Box::new(tungstenite::Error::ConnectionClosed));
    Ok(frames::connection(socket, peer, agreed.ok_or_else(refused)?)) // without a codec there is no handshake
}

/// Answers axum's upgrade request: with a connection given to `serve` in a task of its own, or with a refusal (400) of a
/// request without our subprotocol.
pub fn upgrade<F, Fut>(upgrade: WebSocketUpgrade, peer: String, serve: F) -> Response
where
    F: FnOnce(Connection) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let upgrade = upgrade
        .protocols(Codec::ALL.map(Codec::subprotocol))
        .read_buffer_size(READ_BUFFER)
        .max_message_size(WEBSOCKET_MESSAGE_MAX)
        .max_frame_size(WEBSOCKET_MESSAGE_MAX);
    let agreed = upgrade.selected_protocol().and_then(|name| name.to_str().ok()).and_then(Codec::of_subprotocol);
    let Some(codec) = agreed else {
        return (StatusCode::BAD_REQUEST, wanted()).into_response();
    };
    upgrade.on_upgrade(move |socket| serve(frames::connection(socket, peer, codec)))
}

fn wanted() -> String {
    let names = Codec::ALL.map(Codec::subprotocol).join(" and ");
    format!("this door speaks {names}: name one in Sec-WebSocket-Protocol\n")
}

#[expect(clippy::result_large_err, reason = "the form that the library asks for")]
fn choose(
    request: &Request,
    mut response: ShakeResponse,
    agreed: &mut Option<Codec>,
) -> Result<ShakeResponse, ErrorResponse> {
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let offered = || offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    *agreed = Codec::ALL.into_iter().find(|codec| offered().any(|one| one.trim() == codec.subprotocol()));
    let Some(codec) = *agreed else {
        let mut refusal = ErrorResponse::new(Some(wanted()));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Err(refusal);
    };
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(codec.subprotocol()));
    Ok(response)
}
