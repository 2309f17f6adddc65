//! How this replica stands with the one above, and who waits for that.

use wayfare_protocol::{ErrorCode, Now, Refusal};

use super::peer::Peer;
use super::{Above, Document, Effect, PeerId, PeerKind, Told, frame, malformed};
use crate::machine::Sink;

impl Document {
    /// Whether this replica has yet to hear from the one above what it lacks itself.
    pub(super) fn asks_above(&self, now: Now) -> bool {
        match self.above {
            Above::Opening { until } => now.boot < until,
            Above::Linked { peer, until } => {
                now.boot < until && self.peers.get(&peer).is_some_and(|above| !above.has_answered)
            }
            Above::Away | Above::Refused { .. } => false,
        }
    }

    pub(super) fn is_above(&self, peer: PeerId) -> bool {
        matches!(self.above, Above::Linked { peer: above, .. } if above == peer)
    }

    pub(super) fn tell_missing(
        &mut self,
        peer: PeerId,
        vector: &[u8],
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Refusal> {
        let missing = self.body.missing(vector).map_err(malformed)?;
        self.answer(peer, frame::missing(&missing), out);
        Ok(())
    }

    pub(super) fn is_asked(&self) -> bool {
        !self.asking.is_empty() || !self.asking_here.is_empty()
    }

    /// Answers those who waited for the replica above.
    pub(super) fn answer_asking(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if !self.is_asked() || self.asks_above(now) {
            return;
        }
        for (ask, what) in std::mem::take(&mut self.asking_here) {
            self.on_ask(now, ask, what, out);
        }
        for (peer, vector) in std::mem::take(&mut self.asking) {
            if let Err(refusal) = self.tell_missing(peer, &vector, out) {
                self.close(now, peer, refusal, out);
            }
        }
    }

    pub(super) fn settle(&mut self, out: &mut impl Sink<Effect>) {
        if !self.editing.is_empty() || !self.held.is_empty() {
            return;
        }
        let Above::Linked { peer, .. } = self.above else { return };
        if self.peers.get(&peer).is_some_and(Peer::is_settled) {
            self.is_unsaved = false;
            for ask in self.settling.drain(..) {
                out.push(Effect::Tell { ask, told: Told::Settled });
            }
        }
    }

    /// The replica above is out of reach: nobody waits for it for ever.
    pub(super) fn refuse_settling(&mut self, out: &mut impl Sink<Effect>) {
        for ask in self.settling.drain(..) {
            let detail = format!("{} is out of step: the replica above cannot be reached", self.document);
            let told = Told::Refused(Refusal::new(ErrorCode::OwnerUnreachable, detail));
            out.push(Effect::Tell { ask, told });
        }
    }

    pub(super) fn on_above_opened(&mut self, peer: PeerId, out: &mut impl Sink<Effect>) {
        if let Above::Opening { until } = self.above {
            self.above = Above::Linked { peer, until };
            self.open(peer, PeerKind::Replica, out);
        } else {
            let refusal = Refusal::new(ErrorCode::OwnerUnreachable, "nobody waits for this stream any more");
            out.push(Effect::Close { peer, refusal });
        }
    }

    pub(super) fn on_above_closed(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if matches!(self.above, Above::Opening { .. }) {
            self.above = Above::Refused { retry_at: now.boot.after(self.limits.redial_max) };
            self.refuse_settling(out);
        }
    }

    pub(super) fn open_above(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.above = Above::Opening { until: now.boot.after(self.limits.suspect_probe) };
        out.push(Effect::OpenAbove);
    }
}
