//! A daemon's outputs on their way: the newest in memory, and who reads them.
//!
//! Outputs become visible when they are logged. Those that a subscriber has not acknowledged are kept, whatever their size: the host
//! takes no more events while they are over their bound. Of the others the newest are kept for readers.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wayfare_protocol::daemon::{DaemonOutput, DaemonUpdate};
use wayfare_protocol::{Limits, codec};

use super::Effect;
use crate::machine::Sink;
use crate::outputs::ReaderId;

/// What an output weighs in memory beside its payload.
const OUTPUT_WEIGHT: usize = 64;

#[derive(Debug)]
pub(super) struct Outbox {
    outputs: VecDeque<DaemonOutput>,
    bytes: usize,
    /// Sequence of the next output.
    next: u64,
    /// Readers see outputs through this sequence.
    shown: u64,
    readers: BTreeMap<ReaderId, Reader>,
}

#[derive(Debug)]
struct Reader {
    /// The output that it wants next.
    next: u64,
    /// Bytes that may be sent; negative after an output that overdrew.
    credit: i64,
}

fn weight(output: &DaemonOutput) -> usize {
    output.payload.len() + OUTPUT_WEIGHT
}

impl Outbox {
    /// None yet; the first will have this sequence.
    pub(super) fn new(next: u64) -> Self {
        Self { outputs: VecDeque::new(), bytes: 0, next, shown: next.saturating_sub(1), readers: BTreeMap::new() }
    }

    /// Sequence of the newest.
    pub(super) fn last(&self) -> u64 {
        self.next - 1
    }

    /// Sequence of the oldest that is kept.
    fn first(&self) -> u64 {
        self.next - self.outputs.len() as u64
    }

    /// Takes the next outputs in. What it has already is passed over; a gap makes it begin anew.
    pub(super) fn push(&mut self, outputs: &[DaemonOutput]) {
        for output in outputs {
            if output.link.sequence < self.next {
                continue;
            }
            if output.link.sequence > self.next {
                self.outputs.clear();
                self.bytes = 0;
            }
            self.next = output.link.sequence + 1;
            self.bytes += weight(output);
            self.outputs.push_back(output.clone());
        }
    }

    /// Begins anew with what a snapshot held, and goes on with what it has: from the log, which was folded before. `next` is the sequence
    /// of the next output if there is neither.
    pub(super) fn rebase(&mut self, held: &[DaemonOutput], next: u64) {
        let logged: Vec<_> = std::mem::take(&mut self.outputs).into();
        self.bytes = 0;
        self.next = held.first().or(logged.first()).map_or(next, |output| output.link.sequence);
        self.push(held);
        self.push(&logged);
    }

    /// What was not acknowledged, for a snapshot.
    pub(super) fn after(&self, acknowledged: u64) -> Vec<DaemonOutput> {
        self.outputs.iter().filter(|output| output.link.sequence > acknowledged).cloned().collect()
    }

    /// The oldest that are logged and come after an output: so many bytes, or one that is larger.
    pub(super) fn shown_after(&self, after: u64, bytes: usize) -> Vec<DaemonOutput> {
        let skip = usize::try_from((after + 1).saturating_sub(self.first())).unwrap_or(usize::MAX);
        let mut left = bytes;
        let fits = |(at, output): &(usize, &DaemonOutput)| {
            let may = *at == 0 || left >= weight(output);
            left = left.saturating_sub(weight(output));
            may && output.link.sequence <= self.shown
        };
        self.outputs.iter().skip(skip).enumerate().take_while(fits).map(|(_, output)| output.clone()).collect()
    }

    /// Whether more than so many bytes were not acknowledged.
    pub(super) fn is_over(&self, bytes: usize, acknowledged: Option<u64>) -> bool {
        let Some(acknowledged) = acknowledged else { return false };
        let held = self.outputs.iter().rev().take_while(|output| output.link.sequence > acknowledged);
        self.bytes > bytes && held.map(weight).sum::<usize>() > bytes
    }

    /// Outputs through that sequence are logged.
    pub(super) fn show(
        &mut self,
        through: u64,
        acknowledged: Option<u64>,
        limits: &Limits,
        out: &mut impl Sink<Effect>,
    ) {
        self.shown = self.shown.max(through);
        let ready: Vec<_> = self.readers.iter().filter(|(_, reader)| reader.credit > 0).map(|(id, _)| *id).collect();
        for reader in ready {
            self.serve(reader, out);
        }
        self.trim(acknowledged, limits);
    }

    /// Forgets the oldest of what nobody holds, down to the bound.
    pub(super) fn trim(&mut self, acknowledged: Option<u64>, limits: &Limits) {
        let through = acknowledged.unwrap_or(u64::MAX).min(self.shown);
        while self.bytes > limits.daemon_tail
            && let Some(oldest) = self.outputs.front()
            && oldest.link.sequence <= through
        {
            self.bytes -= weight(oldest);
            self.outputs.pop_front();
        }
    }

    /// Attaches a reader. It gets nothing before it grants credit.
    ///
    /// # Errors
    /// How many there are, if that is too many.
    pub(super) fn open(&mut self, reader: ReaderId, from: u64, limits: &Limits) -> Result<(), usize> {
        if self.readers.len() >= limits.readers_per_session {
            return Err(self.readers.len());
        }
        self.readers.insert(reader, Reader { next: from.max(1), credit: 0 });
        Ok(())
    }

    /// A reader takes so many more bytes.
    pub(super) fn credit(&mut self, reader: ReaderId, bytes: u64, out: &mut impl Sink<Effect>) {
        if let Some(found) = self.readers.get_mut(&reader) {
            found.credit = found.credit.saturating_add_unsigned(bytes);
            self.serve(reader, out);
        }
    }

    /// A reader has gone.
    pub(super) fn close(&mut self, reader: ReaderId) {
        self.readers.remove(&reader);
    }

    fn serve(&mut self, id: ReaderId, out: &mut impl Sink<Effect>) {
        let first = self.first();
        let Some(reader) = self.readers.get_mut(&id) else { return };
        let mut send = |reader: &mut Reader, update: &DaemonUpdate| {
            let message: Bytes = codec::encode(update);
            reader.credit = reader.credit.saturating_sub_unsigned(message.len() as u64);
            out.push(Effect::Send { reader: id, message });
        };
        if reader.credit > 0 && reader.next < first && first <= self.shown + 1 {
            send(reader, &DaemonUpdate::Omitted { from: reader.next, through: first - 1 });
            reader.next = first;
        }
        while reader.credit > 0 && reader.next <= self.shown {
            let at = reader.next.checked_sub(first).and_then(|at| usize::try_from(at).ok());
            let Some(output) = at.and_then(|at| self.outputs.get(at)) else { return };
            send(reader, &DaemonUpdate::Output(output.clone()));
            reader.next += 1;
        }
    }
}
