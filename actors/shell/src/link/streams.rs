//! Who is behind each stream of a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ractor::ActorRef;
use wayfare_core::document::PeerId;
use wayfare_core::outputs::ReaderId;
use wayfare_core::{daemon, document, journal, link, session};
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::daemon::DaemonUpdate;
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::stream::{Class, Destination, RunUpdate};
use wayfare_protocol::{ErrorCode, Refusal, StreamId, codec};

use super::{LinkCommand, LinkRef, Server, Unserved};
use crate::actor::Mail;
use crate::asset::AssetEvent;
use crate::client::{ClientCommand, ClientExecutor};
use crate::daemon::{DaemonCommand, DaemonExecutor};
use crate::document::{DocumentCommand, DocumentExecutor};
use crate::journal::JournalExecutor;
use crate::session::SessionExecutor;

/// Somebody behind a stream.
#[derive(Clone)]
pub enum StreamPeer {
    /// A session of this node is read.
    Session(ActorRef<Mail<SessionExecutor>>, ReaderId),
    /// A journal is read.
    Journal(ActorRef<Mail<JournalExecutor>>, ReaderId),
    /// A daemon of this node is read.
    Daemon(ActorRef<Mail<DaemonExecutor>>, ReaderId),
    /// Somebody fetches a piece of a snapshot: one message.
    Fetch(tokio::sync::mpsc::UnboundedSender<Bytes>),
    /// A piece of a snapshot is sent: whoever fetches it has nothing to say.
    Sent,
    /// A client follows a daemon's outputs.
    Follower(tokio::sync::mpsc::UnboundedSender<DaemonUpdate>),
    /// A journal reads its session's owner; the number tells its subscriptions apart.
    Copy(ActorRef<Mail<JournalExecutor>>, u64),
    /// A client reads a run; the number tells its streams apart.
    Client(ActorRef<Mail<ClientExecutor>>, u64),
    /// A replica of a document takes part.
    Document(ActorRef<Mail<DocumentExecutor>>, PeerId),
    /// An asset is sent or taken.
    Asset(tokio::sync::mpsc::UnboundedSender<AssetEvent>),
    /// Another stream that this one is joined with.
    Joined(LinkRef, StreamId),
    /// A stream that is being opened over another link, to be joined with this one of that link.
    Joining(Arc<Unserved>),
}

enum Slot {
    /// Nobody yet; credit that came meanwhile, and messages, of which there are no more than the stream's window and one.
    Unbound { credit: u64, messages: Vec<Bytes> },
    /// Somebody.
    Bound(StreamPeer),
}

/// The streams of one link.
#[derive(Default)]
pub(super) struct Streams {
    slots: BTreeMap<StreamId, Slot>,
    opening: BTreeMap<u64, StreamPeer>,
    next_ticket: u64,
}

impl Streams {
    /// The other end opened a stream.
    pub(super) fn requested(&mut self, stream: StreamId) {
        self.slots.insert(stream, Slot::Unbound { credit: 0, messages: Vec::new() });
    }

    /// Puts somebody behind a stream, who gets what came meanwhile. Returns what the link is told of that.
    pub(super) fn bind(&mut self, stream: StreamId, peer: Server) -> Vec<link::Input> {
        let Some(peer) = peer.arrive() else { return Vec::new() };
        match self.slots.insert(stream, Slot::Bound(peer.clone())) {
            Some(Slot::Unbound { credit, messages }) => {
                if credit > 0 {
                    give_credit(&peer, credit);
                }
                messages.into_iter().filter_map(|bytes| self.message(stream, bytes)).collect()
            }
            Some(Slot::Bound(_)) => Vec::new(),
            None => {
                // It was closed before anybody served it.
                self.slots.remove(&stream);
                closed(&peer, None);
                Vec::new()
            }
        }
    }

    /// The input that opens a stream for somebody.
    pub(super) fn open(&mut self, destination: Destination, class: Class, peer: StreamPeer) -> link::Input {
        self.next_ticket += 1;
        self.opening.insert(self.next_ticket, peer);
        link::Input::OpenStream { ticket: self.next_ticket, destination, class }
    }

    /// A stream of ours is open.
    pub(super) fn opened(&mut self, ticket: u64, stream: StreamId, this: &LinkRef) {
        let Some(peer) = self.opening.remove(&ticket) else { return };
        let peer = match peer {
            StreamPeer::Joining(unserved) => {
                let (other, its_stream) = unserved.serve();
                let onward = StreamPeer::Joined(this.clone(), stream);
                other.command(LinkCommand::Bind { stream: its_stream, peer: Server::new(onward) });
                StreamPeer::Joined(other, its_stream)
            }
            StreamPeer::Client(client, number) => {
                let _ = client.cast(Mail::Command(ClientCommand::StreamOpened { number, stream })); // the client has ended
                StreamPeer::Client(client, number)
            }
            StreamPeer::Document(document, peer) => {
                let command = DocumentCommand::AboveOpened { peer, link: this.clone(), stream };
                if document.cast(Mail::Command(command)).is_err() {
                    // It is being restarted and opens one anew: the far end is to forget this one.
                    this.command(LinkCommand::End { stream, fault: None });
                }
                StreamPeer::Document(document, peer)
            }
            StreamPeer::Asset(events) => {
                let _ = events.send(AssetEvent::Opened(this.clone(), stream)); // closed at its end when it is dropped
                StreamPeer::Asset(events)
            }
            StreamPeer::Copy(journal, number) => {
                let command = crate::journal::JournalCommand::CopyOpened { number, stream };
                if journal.cast(Mail::Command(command)).is_err() {
                    // It is being restarted and subscribes anew: the owner is to forget this reader.
                    this.command(LinkCommand::End { stream, fault: None });
                }
                StreamPeer::Copy(journal, number)
            }
            other => other,
        };
        self.slots.insert(stream, Slot::Bound(peer));
    }

    /// A stream of ours cannot be opened.
    pub(super) fn refused(&mut self, ticket: u64, refusal: Refusal) {
        if let Some(peer) = self.opening.remove(&ticket) {
            closed(&peer, Some(refusal));
        }
    }

    /// A message came. Returns what the link is told of it: what is used up, or that the stream is at its end.
    pub(super) fn message(&mut self, stream: StreamId, bytes: Bytes) -> Option<link::Input> {
        match self.deliver(stream, bytes) {
            Ok(0) => None,
            Ok(bytes) => Some(link::Input::Consumed { stream, bytes }),
            Err(refusal) => {
                self.closed(stream, Some(refusal.clone()));
                Some(link::Input::ResetStream { stream, refusal })
            }
        }
    }

    /// Gives a message to whoever is behind its stream. Returns how many of its bytes are used up at once.
    fn deliver(&mut self, stream: StreamId, bytes: Bytes) -> Result<u32, Refusal> {
        let peer = match self.slots.get_mut(&stream) {
            Some(Slot::Bound(peer)) => peer,
            Some(Slot::Unbound { messages, .. }) => {
                messages.push(bytes);
                return Ok(0);
            }
            None => return Ok(0),
        };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let malformed = |error: codec::DecodeError| Refusal::new(ErrorCode::Malformed, error.to_string());
        match peer {
            StreamPeer::Copy(journal, number) => {
                let record: OutputRecord = codec::decode(&bytes).map_err(malformed)?;
                let command = crate::journal::JournalCommand::Record { number: *number, record, bytes: length };
                let gone = |_| Refusal::new(ErrorCode::Draining, "the journal is being restarted and subscribes anew");
                journal.cast(Mail::Command(command)).map_err(gone)?;
                Ok(0)
            }
            StreamPeer::Client(client, number) => {
                let update: RunUpdate = codec::decode(&bytes).map_err(malformed)?;
                let _ = client.cast(Mail::Command(ClientCommand::Update { number: *number, update }));
                Ok(length)
            }
            StreamPeer::Document(document, peer) => {
                let message: DocumentMessage = codec::decode(&bytes).map_err(malformed)?;
                let command = DocumentCommand::Message { peer: *peer, message, bytes: length };
                let gone = |_| super::restarting();
                document.cast(Mail::Command(command)).map_err(gone)?;
                Ok(0) // given back when it is taken in
            }
            StreamPeer::Joined(link, stream) => {
                link.input(link::Input::SendMessage { stream: *stream, bytes });
                Ok(0) // given back when the other end gives it
            }
            StreamPeer::Follower(updates) => {
                let update: DaemonUpdate = codec::decode(&bytes).map_err(malformed)?;
                let gone = |_| Refusal::new(ErrorCode::Draining, "nobody follows any more");
                updates.send(update).map_err(gone)?;
                Ok(length)
            }
            StreamPeer::Asset(events) => {
                let message: AssetMessage = codec::decode(&bytes).map_err(malformed)?;
                let gone =
                    |_| Refusal::new(ErrorCode::Draining, "nobody is at this end of the asset's stream any more");
                events.send(AssetEvent::Message(message, length)).map_err(gone)?;
                Ok(0) // given back when it is taken in
            }
            StreamPeer::Fetch(pieces) => {
                let gone = |_| Refusal::new(ErrorCode::Draining, "nobody fetches it any more");
                pieces.send(bytes).map_err(gone)?;
                Ok(length)
            }
            // Whoever reads has nothing to say.
            StreamPeer::Session(..)
            | StreamPeer::Journal(..)
            | StreamPeer::Daemon(..)
            | StreamPeer::Joining(..)
            | StreamPeer::Sent => Ok(length),
        }
    }

    pub(super) fn credit(&mut self, stream: StreamId, bytes: u32) {
        match self.slots.get_mut(&stream) {
            Some(Slot::Unbound { credit, .. }) => *credit += u64::from(bytes),
            Some(Slot::Bound(peer)) => give_credit(peer, u64::from(bytes)),
            None => {}
        }
    }

    pub(super) fn closed(&mut self, stream: StreamId, refusal: Option<Refusal>) {
        if let Some(Slot::Bound(peer)) = self.slots.remove(&stream) {
            closed(&peer, refusal);
        }
    }

    /// The input that ends a stream from this side.
    pub(super) fn end(&mut self, stream: StreamId, fault: Option<Refusal>) -> link::Input {
        self.slots.remove(&stream);
        match fault {
            Some(refusal) => link::Input::ResetStream { stream, refusal },
            None => link::Input::CloseStream { stream },
        }
    }

    /// The link is gone.
    pub(super) fn all_closed(&mut self) {
        let gone = || Some(Refusal::new(ErrorCode::OwnerUnreachable, "the link is gone"));
        for (_, slot) in std::mem::take(&mut self.slots) {
            if let Slot::Bound(peer) = slot {
                closed(&peer, gone());
            }
        }
        for (_, peer) in std::mem::take(&mut self.opening) {
            closed(&peer, gone());
        }
    }
}

impl Drop for Streams {
    /// However the link's actor ended, whoever is behind a stream hears it.
    fn drop(&mut self) {
        self.all_closed();
    }
}

fn give_credit(peer: &StreamPeer, bytes: u64) {
    match peer {
        StreamPeer::Session(actor, reader) => {
            let input = session::Input::ReaderCredit { reader: *reader, bytes };
            let _ = actor.cast(Mail::Input(input, None)); // its readers attach anew when it is back
        }
        StreamPeer::Journal(actor, reader) => {
            let input = journal::Input::ReaderCredit { reader: *reader, bytes };
            let _ = actor.cast(Mail::Input(input, None));
        }
        StreamPeer::Daemon(actor, reader) => {
            let input = daemon::Input::ReaderCredit { reader: *reader, bytes };
            let _ = actor.cast(Mail::Input(input, None));
        }
        StreamPeer::Document(actor, peer) => {
            let _ = actor.cast(Mail::Input(document::Input::PeerCredit { peer: *peer, bytes }, None));
        }
        StreamPeer::Asset(events) => {
            let _ = events.send(AssetEvent::Credit(bytes)); // whoever sent has gone
        }
        StreamPeer::Joined(link, stream) => {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            link.input(link::Input::Consumed { stream: *stream, bytes });
        }
        StreamPeer::Copy(..)
        | StreamPeer::Client(..)
        | StreamPeer::Follower(_)
        | StreamPeer::Fetch(_)
        | StreamPeer::Sent
        | StreamPeer::Joining(..) => {}
    }
}

pub(super) fn closed(peer: &StreamPeer, refusal: Option<Refusal>) {
    match peer {
        StreamPeer::Session(actor, reader) => {
            let _ = actor.cast(Mail::Command(crate::session::SessionCommand::ReaderGone { reader: *reader }));
        }
        StreamPeer::Journal(actor, reader) => {
            let _ = actor.cast(Mail::Command(crate::journal::JournalCommand::ReaderGone { reader: *reader }));
        }
        StreamPeer::Daemon(actor, reader) => {
            let _ = actor.cast(Mail::Command(DaemonCommand::ReaderGone { reader: *reader }));
        }
        StreamPeer::Document(actor, peer) => {
            let _ = actor.cast(Mail::Command(DocumentCommand::Gone { peer: *peer }));
        }
        StreamPeer::Asset(events) => {
            let _ = events.send(AssetEvent::Closed(refusal)); // nobody is there any more
        }
        // Who follows or fetches sees it when this is dropped.
        StreamPeer::Follower(_) | StreamPeer::Fetch(_) | StreamPeer::Sent => {}
        StreamPeer::Copy(actor, number) => {
            let _ = actor.cast(Mail::Command(crate::journal::JournalCommand::CopyEnded { number: *number }));
        }
        StreamPeer::Client(actor, number) => {
            let _ = actor.cast(Mail::Command(ClientCommand::StreamClosed { number: *number, refusal }));
        }
        StreamPeer::Joined(link, stream) => link.command(LinkCommand::End { stream: *stream, fault: refusal }),
        StreamPeer::Joining(unserved) => {
            let (link, stream) = unserved.serve();
            link.command(LinkCommand::End { stream, fault: refusal });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_anybody_serves_a_stream_waits_for_whoever_does() {
        let (mut streams, stream) = (Streams::default(), StreamId(1));
        streams.requested(stream);
        let updates: Vec<_> = (1..3).map(|from| DaemonUpdate::Omitted { from, through: from }).collect();
        for update in &updates {
            assert!(streams.message(stream, codec::encode(update)).is_none(), "nobody has used it up");
        }
        let (follower, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let told = streams.bind(stream, Server::new(StreamPeer::Follower(follower)));
        let used: u32 = updates.iter().map(|update| u32::try_from(codec::encode(update).len()).unwrap()).sum();
        let given_back = told.iter().map(|input| match input {
            link::Input::Consumed { stream: of, bytes } if *of == stream => *bytes,
            other => panic!("{other:?}"),
        });
        assert_eq!(given_back.sum::<u32>(), used);
        assert_eq!([seen.try_recv().unwrap(), seen.try_recv().unwrap()].as_slice(), updates);
    }
}
