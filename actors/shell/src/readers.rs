//! The streams behind the readers of one actor's outputs: a session's on its node, a journal's in the cloud.

use std::collections::BTreeMap;

use wayfare_core::link;
use wayfare_core::machine::OpId;
use wayfare_core::outputs::{ReaderEffect, ReaderId};
use wayfare_protocol::{Refusal, StreamId};

use crate::link::{LinkCommand, LinkRef, Server, StreamPeer, Unserved, restarting};

/// See the module. Dropping it ends every stream: however its actor ended, its readers attach anew.
#[derive(Default)]
pub(crate) struct Readers {
    open: BTreeMap<ReaderId, (LinkRef, StreamId)>,
    last: u64,
}

/// What readers need of the log behind the outputs.
pub(crate) enum LogNeed {
    /// Records from a sequence on, so many bytes; joined to its answer by `op`.
    Read { op: OpId, from: u64, bytes_max: usize },
    /// Records before that sequence may go.
    Trim { before: u64 },
}

impl Readers {
    /// Puts a new reader behind a stream; `peer` is what the stream's link knows it by.
    pub(crate) fn add(&mut self, stream: Unserved, peer: impl FnOnce(ReaderId) -> StreamPeer) -> ReaderId {
        let (link, stream) = stream.serve();
        self.last += 1;
        let reader = ReaderId(self.last);
        link.command(LinkCommand::Bind { stream, peer: Server::new(peer(reader)) });
        self.open.insert(reader, (link, stream));
        reader
    }

    /// A reader's stream is closed.
    pub(crate) fn gone(&mut self, reader: ReaderId) {
        self.open.remove(&reader);
    }

    /// Ends a reader's stream: in order, or with what was wrong.
    pub(crate) fn end(&mut self, reader: ReaderId, fault: Option<Refusal>) {
        if let Some((link, stream)) = self.open.remove(&reader) {
            link.command(LinkCommand::End { stream, fault });
        }
    }

    /// Does for readers what was decided; what it takes of the log is returned.
    pub(crate) fn carry_out(&mut self, effect: ReaderEffect) -> Option<LogNeed> {
        match effect {
            ReaderEffect::Send { reader, message } => {
                if let Some((link, stream)) = self.open.get(&reader) {
                    link.input(link::Input::SendMessage { stream: *stream, bytes: message });
                }
                None
            }
            ReaderEffect::Close { reader } => {
                self.end(reader, None);
                None
            }
            ReaderEffect::Read { op, from, bytes_max } => Some(LogNeed::Read { op, from, bytes_max }),
            ReaderEffect::Trim { before } => Some(LogNeed::Trim { before }),
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        for (link, stream) in std::mem::take(&mut self.open).into_values() {
            link.command(LinkCommand::End { stream, fault: Some(restarting()) });
        }
    }
}
