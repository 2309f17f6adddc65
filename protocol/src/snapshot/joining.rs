//! Puts a snapshot together from its chunks, and copies as little of it as can be.

use bytes::{Bytes, BytesMut};

use super::read::state_begins;

/// A snapshot as it was fetched: the envelope and the state, each in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotBytes {
    pub(super) envelope: Bytes,
    /// Empty in version 1, where it is within the envelope.
    pub(super) state: Bytes,
}

impl SnapshotBytes {
    /// Bytes of both.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.envelope.len() as u64 + self.state.len() as u64
    }
}

impl From<Bytes> for SnapshotBytes {
    fn from(mut whole: Bytes) -> Self {
        match state_begins(&whole).and_then(|at| usize::try_from(at).ok()) {
            Some(at) if at < whole.len() => {
                let envelope = whole.split_to(at);
                Self { envelope, state: whole }
            }
            _ => Self { envelope: whole, state: Bytes::new() },
        }
    }
}

/// Takes the chunks of a snapshot, in order.
#[derive(Debug)]
pub struct Joining {
    total: usize,
    envelope: Option<Bytes>,
    /// All of it but the envelope, where that is one chunk.
    only: Option<Bytes>,
    rest: BytesMut,
}

impl Joining {
    /// Nothing yet, of so many bytes.
    #[must_use]
    pub fn new(total: u64) -> Self {
        Self { total: usize::try_from(total).unwrap_or_default(), envelope: None, only: None, rest: BytesMut::new() }
    }

    /// The next chunk, known to be what it should be.
    pub fn push(&mut self, chunk: Bytes) {
        let is_first = self.envelope.is_none() && self.rest.is_empty();
        if is_first && state_begins(&chunk) == Some(chunk.len() as u64) {
            self.envelope = Some(chunk);
            return;
        }
        let before = self.envelope.as_ref().map_or(0, Bytes::len);
        if self.rest.is_empty() && before + chunk.len() == self.total {
            self.only = Some(chunk);
            return;
        }
        if self.rest.is_empty() {
            self.rest.reserve(self.total.saturating_sub(before));
        }
        self.rest.extend_from_slice(&chunk);
    }

    /// What came.
    #[must_use]
    pub fn finish(self) -> SnapshotBytes {
        match (self.envelope, self.only) {
            (None, Some(whole)) => whole.into(),
            (None, None) => self.rest.freeze().into(),
            (Some(envelope), Some(state)) => SnapshotBytes { envelope, state },
            (Some(envelope), None) => SnapshotBytes { envelope, state: self.rest.freeze() },
        }
    }
}
