//! One run: from the kernel's getting it to its end.

use std::time::Duration;

use wayfare_protocol::limits::{EVENT_MAX, TEXT_EVENT_MAX};
use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent, RunResult};
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::{Boot, Now, RunId};

use super::interrupt::Interrupting;
use super::size::{cut_bundle, cut_error, event_bytes, split_text};
use super::{Effect, KernelCommand, KernelEvent, KernelHost, KernelOutput, Phase, ReplyOutcome};
use crate::machine::Sink;

/// How far the end of a run is known.
#[derive(Debug)]
enum Ending {
    /// Neither reply nor idle.
    Open,
    /// The outputs are complete; the reply is still to come.
    IdleSeen,
    /// The reply came; outputs may follow until `until`, and `quiet` after each of them.
    Replied { reply: Reply, until: Boot, quiet: Duration },
}

#[derive(Debug)]
struct Reply {
    outcome: ReplyOutcome,
    execution_count: Option<u32>,
    duration_ms: u64,
}

/// Events that have their numbers and are not kept.
#[derive(Clone, Copy, Debug)]
struct Omission {
    from: u64,
    through: u64,
    bytes: u64,
}

/// The run that the kernel executes.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) run: RunId,
    pub(super) attempt: u32,
    position: u64,
    started: Boot,
    /// Number of its last event; 0 for none.
    number: u64,
    omitted: Option<Omission>,
    asks: bool,
    /// Whether it was said that widgets are not supported.
    has_widget: bool,
    pub(super) interrupting: Interrupting,
    result: Option<MimeBundle>,
    error: Option<ExecuteError>,
    ending: Ending,
}

impl Running {
    pub(super) fn deadline(&self) -> Option<Boot> {
        match &self.ending {
            Ending::Replied { until, .. } => Some(*until),
            Ending::Open | Ending::IdleSeen => None,
        }
    }

    /// When its interrupt is to be followed by more. One that has replied is over for the kernel.
    pub(super) fn interrupt_deadline(&self) -> Option<Boot> {
        match &self.ending {
            Ending::Replied { .. } => None,
            Ending::Open | Ending::IdleSeen => self.interrupting.deadline(),
        }
    }

    pub(super) fn last_number(&self) -> u64 {
        self.number
    }

    /// Whether an interrupt for that position (or any) is for this run. One that has replied is over for the kernel.
    pub(super) fn is_meant_by(&self, position: Option<u64>) -> bool {
        !matches!(self.ending, Ending::Replied { .. }) && position.is_none_or(|meant| meant == self.position)
    }

    /// Takes the question that this run asked, if it is that run and it did.
    pub(super) fn take_question(&mut self, run: RunId) -> bool {
        self.run == run && std::mem::take(&mut self.asks)
    }

    fn omit(&mut self, bytes: u64) {
        self.number += 1;
        match &mut self.omitted {
            Some(omission) => {
                omission.through = self.number;
                omission.bytes += bytes;
            }
            None => self.omitted = Some(Omission { from: self.number, through: self.number, bytes }),
        }
    }
}

impl KernelHost {
    pub(super) fn on_kernel(&mut self, now: Now, event: KernelEvent, out: &mut impl Sink<Effect>) {
        match event {
            KernelEvent::Ready => {
                if matches!(self.phase, Phase::Starting { .. }) {
                    self.phase = Phase::Serving;
                    self.start_next(now, out);
                }
            }
            KernelEvent::Output { parent, output } => self.on_output(now, parent, output),
            KernelEvent::StdinRequest { mut prompt, password, .. } => {
                // Whoever it says it asks for: the kernel waits, and only this run can be answered for.
                if let Some(running) = &mut self.running {
                    running.asks = true;
                    split_text(&mut prompt, TEXT_EVENT_MAX);
                    self.record(RunEvent::StdinRequest { prompt, password });
                }
            }
            KernelEvent::Idle { parent } => {
                let Some(running) = self.running.as_mut().filter(|running| Some(running.position) == parent) else {
                    return;
                };
                let late = self.config.late_output;
                match &mut running.ending {
                    Ending::Open => running.ending = Ending::IdleSeen,
                    Ending::IdleSeen => {}
                    Ending::Replied { until, quiet, .. } if !late.is_zero() => {
                        (*until, *quiet) = (now.boot.after(late), late);
                    }
                    Ending::Replied { .. } => self.end_run(now, out),
                }
            }
            KernelEvent::Reply { position, outcome, execution_count } => {
                let (grace, late) = (self.config.limits.reply_grace, self.config.late_output);
                let Some(running) = self.running.as_mut().filter(|running| running.position == position) else {
                    return;
                };
                let duration_ms = now.boot.since(running.started).as_millis() as u64;
                let reply = Reply { outcome, execution_count, duration_ms };
                let quiet = match running.ending {
                    Ending::Open => grace,
                    Ending::IdleSeen => late,
                    Ending::Replied { .. } => return,
                };
                running.asks = false;
                running.ending = Ending::Replied { reply, until: now.boot.after(quiet), quiet };
                if quiet.is_zero() {
                    self.end_run(now, out);
                }
            }
            KernelEvent::Told { ask, outcome } => self.on_told(ask, outcome, out),
            KernelEvent::CommOpened { comm } => self.on_comm(comm, out),
            KernelEvent::Died { detail } => self.gone(now, detail, out),
        }
    }

    /// Gives the kernel the next run if it has none.
    pub(super) fn start_next(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.running.is_some() || !matches!(self.phase, Phase::Serving) {
            return;
        }
        let Some(next) = self.waiting.pop_front() else { return };
        self.running = Some(Running {
            run: next.run,
            attempt: next.attempt,
            position: next.position,
            started: now.boot,
            number: 0,
            omitted: None,
            asks: false,
            has_widget: false,
            interrupting: Interrupting::No,
            result: None,
            error: None,
            ending: Ending::Open,
        });
        self.record(RunEvent::Start { at: now.wall, kernel: self.config.kernel });
        if next.request.store_history && !next.request.silent {
            self.history.add(&next.request.code);
        }
        out.push(Effect::Kernel(KernelCommand::Execute {
            position: next.position,
            run: next.run,
            attempt: next.attempt,
            request: next.request,
        }));
    }

    /// Records the end of the run that replied, and goes on with the next.
    pub(super) fn end_run(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Some(running) = &mut self.running else { return };
        if running.deadline().is_none() {
            return;
        }
        let Ending::Replied { reply, .. } = std::mem::replace(&mut running.ending, Ending::Open) else { return };
        // A full journal still takes the end of a run, but not its bulk.
        let max = if self.journal.has_room(EVENT_MAX as u64) { EVENT_MAX } else { TEXT_EVENT_MAX };
        let Reply { outcome, execution_count, duration_ms } = reply;
        let (event, cut, ended) = match outcome {
            ReplyOutcome::Ok => {
                let mut result = running.result.take();
                let cut = result.as_mut().map_or(0, |bundle| cut_bundle(bundle, max));
                let event = RunEvent::Result(RunResult { result, execution_count, duration_ms });
                (event, cut, RunOutcome::Succeeded)
            }
            ReplyOutcome::Error(replied) => {
                let mut error = fuller(running.error.take(), replied);
                let cut = cut_error(&mut error, max);
                (RunEvent::Error { error, duration_ms, execution_count }, cut, RunOutcome::Failed)
            }
            ReplyOutcome::Aborted => {
                // Some kernels give an interrupt no name of its own (IRkernel, bash_kernel).
                let (kind, message) = match running.interrupting {
                    Interrupting::No => ("Aborted", "the kernel did not execute it"),
                    Interrupting::Asked { .. } | Interrupting::Warned { .. } => ("Interrupted", "it was interrupted"),
                };
                let (kind, message) = (kind.to_owned(), message.to_owned());
                let error = ExecuteError { kind, message, ..ExecuteError::default() };
                (RunEvent::Error { error, duration_ms, execution_count }, 0, RunOutcome::Failed)
            }
        };
        if cut > 0 {
            running.omit(cut);
        }
        self.record(event);
        if let Some(running) = self.running.take() {
            self.journal.append(running.run, running.attempt, OutputBody::Ended(ended));
        }
        self.start_next(now, out);
    }

    /// The kernel opened a comm: something at the other end shall move, and there is nothing. It is closed, as Jupyter wants
    /// of a client that does not know the target, and whoever watches is told once a run.
    fn on_comm(&mut self, comm: String, out: &mut impl Sink<Effect>) {
        out.push(Effect::Kernel(KernelCommand::CloseComm { comm }));
        if let Some(running) = &mut self.running
            && !std::mem::replace(&mut running.has_widget, true)
        {
            self.notice("widgets are not supported: what this cell shows may lack them");
        }
    }

    fn on_output(&mut self, now: Now, parent: Option<u64>, output: KernelOutput) {
        let Some(running) = &mut self.running else {
            self.dropped_late_bytes += late_bytes(output);
            return;
        };
        let own = parent == Some(running.position);
        if own && let Ending::Replied { until, quiet, .. } = &mut running.ending {
            *until = now.boot.after(*quiet); // it is still talking
        }
        match output {
            KernelOutput::Stdout(text) => self.record_text(text, |content| RunEvent::Stdout { content }),
            KernelOutput::Stderr(text) => self.record_text(text, |content| RunEvent::Stderr { content }),
            KernelOutput::Display { bundle, display_id } => {
                self.record_bundle(bundle, |bundle| RunEvent::Display { bundle, display_id });
            }
            KernelOutput::DisplayUpdate { bundle, display_id } => {
                self.record_bundle(bundle, |bundle| RunEvent::DisplayUpdate { bundle, display_id });
            }
            KernelOutput::Result(bundle) => {
                // A kernel may show several values; the last one is the result.
                let shown = if own { running.result.replace(bundle) } else { Some(bundle) };
                if let Some(bundle) = shown {
                    self.record_bundle(bundle, |bundle| RunEvent::Display { bundle, display_id: None });
                }
            }
            KernelOutput::Error(error) if own => running.error = Some(error),
            KernelOutput::Error(error) => {
                let text = format!("{}: {}\n", error.kind, error.message);
                self.record_text(text, |content| RunEvent::Stderr { content });
            }
            KernelOutput::ClearOutput { wait } => self.record_output(RunEvent::ClearOutput { wait }),
        }
    }

    fn record_text(&mut self, text: String, event: impl Fn(String) -> RunEvent) {
        if text.len() <= TEXT_EVENT_MAX {
            if !text.is_empty() {
                self.record_output(event(text));
            }
            return;
        }
        // Each piece is a text of its own: parts of one large buffer would keep all of it in memory.
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(TEXT_EVENT_MAX));
            self.record_output(event(piece.to_owned()));
            rest = after;
        }
    }

    fn record_bundle(&mut self, mut bundle: MimeBundle, event: impl FnOnce(MimeBundle) -> RunEvent) {
        let cut = cut_bundle(&mut bundle, EVENT_MAX);
        self.record_output(event(bundle));
        if cut > 0
            && let Some(running) = &mut self.running
        {
            running.omit(cut);
        }
    }

    /// Records an output, or omits it when the journal is full.
    fn record_output(&mut self, event: RunEvent) {
        let Some(running) = &mut self.running else { return };
        let bytes = event_bytes(&event);
        if !self.journal.has_room(bytes) {
            running.omit(bytes);
        } else if running.omitted.is_some()
            || !self.journal.extend_tail(running.run, running.attempt, &event, TEXT_EVENT_MAX)
        {
            self.record(event);
        }
    }

    /// Records an event of the run that is executed, after what was omitted before it.
    pub(super) fn record(&mut self, event: RunEvent) {
        self.record_omitted();
        let Some(running) = &mut self.running else { return };
        running.number += 1;
        let body = OutputBody::Event { number: running.number, event };
        self.journal.append(running.run, running.attempt, body);
    }

    /// Records what was omitted so far. Until then it costs nothing, however much it is.
    pub(super) fn record_omitted(&mut self) {
        let Some(running) = &mut self.running else { return };
        if let Some(Omission { from, through, bytes }) = running.omitted.take() {
            let event = RunEvent::Omitted { from, through, bytes };
            self.journal.append(running.run, running.attempt, OutputBody::Event { number: from, event });
        }
    }
}

/// The error as told with its outputs, if that says more than the reply.
fn fuller(shown: Option<ExecuteError>, replied: ExecuteError) -> ExecuteError {
    match shown {
        Some(shown) if shown.traceback.len() > replied.traceback.len() || replied.kind.is_empty() => shown,
        _ => replied,
    }
}

fn late_bytes(output: KernelOutput) -> u64 {
    let event = match output {
        KernelOutput::Stdout(content) | KernelOutput::Stderr(content) => RunEvent::Stdout { content },
        KernelOutput::Display { bundle, .. }
        | KernelOutput::DisplayUpdate { bundle, .. }
        | KernelOutput::Result(bundle) => RunEvent::Display { bundle, display_id: None },
        KernelOutput::Error(error) => RunEvent::Error { error, duration_ms: 0, execution_count: None },
        KernelOutput::ClearOutput { wait } => RunEvent::ClearOutput { wait },
    };
    event_bytes(&event)
}
