//! When a node gives daemons away: because it has been busy for too long, one at a time; or because it is to be emptied, all.
//!
//! Load is the busier of processors and memory. Between the two marks nothing changes: a node does not tip to and fro at
//! one of them.
//!
//! | from \ input | `Load` at the mark or over | `Load` between | `Load` at the clear mark or under | last `MoveEnded` | `Drain` | `CancelDrain` |
//! |---|---|---|---|---|---|---|
//! | Calm | Pressed | same | same | same | Draining | same |
//! | Pressed | same; after `overload_after` one daemon moves: Relieving | same | Calm | same | Draining | same |
//! | Relieving | same | same | same | Resting for `overload_rest` | Draining, with what moves | same |
//! | Resting | same; when it is over: Pressed | same; Calm | same; Calm | same | Draining | same |
//! | Draining | same | same | same | same; `Drained` when all have ended | takes in more | Relieving with what moves, else Calm |
//!
//! Which daemon moves away where processors are busy: the one that keeps them busiest, of equals the one with the smallest state, then the
//! lowest id; none that uses less than `overload_share` of one. Where only memory is: the one with the largest state. One that came less than `overload_settle` ago stays, so that two busy nodes do not pass it to and fro.

mod drain;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Debug;

use strum::VariantNames as _;
use wayfare_protocol::capability::Load;
use wayfare_protocol::{Boot, Limits, Now};

use crate::mark::{Mark, Phases};
use crate::{Machine, Sink};

use drain::Drain;

/// Decides which daemons leave a node. `D` is a daemon's id.
#[derive(Debug)]
pub struct Overload<D> {
    limits: Limits,
    phase: Phase<D>,
}

#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase<D> {
    /// Not busy.
    Calm,
    /// Busy since then.
    Pressed { since: Boot },
    /// So many are on their way; no other is sent.
    Relieving { moving: BTreeSet<D> },
    /// A move has ended a moment ago: its effect is awaited.
    Resting { until: Boot },
    /// All are to leave.
    Draining(Drain<D>),
}

/// A daemon on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hosted<D> {
    /// Its id.
    pub daemon: D,
    /// How much of the time it processes events, in percent.
    pub busy_percent: u8,
    /// Bytes of its last snapshot.
    pub state_bytes: u64,
    /// When it began to run here.
    pub since: Boot,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<D> {
    /// The node measured how busy it is.
    Load {
        /// How busy.
        load: Load,
        /// The daemons that may be moved.
        hosted: Vec<Hosted<D>>,
    },
    /// The node is to be emptied: of these, and of whatever arrives.
    Drain {
        /// Every daemon on it.
        daemons: Vec<D>,
    },
    /// It is not to be emptied after all. What is on its way goes on.
    CancelDrain,
    /// A daemon began to run here.
    Arrived {
        /// Which.
        daemon: D,
    },
    /// A daemon ended that was not being moved.
    Gone {
        /// Which.
        daemon: D,
    },
    /// What became of a [`Effect::MoveAway`]. Each ends so exactly once.
    MoveEnded {
        /// Which daemon.
        daemon: D,
        /// What became of it.
        outcome: MoveOutcome,
    },
}

/// How a move ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveOutcome {
    /// The daemon is elsewhere, or has ended.
    Moved,
    /// It is still here: no node takes it, or the move was given up.
    Stayed,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect<D> {
    /// Look for a target and move the daemon there.
    MoveAway {
        /// Which.
        daemon: D,
        /// Why.
        why: Why,
    },
    /// Every daemon has been moved, or was tried as often as is worth it.
    Drained {
        /// Those that are still here.
        left: Vec<D>,
    },
}

/// Why a daemon is moved away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The node is too busy.
    Overload,
    /// The node is to be emptied.
    Drain,
}

impl<D: Copy + Ord + Debug> Machine for Overload<D> {
    const NAME: &'static str = "overload";
    type Config = Limits;
    type Input = Input<D>;
    type Effect = Effect<D>;

    fn new(limits: Limits, _now: Now) -> Self {
        Self { limits, phase: Phase::Calm }
    }

    fn step(&mut self, now: Now, input: Input<D>, out: &mut impl Sink<Effect<D>>) {
        match input {
            Input::Load { load, hosted } => self.measured(now.boot, load, &hosted, out),
            Input::Drain { daemons } => self.drain(daemons, out),
            Input::CancelDrain => self.cancel_drain(),
            Input::Arrived { daemon } => {
                if let Phase::Draining(drain) = &mut self.phase {
                    drain.add([daemon]);
                    drain.send(&self.limits, out);
                }
            }
            Input::Gone { daemon } => {
                if let Phase::Draining(drain) = &mut self.phase
                    && drain.remove(daemon)
                {
                    drain.send(&self.limits, out);
                    drain.tell_if_over(out);
                }
            }
            Input::MoveEnded { daemon, outcome } => self.move_ended(now.boot, daemon, outcome, out),
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match &self.phase {
            Phase::Draining(drain) => drain.deadline(&self.limits),
            // Decided when the load is next measured: an old measurement moves nothing.
            Phase::Calm | Phase::Pressed { .. } | Phase::Relieving { .. } | Phase::Resting { .. } => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect<D>>) {
        if let Phase::Draining(drain) = &mut self.phase {
            drain.retry_due(now.boot);
            drain.send(&self.limits, out);
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::<D>::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
    }
}

/// Where a load lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Over,
    Between,
    Under,
}

impl<D: Copy + Ord + Debug> Overload<D> {
    fn level(&self, load: Load) -> Level {
        match load.cpu_percent.max(load.memory_percent) {
            busy if busy >= self.limits.overload_mark => Level::Over,
            busy if busy > self.limits.overload_clear => Level::Between,
            _ => Level::Under,
        }
    }

    fn measured(&mut self, now: Boot, load: Load, hosted: &[Hosted<D>], out: &mut impl Sink<Effect<D>>) {
        let level = self.level(load);
        match (&self.phase, level) {
            (Phase::Calm, Level::Over) => self.phase = Phase::Pressed { since: now },
            (Phase::Pressed { .. }, Level::Under) => self.phase = Phase::Calm,
            (Phase::Pressed { since }, Level::Over) if now.since(*since) >= self.limits.overload_after => {
                // Where none can be moved the next measurement looks again.
                if let Some(daemon) = self.leaver(now, load, hosted) {
                    self.phase = Phase::Relieving { moving: BTreeSet::from([daemon]) };
                    out.push(Effect::MoveAway { daemon, why: Why::Overload });
                }
            }
            (Phase::Resting { until }, level) if *until <= now => {
                self.phase = match level {
                    Level::Over => Phase::Pressed { since: now },
                    Level::Between | Level::Under => Phase::Calm,
                };
            }
            (Phase::Calm, Level::Between | Level::Under)
            | (Phase::Pressed { .. }, Level::Between | Level::Over)
            | (Phase::Relieving { .. } | Phase::Resting { .. } | Phase::Draining(_), _) => {}
        }
    }

    /// Where processors are busy, one that does not keep them so would leave for nothing; where memory is, the largest helps most.
    fn leaver(&self, now: Boot, load: Load, hosted: &[Hosted<D>]) -> Option<D> {
        let settled = hosted.iter().filter(|it| now.since(it.since) >= self.limits.overload_settle);
        let leaver = if load.cpu_percent >= self.limits.overload_mark {
            let busy = settled.filter(|it| it.busy_percent >= self.limits.overload_share);
            busy.min_by_key(|it| (u8::MAX - it.busy_percent, it.state_bytes, it.daemon))
        } else {
            settled.min_by_key(|it| (u64::MAX - it.state_bytes, it.daemon))
        };
        leaver.map(|it| it.daemon)
    }

    fn drain(&mut self, daemons: Vec<D>, out: &mut impl Sink<Effect<D>>) {
        if !matches!(self.phase, Phase::Draining(_)) {
            let moving = match &mut self.phase {
                Phase::Relieving { moving } => std::mem::take(moving),
                Phase::Calm | Phase::Pressed { .. } | Phase::Resting { .. } | Phase::Draining(_) => BTreeSet::new(),
            };
            self.phase = Phase::Draining(Drain::new(moving));
        }
        if let Phase::Draining(drain) = &mut self.phase {
            drain.add(daemons);
            drain.send(&self.limits, out);
            drain.tell_if_over(out);
        }
    }

    fn cancel_drain(&mut self) {
        if let Phase::Draining(drain) = &mut self.phase {
            let moving = drain.take_moving();
            self.phase = if moving.is_empty() { Phase::Calm } else { Phase::Relieving { moving } };
        }
    }

    fn move_ended(&mut self, now: Boot, daemon: D, outcome: MoveOutcome, out: &mut impl Sink<Effect<D>>) {
        match &mut self.phase {
            Phase::Relieving { moving } => {
                moving.remove(&daemon);
                if moving.is_empty() {
                    self.phase = Phase::Resting { until: now.after(self.limits.overload_rest) };
                }
            }
            Phase::Draining(drain) => {
                if drain.ended(now, daemon, outcome, &self.limits) {
                    drain.send(&self.limits, out);
                    drain.tell_if_over(out);
                }
            }
            Phase::Calm | Phase::Pressed { .. } | Phase::Resting { .. } => {}
        }
    }
}
