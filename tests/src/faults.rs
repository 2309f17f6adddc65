//! A proxy on loopback whose line can be cut, or held so that nothing passes and nobody is told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is taken from one end before it is handed to the other.
const BUFFER: usize = 16 * 1024;

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Whole,
    /// Every connection is closed, and new ones as soon as they come.
    Cut,
    /// Connections stay open and new ones are accepted, but no byte passes.
    Held,
}

/// A TCP proxy with a line that can fail. It ends with this value.
#[derive(Debug)]
pub struct FaultyLine {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    accepting: JoinHandle<()>,
}

impl FaultyLine {
    /// Listens on loopback and passes connections on to `target`.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let state = Arc::clone(&line);
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(serve(near, target, state.subscribe()));
            }
        });
        Ok(Self { address, line, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the line does, for connections that are open as well.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for FaultyLine {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Line::Cut);
    }
}

/// One connection, until an end closes it or the line is cut. Dropping both sockets closes them.
async fn serve(near: TcpStream, target: SocketAddr, line: watch::Receiver<Line>) {
    let mut cut = line.clone();
    let passing = async {
        let far = TcpStream::connect(target).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::try_join!(pass(near_in, far_out, line.clone()), pass(far_in, near_out, line.clone()))
    };
    tokio::select! {
        biased;
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
        _ = passing => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: watch::Receiver<Line>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = from.read(&mut buffer).await?;
        line.wait_for(|line| *line == Line::Whole).await.map_err(io::Error::other)?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}
