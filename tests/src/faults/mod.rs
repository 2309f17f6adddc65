//! A proxy on loopback whose line has a quality, and can fail: `wayfare-line` is the same as a command.

mod pass;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wayfare_simulation::scenario::Quality;
use wayfare_simulation::seed::Seed;

use pass::pass;

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Whole,
    /// Every connection is closed in order, and new ones as soon as they come.
    Cut,
    /// Every connection is reset, and new ones as soon as they come.
    Reset,
    /// Connections stay open and new ones are accepted, but no byte passes, and nobody is told: half-open.
    Held,
    /// What is sent is lost. When the line is whole again, the connections that lost something are reset.
    Lossy,
}

impl Line {
    fn lets_connections_be(self) -> bool {
        matches!(self, Self::Whole | Self::Held | Self::Lossy)
    }
}

/// A TCP proxy with a line that can fail. It ends with this value.
#[derive(Debug)]
pub struct FaultyLine {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    accepting: JoinHandle<()>,
}

impl FaultyLine {
    /// Listens on loopback and passes connections on to `target`, as fast as it can.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn to(target: SocketAddr) -> Result<Self> {
        Self::open("127.0.0.1:0".parse()?, target, Quality::default(), Seed::root(0)).await
    }

    /// Listens at an address and passes connections on over a line of a quality. What it draws comes from the seed.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn open(listen: SocketAddr, target: SocketAddr, quality: Quality, seed: Seed) -> Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let state = Arc::clone(&line);
        let accepting = tokio::spawn(async move {
            let mut count = 0;
            while let Ok((near, _)) = listener.accept().await {
                count += 1;
                tokio::spawn(serve(near, target, state.subscribe(), quality, seed.numbered("connection", count)));
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

    /// Breaks its connections by itself, every so often on average, for a moment. For as long as it is awaited.
    pub async fn break_every(&self, every: Duration, seed: Seed) {
        let mut draws = seed.child("breaks").draws();
        loop {
            tokio::time::sleep(draws.duration(every / 2, every * 3 / 2)).await;
            self.set(Line::Cut);
            tokio::time::sleep(draws.ms(50, 500)).await;
            self.set(Line::Whole);
        }
    }
}

impl Drop for FaultyLine {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Line::Cut);
    }
}

/// One connection, until an end closes it or the line is cut. Dropping both sockets closes them.
async fn serve(near: TcpStream, target: SocketAddr, line: watch::Receiver<Line>, quality: Quality, seed: Seed) {
    let Ok(far) = TcpStream::connect(target).await else { return };
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    let mut state = line.clone();
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
    let (up, down) = (seed.child("up"), seed.child("down"));
    let lost = {
        let passing = async {
            tokio::try_join!(
                pass(&mut near_in, &mut far_out, line.clone(), quality, &up),
                pass(&mut far_in, &mut near_out, line.clone(), quality, &down)
            )
        };
        tokio::select! {
            biased;
            state = state.wait_for(|line| !line.lets_connections_be()) => state.is_ok_and(|line| *line == Line::Reset),
            passed = passing => passed.is_err(),
        }
    };
    if lost {
        // A reset at both ends, not an orderly end.
        let _ = near_in.as_ref().set_zero_linger();
        let _ = far_in.as_ref().set_zero_linger();
    }
}
