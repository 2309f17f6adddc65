//! Emptying a node: its daemons in the order in which they were named, a few at a time; one that stays is tried again later,
//! and then left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;

use wayfare_protocol::{Boot, Limits};

use crate::Sink;

use super::{Effect, MoveOutcome, Why};

#[derive(Debug)]
pub(super) struct Drain<D> {
    waiting: VecDeque<D>,
    moving: BTreeSet<D>,
    /// Those that stayed, and when they are tried again.
    again: BTreeMap<D, Boot>,
    /// How often each that stayed was tried.
    tried: BTreeMap<D, u32>,
    /// Those that are not tried any more.
    left: BTreeSet<D>,
}

impl<D: Copy + Ord + Debug> Drain<D> {
    pub(super) fn new(moving: BTreeSet<D>) -> Self {
        let (waiting, again, tried, left) = (VecDeque::new(), BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { waiting, moving, again, tried, left }
    }

    /// Takes in daemons that are not known yet, or were left.
    pub(super) fn add(&mut self, daemons: impl IntoIterator<Item = D>) {
        for daemon in daemons {
            let known =
                self.moving.contains(&daemon) || self.again.contains_key(&daemon) || self.waiting.contains(&daemon);
            if !known {
                self.left.remove(&daemon);
                self.tried.remove(&daemon);
                self.waiting.push_back(daemon);
            }
        }
    }

    /// A daemon that is not being moved has ended; `false` if it was not to be moved.
    pub(super) fn remove(&mut self, daemon: D) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| *waiting != daemon);
        self.tried.remove(&daemon);
        self.left.remove(&daemon);
        self.again.remove(&daemon).is_some() || self.waiting.len() < before
    }

    /// Sends as many as may be on their way at once.
    pub(super) fn send(&mut self, limits: &Limits, out: &mut impl Sink<Effect<D>>) {
        while self.moving.len() < limits.drain_moves {
            let Some(daemon) = self.waiting.pop_front() else { return };
            self.moving.insert(daemon);
            out.push(Effect::MoveAway { daemon, why: Why::Drain });
        }
    }

    /// What became of a move; `false` if it was none of these.
    pub(super) fn ended(&mut self, now: Boot, daemon: D, outcome: MoveOutcome, limits: &Limits) -> bool {
        if !self.moving.remove(&daemon) {
            return false;
        }
        match outcome {
            MoveOutcome::Moved => drop(self.tried.remove(&daemon)),
            MoveOutcome::Stayed => {
                let tried = self.tried.entry(daemon).or_default();
                *tried += 1;
                if *tried < limits.drain_attempts {
                    self.again.insert(daemon, now.after(limits.drain_retry));
                } else {
                    self.left.insert(daemon);
                }
            }
        }
        true
    }

    /// Puts those whose time has come behind the others.
    pub(super) fn retry_due(&mut self, now: Boot) {
        let due: Vec<_> = self.again.iter().filter(|(_, at)| **at <= now).map(|(daemon, _)| *daemon).collect();
        for daemon in due {
            self.again.remove(&daemon);
            self.waiting.push_back(daemon);
        }
    }

    /// When the next is tried again; `None` while no more may be on their way.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Boot> {
        self.again.values().min().copied().filter(|_| self.moving.len() < limits.drain_moves)
    }

    pub(super) fn take_moving(&mut self) -> BTreeSet<D> {
        std::mem::take(&mut self.moving)
    }

    /// Called where a daemon has just left the lists.
    pub(super) fn tell_if_over(&self, out: &mut impl Sink<Effect<D>>) {
        if self.waiting.is_empty() && self.moving.is_empty() && self.again.is_empty() {
            out.push(Effect::Drained { left: self.left.iter().copied().collect() });
        }
    }
}
