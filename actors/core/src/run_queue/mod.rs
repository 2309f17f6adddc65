//! Runs that wait in a document for the device that was asked for them without a connection: the entry that everybody reads
//! ([`QueuedRun`]), and `RunQueue`, by which a node sends its own.
//!
//! | a run | then |
//! |---|---|
//! | is asked for | it is kept, then entered in its document, then whoever asked is told |
//! | was kept, and nobody told before a crash | it is taken back |
//! | waits, and the cloud is within reach | its document is brought into step, and looked at |
//! | is not entered any more | it was taken back: nothing is sent |
//! | is entered | its session is opened, that is noted durably, the entry says it, and it is sent |
//! | is turned away, its device being gone just then | it waits on, and goes to that session or to none |
//! | was noted before a crash | it may have been sent: it is asked for `again`, in that session |
//! | is accepted | its entry is taken out, and it is forgotten |
//! | is refused, or its session does not know it | its entry says so, until somebody takes that out; it is forgotten |
//!
//! Those of one session are sent in the order in which they were asked for, each when the one before is accepted. One whose devices
//! are not there, or which nobody answers for, is tried again after [`Limits::queue_retry`](wayfare_protocol::Limits::queue_retry); those of other
//! sessions go on, [`AT_ONCE`] at a time.

mod entry;
mod interface;
mod sending;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use wayfare_protocol::limits::QUEUED_RUNS_MAX;
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal, RunId, SessionId};

use crate::machine::{Durable, Machine, OpId, OpIds, Sink, earlier};
pub use entry::{QUEUE, QueuedEnd, QueuedRun, QueuedRunError};
pub use interface::{AskedRun, Config, Effect, Input, Outcome, Record};

/// Runs that are being sent at one time.
pub const AT_ONCE: usize = 8;

/// Records of a log beyond those that are needed, before it is written anew.
const SURPLUS: u64 = 1_000;

/// Where a run stands. Each phase with an operation under way ends with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It is being kept.
    Keeping,
    /// Its entry is being written.
    Entering,
    /// That it waits is being noted.
    Admitting,
    /// For the cloud, its turn, or that time.
    Waiting { retry_at: Option<Boot> },
    /// Its document is brought into step.
    Looking,
    /// Its session is being opened.
    Opening,
    /// That it is sent there is being noted.
    Noting { session: SessionId },
    /// The entry is to say so.
    Saying { session: SessionId },
    /// The session has been asked; `again`: not for the first time.
    Sending { session: SessionId, again: bool },
    /// It may have been asked, and nobody answered: it is asked again, when the cloud is there, or at that time.
    Unanswered { session: SessionId, retry_at: Option<Boot> },
    /// Its entry is being taken out, or is to say how it ended.
    Leaving,
    /// That failed; it is tried again at that time.
    Staying { retry_at: Boot },
}

/// A run that is not over.
#[derive(Clone, Debug)]
struct Known {
    asked: Box<AskedRun>,
    /// Its document said durably that it waits.
    is_admitted: bool,
    /// Where it was noted to be sent last.
    noted: Option<SessionId>,
    /// Nobody takes it.
    end: Option<QueuedEnd>,
    phase: Phase,
    op: Option<OpId>,
}

/// The runs that this node was asked for and has yet to send. See the module's table.
#[derive(Debug)]
pub struct RunQueue {
    config: Config,
    is_there: bool,
    ops: OpIds,
    /// In the order in which they were asked for.
    runs: Vec<Known>,
}

impl RunQueue {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What a log with so many records is to be written anew with; `None`: it may stay as it is.
    #[must_use]
    pub fn renewed(&self, records: u64) -> Option<Vec<Record>> {
        let all: Vec<Record> = self.runs.iter().flat_map(Known::records).collect();
        (records > all.len() as u64 + SURPLUS).then_some(all)
    }

    fn known(&mut self, run: RunId) -> Option<&mut Known> {
        self.runs.iter_mut().find(|known| known.asked.run == run)
    }

    fn ask(&mut self, asked: Box<AskedRun>, out: &mut impl Sink<Effect>) {
        let run = asked.run;
        let refusal = if self.known(run).is_some() {
            Refusal::new(ErrorCode::Malformed, format!("{run} waits already"))
        } else if self.runs.len() >= QUEUED_RUNS_MAX {
            Refusal::new(ErrorCode::Overloaded, format!("{QUEUED_RUNS_MAX} runs wait at this device, the limit"))
        } else {
            return self.append(Record::Asked(asked), Phase::Keeping, out);
        };
        out.push(Effect::Tell { run, outcome: Err(refusal) });
    }

    /// Appends what is known of a run, which is in that phase until it is durable.
    fn append(&mut self, record: Record, phase: Phase, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        let run = record.run();
        self.apply(&record);
        if let Some(known) = self.known(run) {
            (known.phase, known.op) = (phase, Some(op));
        }
        out.push(Effect::Append { op, record });
    }

    fn recovered(&mut self) {
        for known in &mut self.runs {
            known.phase = match (known.is_admitted, known.noted) {
                (false, _) => Phase::Staying { retry_at: Boot::default() },
                (true, Some(session)) => Phase::Unanswered { session, retry_at: None },
                (true, None) => Phase::Waiting { retry_at: None },
            };
        }
    }

    fn above(&mut self, is_there: bool) {
        self.is_there = is_there;
        for known in &mut self.runs {
            if let Phase::Waiting { retry_at } | Phase::Unanswered { retry_at, .. } = &mut known.phase {
                *retry_at = None;
            }
        }
    }

    /// Begins with whatever may be begun.
    fn go_on(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let mut room = AT_ONCE.saturating_sub(self.runs.iter().filter(|known| known.phase.is_on_its_way()).count());
        let mut behind = BTreeSet::new();
        for at in 0..self.runs.len() {
            let Some(known) = self.runs.get(at) else { break };
            let is_due = match known.phase {
                Phase::Staying { retry_at } => retry_at <= now.boot,
                Phase::Waiting { retry_at } | Phase::Unanswered { retry_at, .. } => {
                    let is_first = !behind.contains(&known.asked.open.key);
                    is_first && room > 0 && self.is_there && retry_at.is_none_or(|at| at <= now.boot)
                }
                _ => false,
            };
            if known.phase.holds_up() {
                behind.insert(known.asked.open.key.clone());
            }
            if is_due {
                room -= usize::from(!matches!(known.phase, Phase::Staying { .. }));
                self.begin(at, out);
            }
        }
    }
}

impl Phase {
    /// Whether something is being done to send it.
    fn is_on_its_way(self) -> bool {
        matches!(self, Self::Looking | Self::Opening | Self::Noting { .. } | Self::Saying { .. } | Self::Sending { .. })
    }

    /// Whether those of its session that come after it wait for it.
    fn holds_up(self) -> bool {
        !matches!(self, Self::Leaving | Self::Staying { .. })
    }
}

impl Known {
    fn records(&self) -> Vec<Record> {
        let run = self.asked.run;
        let waits = self.is_admitted.then_some(Record::Waits { run });
        let sends = self.noted.map(|session| Record::Sends { run, session });
        [Record::Asked(self.asked.clone())].into_iter().chain(waits).chain(sends).collect()
    }
}

impl Record {
    fn run(&self) -> RunId {
        match self {
            Self::Asked(asked) => asked.run,
            Self::Waits { run } | Self::Sends { run, .. } | Self::Over { run } => *run,
        }
    }
}

impl Machine for RunQueue {
    const NAME: &'static str = "run_queue";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        Self { config, is_there: false, ops: OpIds::default(), runs: Vec::new() }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Recovered => self.recovered(),
            Input::Ask(asked) => self.ask(asked, out),
            Input::AboveUp => self.above(true),
            Input::AboveDown => self.above(false),
            Input::Done { op, outcome } => self.done(now, op, outcome, out),
        }
        self.go_on(now, out);
    }

    fn deadline(&self) -> Option<Boot> {
        let due = |known: &Known| match known.phase {
            Phase::Staying { retry_at } => Some(retry_at),
            Phase::Waiting { retry_at } | Phase::Unanswered { retry_at, .. } if self.is_there => retry_at,
            _ => None,
        };
        self.runs.iter().fold(None, |first, known| earlier(first, due(known)))
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.go_on(now, out);
    }
}

impl Durable for RunQueue {
    type Record = Record;

    fn apply(&mut self, record: &Record) {
        match record {
            Record::Asked(asked) if self.known(asked.run).is_none() => {
                let asked = asked.clone();
                self.runs.push(Known {
                    asked,
                    is_admitted: false,
                    noted: None,
                    end: None,
                    phase: Phase::Keeping,
                    op: None,
                });
            }
            Record::Asked(_) => {} // the log was written anew
            Record::Waits { run } => {
                if let Some(known) = self.known(*run) {
                    known.is_admitted = true;
                }
            }
            Record::Sends { run, session } => {
                if let Some(known) = self.known(*run) {
                    known.noted = Some(*session);
                }
            }
            Record::Over { run } => self.runs.retain(|known| known.asked.run != *run),
        }
    }
}
