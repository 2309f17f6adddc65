//! `Target`: the node that a daemon comes to. It makes a copy that follows the source, and becomes the owner on a row that names it.
//!
//! | phase \ message | `SnapshotReady` | `BufferedEvents` | `ActivateTarget` | `MigrationFailed` |
//! |---|---|---|---|---|
//! | New | Looking | – | Looking | – |
//! | Looking, Clearing, Preparing, Pulling, Opening, Arriving | repeated | – | – | Looking, Preparing, Pulling: Ended |
//! | Following, not kept | says where it stands; sealed at another head: Clearing | processed | reads the row | Forgetting |
//! | Following, kept | the same | processed | reads the row | reads the row |
//! | Learning, Forgetting, Ended | – | – | – | – |
//!
//! *–* is answered with [`Wrong::Phase`](super::Wrong::Phase). `SnapshotReady` and `MigrationFailed` are the orchestrator's, `BufferedEvents` the
//! source's. `ActivateTarget` is taken of anybody: it makes this node look at the row, and the answer is what the row says. The other
//! messages are never accepted.
//!
//! What follows is *kept* from the moment at which this node lets an orchestrator count on where it stands; that is recorded first. What is not
//! kept may be forgotten at any time: nothing can have been committed on it. What is kept is forgotten only on a row at a higher epoch that
//! names another node, and becomes live only on one that names this node. A copy that is kept and hears nothing asks the owner
//! that the row names to raise the epoch.
//!
//! A node that was restarted finds what follows in its logs: kept, it reads the row; not kept, it is found by the orchestrator within
//! [`Limits::migration_patience`](wayfare_protocol::Limits::migration_patience), or forgotten.

mod answers;
mod following;
mod interface;
mod messages;

use strum::VariantNames as _;
use wayfare_protocol::migration::{
    FailureReason, MigrationMessage, MigrationPhase, MigrationStep, Party, SnapshotReady,
};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{Boot, Epoch, Head, MigrationId, NodeId, Now};

use super::travel;
use crate::daemon::MoveAsk;
use crate::machine::{Machine, OpId, OpIds, Sink};
use crate::mark::{Mark, Phases};
pub use interface::{Config, Effect, Input, Outcome};

/// See the module.
#[derive(Debug)]
pub struct Target {
    config: Config,
    stage: Stage,
    ops: OpIds,
}

#[expect(clippy::large_enum_variant, reason = "one for each migration")]
#[derive(Debug)]
enum Stage {
    New,
    Coming(Plan, Phase),
    Ended,
}

/// Whose migration it is.
#[derive(Clone, Debug)]
struct Plan {
    migration: MigrationId,
    /// Of the row under which it began. After a crash: that of the promise, or the lowest.
    epoch: Epoch,
    parties: Option<Parties>,
}

/// The others, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parties {
    orchestrator: NodeId,
    source: NodeId,
}

#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    /// The host was asked how it stands, if there is one.
    Looking { op: OpId, why: Why, again_at: Boot, give_up_at: Boot },
    /// What was here before is being deleted.
    Clearing { op: OpId, ready: Box<SnapshotReady> },
    /// The node looks for code and room.
    Preparing { op: OpId, ready: Box<SnapshotReady> },
    /// The snapshot is fetched; `None`: when it is time, once more.
    Pulling { op: Option<OpId>, ready: Box<SnapshotReady>, tries: u32, again_at: Boot },
    /// The key is opened.
    Opening { op: OpId, ready: Box<SnapshotReady> },
    /// The host makes the daemon.
    Arriving { op: OpId, ready: Box<SnapshotReady> },
    /// The daemon is there, and follows.
    Following(Following),
    /// The host is told that the daemon is this node's.
    Learning { row: Row, op: OpId, again_at: Boot },
    /// The copy is deleted.
    Forgetting { op: OpId },
}

/// Why the host is asked.
#[derive(Clone, Debug)]
enum Why {
    Restore(Box<SnapshotReady>),
    Activate { asked: NodeId, source: NodeId },
    Recovered,
}

/// A copy that stands where the source stood.
#[derive(Debug)]
struct Following {
    head: Head,
    is_kept: Kept,
    work: Work,
    again_at: Boot,
    give_up_at: Boot,
}

/// Whether it is recorded that only a row frees this node of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    No,
    Yes,
}

/// What the host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Idle,
    /// Frames are processed. The source stood there, and has sealed or not.
    Replaying {
        op: OpId,
        stood: u64,
        is_sealed: bool,
    },
    /// The promise is recorded; then this is said.
    Keeping {
        op: OpId,
        then: Say,
    },
}

/// What is said once it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    Restored,
    Replayed { behind: u64 },
}

impl Machine for Target {
    const NAME: &'static str = "target";
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
            Input::Row(row) => self.learn(now, &row, out),
            Input::Done { op, outcome } => match outcome {
                Outcome::Host(answer) => self.answered(now, op, answer, out),
                Outcome::Prepared(result) => self.prepared(now, op, result, out),
                Outcome::Pulled(result) => self.pulled(now, op, result, out),
                Outcome::Opened(result) => self.opened(op, result, out),
                Outcome::Read(Ok(Some(row))) => self.learn(now, &row, out),
                Outcome::Read(_) => {} // read again when it is time
            },
        }
    }

    fn deadline(&self) -> Option<Boot> {
        let Stage::Coming(_, phase) = &self.stage else { return None };
        match phase {
            Phase::Looking { again_at, give_up_at, .. } => Some((*again_at).min(*give_up_at)),
            Phase::Pulling { op: None, again_at, .. } | Phase::Learning { again_at, .. } => Some(*again_at),
            Phase::Following(following) => match following.is_kept {
                Kept::Yes => Some(following.again_at.min(following.give_up_at)),
                Kept::No => Some(following.give_up_at),
            },
            Phase::Clearing { .. }
            | Phase::Preparing { .. }
            | Phase::Pulling { .. }
            | Phase::Opening { .. }
            | Phase::Arriving { .. }
            | Phase::Forgetting { .. } => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Stage::Coming(plan, phase) = &self.stage else { return };
        let is_due = |at: &Boot| *at <= now.boot;
        match phase {
            Phase::Looking { why, again_at, give_up_at, .. } => {
                let (plan, why, give_up_at) = (plan.clone(), why.clone(), *give_up_at);
                if is_due(&give_up_at) && !matches!(why, Why::Recovered) {
                    self.fail(FailureReason::Timeout(MigrationPhase::Restore), out);
                } else if is_due(again_at) {
                    self.look(now, plan, why, give_up_at, out);
                }
            }
            Phase::Pulling { op: None, ready, tries, again_at } if is_due(again_at) => {
                let (ready, tries) = (ready.clone(), *tries);
                self.pull(ready, tries, now, out);
            }
            Phase::Following(_) => self.follow_on(now, out),
            Phase::Learning { row, again_at, .. } if is_due(again_at) => {
                let row = row.clone();
                self.tell_host(now, row, out);
            }
            _ => {}
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        if let Stage::Coming(_, phase) = &self.stage {
            out.push(Mark { machine: Self::NAME, phase: phase.into() });
        }
    }
}

impl Target {
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

    fn enter(&mut self, next: Phase) {
        if let Stage::Coming(_, phase) = &mut self.stage {
            *phase = next;
        }
    }

    fn look(&mut self, now: Now, plan: Plan, why: Why, give_up_at: Boot, out: &mut impl Sink<Effect>) {
        let op = self.host(MoveAsk::Stand, out);
        let again_at = self.retry_at(now);
        self.stage = Stage::Coming(plan, Phase::Looking { op, why, again_at, give_up_at });
    }

    fn parties(&self) -> Option<Parties> {
        if let Stage::Coming(plan, _) = &self.stage { plan.parties } else { None }
    }

    fn send(&self, node: NodeId, to: Party, step: MigrationStep, out: &mut impl Sink<Effect>) {
        if let Stage::Coming(Plan { migration, epoch, .. }, _) = &self.stage {
            let (migration, daemon, epoch) = (*migration, self.config.daemon, *epoch);
            out.push(Effect::Send { to: node, message: MigrationMessage { migration, daemon, epoch, to, step } });
        }
    }

    /// Says something to both.
    fn tell(&self, step: MigrationStep, out: &mut impl Sink<Effect>) {
        if let Some(Parties { orchestrator, source }) = self.parties() {
            self.send(orchestrator, Party::Orchestrator, step.clone(), out);
            self.send(source, Party::Source, step, out);
        }
    }

    /// It does not come, and nothing of it is here.
    fn fail(&mut self, reason: FailureReason, out: &mut impl Sink<Effect>) {
        if let Some(Parties { orchestrator, .. }) = self.parties() {
            self.send(orchestrator, Party::Orchestrator, MigrationStep::MigrationFailed { reason }, out);
        }
        self.end(out);
    }

    fn end(&mut self, out: &mut impl Sink<Effect>) {
        self.stage = Stage::Ended;
        out.push(Effect::Ended);
    }

    fn pull(&mut self, ready: Box<SnapshotReady>, tries: u32, now: Now, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        out.push(Effect::Pull { op, source: ready.source, manifest: ready.manifest.clone() });
        let again_at = self.retry_at(now);
        self.enter(Phase::Pulling { op: Some(op), ready, tries, again_at });
    }

    fn arrive(&mut self, ready: Box<SnapshotReady>, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        out.push(Effect::Arrive { op, ready: ready.clone() });
        self.enter(Phase::Arriving { op, ready });
    }

    /// Deletes a copy on which nothing can have been committed.
    fn forget(&mut self, out: &mut impl Sink<Effect>) {
        let Stage::Coming(plan, _) = &self.stage else { return };
        let op = self.host(MoveAsk::ForgetFollower(plan.epoch), out);
        self.enter(Phase::Forgetting { op });
    }
}
