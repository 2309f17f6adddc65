//! When the row is claimed, and what becomes of the answers.

use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{Boot, Epoch, ErrorCode, Now, Refusal};

use super::{Effect, Ownership, Phase, Record, second_key};
use crate::machine::Sink;

/// The control store and what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    OutOfReach,
    Idle {
        generation: u32,
    },
    /// An answer is awaited, or was a refusal; the claim is made again at `again_at`.
    Asked {
        generation: u32,
        expect: Option<Epoch>,
        again_at: Boot,
    },
}

impl Store {
    pub(super) fn again_at(&self) -> Option<Boot> {
        match self {
            Self::Asked { again_at, .. } => Some(*again_at),
            Self::OutOfReach | Self::Idle { .. } => None,
        }
    }
}

impl Ownership {
    /// Claims the row of a resource that the store does not know at its own generation, unless it has been asked.
    pub(super) fn claim_if_due(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let (Phase::Held { row }, Store::Idle { generation }) = (&self.phase, self.store) else { return };
        if row.epoch.generation < generation {
            let expect = (row.epoch.generation > 0).then_some(row.epoch);
            self.ask(now, expect, out);
        }
    }

    /// A migration's abort is a claim like any other: on the row under which the seal was set, for this node.
    pub(super) fn abort(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let (Phase::Sealed { row, .. }, Store::Idle { .. }) = (&self.phase, self.store) {
            let expect = Some(row.epoch);
            self.ask(now, expect, out);
        }
    }

    /// The time for an answer is over. Whatever became of the first claim, a repeat is safe: it is a compare-and-set.
    pub(super) fn ask_again_if_due(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Store::Asked { expect, again_at, .. } = self.store
            && again_at <= now.boot
        {
            self.ask(now, expect, out);
        }
    }

    pub(super) fn answered(&mut self, now: Now, answer: Result<ClaimOutcome, Refusal>, out: &mut impl Sink<Effect>) {
        match answer {
            Ok(ClaimOutcome::Granted(row)) => self.learn(row, out),
            Ok(ClaimOutcome::Superseded(row)) => self.superseded(now, row, out),
            Ok(ClaimOutcome::NameTaken(taken)) => self.take_second_name(&taken, out),
            Err(refusal) if refusal.code == ErrorCode::NotFound => self.claim_again(now, None, out),
            Err(_) => {} // the deadline of the claim is its next attempt
        }
    }

    fn superseded(&mut self, now: Now, row: Row, out: &mut impl Sink<Effect>) {
        let behind = self.row().is_some_and(|known| row.epoch < known.epoch);
        if behind && row.resource == self.config.resource && row.owner == self.config.me {
            // A store restored from backup: it has an earlier row of ours.
            self.claim_again(now, Some(row.epoch), out);
        } else {
            // An earlier row of another owner changes nothing: the epoch here is higher, and a person has to decide.
            self.learn(row, out);
        }
    }

    /// Makes the awaited claim anew with another expectation. An answer that nothing awaits is late and changes nothing.
    fn claim_again(&mut self, now: Now, expect: Option<Epoch>, out: &mut impl Sink<Effect>) {
        if let (Phase::Held { .. }, Store::Asked { expect: before, .. }) = (&self.phase, self.store)
            && before != expect
        {
            self.ask(now, expect, out);
        }
    }

    fn take_second_name(&mut self, taken: &Row, out: &mut impl Sink<Effect>) {
        let Phase::Held { row } = &self.phase else { return };
        if taken.resource == row.resource || !taken.key.clashes(&row.key) {
            return; // an answer to a claim made under an earlier name
        }
        let from = row.key.clone();
        let (wanted, tried) = self.wanted.get_or_insert_with(|| (from.clone(), 1));
        let to = second_key(wanted, tried.saturating_add(1));
        self.record(Record::Renamed { key: to.clone() }, out);
        out.push(Effect::Rename { from, to });
    }

    /// Nothing is awaited any more: the phase or the name has changed.
    pub(super) fn settle(&mut self) {
        if let Store::Asked { generation, .. } = self.store {
            self.store = Store::Idle { generation };
        }
    }

    fn ask(&mut self, now: Now, expect: Option<Epoch>, out: &mut impl Sink<Effect>) {
        let (Store::Idle { generation } | Store::Asked { generation, .. }) = self.store else { return };
        let next = match &self.phase {
            Phase::Held { row } | Phase::Sealed { row, .. } => row.clone(),
            Phase::Unowned | Phase::Released { .. } => return self.settle(),
        };
        let again_at = now.boot.after(self.config.limits.request);
        self.store = Store::Asked { generation, expect, again_at };
        out.push(Effect::Claim(Claim { expect, next }));
    }
}
