//! Accepting runs: recorded before they are answered, started in order.

use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::limits::CODE_MAX;
use wayfare_protocol::session::{RunRequest, SessionAnswer};
use wayfare_protocol::{ErrorCode, Now, Refusal};

use super::{After, Caller, Effect, InboxRecord, RuntimeSession};
use crate::machine::Sink;

impl RuntimeSession {
    pub(super) fn accept(
        &mut self,
        now: Now,
        caller: Caller,
        asked: RunRequest,
        cell: Option<DocumentCell>,
        out: &mut impl Sink<Effect>,
    ) {
        let RunRequest { run, again, request } = asked;
        if let Some(known) = self.runs.get(run) {
            let reply = Effect::Reply { caller, answer: self.accepted(known.position) };
            match self.accepting.get(&run).and_then(|op| self.after.get_mut(op)) {
                Some(after) => after.push(After::Do(Box::new(reply))), // recorded, not yet durable
                None => out.push(reply),
            }
            return;
        }
        let is_by_takeover = self.ownership.row().is_some_and(|row| row.base.is_some());
        if again && is_by_takeover {
            return out.push(Effect::Reply { caller, answer: SessionAnswer::UnknownRun });
        }
        if let Err(refusal) = self.has_room_for(request.code.len()) {
            return out.push(Effect::Reply { caller, answer: SessionAnswer::Refused(refusal) });
        }
        let position = self.runs.next_position();
        // The outputs may know its end already, from a life that recorded the end and lost the acceptance.
        let was_idle = self.is_idle() && self.outcome(run).is_none();
        // Before the acceptance: of a write that was cut in two there is a cell without a run, and no run that lost its cell.
        let mut records: Vec<_> = cell.into_iter().map(|cell| InboxRecord::OfCell { run, cell }).collect();
        records.push(InboxRecord::Accepted { position, run, request, at: now.wall });
        let mut after = vec![After::Do(Box::new(Effect::Reply { caller, answer: self.accepted(position) }))];
        if was_idle {
            // One write when idle: the answer and the hand-over wait for the same append.
            records.push(InboxRecord::Started { position, attempt: 1, kernel: self.kernels });
            after.push(After::HandOver { position });
        }
        let op = self.append_inbox(records, after, out);
        self.accepting.insert(run, op);
        self.ensure_host(out);
    }

    fn accepted(&self, position: u64) -> SessionAnswer {
        SessionAnswer::Accepted { position, owner: self.config.here, epoch: self.epoch() }
    }

    fn has_room_for(&self, code_bytes: usize) -> Result<(), Refusal> {
        let limits = &self.config.limits;
        if code_bytes > CODE_MAX {
            let detail = format!("code of {code_bytes} bytes is over the limit of {CODE_MAX}");
            return Err(Refusal::new(ErrorCode::TooLarge, detail));
        }
        if self.runs.count() >= limits.runs_per_session {
            let detail = format!("{} has {} runs: open a new session", self.key(), self.runs.count());
            return Err(Refusal::new(ErrorCode::SessionFull, detail));
        }
        if self.runs.waiting() >= limits.runs_waiting {
            let detail = format!("{} runs wait in {} already", self.runs.waiting(), self.key());
            return Err(Refusal::new(ErrorCode::Overloaded, detail));
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.host.is_ready() && self.runs.started().is_none() && self.runs.waiting() == 0
    }

    /// Starts the next waiting run if the host is free.
    pub(super) fn start_next(&mut self, out: &mut impl Sink<Effect>) {
        if !self.host.is_ready() || self.runs.started().is_some() || !self.acts() {
            return;
        }
        if let Some((_, position)) = self.runs.next_waiting() {
            let record = InboxRecord::Started { position, attempt: 1, kernel: self.kernels };
            self.append_inbox(vec![record], vec![After::HandOver { position }], out);
        }
    }
}
