//! Links over WebSocket: the dialing end ([`WsTransport`]) and the accepting ends ([`accept`], [`TcpDoor`], [`UnixDoor`]).
//!
//! One binary message is one frame. Both ends agree on a subprotocol ([`Codec`](wayfare_protocol::codec::Codec)) or do not connect;
//! this process dials with `wayfare.v1.bincode` and takes in both.

pub mod accept;
mod address;
mod dial;
mod frames;
mod proxy;
mod tcp_door;
mod unix_door;
mod within;

pub use dial::WsTransport;
pub use proxy::{Proxies, Proxy, ProxyError};
pub use tcp_door::{DoorStream, Peer, TcpDoor};
pub use unix_door::{DoorError, UnixDoor};
pub use within::WithinProcess;

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use wayfare_protocol::frame::HEADER_LEN;
use wayfare_protocol::limits::FRAME_BODY_MAX;

/// Longest WebSocket message: a frame with the largest body.
pub(crate) const WEBSOCKET_MESSAGE_MAX: usize = HEADER_LEN + FRAME_BODY_MAX;
/// Bytes read from a socket at once; a frame that is longer has room made for it. The library keeps the buffer for as long as the
/// connection lives and fills it with zeros before each read, and a received frame keeps the buffer alive that it came in: most
/// links are idle, so it is small.
pub(crate) const READ_BUFFER: usize = 4 * 1024;

/// Wait before accepting again when the system refused, mostly for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// How this process speaks WebSocket at either end.
fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(WEBSOCKET_MESSAGE_MAX))
        .max_frame_size(Some(WEBSOCKET_MESSAGE_MAX))
}
