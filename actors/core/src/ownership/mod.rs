//! Ownership of one resource, as its node sees it: may this node act for it, and under which epoch?
//!
//! | from \ input | `Created` | row at a higher epoch naming me | row at a higher epoch naming another | `Seal` | `Abort` |
//! |---|---|---|---|---|---|
//! | Unowned | Held at `Epoch::LOCAL` | Held at it | Unowned | refused | nothing |
//! | Held | nothing | Held at it | Released | Sealed; refused at `Epoch::LOCAL` | nothing |
//! | Sealed | nothing | Held at it | Released | Sealed; refused with another head | claim for me |
//! | Released | nothing | Held at it | Released to it | refused | nothing |
//!
//! A row at the epoch held or a lower one changes nothing, however it came: epochs never go back. It makes no difference to a
//! row whether it was granted, answers a claim as `Superseded`, or was pushed: only what it says counts (architecture §5.1).
//!
//! The row is claimed when this node holds the resource, the store is in reach, and the epoch is of an older generation than the
//! store's: what was made out of reach (generation 0) expects no row, what a restored store has to be told of expects
//! its own epoch, or the one that the store then shows. Until the grant comes, and while the store is out of reach, the owner
//! serves under the epoch that it has. An answer that does not come, or refuses, is asked for again after `Limits::request`.
//! A `NameTaken` answer gives the resource a visible second name, `name-2`, and claims again.
//!
//! | a claim in Held whose answer is | leads to |
//! |---|---|
//! | `Granted` or `Superseded`, a row at a higher epoch | as above |
//! | `Superseded`, naming me at a lower epoch (a restored store) | claim again, expecting that epoch |
//! | `NameTaken` for the present name | `Rename`, claim again |
//! | refused as `NotFound` (a restored store has no row) | claim again, expecting none |
//! | refused otherwise, or nothing | claim again after `Limits::request` |
//!
//! Durable: every change of phase or name is a [`Record`], applied when it is emitted. The machine that contains this one gives
//! [`Input::StoreReachable`] only once what was recorded before is durable. A loss of later records mends itself: the claim
//! made again finds the row as it became.

mod claiming;
mod second_name;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use strum::VariantNames as _;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, ResourceKey, Row};
use wayfare_protocol::{Boot, Epoch, ErrorCode, Head, Limits, NodeId, Now, Refusal, ResourceId};

use crate::machine::{Durable, Machine, Sink};
use crate::mark::{Mark, Phases};
use claiming::Store;
pub use second_name::{second_key, second_name};

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is owned.
    pub resource: ResourceId,
    /// This node.
    pub me: NodeId,
    /// `request`: a claim without an answer is made again after so long.
    pub limits: Limits,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The resource is made here and now.
    Created {
        /// The name wanted for it.
        key: ResourceKey,
    },
    /// The fold of the records is complete.
    Recovered,
    /// A row came over this node's own link to the store, unasked.
    Row(Row),
    /// The store's answer to a claim.
    Claimed(Result<ClaimOutcome, Refusal>),
    /// A migration begins: nothing is accepted any more, everything before `head` is durable.
    Seal {
        /// Where the inbox and the outputs end.
        head: Head,
    },
    /// A migration is to be given up, if the store still agrees.
    Abort,
    /// The link to the store is up.
    StoreReachable {
        /// The store's generation, at least 1.
        generation: u32,
    },
    /// The link to the store is gone; answers to claims will not come.
    StoreLost,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Make it durable.
    Append(Record),
    /// Ask the store; its answer is an [`Input::Claimed`].
    Claim(Claim),
    /// The resource has another name from now on: tell people.
    Rename {
        /// The name that was taken.
        from: ResourceKey,
        /// Its name now.
        to: ResourceKey,
    },
    /// The phase has changed.
    Publish(Phase),
    /// The seal was not set, and why.
    SealRefused(SealError),
}

/// Why a resource cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// This node does not own it.
    #[error("this node does not own it")]
    NotOwned,
    /// No store has granted it: nothing moves out of the store's reach.
    #[error("the control store does not know it yet, so it cannot move")]
    NotGranted,
    /// It is sealed at another head.
    #[error("it is sealed already, at inbox position {0}")]
    SealedElsewhere(u64),
}

/// Where this node stands.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Phase {
    /// It has never owned the resource.
    Unowned,
    /// It acts for it.
    Held {
        /// The row as far as is known; at [`Epoch::LOCAL`] no store has it.
        row: Row,
    },
    /// It has stopped for a migration and waits for what the row becomes.
    Sealed {
        /// The row under which it was sealed.
        row: Row,
        /// Where it stopped.
        head: Head,
    },
    /// Another node acts for it.
    Released {
        /// The row that says so.
        row: Row,
    },
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// Made here, at [`Epoch::LOCAL`], lineage 0.
    Created {
        /// The name wanted.
        key: ResourceKey,
    },
    /// The name was taken; this is the next one.
    Renamed {
        /// The name now.
        key: ResourceKey,
    },
    /// The row names this node.
    Held(Row),
    /// Sealed under the row held.
    Sealed {
        /// Where it stopped.
        head: Head,
    },
    /// The row names another node.
    Released(Row),
}

/// See the module's tables.
#[derive(Debug)]
pub struct Ownership {
    config: Config,
    phase: Phase,
    store: Store,
    /// The name it was created with, and the number in the last second name tried (1: none yet).
    wanted: Option<(ResourceKey, u32)>,
    parted: Parted,
}

/// Whether the present owner has what this node had when it was the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parted {
    No,
    /// It went on from a snapshot, on a branch of its own: from there, as far as that is known.
    From(Option<Head>),
}

impl Ownership {
    /// Whether something may be here that the present owner does not have, where this node stands at `head`: the owner went on from a
    /// snapshot while this node was thought to be lost (architecture §5.7).
    #[must_use]
    pub fn has_parted(&self, head: Option<Head>) -> bool {
        match self.parted {
            Parted::No => false,
            Parted::From(base) => base.is_none() || base != head,
        }
    }

    /// Where this node stands.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The row last known.
    #[must_use]
    pub fn row(&self) -> Option<&Row> {
        match &self.phase {
            Phase::Unowned => None,
            Phase::Held { row } | Phase::Sealed { row, .. } | Phase::Released { row } => Some(row),
        }
    }

    /// Whether a request may be served, and under which epoch. `stamped` is the epoch that the router put on it; `None` on a
    /// request of this node's own clients.
    ///
    /// # Errors
    /// `StaleEpoch` if another epoch is meant than the one held, or if this node does not act for the resource now.
    pub fn admit(&self, stamped: Option<Epoch>) -> Result<Epoch, Refusal> {
        let refuse = |detail: String| Err(Refusal::new(ErrorCode::StaleEpoch, detail));
        match &self.phase {
            Phase::Held { row } if stamped.is_none_or(|epoch| epoch == row.epoch) => Ok(row.epoch),
            Phase::Held { row } => refuse(format!(
                "the request is for epoch {}, and this node holds epoch {}",
                stamped.unwrap_or(row.epoch),
                row.epoch
            )),
            Phase::Unowned => refuse("this node does not own it".to_owned()),
            Phase::Sealed { row, .. } => refuse(format!("it is being moved; sealed at epoch {}", row.epoch)),
            Phase::Released { row } => {
                refuse(format!("device {} has it since epoch {}", row.owner.0.short(), row.epoch))
            }
        }
    }

    /// Emits a record and takes it in at once, as reading the log would.
    fn record(&mut self, record: Record, out: &mut impl Sink<Effect>) {
        self.apply(&record);
        self.settle();
        out.push(Effect::Append(record));
        out.push(Effect::Publish(self.phase.clone()));
    }

    /// A row of this resource, however it came.
    fn learn(&mut self, row: Row, out: &mut impl Sink<Effect>) {
        let news = row.resource == self.config.resource && self.row().is_none_or(|known| row.epoch > known.epoch);
        let mine = row.owner == self.config.me;
        match (&self.phase, mine) {
            _ if !news => {}
            (Phase::Unowned, false) => {}
            (_, true) => self.record(Record::Held(row), out),
            (Phase::Held { .. } | Phase::Sealed { .. } | Phase::Released { .. }, false) => {
                self.record(Record::Released(row), out);
            }
        }
    }

    fn seal(&mut self, head: Head, out: &mut impl Sink<Effect>) {
        match &self.phase {
            Phase::Held { row } if row.epoch == Epoch::LOCAL => out.push(Effect::SealRefused(SealError::NotGranted)),
            Phase::Held { .. } => self.record(Record::Sealed { head }, out),
            Phase::Sealed { head: sealed, .. } if *sealed == head => {}
            Phase::Sealed { head: sealed, .. } => {
                out.push(Effect::SealRefused(SealError::SealedElsewhere(sealed.inbox_position)));
            }
            Phase::Unowned | Phase::Released { .. } => out.push(Effect::SealRefused(SealError::NotOwned)),
        }
    }
}

impl Machine for Ownership {
    const NAME: &'static str = "ownership";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        Self { config, phase: Phase::Unowned, store: Store::OutOfReach, wanted: None, parted: Parted::No }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Created { key } => match self.phase {
                Phase::Unowned => self.record(Record::Created { key }, out),
                Phase::Held { .. } | Phase::Sealed { .. } | Phase::Released { .. } => {}
            },
            Input::Recovered => out.push(Effect::Publish(self.phase.clone())),
            Input::Row(row) => self.learn(row, out),
            Input::Claimed(answer) => self.answered(now, answer, out),
            Input::Seal { head } => self.seal(head, out),
            Input::Abort => self.abort(now, out),
            Input::StoreReachable { generation } => self.store = Store::Idle { generation },
            Input::StoreLost => self.store = Store::OutOfReach,
        }
        self.claim_if_due(now, out);
    }

    fn deadline(&self) -> Option<Boot> {
        self.store.again_at()
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.ask_again_if_due(now, out);
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
    }
}

impl Durable for Ownership {
    type Record = Record;

    fn apply(&mut self, record: &Record) {
        match (record, &mut self.phase) {
            (Record::Created { key }, phase) => {
                let Config { resource, me, .. } = self.config;
                self.wanted = Some((key.clone(), 1));
                let (epoch, lineage) = (Epoch::LOCAL, Lineage::default());
                *phase = Phase::Held { row: Row { resource, key: key.clone(), owner: me, epoch, lineage, base: None } };
            }
            (Record::Renamed { key }, Phase::Held { row }) => {
                row.key.clone_from(key);
                self.wanted = self.wanted.take().map(|(wanted, tried)| (wanted, tried.saturating_add(1)));
            }
            (Record::Held(row), phase) => {
                *phase = Phase::Held { row: row.clone() };
                self.parted = Parted::No;
            }
            (Record::Sealed { head }, Phase::Held { row }) => {
                self.phase = Phase::Sealed { row: row.clone(), head: *head };
            }
            (Record::Released(row), phase) => {
                if let Phase::Held { row: own } | Phase::Sealed { row: own, .. } = phase
                    && own.lineage != row.lineage
                {
                    self.parted = Parted::From(row.base);
                }
                *phase = Phase::Released { row: row.clone() };
            }
            // Never emitted in these phases.
            (Record::Renamed { .. } | Record::Sealed { .. }, _) => {}
        }
    }
}
