//! Changes: taken in, appended, passed on.

use bytes::Bytes;
use wayfare_protocol::{ErrorCode, Now, Refusal};

use super::{Ask, AskId, Document, Edit, Effect, PeerId, Told, body, frame, log, malformed};
use crate::collection::Links;
use crate::machine::{OpId, Sink};

/// Changes of one peer that are in the document and yet to be told.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Frames with changes.
    frames: u64,
    /// The updates that were new.
    updates: Vec<Bytes>,
    /// Their bytes.
    bytes: usize,
}

impl Document {
    /// A peer's update. Refused as a whole: from somebody who may not write, if it is none, or if the document would be too large.
    pub(super) fn change(&mut self, peer: PeerId, update: &Bytes, taken: &mut Taken) -> Result<(), Refusal> {
        let Some(from) = self.peers.get(&peer) else { return Ok(()) };
        if !from.may_write() {
            // Every client answers a vector, if only with nothing.
            if self.body.would_change(update) {
                let detail = format!("{} may be read here and not changed", self.document);
                return Err(Refusal::new(ErrorCode::Forbidden, detail));
            }
            return Ok(());
        }
        self.fits(taken.bytes + update.len())?;
        taken.frames += 1;
        if self.body.apply(update).map_err(malformed)? {
            taken.bytes += update.len();
            taken.updates.push(update.clone());
        }
        Ok(())
    }

    /// Passes on and appends what was taken, as one update: whoever types fast, or sends what waited for a connection, costs a reader
    /// one message.
    pub(super) fn tell_taken(&mut self, now: Now, peer: PeerId, taken: Taken, out: &mut impl Sink<Effect>) {
        if taken.frames == 0 {
            return;
        }
        let durable_with = if taken.updates.is_empty() {
            // What it says is known, and perhaps not durable yet: an append that comes after all those under way would be.
            self.appending.keys().next_back().copied()
        } else {
            self.is_unsaved |= !self.is_above(peer);
            self.note_change(now);
            let updates = merged(taken.updates);
            self.pass_on_soon(now, peer, &updates, out);
            let mut op = None;
            for update in &updates {
                op = Some(self.append(update, false, out));
            }
            op
        };
        if let Some(op) = durable_with {
            self.appending.entry(op).or_default().insert(peer);
        }
        let told = self.peers.get_mut(&peer).and_then(|from| from.changed(taken.frames, durable_with));
        if let Some(message) = told {
            out.push(Effect::Send { peer, message });
        }
    }

    fn fits(&self, more: usize) -> Result<(), Refusal> {
        let (bytes, limit) = (self.log.bytes() + more, self.limits.document_bytes);
        if bytes <= limit {
            return Ok(());
        }
        let detail = format!("{} would have {bytes} bytes of history, the limit is {limit}", self.document);
        Err(Refusal::new(ErrorCode::TooLarge, detail))
    }

    /// An update for everybody but whom it came from.
    pub(super) fn pass_on(&mut self, now: Now, from: Option<PeerId>, frame: &Bytes, out: &mut impl Sink<Effect>) {
        let mut refused = Vec::new();
        for (peer, to) in &mut self.peers {
            if Some(*peer) == from {
                continue;
            }
            match to.queue_update(frame, self.limits.document_backlog) {
                Ok(()) => to.send(*peer, out),
                Err(refusal) => refused.push((*peer, refusal)),
            }
        }
        for (peer, refusal) in refused {
            self.close(now, peer, refusal, out);
        }
    }

    fn append(&mut self, update: &[u8], is_history: bool, out: &mut impl Sink<Effect>) -> OpId {
        let op = self.ops.take();
        self.appending.insert(op, std::collections::BTreeSet::new());
        let records = log::records(update, is_history);
        self.log.appending(&records);
        out.push(Effect::Append { op, records });
        op
    }

    pub(super) fn on_ask(&mut self, now: Now, ask: AskId, what: Ask, out: &mut impl Sink<Effect>) {
        if !matches!(what, Ask::Links) {
            self.idle_since = now.boot; // a look in passing keeps nothing loaded
        }
        if self.asks_above(now) && matches!(what, Ask::Text | Ask::Entries { .. } | Ask::History | Ask::Links) {
            return self.asking_here.push((ask, what));
        }
        let told = match what {
            Ask::Settled => return self.settling.push(ask),
            Ask::Text => Told::Text(self.body.text()),
            Ask::Entries { map } => Told::Entries(self.body.entries(&map)),
            Ask::History => Told::History(self.body.history().into()),
            Ask::Links => Told::Links(Links::of(&self.body)),
            Ask::Merge(update) => match self.take_in(&update) {
                Ok(()) => return self.changed_here(now, ask, &update, out),
                Err(refusal) => Told::Refused(refusal),
            },
            Ask::Edit(edits) => match self.edit(&edits) {
                Ok(update) => return self.changed_here(now, ask, &update, out),
                Err(told) => told,
            },
        };
        out.push(Effect::Tell { ask, told });
    }

    fn edit(&mut self, edits: &[Edit]) -> Result<Vec<u8>, Told> {
        self.fits(edits.iter().map(Edit::weight).sum()).map_err(Told::Refused)?;
        self.body.edit(edits).map_err(|error| Told::Edited(Err(error)))
    }

    fn take_in(&mut self, update: &[u8]) -> Result<(), Refusal> {
        self.fits(update.len())?;
        self.body.apply(update).map(drop).map_err(malformed)
    }

    fn changed_here(&mut self, now: Now, ask: AskId, update: &[u8], out: &mut impl Sink<Effect>) {
        self.is_unsaved = true;
        self.note_change(now);
        self.pass_on_held(now, out);
        self.pass_on(now, None, &frame::update(update), out);
        let op = self.append(update, false, out);
        self.editing.insert(op, ask);
    }

    pub(super) fn on_appended(&mut self, now: Now, op: OpId, out: &mut impl Sink<Effect>) {
        self.idle_since = now.boot;
        for peer in self.appending.remove(&op).unwrap_or_default() {
            let told = self.peers.get_mut(&peer).and_then(|replica| replica.appended(op));
            if let Some(message) = told {
                out.push(Effect::Send { peer, message });
            }
        }
        if let Some(ask) = self.editing.remove(&op) {
            out.push(Effect::Tell { ask, told: Told::Edited(Ok(())) });
        }
        if let Some(before) = self.log.merged(op) {
            out.push(Effect::Trim { before });
        }
        self.merge(out);
    }

    /// Begins to merge the log if it has grown enough.
    fn merge(&mut self, out: &mut impl Sink<Effect>) {
        if !self.log.wants_merge(self.limits.document_merge) {
            return;
        }
        let op = self.ops.take();
        let history: Bytes = self.body.history().into();
        self.log.verifying(op, history.clone());
        out.push(Effect::Verify { op, history, expected: Box::new(self.body.likeness()) });
    }

    pub(super) fn on_verified(&mut self, op: OpId, outcome: Result<(), String>, out: &mut impl Sink<Effect>) {
        let Some((before, history)) = self.log.verified(op) else { return };
        if let Err(why) = outcome {
            return out.push(Effect::NotMerged { why });
        }
        let op = self.append(&history, true, out);
        self.log.appending_history(op, before);
    }
}

/// The updates as one, or as they are if they cannot be merged.
pub(super) fn merged(updates: Vec<Bytes>) -> Vec<Bytes> {
    if updates.len() < 2 {
        return updates;
    }
    let parts: Vec<&[u8]> = updates.iter().map(AsRef::as_ref).collect();
    match body::merge(&parts) {
        Ok(merged) => vec![merged.into()],
        Err(_) => updates, // each was applied here: it cannot happen
    }
}
