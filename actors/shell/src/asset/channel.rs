//! One end of a stream on which an asset travels.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use wayfare_core::link;
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::stream::{Class, Destination};
use wayfare_protocol::{AssetId, ErrorCode, Refusal, StreamId, codec};

use crate::actor::Runtime;
use crate::link::{LinkCommand, LinkRef, Server, StreamPeer, Unserved};

/// What whoever is at this end is told.
pub enum AssetEvent {
    /// The stream that it wanted is open.
    Opened(LinkRef, StreamId),
    /// So many bytes more may be sent.
    Credit(u64),
    /// A message came, of so many bytes.
    Message(AssetMessage, u32),
    /// The stream is closed, by a fault perhaps.
    Closed(Option<Refusal>),
}

/// See the module. Dropped, it closes the stream.
pub(super) struct Channel {
    link: LinkRef,
    stream: StreamId,
    events: mpsc::UnboundedReceiver<AssetEvent>,
    /// Messages that came while it waited for credit.
    came: VecDeque<(AssetMessage, u32)>,
    credit: i64,
    closed: Option<Option<Refusal>>,
    patience: Patience,
}

/// For how long the other end may be silent.
#[derive(Clone)]
pub(super) struct Patience {
    pub(super) runtime: Runtime,
    pub(super) silence: Duration,
}

impl Patience {
    async fn next(&self, events: &mut mpsc::UnboundedReceiver<AssetEvent>) -> Result<AssetEvent, Refusal> {
        let silent = || Refusal::new(ErrorCode::DeadlineExceeded, "the other end of an asset's stream is silent");
        self.runtime.within(self.silence, events.recv()).await.ok_or_else(silent)?.ok_or_else(gone)
    }
}

fn gone() -> Refusal {
    Refusal::new(ErrorCode::OwnerUnreachable, "the link is gone")
}

impl Channel {
    /// Opens a stream.
    pub(super) async fn open(link: &LinkRef, asset: AssetId, patience: Patience) -> Result<Self, Refusal> {
        let (tell, mut events) = mpsc::unbounded_channel();
        let (destination, peer) = (Destination::Asset { asset }, StreamPeer::Asset(tell));
        link.command(LinkCommand::Open { destination, class: Class::Bulk, peer });
        match patience.next(&mut events).await? {
            AssetEvent::Opened(link, stream) => Ok(Self::new(link, stream, events, patience)),
            AssetEvent::Closed(refusal) => Err(refusal.unwrap_or_else(gone)),
            AssetEvent::Credit(_) | AssetEvent::Message(..) => Err(gone()),
        }
    }

    /// Serves a stream that the other end opened.
    pub(super) fn serve(stream: &Unserved, patience: Patience) -> Self {
        let (link, stream) = stream.serve();
        let (tell, events) = mpsc::unbounded_channel();
        link.command(LinkCommand::Bind { stream, peer: Server::new(StreamPeer::Asset(tell)) });
        Self::new(link, stream, events, patience)
    }

    fn new(link: LinkRef, stream: StreamId, events: mpsc::UnboundedReceiver<AssetEvent>, patience: Patience) -> Self {
        Self { link, stream, events, came: VecDeque::new(), credit: 0, closed: None, patience }
    }

    async fn event(&mut self) -> Result<(), Refusal> {
        match self.patience.next(&mut self.events).await? {
            AssetEvent::Credit(bytes) => self.credit += i64::try_from(bytes).unwrap_or(i64::MAX / 2),
            AssetEvent::Message(message, bytes) => self.came.push_back((message, bytes)),
            AssetEvent::Closed(refusal) => self.closed = Some(refusal),
            AssetEvent::Opened(..) => {}
        }
        Ok(())
    }

    /// The next message; `None`: the other end has closed the stream in order.
    pub(super) async fn next(&mut self) -> Result<Option<AssetMessage>, Refusal> {
        loop {
            if let Some((message, bytes)) = self.came.pop_front() {
                self.link.input(link::Input::Consumed { stream: self.stream, bytes });
                return Ok(Some(message));
            }
            match &self.closed {
                Some(Some(refusal)) => return Err(refusal.clone()),
                Some(None) => return Ok(None),
                None => self.event().await?,
            }
        }
    }

    /// Sends a message when the other end takes it.
    pub(super) async fn send(&mut self, message: &AssetMessage) -> Result<(), Refusal> {
        let bytes = codec::encode(message);
        while self.credit <= 0 {
            match &self.closed {
                Some(refusal) => return Err(refusal.clone().unwrap_or_else(gone)),
                None => self.event().await?,
            }
        }
        self.credit -= i64::try_from(bytes.len()).unwrap_or(i64::MAX / 2);
        self.link.input(link::Input::SendMessage { stream: self.stream, bytes });
        Ok(())
    }

    /// Ends the stream because of a fault.
    pub(super) fn refuse(mut self, refusal: Refusal) {
        self.closed = Some(None);
        self.link.command(LinkCommand::End { stream: self.stream, fault: Some(refusal) });
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if self.closed.is_none() {
            self.link.command(LinkCommand::End { stream: self.stream, fault: None });
        }
    }
}

/// The other end says what it may not.
pub(super) fn out_of_place() -> Refusal {
    Refusal::new(ErrorCode::Malformed, "a message that has no place on an asset's stream now")
}
