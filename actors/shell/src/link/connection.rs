//! The two tasks of an open connection: one reads, one writes.

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::gate::Gate;
use crate::ports::{Connection, FrameReader, FrameWriter};

/// Messages of one connection that may wait in its link's mailbox.
const INBOX: usize = 64;

/// What a connection did.
pub enum ConnectionEvent {
    /// A message came.
    Received(Bytes, OwnedSemaphorePermit),
    /// So many bytes were written.
    Flushed(usize),
    /// It is over.
    Closed(String),
}

/// The outgoing half of a running connection. Dropping it closes the connection when everything is written.
pub(super) struct Outgoing(mpsc::UnboundedSender<Bytes>);

impl Outgoing {
    /// Hands a message to the writer. The link's machine keeps what is handed over within `transport_window`.
    pub(super) fn send(&self, frame: Bytes) {
        let _ = self.0.send(frame); // the writer has ended and said so
    }
}

/// Starts both tasks. `tell` takes what happens; it returns `false` when nobody listens any more.
pub(super) fn run(
    connection: Connection,
    tell: impl Fn(ConnectionEvent) -> bool + Clone + Send + Sync + 'static,
    mut spawn: impl FnMut(futures_util::future::BoxFuture<'static, ()>),
) -> Outgoing {
    let (sender, receiver) = mpsc::unbounded_channel();
    spawn(Box::pin(read_all(connection.reader, tell.clone())));
    spawn(Box::pin(write_all(connection.writer, receiver, tell)));
    Outgoing(sender)
}

async fn read_all(mut reader: Box<dyn FrameReader>, tell: impl Fn(ConnectionEvent) -> bool) {
    let gate = Gate::new(INBOX);
    let received = metrics::counter!("wayfare_frames_received_total");
    loop {
        let permit = gate.enter().await;
        let event = match reader.read().await {
            Ok(frame) => {
                received.increment(1);
                ConnectionEvent::Received(frame, permit)
            }
            Err(closed) => ConnectionEvent::Closed(closed.0),
        };
        let is_over = matches!(event, ConnectionEvent::Closed(_));
        if !tell(event) || is_over {
            return;
        }
    }
}

async fn write_all(
    mut writer: Box<dyn FrameWriter>,
    mut frames: mpsc::UnboundedReceiver<Bytes>,
    tell: impl Fn(ConnectionEvent) -> bool,
) {
    let sent = metrics::counter!("wayfare_frames_sent_total");
    while let Some(first) = frames.recv().await {
        let mut batch = vec![first];
        while let Ok(frame) = frames.try_recv() {
            batch.push(frame);
        }
        let bytes = batch.iter().map(Bytes::len).sum();
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        match writer.write(batch).await {
            Ok(()) => {
                sent.increment(count);
                // A link that has ended no longer asks; what it said last is written all the same.
                tell(ConnectionEvent::Flushed(bytes));
            }
            Err(closed) => {
                tell(ConnectionEvent::Closed(closed.0));
                return;
            }
        }
    }
    writer.close().await;
}
