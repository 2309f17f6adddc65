//! The trace: every input and effect of every actor with its virtual time, rolled into one digest. Equal digests mean equal runs.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wayfare_actors::actor::Trace;
use wayfare_core::{EffectMark, Fact, Mark};

use crate::evidence::Evidence;
use crate::life::Life;
use crate::place::Place;
use crate::trap::Traps;
use crate::world::World;

/// One line of the trace.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Virtual nanoseconds since the beginning.
    pub at: u64,
    /// The machine or the person; `world` for what comes from outside of all of them.
    pub place: &'a str,
    /// The actor there.
    pub actor: &'a str,
    /// An input (`< ...`), an effect (`> ...`), or a sentence.
    pub text: &'a str,
}

/// A message that was sent between two places.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Virtual nanoseconds at which it was sent.
    pub sent: u64,
    /// And at which it arrives, if nothing comes between.
    pub arrives: u64,
    /// Where it was sent.
    pub from: Place,
    /// Where to.
    pub to: Place,
    /// The frame.
    pub frame: &'a Bytes,
}

/// What a listener is told.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// A line, as it is written.
    Line(Line<'a>),
    /// A message, as it is sent.
    Message(Message<'a>),
}

/// Is told everything as it happens.
pub type Listener = Box<dyn FnMut(Heard<'_>) + Send>;

/// Takes all lines of a world.
pub struct Tracer {
    world: Arc<World>,
    /// Where facts and marks go.
    evidence: Arc<Evidence>,
    rolling: Mutex<Rolling>,
}

struct Rolling {
    hasher: blake3::Hasher,
    line: String,
    lines: u64,
    listener: Option<Listener>,
}

impl Tracer {
    /// A tracer, and who is told of each line.
    #[must_use]
    pub fn new(world: Arc<World>, evidence: Arc<Evidence>, listener: Option<Listener>) -> Arc<Self> {
        let rolling = Rolling { hasher: blake3::Hasher::new(), line: String::new(), lines: 0, listener };
        Arc::new(Self { world, evidence, rolling: Mutex::new(rolling) })
    }

    /// Where facts and marks go.
    #[must_use]
    pub fn evidence(&self) -> &Arc<Evidence> {
        &self.evidence
    }

    /// Notes a line about an actor in a place.
    pub fn note(&self, place: &str, actor: &str, line: std::fmt::Arguments<'_>) {
        let at = self.world.nanos();
        let mut rolling = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        let rolling = &mut *rolling;
        rolling.line.clear();
        let _ = write!(rolling.line, "{at} {place} {actor} "); // a String takes everything
        let head = rolling.line.len();
        let _ = writeln!(rolling.line, "{line}");
        rolling.hasher.update(rolling.line.as_bytes());
        rolling.lines += 1;
        if let Some(listener) = &mut rolling.listener {
            let text = rolling.line[head..].trim_end_matches('\n');
            listener(Heard::Line(Line { at, place, actor, text }));
        }
    }

    /// Tells the listener of a message. What became of it stands in the lines of those who send and receive.
    pub fn pass(&self, message: Message<'_>) {
        let mut rolling = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = &mut rolling.listener {
            listener(Heard::Message(message));
        }
    }

    /// Tells the listener of the phases that an actor is in now, as a line `phases ...`. The digest has what led there.
    pub fn phases(&self, place: &str, actor: &str, marks: &[Mark]) {
        let at = self.world.nanos();
        let mut rolling = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = &mut rolling.listener {
            let names: Vec<_> = marks.iter().map(ToString::to_string).collect();
            let text = format!("phases {}", names.join(", "));
            listener(Heard::Line(Line { at, place, actor, text: &text }));
        }
    }

    /// The digest of everything so far, and how many lines that was.
    #[must_use]
    pub fn digest(&self) -> (String, u64) {
        let rolling = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        (rolling.hasher.finalize().to_hex().to_string(), rolling.lines)
    }
}

/// The trace of one process, for as long as it lives: its last throes come in no order that a seed decides.
pub struct ProcessTrace {
    /// Takes its lines.
    pub tracer: Arc<Tracer>,
    /// Where it is.
    pub place: Place,
    /// Its place's name.
    pub name: String,
    /// Its life.
    pub life: Arc<Life>,
    /// What is to happen at a step.
    pub traps: Arc<Traps>,
}

impl Trace for ProcessTrace {
    fn note(&self, actor: &str, what: std::fmt::Arguments<'_>) {
        if self.life.step() {
            self.tracer.note(&self.name, actor, what);
            self.traps.step(self.place, &self.life, actor, what);
        }
    }

    fn fact(&self, _actor: &str, fact: &Fact) {
        if self.life.is_lived() {
            self.tracer.evidence.fact(&self.name, fact);
        }
    }

    fn compares_events(&self) -> bool {
        true
    }

    fn marks(&self, actor: &str, marks: &[Mark]) {
        if self.life.is_lived() {
            self.tracer.evidence.marks(&self.name, actor, marks);
            self.tracer.phases(&self.name, actor, marks);
        }
    }

    fn decides(&self, effect: EffectMark) {
        if self.life.is_lived() {
            self.tracer.evidence.decides(effect);
        }
    }

    fn wants_marks(&self) -> bool {
        true
    }
}
