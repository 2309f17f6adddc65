//! The machines of this world: ordered, told, and made anew after a crash.

use wayfare_protocol::Now;
use wayfare_protocol::daemon::DaemonState;
use wayfare_protocol::migration::{MigrationMessage, MoveCause, MoveOrder, Party};

use super::super::node::Node;
use super::{Done, Orchestrator, Source, Target, What, World, orchestrator, source, target};
use crate::daemon;
use crate::daemon::desk::{Desk, entity};
use crate::machine::Machine as _;

impl World {
    /// The next move is ordered when the one before is over, wherever the daemon is now.
    pub(super) fn order(&mut self) {
        let Some(to) = self.setup.way.get(self.orders).copied() else { return };
        if self.nodes.iter().any(Node::is_busy) || self.nodes.iter().any(|node| !node.is_up) {
            return self.later(50, What::Order);
        }
        if self.orders == 0 {
            self.ordered_at = self.steps;
        }
        self.orders += 1;
        self.later(50, What::Order);
        if self.row.owner == self.nodes[to].id {
            return;
        }
        let order =
            MoveOrder { daemon: entity(), to: Some(self.nodes[to].id), mode: self.setup.mode, cause: MoveCause::Asked };
        let config = orchestrator::Config {
            migration: self.new_id(),
            order,
            by: self.nodes[2].id.0,
            limits: self.limits.clone(),
            seed: self.setup.seed,
        };
        let leader = self.setup.leader;
        self.nodes[leader].orchestrator = Some(Orchestrator::new(config, self.time()));
        self.step_orchestrator(leader, orchestrator::Input::Start);
    }

    pub(super) fn restart(&mut self, at: usize) {
        let now = self.time();
        self.nodes[at].is_up = true;
        if let Some(disk) = self.nodes[at].disk.take() {
            let config = self.nodes[at].host_config(&self.setup.code.factory(), &self.limits);
            let mut desk = Desk::on(config, disk);
            desk.now = now;
            desk.calls = self.nodes[at].life * 1_000_000;
            desk.step(daemon::Input::Recovered);
            desk.slow();
            let is_there = !desk.is_removed;
            self.nodes[at].desk = is_there.then_some(desk);
        }
        let migration = self.new_id();
        let now = self.time();
        match self.nodes[at].state() {
            None => self.nodes[at].has_key = false, // keys without a host are deleted
            Some(DaemonState::Following) => {
                self.nodes[at].target = Some(self.new_target(at, now));
                self.step_target(at, target::Input::Recovered { migration });
            }
            Some(DaemonState::Sealed | DaemonState::Elsewhere) => {
                self.nodes[at].source = Some(self.new_source(at, now));
                self.step_source(at, source::Input::Recovered { migration });
            }
            Some(_) => {}
        }
        // A node reads the rows of its daemons when its link to the store comes up.
        let row = self.row.clone();
        self.later(20, What::Row { node: at, row });
    }

    fn new_source(&self, at: usize, now: Now) -> Source {
        let limits = self.limits.clone();
        Source::new(source::Config { daemon: entity(), here: self.nodes[at].id, limits }, now)
    }

    fn new_target(&self, at: usize, now: Now) -> Target {
        let limits = self.limits.clone();
        Target::new(target::Config { daemon: entity(), here: self.nodes[at].id, others: 0, limits }, now)
    }

    pub(super) fn deliver(&mut self, to: usize, from: usize, message: MigrationMessage) {
        if !self.nodes[to].is_up {
            return;
        }
        let (now, from) = (self.time(), self.nodes[from].id);
        match message.to {
            Party::Orchestrator => self.step_orchestrator(to, orchestrator::Input::Message { from, message }),
            Party::Source => {
                if self.nodes[to].source.is_none() {
                    self.nodes[to].source = Some(self.new_source(to, now));
                }
                self.step_source(to, source::Input::Message { from, message });
                self.nodes[to].source.take_if(|source| source.is_idle());
            }
            Party::Target => {
                if self.nodes[to].target.is_none() {
                    self.nodes[to].target = Some(self.new_target(to, now));
                }
                self.step_target(to, target::Input::Message { from, message });
                self.nodes[to].target.take_if(|target| target.is_idle());
            }
        }
    }

    pub(super) fn done(&mut self, node: usize, life: u64, done: Done) {
        if self.nodes[node].life != life {
            return;
        }
        match done {
            Done::Orchestrator(op, outcome) => self.step_orchestrator(node, orchestrator::Input::Done { op, outcome }),
            Done::Source(op, outcome) => self.step_source(node, source::Input::Done { op, outcome }),
            Done::Target(op, outcome) => self.step_target(node, target::Input::Done { op, outcome }),
        }
    }
}
