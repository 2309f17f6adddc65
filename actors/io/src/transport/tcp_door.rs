//! A door on a TCP port for axum, with or without TLS.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::{ACCEPT_AGAIN, accept};

/// A TCP listener for [`axum::serve`]. Every stream has `TCP_NODELAY`; a TLS handshake is done by the task that serves the
/// connection, so that a slow one keeps nobody else out, and must end in time.
pub struct TcpDoor {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    handshake: Duration,
}

impl TcpDoor {
    /// A door over a bound listener: with TLS as configured, or plain. A TLS handshake may take as long as `handshake`.
    #[must_use]
    pub fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>, handshake: Duration) -> Self {
        Self { listener, tls: tls.map(TlsAcceptor::from), handshake }
    }
}

impl Listener for TcpDoor {
    type Io = DoorStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DoorStream, SocketAddr) {
        loop {
            match accept::tcp(&self.listener).await {
                Ok((stream, peer)) => {
                    let state = match &self.tls {
                        None => State::Plain(stream),
                        Some(tls) => {
                            State::Shaking(Box::new(tls.accept(stream)), Box::pin(tokio::time::sleep(self.handshake)))
                        }
                    };
                    return (DoorStream(state), peer);
                }
                // The other end gave up before it was its turn.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The other end's address, to be extracted as `ConnectInfo<Peer>`.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, TcpDoor>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpDoor>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A stream that came in at a [`TcpDoor`].
pub struct DoorStream(State);

enum State {
    Plain(TcpStream),
    Shaking(Box<Accept<TcpStream>>, Pin<Box<Sleep>>),
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake failed; the stream is closed.
    Failed,
}

/// An open stream.
trait Open: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Open for S {}

impl DoorStream {
    /// The stream when it is open; drives the handshake until then.
    fn open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Open>>> {
        if let State::Shaking(accept, deadline) = &mut self.0 {
            let shaken = match Pin::new(accept.as_mut()).poll(cx) {
                Poll::Ready(shaken) => shaken,
                Poll::Pending => {
                    ready!(deadline.as_mut().poll(cx));
                    Err(io::ErrorKind::TimedOut.into())
                }
            };
            match shaken {
                Ok(stream) => self.0 = State::Tls(Box::new(stream)),
                Err(error) => {
                    self.0 = State::Failed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        match &mut self.0 {
            State::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            State::Tls(stream) => Poll::Ready(Ok(Pin::new(stream.as_mut()))),
            State::Shaking(..) | State::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for DoorStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(cx))?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for DoorStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.open(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(cx))?.poll_shutdown(cx)
    }
}
