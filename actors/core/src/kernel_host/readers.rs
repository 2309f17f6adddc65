//! The connections: each has its own cursor into the records, and a bound on what was handed to it and is not yet written.

use std::collections::BTreeMap;

use wayfare_protocol::host::{HostHello, HostMessage, KernelCondition};
use wayfare_protocol::limits::EVENT_MAX;
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::{ErrorCode, Refusal};

use super::journal::{Journal, Place};
use super::size::weight;
use super::{ConnectionId, Effect};
use crate::machine::{OpId, OpIds, Sink};

/// What a message other than a record counts for.
const MESSAGE_WEIGHT: u64 = 256;

/// Where a connection stands in the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    /// It has not attached.
    Detached,
    /// It has everything before `next`.
    Following { next: u64 },
    /// It has everything before `next`, which is being read from disk.
    Reading { next: u64, op: OpId },
}

#[derive(Debug)]
struct Reader {
    cursor: Cursor,
    /// Bytes handed over and not yet written.
    unwritten: u64,
    /// The kernel's condition that it was told last.
    told: KernelCondition,
}

#[derive(Debug)]
pub(super) struct Readers {
    window: u64,
    most: usize,
    readers: BTreeMap<ConnectionId, Reader>,
}

impl Readers {
    pub(super) fn new(window: u64, most: usize) -> Self {
        Self { window, most, readers: BTreeMap::new() }
    }

    /// Greets a new connection; one too many is told so and closed.
    pub(super) fn connect(&mut self, id: ConnectionId, hello: HostHello, out: &mut impl Sink<Effect>) {
        let told = hello.condition.clone();
        self.readers.insert(id, Reader { cursor: Cursor::Detached, unwritten: 0, told });
        self.say(id, HostMessage::Hello(hello), out);
        if self.readers.len() > self.most {
            let detail = format!("{} connections are open already", self.most);
            self.refuse_and_close(id, Refusal::new(ErrorCode::Overloaded, detail), out);
        }
    }

    pub(super) fn disconnect(&mut self, id: ConnectionId) {
        self.readers.remove(&id);
    }

    pub(super) fn has(&self, id: ConnectionId) -> bool {
        self.readers.contains_key(&id)
    }

    /// Whether somebody has been told that the kernel is gone, and the words have been written.
    pub(super) fn somebody_knows_it_is_gone(&self) -> bool {
        self.readers.values().any(|reader| matches!(reader.told, KernelCondition::Gone { .. }) && reader.unwritten == 0)
    }

    pub(super) fn nobody(&self) -> bool {
        self.readers.is_empty()
    }

    pub(super) fn written(&mut self, id: ConnectionId, bytes: u64) {
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.unwritten = reader.unwritten.saturating_sub(bytes);
        }
    }

    pub(super) fn attach(&mut self, id: ConnectionId, from: u64, journal: &Journal, out: &mut impl Sink<Effect>) {
        let refusal = if from < journal.first_kept() {
            let detail =
                format!("record {from} is acknowledged and forgotten; the first kept is {}", journal.first_kept());
            Refusal::new(ErrorCode::NotFound, detail)
        } else if from > journal.next_sequence() {
            let detail = format!("record {from} is not made; the next is {}", journal.next_sequence());
            Refusal::new(ErrorCode::NotFound, detail)
        } else {
            if let Some(reader) = self.readers.get_mut(&id) {
                reader.cursor = Cursor::Following { next: from };
            }
            return;
        };
        self.refuse(id, refusal, out);
    }

    pub(super) fn refuse(&mut self, id: ConnectionId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        self.say(id, HostMessage::Refused(refusal), out);
    }

    pub(super) fn refuse_and_close(&mut self, id: ConnectionId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        self.refuse(id, refusal, out);
        self.close(id, out);
    }

    /// Says a last word to every connection and closes it.
    pub(super) fn close_all(&mut self, last: Option<&HostMessage>, out: &mut impl Sink<Effect>) {
        let ids: Vec<_> = self.readers.keys().copied().collect();
        for id in ids {
            if let Some(last) = last {
                self.say(id, last.clone(), out);
            }
            self.close(id, out);
        }
    }

    /// Records through `through` are forgotten: who has not had them yet cannot be served without a gap.
    pub(super) fn forgotten(&mut self, through: u64, out: &mut impl Sink<Effect>) {
        let behind: Vec<_> = self
            .readers
            .iter()
            .filter(|(_, reader)| match reader.cursor {
                Cursor::Following { next } | Cursor::Reading { next, .. } => next <= through,
                Cursor::Detached => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in behind {
            let detail = format!("records through {through} were acknowledged by another connection");
            self.refuse_and_close(id, Refusal::new(ErrorCode::NotFound, detail), out);
        }
    }

    /// Records have been read from disk for whoever waits for that operation.
    pub(super) fn read(&mut self, op: OpId, records: Result<Vec<OutputRecord>, String>, out: &mut impl Sink<Effect>) {
        let waiting = self.readers.iter().find_map(|(id, reader)| match reader.cursor {
            Cursor::Reading { next, op: reading } if reading == op => Some((*id, next)),
            _ => None,
        });
        let Some((id, mut next)) = waiting else { return };
        let mut messages = Vec::new();
        let mut bytes = 0;
        let first = next;
        let why = match records {
            Ok(records) => {
                for record in records {
                    if record.sequence == next {
                        next += 1;
                        bytes += weight(&record);
                        messages.push(HostMessage::Output(record));
                    }
                }
                "the segment does not have it".to_owned()
            }
            Err(why) => why,
        };
        if next == first {
            let detail = format!("record {next} could not be read back: {why}");
            self.refuse_and_close(id, Refusal::new(ErrorCode::StorageFailed, detail), out);
            return;
        }
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.cursor = Cursor::Following { next };
            reader.unwritten += bytes;
            out.push(Effect::Send { connection: id, messages, bytes });
        }
    }

    /// Hands every connection what it lacks, as far as its window allows.
    pub(super) fn pump(
        &mut self,
        journal: &mut Journal,
        condition: &KernelCondition,
        ops: &mut OpIds,
        out: &mut impl Sink<Effect>,
    ) {
        for (id, reader) in &mut self.readers {
            reader.pump(*id, self.window, journal, condition, ops, out);
        }
    }

    pub(super) fn say(&mut self, id: ConnectionId, message: HostMessage, out: &mut impl Sink<Effect>) {
        let Some(reader) = self.readers.get_mut(&id) else { return };
        reader.unwritten += MESSAGE_WEIGHT;
        // More than records alone can make: they stop at the window, save for one that may be large.
        let flooded = reader.unwritten > self.window.saturating_mul(4).saturating_add(EVENT_MAX as u64);
        out.push(Effect::Send { connection: id, messages: vec![message], bytes: MESSAGE_WEIGHT });
        if flooded {
            // It asks and asks and does not read the answers.
            self.close(id, out);
        }
    }

    fn close(&mut self, id: ConnectionId, out: &mut impl Sink<Effect>) {
        if self.readers.remove(&id).is_some() {
            out.push(Effect::CloseConnection { connection: id });
        }
    }
}

impl Reader {
    fn pump(
        &mut self,
        id: ConnectionId,
        window: u64,
        journal: &mut Journal,
        condition: &KernelCondition,
        ops: &mut OpIds,
        out: &mut impl Sink<Effect>,
    ) {
        let mut messages = Vec::new();
        let mut bytes = 0;
        while let Cursor::Following { next } = self.cursor
            && self.unwritten + bytes < window
        {
            match journal.find(next) {
                Place::Memory(record, weight) => {
                    bytes += weight;
                    messages.push(HostMessage::Output(record.clone()));
                    journal.seal(next);
                    self.cursor = Cursor::Following { next: next + 1 };
                }
                Place::Disk(segment) => {
                    let op = ops.take();
                    out.push(Effect::ReadSpill { op, segment });
                    self.cursor = Cursor::Reading { next, op };
                }
                Place::NotYet | Place::Forgotten => break,
            }
        }
        // A condition is told after the records that came before it: `Gone` is said when nothing is left to say.
        let caught_up = match self.cursor {
            Cursor::Detached => true,
            Cursor::Following { next } => next == journal.next_sequence(),
            Cursor::Reading { .. } => false,
        };
        if caught_up && self.told != *condition && self.unwritten + bytes < window {
            bytes += MESSAGE_WEIGHT;
            messages.push(HostMessage::Kernel(condition.clone()));
            self.told = condition.clone();
        }
        if !messages.is_empty() {
            self.unwritten += bytes;
            out.push(Effect::Send { connection: id, messages, bytes });
        }
    }
}
