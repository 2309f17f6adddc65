//! One reader's place in the outputs.

use bytes::Bytes;
use serde::Serialize;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, OutputRecord};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{RunId, codec};

use super::{Executor, ReaderEffect, ReaderId, Shelf};
use crate::machine::{OpId, Sink};

/// What a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Every record of the session from a sequence on, for ever.
    Session {
        /// The first.
        from: u64,
    },
    /// The events of one run from a number on, until its end.
    Run {
        /// The run.
        run: RunId,
        /// The first.
        from: u64,
    },
}

/// What the reader can be given next.
pub(super) enum Step {
    /// Nothing now.
    Wait,
    /// Nothing ever.
    Finished,
    /// The record of that sequence.
    Want {
        /// Which.
        sequence: u64,
    },
}

/// Where a run's reader stands.
#[derive(Debug)]
enum RunPlace {
    /// It has not been told who executes.
    New,
    /// It wants records from this sequence on, and of them events from this number on.
    Following { cursor: u64, number: u64 },
    /// The run has no record yet.
    Ahead,
    /// It has the end.
    Ended,
}

#[derive(Debug)]
enum Place {
    Session { cursor: u64 },
    Run { run: RunId, from: u64, place: RunPlace },
}

#[derive(Debug)]
pub(super) struct Reader {
    place: Place,
    /// Bytes that may be sent; negative after a message that overdrew.
    credit: i64,
    reading: Option<OpId>,
}

impl Reader {
    pub(super) fn new(want: Want) -> Self {
        let place = match want {
            Want::Session { from } => Place::Session { cursor: from.max(1) },
            Want::Run { run, from } => Place::Run { run, from: from.max(1), place: RunPlace::New },
        };
        Self { place, credit: 0, reading: None }
    }

    pub(super) fn want(&self) -> Want {
        match &self.place {
            Place::Session { cursor } => Want::Session { from: *cursor },
            Place::Run { run, from, .. } => Want::Run { run: *run, from: *from },
        }
    }

    pub(super) fn grant(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_add_unsigned(bytes);
    }

    pub(super) fn may_send(&self) -> bool {
        self.credit > 0
    }

    /// Whether new records may be of use to it now.
    pub(super) fn is_ready(&self) -> bool {
        self.may_send() && self.reading.is_none()
    }

    pub(super) fn reading(&mut self, op: OpId) {
        self.reading = Some(op);
    }

    pub(super) fn reads(&self, op: OpId) -> bool {
        self.reading == Some(op)
    }

    pub(super) fn read_done(&mut self) {
        self.reading = None;
    }

    pub(super) fn send<T: Serialize>(&mut self, id: ReaderId, message: &T, out: &mut impl Sink<ReaderEffect>) {
        let message: Bytes = codec::encode(message);
        self.credit = self.credit.saturating_sub_unsigned(message.len() as u64);
        out.push(ReaderEffect::Send { reader: id, message });
    }

    /// What it can be given next. May say to the reader who executes, or that its run is gone from the log.
    pub(super) fn next_step(&mut self, shelf: &Shelf<'_>, id: ReaderId, out: &mut impl Sink<ReaderEffect>) -> Step {
        if !self.is_ready() {
            return Step::Wait;
        }
        if let Place::Run { run, from, place } = &self.place {
            let (run, number) = match place {
                RunPlace::Following { number, cursor } if *cursor < shelf.first => (*run, *number),
                RunPlace::New | RunPlace::Ahead => (*run, *from),
                RunPlace::Following { .. } | RunPlace::Ended => return self.following_step(shelf),
            };
            self.find_place(shelf, run, number, id, out);
            let is_over = matches!(self.place, Place::Run { place: RunPlace::Ended, .. });
            if !self.may_send() && !is_over {
                return Step::Wait; // the greeting took what was granted
            }
        }
        self.following_step(shelf)
    }

    fn following_step(&mut self, shelf: &Shelf<'_>) -> Step {
        let cursor = match &mut self.place {
            Place::Session { cursor } => {
                *cursor = (*cursor).max(shelf.first);
                *cursor
            }
            Place::Run { place: RunPlace::Following { cursor, .. }, .. } => *cursor,
            Place::Run { place: RunPlace::Ended, .. } => return Step::Finished,
            Place::Run { place: RunPlace::New | RunPlace::Ahead, .. } => return Step::Wait,
        };
        if cursor <= shelf.shown { Step::Want { sequence: cursor } } else { Step::Wait }
    }

    /// Looks the run up: at the beginning, when it had no record yet, and when the log was trimmed under the reader.
    fn find_place(
        &mut self,
        shelf: &Shelf<'_>,
        run: RunId,
        number: u64,
        id: ReaderId,
        out: &mut impl Sink<ReaderEffect>,
    ) {
        let known = shelf.runs.get(run);
        let is_new = matches!(self.place, Place::Run { place: RunPlace::New, .. });
        if is_new && let Some(Executor { owner, device_name }) = shelf.executor {
            let attempt = known.map_or(1, |run| run.attempt);
            self.send(id, &RunUpdate::Attached { owner: *owner, device_name: device_name.clone(), attempt }, out);
        }
        let Some(known) = known else { return self.set_place(RunPlace::Ahead) };
        match known.ended {
            Some(outcome) if known.last_sequence < shelf.first => {
                // Everything of the run was trimmed, its end too: the table still knows it.
                if number <= known.last_number {
                    let event = RunEvent::Omitted { from: number, through: known.last_number, bytes: 0 };
                    self.send(id, &RunUpdate::Event { number, event }, out);
                }
                self.send(id, &RunUpdate::Ended(outcome), out);
                self.set_place(RunPlace::Ended);
            }
            _ => {
                let cursor = known.sequence_near(number).max(shelf.first);
                self.set_place(RunPlace::Following { cursor, number });
            }
        }
    }

    fn set_place(&mut self, new: RunPlace) {
        if let Place::Run { place, .. } = &mut self.place {
            *place = new;
        }
    }

    /// Takes the record at its cursor; returns whether it wants the one after.
    pub(super) fn take(&mut self, id: ReaderId, record: &OutputRecord, out: &mut impl Sink<ReaderEffect>) -> bool {
        match &mut self.place {
            Place::Session { cursor } => {
                if record.sequence < *cursor {
                    return true;
                }
                *cursor = record.sequence + 1;
                self.send(id, record, out);
                true
            }
            Place::Run { run, place: RunPlace::Following { cursor, number }, .. } => {
                if record.sequence < *cursor {
                    return true;
                }
                *cursor = record.sequence + 1;
                if record.run != *run {
                    return true;
                }
                let wanted = *number;
                match &record.body {
                    OutputBody::Event { number: got, event } => self.take_event(id, wanted, *got, event, out),
                    OutputBody::Ended(outcome) => {
                        self.send(id, &RunUpdate::Ended(*outcome), out);
                        self.set_place(RunPlace::Ended);
                        false
                    }
                }
            }
            Place::Run { .. } => false,
        }
    }

    fn take_event(
        &mut self,
        id: ReaderId,
        wanted: u64,
        got: u64,
        event: &RunEvent,
        out: &mut impl Sink<ReaderEffect>,
    ) -> bool {
        let through = got + event.span() - 1;
        if through < wanted {
            return true;
        }
        if got > wanted {
            let gap = RunEvent::Omitted { from: wanted, through: got - 1, bytes: 0 };
            self.send(id, &RunUpdate::Event { number: wanted, event: gap }, out);
        }
        let update = match event {
            // It stands for events that this reader has, and for others: the rest is told.
            RunEvent::Omitted { through, bytes, .. } if got < wanted => RunUpdate::Event {
                number: wanted,
                event: RunEvent::Omitted { from: wanted, through: *through, bytes: *bytes },
            },
            event => RunUpdate::Event { number: got, event: event.clone() },
        };
        self.send(id, &update, out);
        if let Place::Run { place: RunPlace::Following { number, .. }, .. } = &mut self.place {
            *number = through + 1;
        }
        true
    }
}
