//! The hosts of this world, their publishers, and the time that their effects take.

use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall};
use wayfare_protocol::migration::Party;
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{Epoch, ErrorCode, Refusal};

use super::{Done, What, World, orchestrator, source, target};
use crate::daemon::desk::{origin, payloads};
use crate::daemon::{self, Effect as HostEffect, InboxRecord, MoveAnswer, MoveAsk};
use crate::machine::OpId;
use crate::ownership;
use crate::session::Caller;

impl World {
    pub(super) fn publish(&mut self, publisher: usize) {
        let acknowledged = self.publishers[publisher].acknowledged;
        if acknowledged >= self.setup.events {
            return;
        }
        let first = (acknowledged + 1 - self.draw(0, 1)).max(1);
        let count = self.draw(1, 4).min(self.setup.events + 1 - first);
        let node = self.index(self.row.owner);
        let epoch = self.row.epoch;
        let ms = self.draw(1, 4);
        self.later(ms, What::Call { node, publisher, epoch, first, count });
        let (from, to) = if self.publishers[publisher].is_stuck(acknowledged) { (20, 60) } else { (2, 14) };
        let ms = self.draw(from, to);
        self.later(ms, What::Publish(publisher));
    }

    pub(super) fn call(&mut self, node: usize, publisher: usize, epoch: Epoch, first: u64, count: u64) {
        let now = self.time();
        let from = publisher as u64 + 1;
        let texts: Vec<_> = (first..first + count).map(|sequence| self.setup.code.text(from, sequence)).collect();
        let payloads = payloads(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let is_up = self.nodes[node].is_up;
        let Some(desk) = self.nodes[node].desk.as_mut().filter(|_| is_up) else { return };
        desk.calls += 1;
        let caller = Caller(desk.calls);
        desk.now = now;
        let call = DaemonCall::Publish { origin: origin(from), first, payloads };
        desk.step(daemon::Input::Call { caller, epoch: Some(epoch), call });
        self.nodes[node].calls.insert(caller, publisher);
        self.after_host(node);
    }

    pub(super) fn ask_host(&mut self, node: usize, party: Party, op: OpId, ask: MoveAsk) {
        let now = self.time();
        let life = self.nodes[node].life;
        match &mut self.nodes[node].desk {
            None => {
                let answer = match ask {
                    MoveAsk::Stand => MoveAnswer::Standing(daemon::Standing::Absent),
                    _ => MoveAnswer::Refused(Refusal::new(ErrorCode::NotFound, "no such daemon here")),
                };
                self.later(0, What::Done { node, life, done: host_done(party, op, answer) });
            }
            Some(desk) => {
                desk.calls += 1;
                let caller = Caller(desk.calls);
                desk.now = now;
                self.nodes[node].asked.insert(caller, (party, op));
                let desk = self.nodes[node].desk.as_mut().expect("looked at just now");
                desk.step(daemon::Input::Move { caller, ask });
                self.after_host(node);
            }
        }
    }

    /// Answers go to whoever asked, and what takes time takes it.
    pub(super) fn after_host(&mut self, at: usize) {
        let life = self.nodes[at].life;
        let node = &mut self.nodes[at];
        let Some(desk) = &mut node.desk else { return };
        let mut events = Vec::new();
        for (caller, answer) in std::mem::take(&mut desk.answers) {
            match (answer, node.asked.remove(&caller), node.calls.remove(&caller)) {
                (daemon::Answer::Move(answer), Some((party, op)), _) => {
                    events.push(What::Done { node: at, life, done: host_done(party, op, answer) });
                }
                (daemon::Answer::Call(DaemonAnswer::Accepted { through }), _, Some(publisher)) => {
                    events.push(What::Accepted { publisher, through });
                }
                // What was lost with its node is published again.
                (daemon::Answer::Call(DaemonAnswer::Gap { expected }), _, Some(publisher)) if self.lost.is_some() => {
                    self.publishers[publisher].acknowledged = expected - 1;
                }
                _ => {}
            }
        }
        let starts = !desk.open.is_empty() && !node.is_finishing;
        node.is_finishing |= starts;
        if desk.is_removed {
            node.desk = None;
            node.is_finishing = false;
            node.calls.clear();
            for (_, (party, op)) in std::mem::take(&mut node.asked) {
                let answer = MoveAnswer::Refused(Refusal::new(ErrorCode::NotFound, "it is gone"));
                events.push(What::Done { node: at, life, done: host_done(party, op, answer) });
            }
        }
        for event in events {
            match event {
                What::Accepted { .. } => {
                    if !self.is_unlucky() {
                        let ms = self.draw(1, 5);
                        self.later(ms, event);
                    }
                }
                _ => self.later(0, event),
            }
        }
        if starts {
            let ms = self.draw(0, 3);
            self.later(ms, What::Finish { node: at, life });
        }
    }

    /// The oldest of what takes time at a host ends.
    pub(super) fn finish(&mut self, at: usize, life: u64) {
        let now = self.time();
        let node = &mut self.nodes[at];
        let Some(desk) = node.desk.as_mut().filter(|_| node.life == life) else { return };
        node.is_finishing = false;
        desk.now = now;
        if let Some(HostEffect::AppendInbox { records, .. }) = desk.open.front() {
            for record in records {
                let InboxRecord::Frame(bytes) = record else { continue };
                let first = wayfare_protocol::daemon::InboxFrame::decode(bytes).expect("a frame").first;
                let before = self.frames.insert(first, bytes.clone());
                assert!(before.is_none_or(|before| before == *bytes), "two inboxes differ at position {first}");
            }
        }
        desk.finish();
        self.after_host(at);
    }

    pub(super) fn tell_row(&mut self, at: usize, row: Row) {
        if !self.nodes[at].is_up {
            return;
        }
        let now = self.time();
        if let Some(desk) = &mut self.nodes[at].desk {
            desk.now = now;
            desk.step(daemon::Input::Ownership(ownership::Input::Row(row.clone())));
            self.after_host(at);
        }
        self.step_source(at, source::Input::Row(row.clone()));
        self.step_target(at, target::Input::Row(row.clone()));
        self.step_orchestrator(at, orchestrator::Input::Row(row));
    }
}

fn host_done(party: Party, op: OpId, answer: MoveAnswer) -> Done {
    match party {
        Party::Source => Done::Source(op, source::Outcome::Host(answer)),
        Party::Target => Done::Target(op, target::Outcome::Host(answer)),
        Party::Orchestrator => unreachable!("it asks no host"),
    }
}
