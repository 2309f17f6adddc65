//! People who order daemons to other nodes: now to one that takes it, now to where it is, to one without the code, to one that is
//! away just then, or to whichever is best; and who have nodes give theirs away.
//!
//! | phase \ told | where it is | moved, or not | no answer for [`PATIENCE`], or the link is lost |
//! |---|---|---|---|
//! | Idle | – | – | – |
//! | Looking | Ordering | – | Looking, later |
//! | Ordering | – | Idle | the same order again, or Idle |
//!
//! When everything has healed each moves its daemon once more ([`last`]): that must be done in time.

mod last;
mod order;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_protocol::control::DrainOrder;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo};
use wayfare_protocol::migration::{MoveMode, MoveState};
use wayfare_protocol::{EntityId, NodeId, Refusal};

use crate::asker::Asker;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::person::{Config, Woken};
use crate::ports::Disk;
use crate::process::Surroundings;

use last::Last;
pub use order::{NoOrder, Order};

/// So long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(45);

/// What one is to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// The daemon's name.
    pub daemon: String,
    /// Where it is to go, one after the other.
    pub orders: Vec<Order>,
    /// The nodes of its account, by number.
    pub nodes: Vec<NodeId>,
    /// Those of them that have its code.
    pub able: Vec<usize>,
    /// Whether the daemon may leave its node at the end because that gives all of its daemons away. Two who do that at once keep
    /// each other from it.
    pub may_drain: bool,
}

#[derive(Debug)]
enum Phase {
    Idle,
    /// The list of daemons was asked for.
    Looking,
    /// A move was ordered.
    Ordering(Order),
    /// It was ordered that the daemon go on without its node, which is gone.
    Recovering,
}

/// What comes of what it asked, under the question's number.
enum Told {
    Listed(Option<Vec<DaemonInfo>>),
    Answered(Option<DaemonAnswer>),
    Drained(Option<Result<Vec<EntityId>, Refusal>>),
}

/// See the module.
pub struct Mover {
    asker: Asker<Told>,
    work: Work,
    phase: Phase,
    /// So many of its orders were given.
    given: usize,
    last: Last,
    /// Nodes that give their daemons away by its order, and must be told to keep them at the end.
    drained: Vec<usize>,
    /// Nodes that are gone for good.
    lost: BTreeSet<usize>,
    /// Whether its daemon is gone with one of them.
    is_gone: bool,
    is_resting: bool,
}

impl Mover {
    /// One who has not begun.
    #[must_use]
    pub fn new(
        config: Config,
        work: Work,
        around: Surroundings,
        evidence: Arc<Evidence>,
        woken: Woken,
        disk: Arc<Disk>,
    ) -> Self {
        Self {
            asker: Asker::new(config, around, evidence, woken, disk),
            work,
            phase: Phase::Idle,
            given: 0,
            last: Last::NotYet,
            drained: Vec::new(),
            lost: BTreeSet::new(),
            is_gone: false,
            is_resting: false,
        }
    }

    /// Comes into being.
    ///
    /// # Errors
    /// If the client does not start.
    pub async fn begin(&mut self) -> Result<(), Fatal> {
        self.asker.come().await?;
        self.asker.sleep(Duration::from_millis(500), Duration::from_secs(12));
        Ok(())
    }

    /// Orders nothing more, but that nodes keep what they have: who wants a session needs one that takes it. What becomes of an order that is
    /// under way nobody promises to tell.
    pub fn rest(&mut self) {
        self.is_resting = true;
        if matches!(self.phase, Phase::Idle) {
            self.look();
        }
    }

    /// A node is gone for good.
    pub fn loses(&mut self, node: usize) {
        self.lost.insert(node);
        self.work.able.retain(|able| *able != node);
        self.drained.retain(|drained| *drained != node);
    }

    /// Nobody can go on with those.
    pub fn gives_up(&mut self, gone: &BTreeMap<EntityId, String>) {
        self.is_gone = gone.values().any(|gone| *gone == self.work.daemon);
    }

    /// The life of its client, if it is there.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.asker.life()
    }

    /// A wait is over, or one before it that nobody waits for any more.
    pub fn wake(&mut self) {
        if !self.asker.is_awake() {
            return;
        }
        match self.phase {
            Phase::Idle => self.do_next(),
            Phase::Looking => self.look(),
            Phase::Ordering(order) => {
                self.asker.note(format_args!("hears nothing of {order}"));
                self.unanswered();
            }
            Phase::Recovering => self.look(),
        }
    }

    fn wants_more(&self) -> bool {
        match self.last {
            Last::NotYet if self.is_resting => !self.drained.is_empty(),
            Last::NotYet => self.given < self.work.orders.len(),
            Last::Wanted(_) => true,
            Last::Done => false,
        }
    }

    fn do_next(&mut self) {
        if self.wants_more() {
            self.look();
        }
    }

    fn idle(&mut self) {
        self.phase = Phase::Idle;
        if self.wants_more() {
            self.asker.sleep(Duration::from_millis(100), Duration::from_secs(9));
        }
    }

    fn look(&mut self) {
        if !self.wants_more() {
            self.phase = Phase::Idle;
            return;
        }
        if let Some(node) = self.drained.last().copied().filter(|_| self.is_resting) {
            return self.order_drain(node, DrainOrder::Cancel);
        }
        self.phase = Phase::Looking;
        self.asker.ask(PATIENCE, |client| {
            let listed = client.daemons();
            async move { Told::Listed(listed.await) }
        });
    }

    fn order_move(&mut self, daemon: EntityId, to: Option<usize>, mode: MoveMode) {
        let order = Order::Move { to, mode };
        let target = to.map(|to| self.work.nodes.get(to).copied());
        if target == Some(None) {
            return self.idle();
        }
        self.asker.note(format_args!("orders {} to go on: {order}", daemon.short()));
        self.phase = Phase::Ordering(order);
        let call = target.flatten().map_or(DaemonCall::Relocate { mode }, |to| DaemonCall::Move { to, mode });
        self.asker.ask(PATIENCE, |client| {
            let answer = client.call_daemon(daemon, call);
            async move { Told::Answered(answer.await) }
        });
    }

    fn order_drain(&mut self, node: usize, order: DrainOrder) {
        let there = self.work.nodes.get(node).copied().filter(|_| !self.lost.contains(&node));
        let Some(id) = there else {
            self.given += 1;
            return self.idle();
        };
        if order == DrainOrder::Begin && !self.drained.contains(&node) {
            self.drained.push(node);
        }
        let ordered = Order::Drain { node, order };
        self.asker.note(format_args!("orders {ordered}"));
        self.phase = Phase::Ordering(ordered);
        self.asker.ask(PATIENCE, |client| {
            let answer = client.drain(id, order);
            async move { Told::Drained(answer.await) }
        });
    }

    fn order_recovery(&mut self, daemon: EntityId) {
        self.asker.note(format_args!("orders {} to go on without its node", daemon.short()));
        self.phase = Phase::Recovering;
        self.asker.ask(PATIENCE, |client| {
            let answer = client.call_daemon(daemon, DaemonCall::Recover { to: None });
            async move { Told::Answered(answer.await) }
        });
    }

    /// Reads what has come; `false` if nothing has.
    pub fn read(&mut self) -> bool {
        let mut has_read = self.asker.reads_news();
        while let Some(told) = self.asker.next() {
            has_read = true;
            if let Some(told) = told {
                self.take(told);
            }
        }
        has_read
    }

    fn take(&mut self, told: Told) {
        match (&self.phase, told) {
            (Phase::Looking, Told::Listed(list)) => self.listed(list),
            (Phase::Ordering(order), Told::Answered(answer)) => {
                let order = *order;
                self.answered(order, answer);
            }
            (Phase::Recovering, Told::Answered(answer)) => {
                self.asker.note(format_args!("is answered {answer:?}"));
                self.phase = Phase::Looking;
                self.later();
            }
            (Phase::Ordering(order), Told::Drained(answer)) => {
                let order = *order;
                self.was_drained(order, answer);
            }
            _ => {} // it has gone on
        }
    }

    fn later(&mut self) {
        self.asker.sleep(Duration::from_millis(300), Duration::from_secs(4));
    }

    fn listed(&mut self, list: Option<Vec<DaemonInfo>>) {
        let Some(list) = list else { return self.later() };
        let Some(info) = list.into_iter().find(|info| info.key.name.as_str() == self.work.daemon) else {
            if let Last::Wanted(_) = self.last {
                self.last = Last::Done; // nobody has made it
            }
            return self.later();
        };
        if self.is_gone {
            self.last = Last::Done;
            return self.idle();
        }
        let is_lost = self.lost.iter().any(|lost| self.work.nodes.get(*lost) == Some(&info.owner));
        if is_lost && self.asker.draws.percent(50) {
            return self.order_recovery(info.entity);
        }
        match self.last {
            Last::NotYet => match self.work.orders.get(self.given).copied() {
                Some(Order::Move { to, mode }) => self.order_move(info.entity, to, mode),
                Some(Order::Drain { node, order }) => self.order_drain(node, order),
                None => self.idle(),
            },
            Last::Wanted(way) => self.order_last(&info, way),
            Last::Done => self.idle(),
        }
    }

    fn answered(&mut self, order: Order, answer: Option<DaemonAnswer>) {
        self.asker.note(format_args!("is answered {answer:?} to {order}"));
        let Some(answer) = answer else { return self.unanswered() };
        let is_moved = matches!(&answer, DaemonAnswer::Moved(info) if info.state == MoveState::Moved);
        if is_moved {
            self.asker.evidence.moved();
        }
        match self.last {
            Last::NotYet => {
                self.given += 1;
                self.idle();
            }
            Last::Wanted(_) if !is_moved => {
                self.phase = Phase::Looking;
                self.later();
            }
            Last::Wanted(_) | Last::Done => {
                self.last = Last::Done;
                self.idle();
            }
        }
    }

    fn was_drained(&mut self, order: Order, answer: Option<Result<Vec<EntityId>, Refusal>>) {
        self.asker.note(format_args!("is answered {answer:?} to {order}"));
        let Some(answer) = answer else { return self.unanswered() };
        if let (Order::Drain { node, order: DrainOrder::Cancel }, Ok(_)) = (order, &answer) {
            self.drained.retain(|drained| *drained != node);
        }
        if self.last == Last::NotYet {
            self.given += 1;
            return self.idle();
        }
        self.phase = Phase::Looking;
        if answer.is_ok() { self.look() } else { self.later() }
    }

    /// Whether it was done is not known: some order the same again.
    fn unanswered(&mut self) {
        if self.last == Last::NotYet && self.asker.draws.percent(50) {
            self.given += 1;
        }
        self.idle();
    }
}
