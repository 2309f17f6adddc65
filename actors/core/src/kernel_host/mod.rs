//! The session host's decisions: what its kernel executes, what is recorded of it, and who is told.
//!
//! | kernel \ event | `HandOver` | `Ready` | `Reply`, then `Idle` or grace over | `ShutDown` | `Died` | deadline |
//! |---|---|---|---|---|---|---|
//! | Starting | waits | Serving | – | Stopping | Gone | `kernel_start`: killed, then Gone |
//! | Serving, idle | executes | – | – | Stopping | Gone | – |
//! | Serving, a run | waits | – | run ends, next executes | Stopping | run `Interrupted`, Gone | `reply_grace`: run ends |
//! | Stopping | refused | – | run ends | – | run `Interrupted`, Gone | harder step each `kernel_stop`, at last Gone |
//! | Gone | refused | – | – | exit sooner | – | `host_linger`: exit |
//!
//! * **Positions.** They come in order and are executed in order, each once; one that is not greater than the last, and a
//!   (run, attempt) that is not newer than one handed over before, are ignored. When the kernel goes, what it was not yet
//!   given is given back: it has no record, and `last_position` is again the last position that was executed or taken back.
//!   A run without a record when `Gone` is told was never started.
//! * **Numbers.** Records are numbered for the session, events for the (run, attempt). Nothing that is not kept loses its
//!   number: [`RunEvent::Omitted`](wayfare_protocol::mrp::RunEvent::Omitted) stands for it.
//! * **The end of a run** is the kernel's reply. Its last outputs travel by another way, so the end is recorded when `Idle`
//!   has come too, or when nothing came for `reply_grace` (kernels lose `Idle` when a reader is slow). A kernel that is known to
//!   send outputs after its `Idle` is listened to for `late_output` more.
//! * **Late output** of a run that has ended (a background thread) becomes an event of the run that is executed at that
//!   moment, as in a terminal. When none is, it is dropped and counted in [`KernelHost::dropped_late_bytes`].
//! * **Journal.** See [`journal`]. Output over both bounds is omitted; `Start`, questions and ends are always kept (their
//!   texts cut short), so what a full journal still grows by is bounded by the runs handed over.
//! * **An interrupt** that is not heeded is followed by the kernel's end: see [`interrupt`]. **Questions** to an idle kernel: see
//!   [`ask`]. **Memory** over the session's cap ends the kernel by force, with a notice.
//! * **Nothing slows the kernel's reader.** Each connection has a window of its own; one that does not read is served from
//!   the journal later.

mod ask;
mod fake;
mod interface;
mod interrupt;
mod journal;
mod kernel;
mod readers;
mod request;
mod run;
mod size;
mod stop;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use strum::VariantNames as _;
use wayfare_protocol::host::{HOST_VERSION, HostHello, HostMessage, KernelCondition};
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal, RunId};

pub use fake::{Executed, FakeKernel};
pub use interface::{ConnectionId, Effect, Input, KernelHostConfig, SegmentId, SpillOutcome};
pub use kernel::{KernelCommand, KernelEvent, KernelOutput, ReplyOutcome};
pub use size::event_bytes;

use crate::fact::{Fact, Keeper, Witness};
use crate::machine::{Machine, OpIds, Sink, earlier};
use crate::mark::{Mark, Phases};
use ask::{Asking, History};
use journal::Journal;
use readers::Readers;
use run::Running;
use stop::{Leaving, StopStep};

/// A run that was handed over and waits for its turn.
#[derive(Debug)]
struct Waiting {
    position: u64,
    run: RunId,
    attempt: u32,
    request: ExecuteRequest,
}

/// What the kernel's process is doing.
#[derive(Debug, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    Starting { until: Boot },
    Serving,
    Stopping { step: StopStep, until: Boot, why: String },
    Gone { detail: String, leave_at: Boot },
}

/// The machine of a session host.
#[derive(Debug)]
pub struct KernelHost {
    config: KernelHostConfig,
    phase: Phase,
    leaving: Leaving,
    running: Option<Running>,
    waiting: VecDeque<Waiting>,
    last_position: u64,
    /// Newest attempt of every run that was handed over.
    seen: BTreeMap<RunId, u32>,
    journal: Journal,
    readers: Readers,
    ops: OpIds,
    dropped_late_bytes: u64,
    /// Questions that the kernel has not answered, oldest first.
    asking: VecDeque<Asking>,
    /// Questions that the kernel was ever asked.
    asked: u64,
    history: History,
}

impl KernelHost {
    /// What a connection is greeted with at this moment.
    #[must_use]
    pub fn hello(&self) -> HostHello {
        HostHello {
            version: HOST_VERSION,
            session: self.config.session,
            kernel: self.config.kernel,
            last_position: self.last_position,
            first_kept: self.journal.first_kept(),
            next_sequence: self.journal.next_sequence(),
            condition: self.condition(),
        }
    }

    /// Bytes of records in memory, those being written among them.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.journal.memory_bytes()
    }

    /// Bytes of records on disk, those being written among them.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.journal.disk_bytes()
    }

    /// Bytes of output that came when no run was executed, and were dropped.
    #[must_use]
    pub fn dropped_late_bytes(&self) -> u64 {
        self.dropped_late_bytes
    }

    fn condition(&self) -> KernelCondition {
        match &self.phase {
            Phase::Starting { .. } => KernelCondition::Starting,
            Phase::Serving if self.running.is_none() => KernelCondition::Idle,
            Phase::Serving | Phase::Stopping { .. } => KernelCondition::Busy,
            Phase::Gone { detail, .. } => KernelCondition::Gone { detail: detail.clone() },
        }
    }

    /// What every step ends with: full memory is relieved, readers are served, and the host leaves when it is done.
    fn settle(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let condition = self.condition();
        self.journal.spill(&mut self.ops, out);
        self.readers.pump(&mut self.journal, &condition, &mut self.ops, out);
        self.leave_if_done(now, out);
    }
}

impl Machine for KernelHost {
    const NAME: &'static str = "kernel_host";
    type Config = KernelHostConfig;
    type Input = Input;
    type Effect = Effect;

    /// The host whose kernel has just been started.
    fn new(config: KernelHostConfig, now: Now) -> Self {
        let limits = &config.limits;
        Self {
            phase: Phase::Starting { until: now.boot.after(limits.kernel_start) },
            leaving: Leaving::WhenTold,
            running: None,
            waiting: VecDeque::new(),
            last_position: 0,
            seen: BTreeMap::new(),
            journal: Journal::new(limits, config.first_sequence),
            readers: Readers::new(limits.host_window, limits.host_connections),
            ops: OpIds::default(),
            dropped_late_bytes: 0,
            asking: VecDeque::new(),
            asked: 0,
            history: History::new(limits.history),
            config,
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Kernel(events) => {
                for event in events {
                    self.on_kernel(now, event, out);
                }
            }
            Input::Connected(id) => {
                let hello = self.hello();
                self.readers.connect(id, hello, out);
            }
            Input::Request { connection, request } if self.readers.has(connection) => {
                self.on_request(now, connection, request, out);
            }
            Input::Request { .. } => {} // of a connection that was closed meanwhile
            Input::Malformed { connection, detail } => {
                self.readers.refuse_and_close(connection, Refusal::new(ErrorCode::Malformed, detail), out);
            }
            Input::Disconnected(id) => self.readers.disconnect(id),
            Input::Written { connection, bytes } => self.readers.written(connection, bytes),
            Input::Done { op, outcome } => match outcome {
                SpillOutcome::Written => {
                    self.journal.written(op, true, out);
                }
                SpillOutcome::Read(records) => self.readers.read(op, Ok(records), out),
                SpillOutcome::Failed(why) => {
                    if !self.journal.written(op, false, out) {
                        self.readers.read(op, Err(why), out);
                    }
                }
            },
            Input::ShutDown => self.shut_down(now, out),
            Input::Memory(used) => self.on_memory(now, used, out),
        }
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Boot> {
        let phase = match &self.phase {
            Phase::Starting { until } | Phase::Stopping { until, .. } => Some(*until),
            Phase::Serving => None,
            Phase::Gone { leave_at, .. } => (self.leaving != Leaving::Left).then_some(*leave_at),
        };
        let run = earlier(self.running.as_ref().and_then(Running::deadline), self.interrupt_deadline());
        earlier(earlier(phase, self.ask_deadline()), run)
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.deadline().is_none_or(|at| now.boot < at) {
            return;
        }
        if self.running.as_ref().and_then(Running::deadline).is_some_and(|at| at <= now.boot) {
            self.end_run(now, out);
        }
        self.interrupt_harder(now, out);
        self.give_up_asking(now, out);
        self.stop_harder(now, out);
        self.settle(now, out);
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        match effect {
            Effect::Kernel(KernelCommand::Execute { run, attempt, .. }) => {
                let KernelHostConfig { session, kernel, .. } = self.config;
                to.tell(Fact::Executed { session, run: *run, attempt: *attempt, kernel });
            }
            Effect::Send { messages, .. } => {
                for message in messages {
                    if let HostMessage::Output(record) = message {
                        to.output(Keeper::Host, record);
                    }
                }
            }
            _ => {}
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
    }
}
