//! The move at the end: to a node that is named, to the one that fits best, or because its node gives all of its daemons away.

use wayfare_protocol::control::DrainOrder;
use wayfare_protocol::daemon::DaemonInfo;
use wayfare_protocol::migration::MoveMode;

use super::Mover;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// The orders of its own come first.
    NotYet,
    /// It is to be done, in that way, once that is known.
    Wanted(Option<Way>),
    /// It is done, or there is nothing to move, or nowhere to go.
    Done,
}

/// How the daemon is to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To that node.
    To(usize),
    /// To the one that fits best.
    Any,
    /// With all others of that node.
    Drain(usize),
}

impl Mover {
    /// Moves the daemon once more.
    pub fn go_on(&mut self) {
        self.last = Last::Wanted(None);
        self.asker.config.hurries = true;
        self.look();
    }

    /// What is under way and must end in time, for people; `None`: nothing.
    #[must_use]
    pub fn doing(&self) -> Option<String> {
        let (name, phase, daemon) = (&self.asker.config.name, &self.phase, &self.work.daemon);
        match self.last {
            Last::Wanted(way) => Some(format!("{name} wants {daemon:?} to move ({way:?}), and is {phase:?}")),
            Last::NotYet if self.is_resting && !self.drained.is_empty() => {
                Some(format!("{name} wants nodes {:?} to take daemons, and is {phase:?}", self.drained))
            }
            Last::NotYet | Last::Done => None,
        }
    }

    /// The daemon is described: orders what is left to order.
    pub(super) fn order_last(&mut self, info: &DaemonInfo, way: Option<Way>) {
        let here = self.work.nodes.iter().position(|node| *node == info.owner);
        let other = self.work.able.iter().copied().find(|node| Some(*node) != here);
        let way = match (way, here, other) {
            (_, None, _) | (_, _, None) => return self.end(), // there is nowhere to go
            (Some(way), ..) => way,
            (None, Some(here), Some(_))
                if self.work.may_drain && !self.lost.contains(&here) && self.asker.draws.percent(30) =>
            {
                Way::Drain(here)
            }
            (None, _, Some(_)) if self.asker.draws.percent(40) => Way::Any,
            (None, _, Some(other)) => Way::To(other),
        };
        self.last = Last::Wanted(Some(way));
        match way {
            // Its answer was lost, or it was one of those that were given away.
            Way::To(node) if here == Some(node) => self.end(),
            Way::Drain(node) if here != Some(node) => self.end(),
            Way::To(node) => self.order_move(info.entity, Some(node), MoveMode::Live),
            Way::Any => self.order_move(info.entity, None, MoveMode::Live),
            Way::Drain(node) => self.order_drain(node, DrainOrder::Begin),
        }
    }

    fn end(&mut self) {
        self.last = Last::Done;
        self.idle();
    }
}
