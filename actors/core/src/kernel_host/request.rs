//! What nodes ask.

use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::limits::CODE_MAX;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::{ErrorCode, Now, Refusal, RunId};

use super::{ConnectionId, Effect, KernelCommand, KernelHost, Phase, Waiting};
use crate::machine::Sink;

impl KernelHost {
    pub(super) fn on_request(
        &mut self,
        now: Now,
        connection: ConnectionId,
        request: HostRequest,
        out: &mut impl Sink<Effect>,
    ) {
        let answer = match request {
            HostRequest::HandOver { position, run, attempt, request } => {
                self.hand_over(now, Waiting { position, run, attempt, request }, out)
            }
            HostRequest::Attach { from } => {
                self.readers.attach(connection, from, &self.journal, out);
                Ok(())
            }
            HostRequest::Acknowledge { through } => self.acknowledge(through, out),
            HostRequest::Interrupt { position } => {
                self.interrupt(now, position, out);
                Ok(())
            }
            HostRequest::Input { run, text } => self.answer(run, text, out),
            HostRequest::Prepare => {
                let through = self.journal.next_sequence() - 1;
                self.readers.close_all(Some(&HostMessage::Prepared { through }), out);
                Ok(())
            }
            HostRequest::ShutDown => {
                self.shut_down(now, out);
                Ok(())
            }
            HostRequest::Ask { ask, what } => {
                self.on_ask(now, connection, ask, what, out);
                Ok(())
            }
        };
        if let Err(refusal) = answer {
            self.readers.refuse(connection, refusal, out);
        }
    }

    fn hand_over(&mut self, now: Now, waiting: Waiting, out: &mut impl Sink<Effect>) -> Result<(), Refusal> {
        if waiting.position <= self.last_position {
            return Ok(()); // seen before: a node that lost the answer sends it again
        }
        match &self.phase {
            Phase::Starting { .. } | Phase::Serving => {}
            Phase::Stopping { why, .. } => return Err(Refusal::new(ErrorCode::Draining, why.clone())),
            Phase::Gone { detail, .. } => {
                return Err(Refusal::new(ErrorCode::Draining, format!("the kernel is gone: {detail}")));
            }
        }
        if waiting.request.code.len() > CODE_MAX {
            let detail = format!("code of {} bytes, at most {CODE_MAX}", waiting.request.code.len());
            return Err(Refusal::new(ErrorCode::TooLarge, detail));
        }
        if self.waiting.len() >= self.config.limits.runs_waiting {
            return Err(Refusal::new(ErrorCode::Overloaded, format!("{} runs wait already", self.waiting.len())));
        }
        let seen = self.seen.get(&waiting.run).copied();
        if seen.is_none() && self.seen.len() >= self.config.limits.runs_per_session {
            return Err(Refusal::new(ErrorCode::SessionFull, format!("{} runs are remembered", self.seen.len())));
        }
        self.last_position = waiting.position;
        if seen.is_none_or(|attempt| waiting.attempt > attempt) {
            self.seen.insert(waiting.run, waiting.attempt);
            self.waiting.push_back(waiting);
            self.start_next(now, out);
        }
        Ok(())
    }

    fn acknowledge(&mut self, through: u64, out: &mut impl Sink<Effect>) -> Result<(), Refusal> {
        let next = self.journal.next_sequence();
        if through >= next {
            let detail = format!("record {through} is acknowledged and not made; the next is {next}");
            return Err(Refusal::new(ErrorCode::Malformed, detail));
        }
        self.journal.acknowledge(through, out);
        self.readers.forgotten(through, out);
        Ok(())
    }

    fn answer(&mut self, run: RunId, text: String, out: &mut impl Sink<Effect>) -> Result<(), Refusal> {
        let asked = self.running.as_mut().is_some_and(|running| running.take_question(run));
        if !asked {
            return Err(Refusal::new(ErrorCode::NotWaiting, format!("run {run} does not wait for input")));
        }
        self.record(RunEvent::StdinAnswered);
        out.push(Effect::Kernel(KernelCommand::InputReply { text }));
        Ok(())
    }
}
