//! Who is behind each stream of a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ractor::ActorRef;
use wayfare_core::outputs::ReaderId;
use wayfare_core::{daemon, journal, link, session};
use wayfare_protocol::daemon::DaemonUpdate;
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::stream::{Class, Destination, RunUpdate};
use wayfare_protocol::{ErrorCode, Refusal, StreamId, codec};

use super::{LinkCommand, LinkRef, Server, Unserved};
use crate::actor::Mail;
use crate::client::{ClientCommand, ClientExecutor};
use crate::daemon::{DaemonCommand, DaemonExecutor};
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
    /// Another stream that this one is joined with.
    Joined(LinkRef, StreamId),
    /// A stream that is being opened over another link, to be joined with this one of that link.
    Joining(Arc<Unserved>),
}

enum Slot {
    /// Nobody yet; credit that came meanwhile.
    Unbound { credit: u64 },
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
        self.slots.insert(stream, Slot::Unbound { credit: 0 });
    }

    pub(super) fn bind(&mut self, stream: StreamId, peer: Server) {
        let Some(peer) = peer.arrive() else { return };
        match self.slots.insert(stream, Slot::Bound(peer.clone())) {
            Some(Slot::Unbound { credit }) if credit > 0 => give_credit(&peer, credit),
            Some(_) => {}
            None => {
                // It was closed before anybody served it.
                self.slots.remove(&stream);
                closed(&peer, None);
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

    /// A message came. Returns how many of its bytes are used up at once.
    pub(super) fn message(&mut self, stream: StreamId, bytes: Bytes) -> Result<u32, Refusal> {
        let Some(Slot::Bound(peer)) = self.slots.get(&stream) else { return Ok(0) };
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
            Some(Slot::Unbound { credit }) => *credit += u64::from(bytes),
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
