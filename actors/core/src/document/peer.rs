//! One peer of a document: what waits for it, and what it was promised.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::limits::{DOCUMENT_FRAME_MAX, DOCUMENT_PIECE_MAX};
use wayfare_protocol::{ErrorCode, Refusal, codec};

use super::interface::{Effect, PeerId, PeerKind};
use super::{body, frame};
use crate::machine::{OpId, Sink};

/// What waits for a peer.
#[derive(Debug)]
enum Waiting {
    /// The frame of an update, which may be merged with its neighbours.
    Update(Bytes),
    /// A frame, some of whose bytes may be sent.
    Frame { frame: Bytes, sent: usize },
}

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) kind: PeerKind,
    /// Bytes that it takes; below zero after a message that was longer than what was left.
    credit: i64,
    outbox: VecDeque<Waiting>,
    /// Bytes of updates in the outbox.
    waiting: usize,
    /// Its frame that has not come whole.
    partial: BytesMut,
    /// Its frames with changes.
    received: u64,
    /// The first of those that one append makes durable, by that append.
    unkept: BTreeMap<OpId, u64>,
    /// Frames with changes that it was sent, and those that it keeps.
    sent: u64,
    pub(super) keeps: u64,
    /// It has said what was lacking here.
    pub(super) has_answered: bool,
}

impl Peer {
    pub(super) fn new(kind: PeerKind) -> Self {
        Self {
            kind,
            credit: 0,
            outbox: VecDeque::new(),
            waiting: 0,
            partial: BytesMut::new(),
            received: 0,
            unkept: BTreeMap::new(),
            sent: 0,
            keeps: 0,
            has_answered: false,
        }
    }

    /// Whether it may change the document.
    pub(super) fn may_write(&self) -> bool {
        !matches!(self.kind, PeerKind::Editor { may_write: false })
    }

    /// Frames with changes that it was sent and does not keep durably yet.
    pub(super) fn unkept_there(&self) -> u64 {
        self.sent - self.keeps.min(self.sent)
    }

    /// Whether it and this place have told each other everything, and it keeps it durably.
    pub(super) fn is_settled(&self) -> bool {
        self.has_answered && self.outbox.is_empty() && self.unkept_there() == 0
    }

    /// Takes a piece of a frame. Returns the frame when it is whole.
    pub(super) fn take(&mut self, more: bool, bytes: Bytes) -> Result<Option<Bytes>, Refusal> {
        if self.partial.len() + bytes.len() > DOCUMENT_FRAME_MAX {
            let detail = format!("a frame of a document is over the limit of {DOCUMENT_FRAME_MAX} bytes");
            return Err(Refusal::new(ErrorCode::TooLarge, detail));
        }
        if !more && self.partial.is_empty() {
            return Ok(Some(bytes));
        }
        self.partial.extend_from_slice(&bytes);
        Ok((!more).then(|| std::mem::take(&mut self.partial).freeze()))
    }

    /// Frames of it with changes came; they are durable with that append, or already.
    pub(super) fn changed(&mut self, frames: u64, with: Option<OpId>) -> Option<Bytes> {
        let first = self.received + 1;
        self.received += frames;
        match with {
            Some(op) => {
                self.unkept.entry(op).or_insert(first);
                None
            }
            None => self.tell_kept(),
        }
    }

    /// An append is durable: what is told of it, if anything.
    pub(super) fn appended(&mut self, op: OpId) -> Option<Bytes> {
        self.unkept.remove(&op)?;
        self.tell_kept()
    }

    /// Through which of its frames everything is durable.
    fn tell_kept(&self) -> Option<Bytes> {
        if !matches!(self.kind, PeerKind::Replica) {
            return None;
        }
        let through = self.unkept.values().min().map_or(self.received, |first| first - 1);
        (through > 0).then(|| codec::encode(&DocumentMessage::Kept { through }))
    }

    /// More credit came.
    pub(super) fn grant(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Puts an update into the outbox. Where too much waits, updates are merged; where that does not help, it has to sync anew.
    pub(super) fn queue_update(&mut self, frame: &Bytes, backlog: usize) -> Result<(), Refusal> {
        self.outbox.push_back(Waiting::Update(frame.clone()));
        self.waiting += frame.len();
        if self.waiting > backlog {
            self.merge();
        }
        if self.waiting > backlog {
            let detail = format!("more than {backlog} bytes wait for this peer, which does not read; sync anew");
            return Err(Refusal::new(ErrorCode::Overloaded, detail));
        }
        Ok(())
    }

    /// Merges the updates at the end of the outbox into one.
    fn merge(&mut self) {
        let mut frames = VecDeque::new();
        while let Some(Waiting::Update(frame)) = self.outbox.back() {
            frames.push_front(frame.clone());
            self.outbox.pop_back();
        }
        let parts: Vec<&[u8]> = frames.iter().filter_map(|frame| frame::changes(frame)).collect();
        if let Ok(merged) = body::merge(&parts) {
            let merged = frame::update(&merged);
            self.waiting -= frames.iter().map(Bytes::len).sum::<usize>();
            self.waiting += merged.len();
            self.outbox.push_back(Waiting::Update(merged));
        } else {
            self.outbox.extend(frames.into_iter().map(Waiting::Update)); // each was applied here: it cannot happen
        }
    }

    /// Puts a frame into the outbox that is not an update.
    pub(super) fn queue_frame(&mut self, frame: Bytes) {
        self.outbox.push_back(Waiting::Frame { frame, sent: 0 });
    }

    /// What its credit allows.
    pub(super) fn send(&mut self, this: PeerId, out: &mut impl Sink<Effect>) {
        while let Some(message) = self.next() {
            out.push(Effect::Send { peer: this, message });
        }
    }

    /// The next message that its credit allows, encoded as it wants it.
    fn next(&mut self) -> Option<Bytes> {
        if self.credit <= 0 {
            return None;
        }
        let (frame, sent, has_changes) = match self.outbox.pop_front()? {
            Waiting::Update(frame) => {
                self.waiting -= frame.len();
                (frame, 0, true)
            }
            Waiting::Frame { frame, sent } => {
                let has_changes = sent == 0 && frame::changes(&frame).is_some();
                (frame, sent, has_changes)
            }
        };
        let message = match self.kind {
            PeerKind::Editor { .. } => frame.clone(),
            PeerKind::Replica => {
                let end = frame.len().min(sent + DOCUMENT_PIECE_MAX);
                let more = end < frame.len();
                if more {
                    self.outbox.push_front(Waiting::Frame { frame: frame.clone(), sent: end });
                }
                codec::encode(&DocumentMessage::Frame { more, bytes: frame.slice(sent..end) })
            }
        };
        self.sent += u64::from(has_changes);
        self.credit -= i64::try_from(message.len()).unwrap_or(i64::MAX);
        Some(message)
    }
}
