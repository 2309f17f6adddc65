//! A small deterministic world: nodes, a store, publishers and a network that loses, repeats and delays; and one crash at an exact step, or
//! when a machine comes to a phase.

mod effects;
mod host;
mod lost;
mod machines;
mod store;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;
use wayfare_protocol::daemon::{DaemonCall, DaemonState};
use wayfare_protocol::migration::{MigrationMessage, MoveMode, MoveState, Party};
use wayfare_protocol::ownership::{Lineage, Row};
use wayfare_protocol::{Boot, Epoch, Limits, MigrationId, NodeId, Now, ResourceId, Wall};

use super::super::{Orchestrator, Source, Target, Wrong, orchestrator, source, target};
use super::code::Code;
use super::node::Node;
use crate::daemon::desk::{Desk, Disk, config, entity, origin, tally};
use crate::daemon::{self, InboxRecord};
use crate::jitter::SplitMix64;
use crate::machine::{Machine, OpId};
use crate::mark::Mark;
use crate::ownership;

/// Who crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    Node(usize),
    Store,
}

/// When somebody crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Step(u64),
    /// As soon as a machine is in that phase.
    Phase(Mark),
}

/// What is tried.
#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) seed: u64,
    pub(super) code: Code,
    pub(super) mode: MoveMode,
    /// Where the orchestrator runs.
    pub(super) leader: usize,
    /// Where the daemon goes, one after the other.
    pub(super) way: &'static [usize],
    /// Of a hundred messages and answers, so many are lost, and as many come twice.
    pub(super) loss: u64,
    pub(super) crash: Option<(When, Victim)>,
    /// Called off as soon as a machine is in that phase.
    pub(super) cancel: Option<Mark>,
    pub(super) events: u64,
    /// The target is not ready so often.
    pub(super) unready: u32,
    /// The owner is lost, and that node is to go on.
    pub(super) loses_to: Option<usize>,
}

impl Setup {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            code: Code::Tally,
            mode: MoveMode::Live,
            leader: 2,
            way: &[1],
            loss: 0,
            crash: None,
            cancel: None,
            events: 100,
            unready: 0,
            loses_to: None,
        }
    }
}

#[derive(Default)]
pub(super) struct Publisher {
    pub(super) acknowledged: u64,
    /// What was acknowledged at the last publications, and how many came to nothing since.
    before: (u64, u32),
}

impl Publisher {
    fn is_stuck(&mut self, acknowledged: u64) -> bool {
        let (before, tries) = self.before;
        self.before = (acknowledged, if before == acknowledged { tries + 1 } else { 0 });
        self.before.1 > 5
    }
}

#[derive(Clone)]
enum Done {
    Orchestrator(OpId, orchestrator::Outcome),
    Source(OpId, source::Outcome),
    Target(OpId, target::Outcome),
}

enum Asked {
    Read,
    Claim(Box<wayfare_protocol::ownership::Claim>),
}

enum What {
    Deliver { to: usize, from: usize, message: MigrationMessage },
    Finish { node: usize, life: u64 },
    Done { node: usize, life: u64, done: Done },
    Store { node: usize, life: u64, party: Party, op: OpId, asked: Asked },
    Row { node: usize, row: Row },
    Publish(usize),
    Call { node: usize, publisher: usize, epoch: Epoch, first: u64, count: u64 },
    Accepted { publisher: usize, through: u64 },
    Restart(usize),
    StoreBack,
    Order,
    Lose(usize),
    Recover,
}

pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) limits: Limits,
    /// Milliseconds.
    pub(super) now: u64,
    pub(super) steps: u64,
    queue: BTreeMap<(u64, u64), What>,
    serial: u64,
    random: SplitMix64,
    pub(super) nodes: Vec<Node>,
    pub(super) row: Row,
    is_store_up: bool,
    pub(super) publishers: Vec<Publisher>,
    /// Frames of the inbox by first position, as they were recorded anywhere.
    pub(super) frames: BTreeMap<u64, Bytes>,
    pub(super) ended: Vec<MoveState>,
    pub(super) rejected: Vec<Wrong>,
    /// Messages by name, as they were sent.
    pub(super) said: Vec<(&'static str, usize, usize)>,
    orders: usize,
    /// The step at which the first move was ordered.
    pub(super) ordered_at: u64,
    /// The step at which the last one ended.
    pub(super) ended_at: u64,
    pub(super) lost: Option<lost::Lost>,
}

pub(super) fn limits() -> Limits {
    let ms = Duration::from_millis;
    Limits {
        migration_retry: ms(100),
        migration_patience: ms(800),
        migration_sealed: ms(400),
        migration_ready_min: ms(50),
        migration_ready_max: ms(400),
        migration_ready_budget: ms(2_000),
        migration_lag: 4,
        daemon_snapshot_events: 25,
        ..Limits::default()
    }
}

impl World {
    pub(super) fn new(setup: Setup) -> Self {
        let limits = limits();
        let mut nodes: Vec<_> = (1..=3).map(Node::new).collect();
        let row = Row {
            resource: ResourceId::Daemon(entity()),
            key: config(nodes[0].id, tally()).key.into(),
            owner: nodes[0].id,
            epoch: Epoch { generation: 1, n: 1 },
            lineage: Lineage(0),
            base: None,
        };
        let mut desk = Desk::with(nodes[0].host_config(&setup.code.factory(), &limits));
        desk.step(daemon::Input::Ownership(ownership::Input::Row(row.clone())));
        desk.call(DaemonCall::Subscribe { subscriber: origin(77), after: 0 });
        desk.answers.clear();
        desk.slow();
        let frames = desk.disk.inbox.iter().filter_map(|record| match record {
            InboxRecord::Frame(bytes) => Some((1, bytes.clone())),
            _ => None,
        });
        let frames = frames.collect();
        nodes[0].desk = Some(desk);
        nodes[0].has_key = true;
        let mut world = Self {
            random: SplitMix64::new(setup.seed),
            setup,
            limits,
            now: 0,
            steps: 0,
            queue: BTreeMap::new(),
            serial: 0,
            nodes,
            row,
            is_store_up: true,
            publishers: vec![Publisher::default(), Publisher::default()],
            frames,
            ended: Vec::new(),
            rejected: Vec::new(),
            said: Vec::new(),
            orders: 0,
            ordered_at: 0,
            ended_at: 0,
            lost: None,
        };
        world.later(1, What::Publish(0));
        world.later(3, What::Publish(1));
        world.later(60, setup.loses_to.map_or(What::Order, What::Lose));
        world
    }

    fn draw(&mut self, from: u64, to: u64) -> u64 {
        from + self.random.draw() % (to - from + 1)
    }

    fn is_unlucky(&mut self) -> bool {
        self.random.draw() % 100 < self.setup.loss
    }

    fn later(&mut self, ms: u64, what: What) {
        self.serial += 1;
        self.queue.insert((self.now + ms, self.serial), what);
    }

    fn time(&self) -> Now {
        Now { boot: Boot(Duration::from_millis(self.now)), wall: Wall(1_000_000 + self.now) }
    }

    fn index(&self, id: NodeId) -> usize {
        self.nodes.iter().position(|node| node.id == id).expect("a node of this world")
    }

    /// The machine that is due first, if one is due before the next event.
    fn due(&self) -> Option<(u64, usize, Party)> {
        let ms = |at: Boot| u64::try_from(at.0.as_millis()).unwrap() + 1;
        let each = self.nodes.iter().enumerate().filter(|(_, node)| node.is_up).flat_map(|(at, node)| {
            let deadlines = [
                (node.orchestrator.as_ref().and_then(Machine::deadline), Party::Orchestrator),
                (node.source.as_ref().and_then(Machine::deadline), Party::Source),
                (node.target.as_ref().and_then(Machine::deadline), Party::Target),
            ];
            deadlines
                .into_iter()
                .filter_map(move |(deadline, party)| deadline.map(|deadline| (ms(deadline), at, party)))
        });
        let next = self.queue.first_key_value().map_or(u64::MAX, |((at, _), _)| *at);
        each.min().filter(|(at, _, _)| *at <= next)
    }

    /// One thing happens. Returns whether anything was left to happen.
    pub(super) fn step(&mut self) -> bool {
        if let Some((when, victim)) = self.setup.crash
            && self.is_now(when)
        {
            self.setup.crash = None;
            self.strike(victim);
        }
        if let Some(mark) = self.setup.cancel
            && self.is_now(When::Phase(mark))
        {
            self.setup.cancel = None;
            self.step_orchestrator(self.setup.leader, orchestrator::Input::Cancel);
        }
        if let Some((at, node, party)) = self.due() {
            self.now = self.now.max(at);
            self.wake(node, party);
        } else if let Some(((at, _), what)) = self.queue.pop_first() {
            self.now = self.now.max(at);
            self.happen(what);
        } else {
            return false;
        }
        self.steps += 1;
        // An owner that comes back acts as it did until it has read the row (architecture §5.2).
        let is_lost = |at| self.lost.as_ref().is_some_and(|lost| lost.node == at);
        let others = self.nodes.iter().enumerate().filter(|(at, _)| !is_lost(*at));
        let live = others.filter(|(_, node)| node.state() == Some(DaemonState::Live));
        assert!(live.count() <= 1, "two nodes act for one daemon");
        true
    }

    fn is_now(&self, when: When) -> bool {
        match when {
            When::Step(step) => step == self.steps,
            When::Phase(mark) => self.nodes.iter().any(|node| node.marks().contains(&mark)),
        }
    }

    fn strike(&mut self, victim: Victim) {
        match victim {
            Victim::Node(node) => {
                self.nodes[node].crash();
                let ms = self.draw(30, 300);
                self.later(ms, What::Restart(node));
            }
            Victim::Store => {
                self.is_store_up = false;
                let ms = self.draw(100, 1_500);
                self.later(ms, What::StoreBack);
            }
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Deliver { to, from, message } => self.deliver(to, from, message),
            What::Finish { node, life } => self.finish(node, life),
            What::Done { node, life, done } => self.done(node, life, done),
            What::Store { node, life, party, op, asked } => self.store(node, life, party, op, asked),
            What::Row { node, row } => self.tell_row(node, row),
            What::Publish(publisher) => self.publish(publisher),
            What::Call { node, publisher, epoch, first, count } => self.call(node, publisher, epoch, first, count),
            What::Accepted { publisher, through } => {
                let publisher = &mut self.publishers[publisher];
                publisher.acknowledged = publisher.acknowledged.max(through);
            }
            What::Restart(node) => self.restart(node),
            What::StoreBack => self.is_store_up = true,
            What::Order => self.order(),
            What::Lose(target) => self.lose(target),
            What::Recover => self.recover(),
        }
    }

    /// Whether every move was ordered, and ended or lost its orchestrator.
    pub(super) fn is_over(&self) -> bool {
        self.orders == self.setup.way.len()
    }

    fn new_id(&mut self) -> MigrationId {
        self.serial += 1;
        MigrationId(Uuid::from_u128(u128::from(self.serial)))
    }

    fn send(&mut self, from: usize, to: NodeId, message: MigrationMessage) {
        let to = self.index(to);
        self.said.push((message.step.name(), from, to));
        // What travels is bytes.
        let message = MigrationMessage::decode(&message.encode()).expect("it decodes");
        for copy in 0..2 {
            let is_sent = if copy == 0 { !self.is_unlucky() } else { self.is_unlucky() };
            if is_sent {
                let ms = if from == to { 0 } else { self.draw(1, if self.setup.loss > 0 { 40 } else { 4 }) };
                self.later(ms, What::Deliver { to, from, message: message.clone() });
            }
        }
    }
}

pub(super) fn empty_disk() -> Disk {
    Disk { inbox_first: 1, outputs_first: 1, ..Disk::default() }
}
