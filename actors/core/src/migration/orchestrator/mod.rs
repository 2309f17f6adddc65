//! `Orchestrator`: leads one migration, from the source, the target or a third node. It holds no authority and remembers nothing: what it
//! leaves behind when it ends, is ended by source and target on the row.
//!
//! | phase \ message | `SnapshotReady` | `RestoreComplete` | `ReplayComplete` | `BufferedEvents` sealed | `ActivateAck` | `CleanupComplete` | `MigrationFailed` |
//! |---|---|---|---|---|---|---|---|
//! | Looking, Choosing | – | – | – | – | – | – | – |
//! | Snapshot | Transfer | – | – | – | – | – | ends; not deterministic: once more, sealed |
//! | Transfer | repeated | Replay; sealed: Deciding | – | – | – | – | ends; not ready: waits and asks again |
//! | Replay | repeated | noted | Cutover, when near | – | – | – | ends; frames gone: Snapshot, sealed |
//! | Cutover | repeated | noted | Deciding at the same head; Snapshot, sealed, at another | as `ReplayComplete` | – | – | Deciding (abort) |
//! | Deciding | – | – | – | – | – | – | – |
//! | Complete | – | – | – | – | noted | Ended | – |
//! | Ended | – | – | – | – | – | – | – |
//!
//! *–* is answered with [`Wrong::Phase`], a message of anybody else than the source or target whose it is with [`Wrong::Peer`]; neither changes
//! anything. The four messages that an orchestrator sends, and `BufferedEvents` without a sealed head, are never accepted.
//!
//! A chosen target that refuses a daemon which was not told to seal is followed by another, in a migration of its own.
//!
//! Of a source that is gone for good nothing is asked: it begins in Transfer, with the spare that the cloud kept, and commits where the
//! target has restored that.
//!
//! What was asked and not answered is asked again after [`Limits::migration_retry`](wayfare_protocol::Limits::migration_retry). A phase without progress
//! ends the migration: before the source was told to seal by saying so to both; after that by an attempt at the abort.

mod aim;
mod interface;
mod messages;
mod row;
mod spare;
mod told;

use strum::VariantNames as _;
use wayfare_protocol::migration::{
    FailureReason, MigrationMessage, MigrationPhase, MigrationStep, MoveMode, MoveState, Party, SnapshotReady,
};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{Boot, ErrorCode, Head, NodeId, Now, Refusal, SignedHead};

use super::travel;
use crate::fact::Witness;
use crate::jitter::{SplitMix64, doubled};
use crate::machine::{Machine, OpId, OpIds, Sink};
use crate::mark::{Mark, Phases};
pub use interface::{Config, Effect, Input, Outcome, Refused};

/// See the module.
#[derive(Debug)]
pub struct Orchestrator {
    config: Config,
    stage: Stage,
    ops: OpIds,
    jitter: SplitMix64,
    times: Times,
    /// What it begins with in the place of a source that is gone.
    spare: Option<Box<SnapshotReady>>,
    refused: Refused,
}

/// When what happened, for people.
#[derive(Debug, Default)]
struct Times {
    phases: Vec<(MigrationPhase, Boot)>,
    /// The source was first told to seal.
    sealed: Option<Boot>,
    /// The target said that it acts.
    live: Option<Boot>,
}

#[expect(clippy::large_enum_variant, reason = "one for each migration")]
#[derive(Debug)]
enum Stage {
    /// It was not told to begin.
    New,
    /// The row is being read.
    Looking { op: OpId, again_at: Boot, give_up_at: Boot },
    /// A target is being chosen.
    Choosing { op: OpId, row: Row, again_at: Boot, give_up_at: Boot },
    /// Source and target are known.
    Moving(Moving),
    /// It is over.
    Ended,
}

#[derive(Debug)]
struct Moving {
    /// As it was when the migration began.
    row: Row,
    target: NodeId,
    seal: Seal,
    phase: Phase,
    /// Of the newest snapshot.
    bytes: u64,
    again_at: Boot,
    give_up_at: Boot,
}

/// Whether the source may be sealed by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seal {
    NotAsked,
    Asked,
    /// There is no source any more that could be asked; the target goes on from there.
    Gone {
        base: Head,
    },
}

/// How far it is.
#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    /// The source was asked for a snapshot.
    Snapshot,
    /// The target was told of it.
    Transfer { ready: Box<SnapshotReady>, refused: u32, budget_ends: Option<Boot> },
    /// The target processes what the source has accepted since.
    Replay { ready: Box<SnapshotReady>, stands: u64 },
    /// The source was told to seal.
    Cutover { ready: Box<SnapshotReady>, sealed: Option<SignedHead>, stands: Option<Head> },
    /// The row is being decided.
    Deciding { wish: Wish, op: Option<OpId> },
    /// The row names the target.
    Complete,
}

/// For whom the row is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Commit,
    Abort(FailureReason),
}

impl Phase {
    fn shown(&self) -> MigrationPhase {
        match self {
            Self::Snapshot => MigrationPhase::Snapshot,
            Self::Transfer { .. } => MigrationPhase::Transfer,
            Self::Replay { .. } => MigrationPhase::Replay,
            Self::Cutover { .. } | Self::Deciding { .. } => MigrationPhase::Cutover,
            Self::Complete => MigrationPhase::Complete,
        }
    }
}

impl Machine for Orchestrator {
    const NAME: &'static str = "orchestrator";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        let jitter = SplitMix64::new(config.seed);
        let (stage, refused) = (Stage::New, Refused::default());
        Self { config, stage, ops: OpIds::default(), jitter, times: Times::default(), spare: None, refused }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Start => self.start(now, out),
            Input::Another(refused) => {
                self.refused = refused;
                self.start(now, out);
            }
            Input::Recover(spare) => {
                self.spare.get_or_insert(spare);
                self.start(now, out);
            }
            Input::Message { from, message } => self.on_message(now, from, message, out),
            Input::Row(row) => self.learn(now, &row, out),
            Input::Cancel => match &self.stage {
                Stage::Moving(Moving { phase: Phase::Deciding { .. } | Phase::Complete, .. }) | Stage::Ended => {}
                _ => self.fail(now, FailureReason::Cancelled, out),
            },
            Input::Done { op, outcome } => self.on_done(now, op, outcome, out),
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match &self.stage {
            Stage::New | Stage::Ended => None,
            Stage::Looking { again_at, give_up_at, .. } | Stage::Choosing { again_at, give_up_at, .. } => {
                Some((*again_at).min(*give_up_at))
            }
            Stage::Moving(moving) => Some(moving.again_at.min(moving.give_up_at)),
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        match &self.stage {
            Stage::New | Stage::Ended => {}
            Stage::Choosing { row, again_at, give_up_at, .. } => {
                if *give_up_at <= now.boot {
                    self.fail(now, FailureReason::NoTarget, out);
                } else if *again_at <= now.boot {
                    let (row, give_up_at) = (row.clone(), *give_up_at);
                    self.choose(now, row, give_up_at, out);
                }
            }
            Stage::Looking { again_at, give_up_at, .. } => {
                if *give_up_at <= now.boot {
                    self.fail(now, FailureReason::StoreUnreachable, out);
                } else if *again_at <= now.boot {
                    let give_up_at = *give_up_at;
                    self.look(now, give_up_at, out);
                }
            }
            Stage::Moving(moving) => {
                if moving.give_up_at <= now.boot {
                    self.give_up(now, out);
                } else if moving.again_at <= now.boot {
                    self.ask(now, out);
                }
            }
        }
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        self.tell(effect, to);
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        if let Stage::Moving(moving) = &self.stage {
            out.push(Mark { machine: Self::NAME, phase: (&moving.phase).into() });
        }
    }
}

impl Orchestrator {
    fn on_done(&mut self, now: Now, op: OpId, outcome: Outcome, out: &mut impl Sink<Effect>) {
        match (&self.stage, outcome) {
            (Stage::Looking { op: awaited, .. }, Outcome::Read(result)) if *awaited == op => match result {
                Ok(Some(row)) => self.found(now, row, out),
                Ok(None) => {
                    let why = Refusal::new(ErrorCode::NotFound, "the store knows no such daemon, so it cannot move");
                    self.fail(now, FailureReason::Refused(why), out);
                }
                Err(_) => {} // read again when it is time
            },
            (Stage::Choosing { op: awaited, row, .. }, Outcome::Chosen(chosen)) if *awaited == op => match chosen {
                Ok(Some(target)) => {
                    let row = row.clone();
                    self.begin(now, row, target, out);
                }
                Ok(None) => self.nobody_is_left(now, out),
                Err(_) => {} // asked again when it is time
            },
            (Stage::Moving(_), Outcome::Claimed(answer)) => self.claimed(now, op, answer, out),
            _ => {} // of something that is over
        }
    }

    fn begin(&mut self, now: Now, row: Row, target: NodeId, out: &mut impl Sink<Effect>) {
        if self.spare.is_some() {
            return self.begin_with_spare(now, row, target, out);
        }
        let seal = match self.config.order.mode {
            MoveMode::Live => Seal::NotAsked,
            MoveMode::StopAndCopy => Seal::Asked,
        };
        let (again_at, give_up_at) = (now.boot, now.boot);
        self.stage =
            Stage::Moving(Moving { row, target, seal, phase: Phase::Snapshot, bytes: 0, again_at, give_up_at });
        self.enter(now, Phase::Snapshot, out);
    }

    /// Goes on to a phase, and asks for what comes next.
    fn enter(&mut self, now: Now, phase: Phase, out: &mut impl Sink<Effect>) {
        let limits = &self.config.limits;
        let Stage::Moving(moving) = &mut self.stage else { return };
        let bytes = match &phase {
            // A source writes its snapshot, and a target fetches it, without a word.
            Phase::Transfer { ready, .. } => ready.manifest.total,
            Phase::Snapshot => limits.snapshot.min(moving.bytes.max(limits.migration_rate)),
            _ => 0,
        };
        if self.times.phases.last().is_none_or(|(shown, _)| *shown != phase.shown()) {
            self.times.phases.push((phase.shown(), now.boot));
        }
        if moving.seal == Seal::Asked {
            self.times.sealed.get_or_insert(now.boot);
        }
        moving.phase = phase;
        moving.give_up_at = now.boot.after(limits.migration_patience).after(travel(limits, bytes));
        self.publish(out);
        self.ask(now, out);
    }

    /// The target has come further: there is hope.
    fn progress(&mut self, now: Now) {
        let patience = self.config.limits.migration_patience;
        if let Stage::Moving(moving) = &mut self.stage {
            moving.give_up_at = moving.give_up_at.max(now.boot.after(patience));
        }
    }

    /// Asks for what the phase waits for; a repeat changes nothing where the first arrived.
    fn ask(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let again_at = now.boot.after(self.config.limits.migration_retry);
        let Stage::Moving(moving) = &mut self.stage else { return };
        moving.again_at = again_at;
        let (source, target) = (moving.row.owner, moving.target);
        match &moving.phase {
            Phase::Snapshot => {
                let seal = moving.seal == Seal::Asked;
                self.send(Party::Source, MigrationStep::TakeSnapshot { target, seal }, out);
            }
            Phase::Transfer { ready, .. } | Phase::Replay { ready, .. } => {
                let step = MigrationStep::SnapshotReady(ready.clone());
                self.send(Party::Target, step, out);
            }
            Phase::Cutover { ready, .. } => {
                // A target that began anew answers with where it stands.
                let step = MigrationStep::SnapshotReady(ready.clone());
                self.send(Party::Source, MigrationStep::CutoverNotify { target }, out);
                self.send(Party::Target, step, out);
            }
            Phase::Deciding { .. } => self.claim(out),
            Phase::Complete => self.send(Party::Target, MigrationStep::ActivateTarget { source }, out),
        }
    }

    fn send(&self, party: Party, step: MigrationStep, out: &mut impl Sink<Effect>) {
        let Stage::Moving(moving) = &self.stage else { return };
        let to = if party == Party::Source { moving.row.owner } else { moving.target };
        let Config { migration, ref order, .. } = self.config;
        let message = MigrationMessage { migration, daemon: order.daemon, epoch: moving.row.epoch, to: party, step };
        out.push(Effect::Send { to, message });
    }

    /// The time for a phase is over.
    fn give_up(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Moving(moving) = &self.stage else { return };
        match &moving.phase {
            // The target has it by the row, and source and target clean up between themselves.
            Phase::Complete => self.end(MoveState::Moved, out),
            Phase::Deciding { .. } => self.end(MoveState::Unknown, out),
            phase => {
                let reason = FailureReason::Timeout(phase.shown());
                self.fail(now, reason, out);
            }
        }
    }

    /// It does not go on. A source that may be sealed needs a row before it resumes.
    fn fail(&mut self, now: Now, reason: FailureReason, out: &mut impl Sink<Effect>) {
        match &self.stage {
            Stage::Moving(moving) if moving.seal == Seal::Asked => {
                self.enter(now, Phase::Deciding { wish: Wish::Abort(reason), op: None }, out);
            }
            _ => self.tell_failure(reason, out),
        }
    }

    fn tell_failure(&mut self, reason: FailureReason, out: &mut impl Sink<Effect>) {
        if let Stage::Moving(moving) = &self.stage {
            let source = (!matches!(moving.seal, Seal::Gone { .. })).then_some(Party::Source);
            for to in source.into_iter().chain([Party::Target]) {
                self.send(to, MigrationStep::MigrationFailed { reason: reason.clone() }, out);
            }
        }
        self.end(MoveState::Failed(reason), out);
    }

    fn end(&mut self, state: MoveState, out: &mut impl Sink<Effect>) {
        self.publish_as(state, out);
        self.stage = Stage::Ended;
        out.push(Effect::Ended);
    }

    /// When a target that is not ready is asked again.
    fn later(&mut self, now: Now, refused: u32) -> Boot {
        let limits = &self.config.limits;
        let most = doubled(limits.migration_ready_min, limits.migration_ready_max, refused);
        now.boot.after(self.jitter.between(most / 2, most))
    }
}
