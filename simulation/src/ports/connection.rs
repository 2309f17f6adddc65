//! One end of a connection as its process has it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use wayfare_actors::ports::{
    Address, Closed, Connection, DialError, FrameReader, FrameWriter, Pending, PendingRef, Transport,
};
use wayfare_protocol::codec::Codec;

use super::network::{Network, gone};
use crate::life::Life;
use crate::place::Place;

pub(super) type Incoming = mpsc::UnboundedReceiver<Result<Bytes, Closed>>;

/// The connection that one end's process gets.
pub(super) fn open_end(
    network: &Arc<Network>,
    id: u64,
    end: usize,
    life: Arc<Life>,
    incoming: Incoming,
    peer: Place,
) -> Connection {
    let half = Arc::new(Half { network: Arc::clone(network), id, end, life });
    let reader = Box::new(SimReader { incoming, half: Arc::clone(&half) });
    Connection { reader, writer: Box::new(SimWriter(half)), peer: peer.to_string(), codec: Codec::Bincode }
}

/// What both halves of an end share: when both are dropped, the end is closed.
struct Half {
    network: Arc<Network>,
    id: u64,
    end: usize,
    life: Arc<Life>,
}

impl Drop for Half {
    fn drop(&mut self) {
        if self.life.is_lived() {
            self.network.close_from(self.id, self.end);
        }
    }
}

struct SimReader {
    incoming: Incoming,
    half: Arc<Half>,
}

impl FrameReader for SimReader {
    fn read(&mut self) -> PendingRef<'_, Result<Bytes, Closed>> {
        Box::pin(async move {
            match self.incoming.recv().await {
                Some(message) => message,
                None if self.half.life.is_lived() => Err(gone()),
                None => std::future::pending().await,
            }
        })
    }
}

struct SimWriter(Arc<Half>);

impl FrameWriter for SimWriter {
    fn write(&mut self, frames: Vec<Bytes>) -> PendingRef<'_, Result<(), Closed>> {
        let half = Arc::clone(&self.0);
        Box::pin(async move {
            if !half.life.is_lived() {
                return std::future::pending().await;
            }
            let world = Arc::clone(&half.network.world);
            let mut sent_by = world.nanos();
            for frame in frames {
                sent_by = half.network.send(half.id, half.end, frame)?;
            }
            if sent_by > world.nanos() {
                world.answer_at(sent_by, &half.life, || ()).await;
            }
            Ok(())
        })
    }

    fn close(&mut self) -> PendingRef<'_, ()> {
        if self.0.life.is_lived() {
            self.0.network.close_from(self.0.id, self.0.end);
        }
        Box::pin(async {})
    }
}

/// Dials for one process.
pub struct SimTransport {
    /// The network.
    pub network: Arc<Network>,
    /// Where the process is.
    pub place: Place,
    /// Its life.
    pub life: Arc<Life>,
}

impl Transport for SimTransport {
    fn dial(&self, address: &Address) -> Pending<Result<Connection, DialError>> {
        self.network.dial(self.place, &self.life, address)
    }
}
