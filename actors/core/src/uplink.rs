//! The link that a device keeps to its server: dial, use, dial again.
//!
//! | phase \ input | `DialNow`, `Woke` | `Dialed` ok | `Dialed` error | the link's `Down` | deadline |
//! |---|---|---|---|---|---|
//! | Waiting | Dialing | abandoned | – | – | Dialing |
//! | Dialing | – | Linked | Waiting | – | abandoned, Waiting |
//! | Linked | – | abandoned | – | Waiting | the link's |
//!
//! A wait is drawn between the shortest and a bound that doubles with each attempt in a row that brought no link up; a
//! server that drains says itself how long. A refusal that trying again cannot mend is told, and tried again at the slowest
//! pace: its cause may be mended at the other end.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use strum::VariantNames as _;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::identity::{DeviceKey, ServerIdentity};
use wayfare_protocol::{Boot, ErrorCode, Limits, Now, Refusal};

use crate::fact::{Fact, Witness};
use crate::jitter::{SplitMix64, doubled};
use crate::link::{self, Introduction, Link, Purpose, Reason, Role};
use crate::machine::{Machine, OpId, OpIds, Sink, Wrap};
use crate::mark::{EffectMark, Kinds as _, Mark, Phases};

/// Who dials whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// Proves who this device is.
    pub key: DeviceKey,
    /// The server it is paired with.
    pub expects: ServerIdentity,
    /// What it says about itself.
    pub introduction: Introduction,
    /// The codec that the transport negotiates.
    pub codec: Codec,
    /// Bounds and durations.
    pub limits: Limits,
    /// For the variation of waits.
    pub seed: u64,
}

/// Why a dial brought no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialFailure {
    /// Nobody answered.
    #[error("cannot reach the server: {why}")]
    Unreachable {
        /// The system's reason.
        why: String,
    },
    /// Somebody else answered.
    #[error("another server answered: {why}")]
    WrongServer {
        /// What differs.
        why: String,
    },
    /// The dial took longer than [`Limits::dial`].
    #[error("the server did not answer in time")]
    TimedOut,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A dial has ended.
    Dialed {
        /// From [`Effect::Dial`].
        op: OpId,
        /// The shell keeps the connection under that number.
        outcome: Result<(), DialFailure>,
    },
    /// Something happened to a link, or is wanted of it; ignored if that link is over.
    Link {
        /// The dial that made its connection.
        op: OpId,
        /// What.
        input: link::Input,
    },
    /// The device was asleep: what kept it from the server may have gone.
    Woke,
    /// Somebody does not want to wait.
    DialNow,
}

/// What to do.
#[derive(Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Dial the server; answered by [`Input::Dialed`].
    Dial {
        /// Names the dial and the connection that it may bring.
        op: OpId,
    },
    /// Nobody wants that dial or connection any more: drop it.
    Abandon {
        /// From [`Effect::Dial`].
        op: OpId,
    },
    /// An effect of a link. After its [`link::Effect::Down`] the connection is closed.
    Link {
        /// The dial that made its connection.
        op: OpId,
        /// What.
        effect: link::Effect,
    },
    /// A dial failed.
    DialFailed {
        /// Why.
        failure: DialFailure,
    },
    /// There is no link; the next dial comes then.
    Waiting {
        /// When.
        until: Boot,
    },
    /// Trying again cannot mend this. It is still tried, every [`Limits::redial_max`].
    GaveUp {
        /// Why.
        refusal: Refusal,
    },
}

#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    Waiting { until: Boot, attempt: u32 },
    Dialing { op: OpId, deadline: Boot, attempt: u32 },
    Linked { op: OpId, link: Box<Link>, course: Course },
}

/// What a link's effects say about the dial after it.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// Attempts in a row that brought no link up.
    attempt: u32,
    /// The draining server's wish.
    retry_after: Option<Duration>,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
enum Wait {
    /// By the number of attempts.
    Backoff,
    /// As the server wishes.
    Asked(Duration),
    /// As long as may be.
    Longest,
}

/// The link that a device keeps to its server.
#[derive(Debug)]
pub struct Uplink {
    config: Config,
    jitter: SplitMix64,
    ops: OpIds,
    phase: Phase,
}

impl Uplink {
    /// The dial whose link is up, if one is.
    #[must_use]
    pub fn up(&self) -> Option<OpId> {
        match &self.phase {
            Phase::Linked { op, link, .. } if link.is_up() => Some(*op),
            Phase::Waiting { .. } | Phase::Dialing { .. } | Phase::Linked { .. } => None,
        }
    }

    fn dial(&mut self, now: Now, attempt: u32, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.phase = Phase::Dialing { op, deadline: now.boot.after(self.config.limits.dial), attempt };
        out.push(Effect::Dial { op });
    }

    fn wait(&mut self, now: Now, attempt: u32, wait: Wait, out: &mut impl Sink<Effect>) {
        let Limits { redial_min: min, redial_max: max, .. } = self.config.limits;
        let pause = match wait {
            Wait::Backoff => self.jitter.between(min, doubled(min, max, attempt.saturating_add(1))),
            Wait::Asked(pause) => pause.clamp(min, max.max(min)),
            Wait::Longest => max,
        };
        let until = now.boot.after(pause);
        self.phase = Phase::Waiting { until, attempt: attempt.saturating_add(1) };
        out.push(Effect::Waiting { until });
    }

    fn failed(&mut self, now: Now, attempt: u32, failure: DialFailure, out: &mut impl Sink<Effect>) {
        let refusal = match &failure {
            DialFailure::WrongServer { .. } => Some(Refusal::new(ErrorCode::Unauthenticated, failure.to_string())),
            DialFailure::Unreachable { .. } | DialFailure::TimedOut => None,
        };
        out.push(Effect::DialFailed { failure });
        self.wait_after(now, Course { attempt, retry_after: None }, refusal, out);
    }

    fn wait_after(&mut self, now: Now, course: Course, hopeless: Option<Refusal>, out: &mut impl Sink<Effect>) {
        let wait = match (hopeless, course.retry_after) {
            (Some(refusal), _) => {
                out.push(Effect::GaveUp { refusal });
                Wait::Longest
            }
            (None, Some(pause)) => Wait::Asked(pause),
            (None, None) => Wait::Backoff,
        };
        self.wait(now, course.attempt, wait, out);
    }

    fn dialed(&mut self, now: Now, op: OpId, outcome: Result<(), DialFailure>, out: &mut impl Sink<Effect>) {
        match (&self.phase, outcome) {
            (Phase::Dialing { op: current, attempt, .. }, Ok(())) if *current == op => {
                let Config { key, expects, introduction, codec, limits, .. } = self.config.clone();
                let role = Role::Dialer { key, expects, purpose: Purpose::Register(introduction) };
                let course = Course { attempt: *attempt, retry_after: None };
                let link = Box::new(Link::new(link::Config { role, codec, limits: Arc::new(limits) }, now));
                self.phase = Phase::Linked { op, link, course };
            }
            (Phase::Dialing { op: current, attempt, .. }, Err(failure)) if *current == op => {
                self.failed(now, *attempt, failure, out);
            }
            (_, Ok(())) => out.push(Effect::Abandon { op }),
            (_, Err(_)) => {}
        }
    }

    /// Moves the link, watches what it says, and goes on when it is over.
    fn link(&mut self, now: Now, input: Option<link::Input>, out: &mut impl Sink<Effect>) {
        let Phase::Linked { op, link, course } = &mut self.phase else { return };
        let op = *op;
        let mut over = None;
        let mut sink = Wrap {
            out: &mut *out,
            wrap: |effect| {
                match &effect {
                    link::Effect::Up(_) => course.attempt = 0,
                    link::Effect::Control(message) => {
                        if let Control::Draining { retry_after_ms } = **message {
                            course.retry_after = Some(Duration::from_millis(retry_after_ms.into()));
                        }
                    }
                    link::Effect::Down { reason } => over = Some(reason.clone()),
                    _ => {}
                }
                Effect::Link { op, effect }
            },
        };
        match input {
            Some(input) => link.step(now, input, &mut sink),
            None => link.wake(now, &mut sink),
        }
        let course = *course;
        if let Some(reason) = over {
            self.wait_after(now, course, hopeless(reason), out);
        }
    }
}

/// The refusal in a reason that trying again cannot mend.
fn hopeless(reason: Reason) -> Option<Refusal> {
    match reason {
        Reason::WrongServer { .. } => Some(Refusal::new(ErrorCode::Unauthenticated, reason.to_string())),
        Reason::Refused(refusal) => match refusal.code {
            ErrorCode::Unauthenticated | ErrorCode::VersionMismatch | ErrorCode::Forbidden => Some(refusal),
            _ => None,
        },
        Reason::Closed { .. }
        | Reason::Goodbye(_)
        | Reason::Handshake(_)
        | Reason::Paired(_)
        | Reason::Silence
        | Reason::Framing(_)
        | Reason::Overloaded => None,
    }
}

impl Machine for Uplink {
    const NAME: &'static str = "uplink";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    /// Wants to be woken at once, to dial.
    fn new(config: Config, now: Now) -> Self {
        let jitter = SplitMix64::new(config.seed);
        Self { config, jitter, ops: OpIds::default(), phase: Phase::Waiting { until: now.boot, attempt: 0 } }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match (&self.phase, input) {
            (_, Input::Dialed { op, outcome }) => self.dialed(now, op, outcome, out),
            (Phase::Linked { op: current, .. }, Input::Link { op, input }) if *current == op => {
                self.link(now, Some(input), out);
            }
            (_, Input::Link { .. }) => {}
            (Phase::Waiting { attempt, .. }, Input::Woke | Input::DialNow) => self.dial(now, *attempt, out),
            (Phase::Dialing { .. } | Phase::Linked { .. }, Input::Woke | Input::DialNow) => {}
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match &self.phase {
            Phase::Waiting { until, .. } => Some(*until),
            Phase::Dialing { deadline, .. } => Some(*deadline),
            Phase::Linked { link, .. } => link.deadline(),
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.deadline().is_none_or(|at| now.boot < at) {
            return;
        }
        match self.phase {
            Phase::Waiting { attempt, .. } => self.dial(now, attempt, out),
            Phase::Dialing { op, attempt, .. } => {
                out.push(Effect::Abandon { op });
                self.failed(now, attempt, DialFailure::TimedOut, out);
            }
            Phase::Linked { .. } => self.link(now, None, out),
        }
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        let Effect::Link { effect, .. } = effect else { return };
        if let link::Effect::Up(welcome) = effect {
            to.tell(Fact::Joined { device: self.config.key.device_id(), account: welcome.account });
        }
        if let Phase::Linked { link, .. } = &self.phase {
            link.witness(effect, to);
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
        if let Phase::Linked { link, .. } = &self.phase {
            link.marks(out);
        }
    }

    fn effect_marks(effect: &Effect, out: &mut Vec<EffectMark>) {
        out.push(EffectMark { machine: Self::NAME, effect: effect.kind() });
        if let Effect::Link { effect, .. } = effect {
            Link::effect_marks(effect, out);
        }
    }
}
