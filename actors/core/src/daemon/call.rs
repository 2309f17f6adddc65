//! What is asked of the daemon by its clients.

use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, Input};
use wayfare_protocol::{Epoch, ErrorCode, Now, Refusal};

use super::moving::Sealing;
use super::snapshots::SnapshotCaller;
use super::{After, Answer, DaemonHost, Effect, InboxRecord, Phase, reply};
use crate::machine::Sink;
use crate::session::Caller;

impl DaemonHost {
    pub(super) fn on_call(
        &mut self,
        now: Now,
        caller: Caller,
        epoch: Option<Epoch>,
        call: DaemonCall,
        out: &mut impl Sink<Effect>,
    ) {
        if let DaemonCall::Describe = call {
            return reply(caller, DaemonAnswer::Daemon(Box::new(self.info())), out);
        }
        if let Err(refusal) = self.admit(epoch, &call) {
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        match &self.phase {
            Phase::Running(_) => self.carry_out(now, caller, call, out),
            Phase::Failed { why } => {
                let refusal = Refusal::new(ErrorCode::NoCapability, why.clone());
                reply(caller, DaemonAnswer::Refused(refusal), out);
            }
            Phase::Folding(_) | Phase::Loading { .. } | Phase::Rereading { .. } => {
                if self.waiting.len() < self.config.limits.daemon_waiting {
                    self.waiting.push_back((caller, epoch, call));
                } else {
                    let detail = format!("{} calls wait until the daemon is made anew", self.waiting.len());
                    let refusal = Refusal::new(ErrorCode::Overloaded, detail);
                    reply(caller, DaemonAnswer::Refused(refusal), out);
                }
            }
        }
    }

    fn admit(&self, epoch: Option<Epoch>, call: &DaemonCall) -> Result<(), Refusal> {
        self.ownership.admit(epoch)?;
        match self.sealing {
            Sealing::No if self.is_stopped && *call != DaemonCall::Resume => {
                Err(Refusal::new(ErrorCode::Draining, "it was stopped; resume it first".to_owned()))
            }
            Sealing::No => Ok(()),
            Sealing::Draining(_) => Err(Refusal::new(ErrorCode::StaleEpoch, "it is being moved".to_owned())),
        }
    }

    /// Answers what waited for running code.
    pub(super) fn answer_waiting(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.runner().is_some() {
            for (caller, epoch, call) in std::mem::take(&mut self.waiting) {
                self.on_call(now, caller, epoch, call, out);
            }
        }
    }

    fn carry_out(&mut self, now: Now, caller: Caller, call: DaemonCall, out: &mut impl Sink<Effect>) {
        match call {
            DaemonCall::Publish { origin, first, payloads } => {
                self.publish(now, caller, (origin, first), payloads, out)
            }
            DaemonCall::Lost { origin, through } => self.lost(now, caller, origin, through, out),
            DaemonCall::Subscribe { subscriber, after } => match self.may_subscribe(subscriber) {
                Ok(()) => self.record(now, caller, Input::Subscribed { subscriber, after }, out),
                Err(refusal) => reply(caller, DaemonAnswer::Refused(refusal), out),
            },
            DaemonCall::Unsubscribe { subscriber } => {
                self.record(now, caller, Input::Unsubscribed { subscriber }, out);
            }
            DaemonCall::Acknowledge { subscriber, through } => {
                let answer = self.acknowledge(subscriber, through);
                reply(caller, answer, out);
            }
            DaemonCall::Fetch { subscriber, after, bytes } => self.fetch(now, caller, (subscriber, after), bytes, out),
            DaemonCall::Feed { from, after } => self.feed(now, caller, from, after, out),
            DaemonCall::EndFeed { from } => self.end_feed(now, caller, from, out),
            DaemonCall::Feeds => reply(caller, DaemonAnswer::Feeds(self.feed_list()), out),
            DaemonCall::ReplayInbox => self.replay(caller, out),
            DaemonCall::DeadLetters => {
                let letters = self.runner().map(|runner| runner.memory.dead.values().rev().cloned().collect());
                reply(caller, DaemonAnswer::DeadLetters(letters.unwrap_or_default()), out);
            }
            DaemonCall::Redrive { position } => {
                let is_there = self.runner().is_some_and(|runner| runner.memory.dead.contains_key(&position));
                if is_there {
                    self.record(now, caller, Input::Redriven { position }, out);
                } else {
                    let refusal = Refusal::new(ErrorCode::NotFound, format!("no dead letter of position {position}"));
                    reply(caller, DaemonAnswer::Refused(refusal), out);
                }
            }
            DaemonCall::Snapshot if self.held_after.is_some() => {
                let detail = "it is being moved: a snapshot of it is fetched, which another would replace";
                reply(caller, DaemonAnswer::Refused(Refusal::new(ErrorCode::Overloaded, detail)), out);
            }
            DaemonCall::Snapshot => self.snapshot(now, SnapshotCaller::Call(caller), out),
            DaemonCall::Stop => self.stop(caller, true, out),
            DaemonCall::Resume => self.stop(caller, false, out),
            DaemonCall::Move { .. }
            | DaemonCall::Relocate { .. }
            | DaemonCall::ExplainPlacement
            | DaemonCall::Spare { .. }
            | DaemonCall::TakeOver(_)
            | DaemonCall::Recover { .. }
            | DaemonCall::DescribeSpare => {
                let refusal = Refusal::new(ErrorCode::Unsupported, "a daemon does not move itself: its node does that");
                reply(caller, DaemonAnswer::Refused(refusal), out);
            }
            DaemonCall::Describe => reply(caller, DaemonAnswer::Daemon(Box::new(self.info())), out),
        }
    }

    /// Recorded before it is answered; what was accepted before ends as it would.
    fn stop(&mut self, caller: Caller, stop: bool, out: &mut impl Sink<Effect>) {
        let done = Effect::Reply { caller, answer: Answer::Call(DaemonAnswer::Done) };
        if self.is_stopped == stop {
            return out.push(done);
        }
        self.is_stopped = stop;
        self.outdate();
        self.append(vec![InboxRecord::Stopped(stop)], vec![After::Do(Box::new(done))], out);
        if stop {
            let refusal = Refusal::new(ErrorCode::Draining, "it was stopped".to_owned());
            self.refuse_gathered(&refusal, out);
        } else {
            self.ask_for_work(0, out);
        }
    }

    /// How far a subscriber is. It is told to the next snapshot only: after a crash it is sent some outputs again, and drops them by
    /// their numbers.
    pub(super) fn acknowledge(&mut self, subscriber: wayfare_protocol::entity::Origin, through: u64) -> DaemonAnswer {
        let Phase::Running(runner) = &mut self.phase else { return DaemonAnswer::Done };
        match runner.memory.subscribers.get_mut(&subscriber) {
            Some(acknowledged) => *acknowledged = (*acknowledged).max(through.min(self.outbox.last())),
            None => {
                return DaemonAnswer::Refused(Refusal::new(ErrorCode::NotFound, "it keeps nothing for you".to_owned()));
            }
        }
        let acknowledged = runner.memory.acknowledged();
        self.outbox.trim(acknowledged, &self.config.limits);
        DaemonAnswer::Done
    }
}
