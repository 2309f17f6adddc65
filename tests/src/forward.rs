//! Passing connections from a TCP port to a unix socket and back: the one way between two network namespaces.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Connections to a unix socket are passed on to a TCP address, until the task is aborted.
///
/// # Errors
/// If the socket cannot be made.
pub fn unix_to_tcp(socket: &Path, target: SocketAddr) -> Result<JoinHandle<()>> {
    let listener = UnixListener::bind(socket).with_context(|| socket.display().to_string())?;
    Ok(tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(far) = TcpStream::connect(target).await else { return };
                let _ = far.set_nodelay(true); // a closed connection shows when it is read
                join(near, far).await;
            });
        }
    }))
}

/// Connections to a TCP address are passed on to a unix socket, until the task is aborted.
///
/// # Errors
/// If the port is taken.
pub async fn tcp_to_unix(address: SocketAddr, socket: &Path) -> Result<JoinHandle<()>> {
    let listener = TcpListener::bind(address).await.with_context(|| address.to_string())?;
    let socket = socket.to_owned();
    Ok(tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let socket = socket.clone();
            tokio::spawn(async move {
                let _ = near.set_nodelay(true); // a closed connection shows when it is read
                let Ok(far) = UnixStream::connect(&socket).await else { return };
                join(near, far).await;
            });
        }
    }))
}

async fn join(mut near: impl AsyncRead + AsyncWrite + Unpin, mut far: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = copy_bidirectional(&mut near, &mut far).await; // an end that is gone is the end of both
}
