//! Appending to the two logs, and what waits for it.

use wayfare_protocol::RunId;
use wayfare_protocol::mrp::{ExecuteError, RunEvent};
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};

use super::published::Published;
use super::{Effect, EndedRun, HostSequence, InboxRecord, LoggedOutput, Record, RunState, RuntimeSession};
use crate::machine::{Durable, OpId, Sink};
use crate::outputs::ReaderEffect;

/// Something that waits for an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// An effect to emit.
    Do(Box<Effect>),
    /// The session exists from now on.
    Appear,
    /// A session host to be started, if it is still wanted.
    StartHost { op: OpId },
    /// A run to be handed to the host.
    HandOver { position: u64 },
    /// Records that readers may see and the host may forget.
    Show { through: u64, acknowledge: Option<HostSequence> },
    /// The change to a document to be merged.
    MergeOutput { run: RunId },
    /// Output records below that sequence may be deleted: how their runs ended is recorded elsewhere.
    Forget { before: u64 },
}

impl RuntimeSession {
    /// Appends to the inbox log, applies at once, and keeps what waits for it.
    pub(super) fn append_inbox(
        &mut self,
        records: Vec<InboxRecord>,
        after: Vec<After>,
        out: &mut impl Sink<Effect>,
    ) -> OpId {
        for record in &records {
            self.apply_inbox(record);
        }
        self.log_inbox(records, after, out)
    }

    /// Appends to the inbox log what is applied already.
    pub(super) fn log_inbox(
        &mut self,
        records: Vec<InboxRecord>,
        after: Vec<After>,
        out: &mut impl Sink<Effect>,
    ) -> OpId {
        let op = self.ops.take();
        self.after.insert(op, after);
        out.push(Effect::AppendInbox { op, records });
        op
    }

    /// Appends records of which the first is at the outputs' end; they are shown when they are durable.
    pub(super) fn append_outputs(&mut self, records: Vec<LoggedOutput>, out: &mut impl Sink<Effect>) -> Option<OpId> {
        let through = records.last()?.record.sequence;
        let acknowledge = records.iter().filter_map(|logged| logged.source).max();
        let op = self.ops.take();
        self.after.insert(op, vec![After::Show { through, acknowledge }]);
        out.push(Effect::AppendOutputs { op, records });
        Some(op)
    }

    /// Emits an effect when an append is durable; at once if there was nothing to append.
    pub(super) fn when_durable(&mut self, op: Option<OpId>, effect: Effect, out: &mut impl Sink<Effect>) {
        match op.and_then(|op| self.after.get_mut(&op)) {
            Some(after) => after.push(After::Do(Box::new(effect))),
            None => out.push(effect),
        }
    }

    /// Says something about a run that no host says.
    pub(super) fn say(&mut self, run: RunId, bodies: Vec<OutputBody>, out: &mut impl Sink<Effect>) -> Option<OpId> {
        let attempt = match self.runs.get(run).map(|run| run.state) {
            Some(RunState::Started { attempt, .. }) => attempt,
            _ => 1,
        };
        let mut records = Vec::with_capacity(bodies.len());
        for body in bodies {
            let record = OutputRecord { sequence: self.outputs.next(), run, attempt, body };
            let logged = LoggedOutput { record, source: None };
            self.apply(&Record::Output(logged.clone()));
            records.push(logged);
        }
        self.append_outputs(records, out)
    }

    pub(super) fn last_number(&self, run: RunId) -> u64 {
        self.outputs.run(run).map_or(0, |outputs| outputs.last_number)
    }

    /// Ends a run with an error that is not the code's own.
    pub(super) fn fail(&mut self, run: RunId, kind: &str, message: String, out: &mut impl Sink<Effect>) {
        let error = ExecuteError { kind: kind.to_owned(), message, ..ExecuteError::default() };
        let number = self.last_number(run) + 1;
        let event = RunEvent::Error { error, duration_ms: 0, execution_count: None };
        self.say(run, vec![OutputBody::Event { number, event }, OutputBody::Ended(RunOutcome::Failed)], out);
    }

    pub(super) fn appended(&mut self, op: OpId, out: &mut impl Sink<Effect>) {
        self.accepting.retain(|_, waits_for| *waits_for != op);
        for after in self.after.remove(&op).unwrap_or_default() {
            match after {
                After::Do(effect) => out.push(*effect),
                After::Appear => self.published = Published::Outdated,
                After::StartHost { op } => self.start_host(op, out),
                After::HandOver { position } => self.hand_over(position, out),
                After::Show { through, acknowledge } => {
                    self.show_through(through, out);
                    if let Some(acknowledge) = acknowledge {
                        self.kept = self.kept.max(acknowledge);
                        self.acknowledge(acknowledge, out);
                    }
                }
                After::MergeOutput { run } => self.output_recorded(run),
                After::Forget { before } => out.push(Effect::Reader(ReaderEffect::Trim { before })),
            }
        }
    }

    /// Lets readers see durable records.
    pub(super) fn show_through(&mut self, through: u64, out: &mut impl Sink<Effect>) {
        let mut effects = Vec::new();
        self.outputs.show_through(through, &mut self.ops, &mut effects);
        for effect in effects {
            match effect {
                ReaderEffect::Trim { before } => self.forget(before, out),
                other @ (ReaderEffect::Send { .. } | ReaderEffect::Close { .. } | ReaderEffect::Read { .. }) => {
                    out.push(Effect::Reader(other));
                }
            }
        }
    }

    /// The outputs' oldest records are to go, and with them the only word of how their runs ended: that goes to the inbox first,
    /// or a run that was over would wait, or be executed, after the next restart.
    fn forget(&mut self, before: u64, out: &mut impl Sink<Effect>) {
        let runs: Vec<_> = self
            .outputs
            .take_ends_before(before)
            .into_iter()
            .map(|(run, attempt, last_number, outcome)| EndedRun { run, attempt, last_number, outcome })
            .collect();
        let is_forgetting = self.after.values().flatten().any(|after| matches!(after, After::Forget { .. }));
        if runs.is_empty() && !is_forgetting {
            out.push(Effect::Reader(ReaderEffect::Trim { before }));
        } else {
            self.append_inbox(vec![InboxRecord::OutputsForgotten { runs }], vec![After::Forget { before }], out);
        }
    }
}
