//! Nodes that are connected: a task reads each one's requests, another writes what it is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use wayfare_core::kernel_host::{ConnectionId, Input};
use wayfare_protocol::codec;
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::limits::MESSAGE_MAX;

/// Bytes on their way to one connection, and what they count for in its window.
struct Batch {
    bytes: Vec<u8>,
    counts: u64,
}

struct Open {
    /// Bounded by the connection's window: the machine hands over no more.
    batches: mpsc::UnboundedSender<Batch>,
    reader: AbortHandle,
    writer: JoinHandle<()>,
}

/// The open connections.
pub(crate) struct Connections {
    open: BTreeMap<ConnectionId, Open>,
    closing: JoinSet<()>,
    close_within: Duration,
    last: u64,
    inputs: mpsc::Sender<Input>,
}

impl Connections {
    pub(crate) fn new(inputs: mpsc::Sender<Input>, close_within: Duration) -> Self {
        Self { open: BTreeMap::new(), closing: JoinSet::new(), close_within, last: 0, inputs }
    }

    /// Takes a new connection.
    pub(crate) fn accept(&mut self, stream: UnixStream) -> ConnectionId {
        self.last += 1;
        let id = ConnectionId(self.last);
        let (reading, writing) = stream.into_split();
        let (batches, waiting) = mpsc::unbounded_channel();
        let reader = tokio::spawn(read(id, reading, self.inputs.clone())).abort_handle();
        let writer = tokio::spawn(write(id, writing, waiting, self.inputs.clone()));
        self.open.insert(id, Open { batches, reader, writer });
        id
    }

    pub(crate) fn send(&self, id: ConnectionId, messages: &[HostMessage], counts: u64) {
        let Some(open) = self.open.get(&id) else { return };
        let mut bytes = Vec::new();
        for message in messages {
            let body = codec::encode(message);
            bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&body);
        }
        // A writer that has ended has told so, or its reader has.
        let _ = open.batches.send(Batch { bytes, counts });
    }

    /// Closes a connection once what it was sent is written, or when that takes too long.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        while self.closing.try_join_next().is_some() {}
        let Some(Open { batches, reader, mut writer }) = self.open.remove(&id) else { return };
        reader.abort();
        drop(batches);
        let within = self.close_within;
        self.closing.spawn(async move {
            if tokio::time::timeout(within, &mut writer).await.is_err() {
                writer.abort();
            }
        });
    }

    /// Forgets a connection whose other end is gone.
    pub(crate) fn gone(&mut self, id: ConnectionId) {
        if let Some(open) = self.open.remove(&id) {
            open.reader.abort();
            open.writer.abort();
        }
    }

    /// Waits until every closing connection is closed.
    pub(crate) async fn closed(&mut self) {
        while self.closing.join_next().await.is_some() {}
    }
}

async fn read(id: ConnectionId, mut from: OwnedReadHalf, inputs: mpsc::Sender<Input>) {
    loop {
        let input = match read_request(&mut from).await {
            Ok(Some(request)) => Input::Request { connection: id, request },
            Ok(None) => Input::Disconnected(id),
            Err(detail) => Input::Malformed { connection: id, detail },
        };
        let last = !matches!(input, Input::Request { .. });
        if inputs.send(input).await.is_err() || last {
            return;
        }
    }
}

/// The next request; `None` when the other end is gone; what is wrong when it is not a request.
async fn read_request(from: &mut OwnedReadHalf) -> Result<Option<HostRequest>, String> {
    let Ok(length) = from.read_u32_le().await else { return Ok(None) };
    let length = length as usize;
    if length > MESSAGE_MAX {
        return Err(format!("request of {length} bytes, at most {MESSAGE_MAX}"));
    }
    let mut body = vec![0; length];
    if from.read_exact(&mut body).await.is_err() {
        return Ok(None);
    }
    codec::decode(&body).map(Some).map_err(|error| error.to_string())
}

async fn write(
    id: ConnectionId,
    mut to: OwnedWriteHalf,
    mut batches: mpsc::UnboundedReceiver<Batch>,
    inputs: mpsc::Sender<Input>,
) {
    while let Some(batch) = batches.recv().await {
        let input = match to.write_all(&batch.bytes).await {
            Ok(()) => Input::Written { connection: id, bytes: batch.counts },
            Err(_) => Input::Disconnected(id),
        };
        let last = matches!(input, Input::Disconnected(_));
        if inputs.send(input).await.is_err() || last {
            return;
        }
    }
}
