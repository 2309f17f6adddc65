//! The trace: every input and effect of every actor with its virtual time, rolled into one digest. Equal digests mean equal runs.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use wayfare_actors::actor::Trace;
use wayfare_core::{Fact, Mark};

use crate::evidence::Evidence;
use crate::life::Life;
use crate::place::Place;
use crate::trap::Traps;
use crate::world::World;

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
    print: Option<String>,
}

impl Tracer {
    /// A tracer that prints the lines which contain a text, if there is one.
    #[must_use]
    pub fn new(world: Arc<World>, evidence: Arc<Evidence>, print: Option<String>) -> Arc<Self> {
        let rolling = Rolling { hasher: blake3::Hasher::new(), line: String::new(), lines: 0, print };
        Arc::new(Self { world, evidence, rolling: Mutex::new(rolling) })
    }

    /// Where facts and marks go.
    #[must_use]
    pub fn evidence(&self) -> &Arc<Evidence> {
        &self.evidence
    }

    /// Notes a line about something in a place.
    #[expect(clippy::print_stderr, reason = "printing is what was asked for")]
    pub fn note(&self, place: &str, what: &str, line: std::fmt::Arguments<'_>) {
        let at = self.world.nanos();
        let mut rolling = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        let rolling = &mut *rolling;
        rolling.line.clear();
        let _ = writeln!(rolling.line, "{at} {place} {what} {line}"); // a String takes everything
        rolling.hasher.update(rolling.line.as_bytes());
        rolling.lines += 1;
        if rolling.print.as_ref().is_some_and(|text| rolling.line.contains(text)) {
            eprint!("{}", rolling.line);
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
        }
    }

    fn wants_marks(&self) -> bool {
        true
    }
}
