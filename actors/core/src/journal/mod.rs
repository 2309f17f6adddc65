//! `SessionJournal`: the cloud's copy of a session's outputs, which serves every client that is not on the owner's network.
//!
//! While the owner is connected the journal reads its outputs from the copy's end on. Readers see a record as soon as it
//! arrives: the owner has it durably, so nothing that a reader saw can be lost with the cloud. The stream's credit is
//! given back when a record is durable here, which bounds what is in flight between arrival and disk.
//!
//! | owner \ input | `OwnerUp` | record | `OwnerDown` |
//! |---|---|---|---|
//! | Away | subscribe from the end: Following | – | – |
//! | Following | subscribe anew | append, show | readers are told: Away |
//! | Refused | subscribe anew | – | readers are told: Away |
//!
//! `SubscriptionLost` leads from Following to Refused, whose deadline subscribes again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use strum::VariantNames as _;
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::{Boot, Epoch, ErrorCode, Limits, Now, Refusal, SessionId};

use crate::fact::{Fact, Keeper, Queue, Witness};
use crate::machine::{Durable, Machine, OpId, OpIds, Sink, Wrap};
use crate::mark::{EffectMark, Kinds as _, Mark, Phases};
use crate::outputs::{Executor, Outputs, READER, ReaderEffect, ReaderId, Want};

/// Which session.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub session: SessionId,
    /// Its owner as the store knows it, for readers who come before the owner does.
    pub executor: Option<Executor>,
    /// Bounds.
    pub limits: Limits,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The log was folded (or there was none): go on.
    Recovered,
    /// The owner is connected.
    OwnerUp {
        /// Who, as readers are told.
        executor: Executor,
        /// Its fencing number.
        epoch: Epoch,
    },
    /// The owner's link is gone.
    OwnerDown,
    /// The owner refused or ended the subscription; its link stands.
    SubscriptionLost,
    /// The next record from the owner, and the bytes that it took of the stream's window.
    Record {
        /// The record.
        record: OutputRecord,
        /// Bytes of the message.
        bytes: u64,
    },
    /// Somebody wants to read.
    ReaderOpened {
        /// Who.
        reader: ReaderId,
        /// What.
        want: Want,
    },
    /// A reader takes more.
    ReaderCredit {
        /// Who.
        reader: ReaderId,
        /// Bytes.
        bytes: u64,
    },
    /// A reader has gone.
    ReaderClosed {
        /// Who.
        reader: ReaderId,
    },
    /// An append is durable.
    Appended {
        /// Which.
        op: OpId,
    },
    /// Records were read from the log.
    Read {
        /// For which effect.
        op: OpId,
        /// The records.
        records: Vec<OutputRecord>,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Read the owner's outputs from that sequence on, in place of any subscription before.
    Subscribe {
        /// First record wanted.
        from: u64,
        /// The owner that is meant.
        epoch: Epoch,
    },
    /// Append to the journal's log.
    Append {
        /// Joins effect and outcome.
        op: OpId,
        /// The record.
        record: OutputRecord,
    },
    /// Give credit back to the owner.
    Consumed {
        /// Bytes.
        bytes: u64,
    },
    /// Something for readers.
    Reader(ReaderEffect),
    /// A reader is refused.
    RefuseReader {
        /// Who.
        reader: ReaderId,
        /// Why.
        refusal: Refusal,
    },
    /// The owner no longer has the records that come next here; the copy has to begin anew.
    Broken {
        /// The record wanted.
        wanted: u64,
        /// The record that came.
        got: u64,
    },
}

#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Owner {
    Away,
    Following {
        epoch: Epoch,
    },
    /// Asked again at that time.
    Refused {
        epoch: Epoch,
        retry_at: Boot,
    },
}

/// The cloud's copy of a session's outputs.
#[derive(Debug)]
pub struct SessionJournal {
    outputs: Outputs,
    owner: Owner,
    resubscribe_after: Duration,
    ops: OpIds,
    /// Bytes to give back when an append is durable.
    appending: BTreeMap<OpId, u64>,
}

impl SessionJournal {
    /// Says which records a recovered log still has, before they are applied.
    pub fn starts_at(&mut self, first: u64) {
        self.outputs.starts_at(first);
    }

    /// The copy, for views and oracles.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    fn subscribe(&mut self, epoch: Epoch, out: &mut impl Sink<Effect>) {
        self.owner = Owner::Following { epoch };
        self.appending.clear(); // what these took was credit of a stream that is gone
        out.push(Effect::Subscribe { from: self.outputs.next(), epoch });
    }

    fn on_record(&mut self, record: OutputRecord, bytes: u64, out: &mut impl Sink<Effect>) {
        if self.outputs.is_empty() {
            self.outputs.starts_at(record.sequence); // the owner may have trimmed what was before
        }
        let wanted = self.outputs.next();
        if record.sequence < wanted {
            return out.push(Effect::Consumed { bytes }); // from a subscription that was replaced
        }
        if record.sequence > wanted {
            return out.push(Effect::Broken { wanted, got: record.sequence });
        }
        self.apply(&record);
        let through = record.sequence;
        let op = self.ops.take();
        self.appending.insert(op, bytes);
        out.push(Effect::Append { op, record });
        self.outputs.show_through(through, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
    }
}

impl Machine for SessionJournal {
    const NAME: &'static str = "journal";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        let resubscribe_after = config.limits.redial_max;
        let mut outputs = Outputs::new(config.limits);
        if let Some(executor) = config.executor {
            outputs.set_executor(executor);
        }
        Self { outputs, owner: Owner::Away, resubscribe_after, ops: OpIds::default(), appending: BTreeMap::new() }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Recovered => {
                let through = self.outputs.next() - 1;
                self.outputs.show_through(through, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
            }
            Input::OwnerUp { executor, epoch } => {
                self.outputs.set_executor(executor);
                self.subscribe(epoch, out);
            }
            Input::OwnerDown => {
                if !matches!(std::mem::replace(&mut self.owner, Owner::Away), Owner::Away) {
                    self.outputs.owner_away(&mut Wrap { out, wrap: Effect::Reader });
                }
            }
            Input::SubscriptionLost => {
                if let Owner::Following { epoch } = self.owner {
                    let retry_at = now.boot.after(self.resubscribe_after);
                    self.owner = Owner::Refused { epoch, retry_at };
                }
            }
            Input::Record { record, bytes } => self.on_record(record, bytes, out),
            Input::ReaderOpened { reader, want } => {
                if let Err(attached) = self.outputs.open(reader, want) {
                    let detail = format!("{attached} readers are attached already");
                    out.push(Effect::RefuseReader { reader, refusal: Refusal::new(ErrorCode::Overloaded, detail) });
                }
            }
            Input::ReaderCredit { reader, bytes } => {
                self.outputs.credit(reader, bytes, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
            }
            Input::ReaderClosed { reader } => self.outputs.close(reader),
            Input::Appended { op } => {
                if let Some(bytes) = self.appending.remove(&op) {
                    out.push(Effect::Consumed { bytes });
                }
            }
            Input::Read { op, records } => {
                self.outputs.read(op, &records, &mut self.ops, &mut Wrap { out, wrap: Effect::Reader });
            }
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match self.owner {
            Owner::Refused { retry_at, .. } => Some(retry_at),
            Owner::Away | Owner::Following { .. } => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if let Owner::Refused { epoch, retry_at } = self.owner
            && now.boot >= retry_at
        {
            self.subscribe(epoch, out);
        }
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        match effect {
            Effect::Append { record, .. } => to.output(Keeper::Journal, record),
            Effect::Reader(ReaderEffect::Send { .. }) => {
                to.tell(Fact::Queue { queue: Queue::Readers, length: self.outputs.readers() as u64 });
            }
            _ => {}
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Owner::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.owner).into() });
    }

    fn effect_marks(effect: &Effect, out: &mut Vec<EffectMark>) {
        out.push(EffectMark { machine: Self::NAME, effect: effect.kind() });
        if let Effect::Reader(effect) = effect {
            out.push(EffectMark { machine: READER, effect: effect.kind() });
        }
    }
}

impl Durable for SessionJournal {
    type Record = OutputRecord;

    fn apply(&mut self, record: &OutputRecord) {
        self.outputs.push(record);
    }
}
