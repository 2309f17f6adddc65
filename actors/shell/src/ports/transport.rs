//! The port of transports: connections that carry whole frames.

use bytes::Bytes;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::identity::ServerIdentity;

use super::{Pending, PendingRef};

/// Where to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `wss://host:port/link`, `ws://host:port/link`, or `unix:/path/of/socket`.
    pub url: String,
    /// Who must answer there. The transport checks what TLS can show (a pinned CA); the link checks the challenge.
    pub identity: ServerIdentity,
}

/// The other end is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connection closed: {0}")]
pub struct Closed(pub String);

/// Nobody answered as wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// No connection.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// Where.
        url: String,
        /// The system's reason.
        why: String,
    },
    /// A connection to somebody else.
    #[error("{url} is not the server that was paired: {why}")]
    WrongServer {
        /// Where.
        url: String,
        /// What differs.
        why: String,
    },
}

/// An open connection: ordered messages both ways, each one frame.
pub struct Connection {
    /// Its incoming half.
    pub reader: Box<dyn FrameReader>,
    /// Its outgoing half. Dropping both closes the connection.
    pub writer: Box<dyn FrameWriter>,
    /// For logs: the other end's address.
    pub peer: String,
    /// The codec that both ends negotiated.
    pub codec: Codec,
}

/// The incoming half.
pub trait FrameReader: Send {
    /// The next message.
    fn read(&mut self) -> PendingRef<'_, Result<Bytes, Closed>>;
}

/// The outgoing half.
pub trait FrameWriter: Send {
    /// Writes the messages in order; ends when the transport has taken them.
    fn write(&mut self, frames: Vec<Bytes>) -> PendingRef<'_, Result<(), Closed>>;
    /// Says goodbye; what was written before arrives before it.
    fn close(&mut self) -> PendingRef<'_, ()>;
}

/// Dials. Accepting is the doors' business: they hand a [`Connection`] in.
pub trait Transport: Send + Sync {
    /// Connects. Dropping the future gives up.
    fn dial(&self, address: &Address) -> Pending<Result<Connection, DialError>>;
}
