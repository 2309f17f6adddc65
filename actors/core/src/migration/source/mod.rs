//! `Source`: the node that a daemon leaves. It does what an orchestrator asks until it has sealed; from then on only the row counts.
//!
//! | phase \ message | `TakeSnapshot` | `RestoreComplete` | `ReplayComplete` | `CutoverNotify` | `ActivateAck` | `MigrationFailed` |
//! |---|---|---|---|---|---|---|
//! | New | Looking | – | – | Looking | – | Looking, to fence |
//! | Looking | repeated | – | – | repeated | – | – |
//! | Open: cutting, attesting | repeated | – | – | – | – | ends |
//! | Open: shown | told again; to seal: Sealing | sending | – | – | – | ends |
//! | Open: sending | to seal: Sealing | sends from there | sends on | Sealing | – | Fencing |
//! | Sealing | copies when sealed | sends from there | sends on | repeated | – | – |
//! | Sealed | copies; told again | sends from there | sends on | told again | – | claims for itself |
//! | Fencing, Learning | – | – | – | – | – | – |
//! | Released | – | – | – | – | forgets | – |
//! | Forgetting, Ended | – | – | – | – | – | – |
//!
//! *–* is answered with [`Wrong::Phase`](super::Wrong::Phase). `TakeSnapshot` and `CutoverNotify` are the orchestrator's, `RestoreComplete` and
//! `ReplayComplete` the target's, `MigrationFailed` of either; `ActivateAck` is of the node that the row names, and of nobody else. The other
//! messages are never accepted. Another migration's `TakeSnapshot` is answered with `AlreadyMigrating`.
//!
//! A row at a higher epoch, however it came, leads to Learning from every phase but the last three: the host is told, and what it then says
//! counts. A source that is sealed claims the row for itself after [`Limits::migration_sealed`](wayfare_protocol::Limits::migration_sealed), while it
//! writes its snapshot after [`Limits::migration_patience`](wayfare_protocol::Limits::migration_patience), or when it hears that the migration
//! failed, until it has read a row. *Fencing* is the same without a seal: a target that was told
//! nothing more may have promised to keep its copy, and a row at a higher epoch frees it.
//!
//! Without a memory of its own it goes on after a crash from what its host says: sealed, it waits and then claims; released, it asks the new
//! owner whether it is there. An orchestrator that is still there finds it by `CutoverNotify` or `TakeSnapshot`.

mod answers;
mod interface;
mod messages;
mod row;
mod sending;

use strum::VariantNames as _;
use wayfare_protocol::daemon::Durability;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::{
    FailureReason, MigrationMessage, MigrationPhase, MigrationStep, Party, SnapshotReady,
};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{Boot, Epoch, Head, MigrationId, NodeId, Now, SignedHead};

use super::travel;
use crate::daemon::MoveAsk;
use crate::machine::{Machine, OpId, OpIds, Sink};
use crate::mark::{Mark, Phases};
pub use interface::{Attested, Config, Effect, Input, Outcome};
use sending::Sending;

/// See the module.
#[derive(Debug)]
pub struct Source {
    config: Config,
    stage: Stage,
    ops: OpIds,
}

#[expect(clippy::large_enum_variant, reason = "one for each migration")]
#[derive(Debug)]
enum Stage {
    New,
    Leaving(Plan, Phase),
    Ended,
}

/// Whose migration it is.
#[derive(Clone, Debug)]
struct Plan {
    migration: MigrationId,
    /// Of the row when it began, or when this node started.
    epoch: Epoch,
    parties: Option<Parties>,
}

/// The others. None are known after a crash.
#[derive(Clone, Copy, Debug)]
struct Parties {
    orchestrator: NodeId,
    target: NodeId,
}

#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    /// The host was asked how it stands.
    Looking { op: OpId, why: Why, again_at: Boot, give_up_at: Boot },
    /// The daemon is live.
    Open { owned: Owned, work: Work, give_up_at: Boot },
    /// The host accepts nothing more; what it has ends first.
    Sealing { owned: Owned, op: OpId, then: Then },
    /// It is sealed.
    Sealed { owned: Owned, head: Head, work: Work, decide: Decide },
    /// The daemon is live, and the row is claimed to free a target's copy.
    Fencing { row: Row, op: OpId, again_at: Boot },
    /// The host is told of a row.
    Learning { row: Row, op: OpId, again_at: Boot },
    /// The row names another node, which has not said that it is there.
    Released { row: Row, again_at: Boot },
    /// What is here is deleted.
    Forgetting { op: OpId },
}

/// Why the host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Snapshot { seal: bool },
    Cutover,
    Fence,
    Recovered,
}

/// What comes after the seal.
#[expect(clippy::large_enum_variant, reason = "one for each migration")]
#[derive(Debug)]
enum Then {
    Copy,
    Replay(Sending),
}

/// The daemon as this node owns it.
#[derive(Clone, Debug)]
struct Owned {
    row: Row,
    durability: Durability,
}

/// What is done for the migration.
#[expect(clippy::large_enum_variant, reason = "one for each migration")]
#[derive(Debug)]
enum Work {
    /// Nothing: the orchestrator is not known.
    Idle,
    /// The host takes a snapshot.
    Cutting { op: OpId },
    /// The entity signs where that is.
    Attesting { op: OpId, manifest: Manifest },
    /// The orchestrator was told of it.
    Shown { ready: Box<SnapshotReady> },
    /// Frames go to the target.
    Sending(Sending),
}

/// What becomes of the seal.
#[derive(Clone, Copy, Debug)]
enum Decide {
    /// The orchestrator's.
    Wait { until: Boot },
    /// The row is claimed for this node.
    Claim { op: OpId, again_at: Boot },
}

impl Machine for Source {
    const NAME: &'static str = "source";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        Self { config, stage: Stage::New, ops: OpIds::default() }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Recovered { migration } => {
                if let Stage::New = self.stage {
                    let plan = Plan { migration, epoch: Epoch::LOCAL, parties: None };
                    self.look(now, plan, Why::Recovered, self.patience(now), out);
                }
            }
            Input::Message { from, message } => self.on_message(now, from, message, out),
            Input::Row(row) => self.learn(now, row, out),
            Input::Done { op, outcome } => match outcome {
                Outcome::Host(answer) => self.answered(now, op, answer, out),
                Outcome::Attested(result) => self.attested(now, op, result, out),
                Outcome::Read(Ok(Some(row))) => self.learn(now, row, out),
                Outcome::Read(_) => {} // read again when it is time
                Outcome::Claimed(answer) => self.claimed(now, op, answer, out),
            },
        }
    }

    fn deadline(&self) -> Option<Boot> {
        let Stage::Leaving(_, phase) = &self.stage else { return None };
        match phase {
            Phase::Looking { again_at, give_up_at, .. } => Some((*again_at).min(*give_up_at)),
            Phase::Open { work: Work::Sending(sending), give_up_at, .. } => Some((*give_up_at).min(sending.again_at)),
            Phase::Open { give_up_at, .. } => Some(*give_up_at),
            Phase::Sealed { work, decide, .. } => {
                let at = match decide {
                    Decide::Wait { until } => *until,
                    Decide::Claim { again_at, .. } => *again_at,
                };
                Some(if let Work::Sending(sending) = work { at.min(sending.again_at) } else { at })
            }
            Phase::Fencing { again_at, .. } | Phase::Learning { again_at, .. } | Phase::Released { again_at, .. } => {
                Some(*again_at)
            }
            Phase::Sealing { then: Then::Replay(sending), .. } => Some(sending.again_at),
            Phase::Sealing { .. } | Phase::Forgetting { .. } => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(plan, phase) = &self.stage else { return };
        let is_due = |at: &Boot| *at <= now.boot;
        match phase {
            Phase::Looking { why, again_at, give_up_at, .. } => {
                let (plan, why, give_up_at) = (plan.clone(), *why, *give_up_at);
                if is_due(&give_up_at) && !matches!(why, Why::Recovered) {
                    self.fail(now, FailureReason::Timeout(MigrationPhase::Snapshot), out);
                } else if is_due(again_at) {
                    self.look(now, plan, why, give_up_at, out); // the host had no answer
                }
            }
            Phase::Open { work, give_up_at, .. } => {
                if is_due(give_up_at) {
                    let shown = match work {
                        Work::Sending(_) => MigrationPhase::Replay,
                        Work::Shown { .. } => MigrationPhase::Transfer,
                        Work::Idle | Work::Cutting { .. } | Work::Attesting { .. } => MigrationPhase::Snapshot,
                    };
                    self.fail(now, FailureReason::Timeout(shown), out);
                } else {
                    self.send_if_due(now, out);
                }
            }
            Phase::Sealed { decide, .. } => {
                let (Decide::Wait { until: at } | Decide::Claim { again_at: at, .. }) = decide;
                if is_due(at) {
                    self.claim_back(now, out);
                }
                self.send_if_due(now, out);
            }
            Phase::Fencing { row, again_at, .. } => {
                if is_due(again_at) {
                    let row = row.clone();
                    self.fence(now, row, out);
                }
            }
            Phase::Learning { row, again_at, .. } => {
                if is_due(again_at) {
                    let row = row.clone();
                    self.tell_host(now, row, out);
                }
            }
            Phase::Released { again_at, .. } => {
                if is_due(again_at) {
                    self.ask_new_owner(now, out);
                }
            }
            Phase::Sealing { .. } => self.send_if_due(now, out),
            Phase::Forgetting { .. } => {}
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        if let Stage::Leaving(_, phase) = &self.stage {
            out.push(Mark { machine: Self::NAME, phase: phase.into() });
        }
    }
}

impl Source {
    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }

    /// Whether nothing was ever begun.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::New)
    }

    fn retry_at(&self, now: Now) -> Boot {
        now.boot.after(self.config.limits.migration_retry)
    }

    fn patience(&self, now: Now) -> Boot {
        now.boot.after(self.config.limits.migration_patience)
    }

    fn host(&mut self, ask: MoveAsk, out: &mut impl Sink<Effect>) -> OpId {
        let op = self.ops.take();
        out.push(Effect::Host { op, ask });
        op
    }

    fn look(&mut self, now: Now, plan: Plan, why: Why, give_up_at: Boot, out: &mut impl Sink<Effect>) {
        let op = self.host(MoveAsk::Stand, out);
        let again_at = self.retry_at(now);
        self.stage = Stage::Leaving(plan, Phase::Looking { op, why, again_at, give_up_at });
    }

    /// The target has come further and has a way to go: there is hope. Once it is near, the orchestrator has the word; and a seal is not
    /// stretched.
    fn progress(&mut self, now: Now) {
        let patience = self.patience(now);
        if let Stage::Leaving(_, Phase::Open { give_up_at, .. }) = &mut self.stage {
            *give_up_at = (*give_up_at).max(patience);
        }
    }

    fn send(&self, node: NodeId, to: Party, step: MigrationStep, out: &mut impl Sink<Effect>) {
        if let Stage::Leaving(Plan { migration, epoch, .. }, _) = &self.stage {
            let (migration, daemon, epoch) = (*migration, self.config.daemon, *epoch);
            out.push(Effect::Send { to: node, message: MigrationMessage { migration, daemon, epoch, to, step } });
        }
    }

    fn parties(&self) -> Option<Parties> {
        if let Stage::Leaving(plan, _) = &self.stage { plan.parties } else { None }
    }

    /// It does not go on, on this side's account.
    fn fail(&mut self, now: Now, reason: FailureReason, out: &mut impl Sink<Effect>) {
        if let Some(Parties { orchestrator, .. }) = self.parties() {
            self.send(orchestrator, Party::Orchestrator, MigrationStep::MigrationFailed { reason }, out);
        }
        self.stop(now, out);
    }

    /// It does not go on: a daemon that is live stays so, a seal ends by a row.
    fn stop(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Leaving(_, phase) = &self.stage else { return };
        match phase {
            Phase::Open { owned, work: Work::Sending(_), .. } => {
                let row = owned.row.clone();
                self.fence(now, row, out);
            }
            Phase::Sealed { decide: Decide::Wait { .. }, .. } => self.claim_back(now, out),
            Phase::Looking { .. } | Phase::Open { .. } | Phase::Sealing { .. } => self.end(out),
            Phase::Sealed { .. }
            | Phase::Fencing { .. }
            | Phase::Learning { .. }
            | Phase::Released { .. }
            | Phase::Forgetting { .. } => {}
        }
    }

    fn end(&mut self, out: &mut impl Sink<Effect>) {
        self.host(MoveAsk::LetGo, out);
        self.stage = Stage::Ended;
        out.push(Effect::Ended);
    }

    fn cut(&mut self, now: Now, owned: Owned, out: &mut impl Sink<Effect>) {
        let limits = &self.config.limits;
        let give_up_at = now.boot.after(limits.migration_patience).after(travel(limits, limits.snapshot));
        let op = self.host(MoveAsk::Cut, out);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Open { owned, work: Work::Cutting { op }, give_up_at };
        }
    }

    fn seal(&mut self, owned: Owned, then: Then, out: &mut impl Sink<Effect>) {
        let op = self.host(MoveAsk::Seal, out);
        if let Stage::Leaving(_, phase) = &mut self.stage {
            *phase = Phase::Sealing { owned, op, then };
        }
    }

    /// The sealed daemon is copied.
    fn copy_sealed(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let op = self.host(MoveAsk::Cut, out);
        let patience = now.boot.after(self.config.limits.migration_patience);
        if let Stage::Leaving(_, Phase::Sealed { work, decide, .. }) = &mut self.stage {
            *work = Work::Cutting { op };
            if let Decide::Wait { until } = decide {
                *until = (*until).max(patience); // a large snapshot takes its time to write; nobody can be late meanwhile
            }
        }
    }

    /// What was accepted last goes to the target, with the entity's word that it is the last.
    fn sign_sealed(&mut self, mut sending: Sending, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        sending.signing = Some(op);
        if let Stage::Leaving(_, Phase::Sealed { owned, head, work, .. }) = &mut self.stage {
            let (lineage, epoch) = (owned.row.lineage, owned.row.epoch);
            out.push(Effect::Attest { op, head: *head, lineage, epoch, key_for: None });
            *work = Work::Sending(sending);
        }
    }
}

/// The word of an entity for a head, once it is there.
type Signed = Option<SignedHead>;
