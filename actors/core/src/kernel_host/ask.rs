//! Questions to the kernel: passed on while it is idle, answered or refused in time.
//!
//! | kernel \ | question | answer | its end | deadline |
//! |---|---|---|---|---|
//! | idle | asked | passed on | refused | refused |
//! | starting, or executing a run | refused `KernelBusy` | – | – | – |
//! | stopping, gone | refused `NotFound` | – | – | – |
//!
//! A run that comes while a question is open is executed all the same; the kernel answers first. The history is the host's
//! own: it is answered at any time and by every kernel.

use std::collections::VecDeque;

use wayfare_protocol::ask::{HistoryEntry, KernelAsk, KernelTold};
use wayfare_protocol::host::HostMessage;
use wayfare_protocol::limits::{ANSWER_ITEMS_MAX, CODE_MAX};
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal};

use super::{ConnectionId, Effect, KernelCommand, KernelHost, Phase};
use crate::machine::Sink;

/// A question that the kernel was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    /// Names it between host and kernel.
    id: u64,
    connection: ConnectionId,
    /// Names it on its connection.
    ask: u64,
    until: Boot,
}

impl KernelHost {
    pub(super) fn on_ask(
        &mut self,
        now: Now,
        connection: ConnectionId,
        ask: u64,
        what: KernelAsk,
        out: &mut impl Sink<Effect>,
    ) {
        if let KernelAsk::History { last, before, contains } = &what {
            let told = self.history.tell(*last, *before, contains);
            return self.readers.say(connection, HostMessage::Told { ask, outcome: Ok(told) }, out);
        }
        if let Err(refusal) = self.may_ask(&what) {
            return self.readers.say(connection, HostMessage::Told { ask, outcome: Err(refusal) }, out);
        }
        self.asked += 1;
        let until = now.boot.after(self.config.limits.ask);
        self.asking.push_back(Asking { id: self.asked, connection, ask, until });
        out.push(Effect::Kernel(KernelCommand::Ask { ask: self.asked, what }));
    }

    fn may_ask(&self, what: &KernelAsk) -> Result<(), Refusal> {
        match &self.phase {
            Phase::Starting { .. } => return Err(Refusal::new(ErrorCode::KernelBusy, "the kernel is starting")),
            Phase::Serving if self.running.is_some() => {
                return Err(Refusal::new(ErrorCode::KernelBusy, "the kernel executes a cell: ask when it has ended"));
            }
            Phase::Serving => {}
            Phase::Stopping { why, .. } | Phase::Gone { detail: why, .. } => {
                return Err(Refusal::new(ErrorCode::NotFound, format!("the kernel is gone: {why}")));
            }
        }
        let code = match what {
            KernelAsk::Complete { code, .. } | KernelAsk::Inspect { code, .. } | KernelAsk::IsComplete { code } => code,
            KernelAsk::Variables | KernelAsk::Variable { .. } | KernelAsk::History { .. } => "",
        };
        if code.len() > CODE_MAX {
            let detail = format!("code of {} bytes, at most {CODE_MAX}", code.len());
            return Err(Refusal::new(ErrorCode::TooLarge, detail));
        }
        if self.asking.len() >= self.config.limits.asks {
            let detail = format!("{} questions wait for the kernel's answer already", self.asking.len());
            return Err(Refusal::new(ErrorCode::Overloaded, detail));
        }
        Ok(())
    }

    /// The kernel answered. Nobody waits for an answer that came too late.
    pub(super) fn on_told(&mut self, id: u64, outcome: Result<KernelTold, Refusal>, out: &mut impl Sink<Effect>) {
        let Some(at) = self.asking.iter().position(|asking| asking.id == id) else { return };
        if let Some(asking) = self.asking.remove(at) {
            self.readers.say(asking.connection, HostMessage::Told { ask: asking.ask, outcome }, out);
        }
    }

    pub(super) fn ask_deadline(&self) -> Option<Boot> {
        self.asking.front().map(|asking| asking.until) // all have the same time
    }

    pub(super) fn give_up_asking(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let allowed = self.config.limits.ask.as_millis();
        while self.ask_deadline().is_some_and(|until| until <= now.boot)
            && let Some(asking) = self.asking.pop_front()
        {
            let refusal = Refusal::new(ErrorCode::DeadlineExceeded, format!("the kernel said nothing in {allowed} ms"));
            self.readers.say(asking.connection, HostMessage::Told { ask: asking.ask, outcome: Err(refusal) }, out);
        }
    }

    /// The kernel answers no more.
    pub(super) fn refuse_asking(&mut self, why: &str, out: &mut impl Sink<Effect>) {
        for asking in std::mem::take(&mut self.asking) {
            let refusal = Refusal::new(ErrorCode::NotFound, format!("the kernel is gone: {why}"));
            self.readers.say(asking.connection, HostMessage::Told { ask: asking.ask, outcome: Err(refusal) }, out);
        }
    }
}

/// What this kernel was given to execute and to remember, newest last.
#[derive(Debug)]
pub(super) struct History {
    entries: VecDeque<HistoryEntry>,
    count: u64,
    bytes: usize,
    bound: usize,
}

impl History {
    pub(super) fn new(bound: usize) -> Self {
        Self { entries: VecDeque::new(), count: 0, bytes: 0, bound }
    }

    pub(super) fn add(&mut self, code: &str) {
        self.count += 1;
        self.bytes += code.len();
        self.entries.push_back(HistoryEntry { history_index: self.count, code: code.to_owned() });
        while self.bytes > self.bound
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.code.len();
        }
    }

    fn tell(&self, last: u32, before: u64, contains: &str) -> KernelTold {
        let most = (last as usize).min(ANSWER_ITEMS_MAX);
        let fits =
            |entry: &&HistoryEntry| (before == 0 || entry.history_index < before) && entry.code.contains(contains);
        let mut entries: Vec<_> = self.entries.iter().rev().filter(fits).take(most + 1).cloned().collect();
        let has_more = entries.len() > most;
        entries.truncate(most);
        entries.reverse();
        KernelTold::History { entries, has_more }
    }
}
