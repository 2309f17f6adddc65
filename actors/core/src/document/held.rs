//! Changes that are yet to be passed on. The first one goes at once; what comes within
//! [`Limits::document_gather`](wayfare_protocol::Limits::document_gather) after that goes together, as one message to each reader.
//! Nobody who types notices, and a flood of changes costs readers little more than its bytes.

use bytes::Bytes;
use wayfare_protocol::{Boot, Now};

use super::changes::merged;
use super::{Document, Effect, PeerId, frame};
use crate::machine::Sink;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By whom, in the order in which they came.
    updates: Vec<(PeerId, Vec<Bytes>)>,
    until: Boot,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.updates.is_empty()
    }

    /// Whether anything waits that this peer does not know.
    pub(super) fn has_news_for(&self, peer: PeerId) -> bool {
        self.updates.iter().any(|(from, _)| *from != peer)
    }

    /// When it is to be passed on.
    pub(super) fn deadline(&self) -> Option<Boot> {
        (!self.is_empty()).then_some(self.until)
    }

    fn add(&mut self, from: PeerId, updates: &[Bytes]) {
        if let Some((_, held)) = self.updates.iter_mut().find(|(sender, _)| *sender == from) {
            held.extend_from_slice(updates);
        } else {
            self.updates.push((from, updates.to_vec()));
        }
    }
}

impl Document {
    /// Passes updates on, now or together with what else comes soon.
    pub(super) fn pass_on_soon(&mut self, now: Now, from: PeerId, updates: &[Bytes], out: &mut impl Sink<Effect>) {
        self.held.add(from, updates);
        if now.boot >= self.held.until {
            self.pass_on_held(now, out);
        }
    }

    /// Passes on what is held: it comes before whatever else is told.
    pub(super) fn pass_on_held(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.held.is_empty() {
            return;
        }
        self.held.until = now.boot.after(self.limits.document_gather);
        for (from, updates) in std::mem::take(&mut self.held.updates) {
            for update in merged(updates) {
                self.pass_on(now, Some(from), &frame::update(&update), out);
            }
        }
    }
}
