//! The form that every decision takes: inputs in, effects out, time as an argument.

use std::fmt::Debug;

use wayfare_protocol::{Boot, Now};

use crate::fact::Witness;
use crate::mark::{EffectMark, Kinds, Mark, Phases};

/// Takes effects in the order in which they are decided.
pub trait Sink<E> {
    /// Takes one.
    fn push(&mut self, effect: E);
}

impl<E> Sink<E> for Vec<E> {
    fn push(&mut self, effect: E) {
        Vec::push(self, effect);
    }
}

/// Wraps a child machine's effects into its parent's.
pub struct Wrap<'a, S, F> {
    /// Where they go.
    pub out: &'a mut S,
    /// How they are wrapped.
    pub wrap: F,
}

impl<E, P, S: Sink<P>, F: FnMut(E) -> P> Sink<E> for Wrap<'_, S, F> {
    fn push(&mut self, effect: E) {
        let wrapped = (self.wrap)(effect);
        self.out.push(wrapped);
    }
}

/// Joins an asynchronous effect to the one input that tells its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// Hands out [`OpId`]s, each once in the life of a machine.
#[derive(Clone, Debug, Default)]
pub struct OpIds(u64);

impl OpIds {
    /// The next one.
    pub fn take(&mut self) -> OpId {
        self.0 += 1;
        OpId(self.0)
    }
}

/// A concept's decisions.
pub trait Machine: Sized {
    /// What it is called in marks and docs.
    const NAME: &'static str;
    /// Identity, limits, seed for jitter.
    type Config;
    /// What happened: plain data.
    type Input: Debug + Clone;
    /// What to do: plain data. An asynchronous one carries an [`OpId`] and ends in exactly one input with its outcome.
    type Effect: Debug + Kinds;

    /// The machine at its beginning.
    fn new(config: Self::Config, now: Now) -> Self;
    /// Takes one input and decides.
    fn step(&mut self, now: Now, input: Self::Input, out: &mut impl Sink<Self::Effect>);
    /// When it wants to be woken; `None`: only inputs move it.
    fn deadline(&self) -> Option<Boot>;
    /// Time has passed. Woken early, late or twice it does what is due and no more.
    fn wake(&mut self, now: Now, out: &mut impl Sink<Self::Effect>);

    /// Tells what of one of its effects oracles judge, after the step that decided it. Asked only where somebody listens.
    fn witness(&self, _effect: &Self::Effect, _to: &mut Witness) {}

    /// Its phases by name, and those of the parts that it has.
    const PHASES: &'static [Phases] = &[];
    /// The phases that it is in now, one of each part. Asked only where somebody listens.
    fn marks(&self, _out: &mut Vec<Mark>) {}
    /// Names one of its effects, and what it wraps of a part's. Asked only where somebody listens.
    fn effect_marks(effect: &Self::Effect, out: &mut Vec<EffectMark>) {
        out.push(EffectMark { machine: Self::NAME, effect: effect.kind() });
    }
}

/// A machine whose state is the fold of its records.
pub trait Durable: Machine {
    /// What is logged.
    type Record;
    /// Takes a record in: live when it is emitted, and again in order when the log is read.
    fn apply(&mut self, record: &Self::Record);
}

/// The earlier of two deadlines.
#[must_use]
pub fn earlier(a: Option<Boot>, b: Option<Boot>) -> Option<Boot> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
