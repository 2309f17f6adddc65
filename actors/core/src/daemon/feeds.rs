//! Feeds: outputs of other daemons that become events of this one.
//!
//! Who feeds is part of the memory, so a feed moves with the daemon. Only the node that acts for it asks: it fetches outputs after the last
//! that is processed, which tells the source that they need not be kept for it any more. An output's number is the event's number of the origin that
//! its daemon is, so that whatever is fetched twice is taken once.
//!
//! | from \ what happens | outputs come | none came | refused, or no answer in time | what came is processed | it is to end |
//! |---|---|---|---|---|---|
//! | (nothing) | – | – | – | – | Leaving |
//! | Asking | Recording | Asking | Resting | – | Leaving |
//! | Recording | – | – | – | Asking | Leaving |
//! | Resting; in time: Asking | – | – | – | – | Leaving |
//! | Leaving | – | – | as before, and refused | – | – |

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonOutput, FeedInfo, Input};
use wayfare_protocol::limits::DAEMON_FETCH_MAX;
use wayfare_protocol::{Boot, EntityId, ErrorCode, Now, Origin, Refusal};

use super::moving::Sealing;
use super::{DaemonHost, Effect, reply};
use crate::machine::{OpId, Sink};
use crate::session::Caller;

/// How this node gets on with each source.
#[derive(Debug, Default)]
pub(super) struct Feeds(BTreeMap<EntityId, Feed>);

#[derive(Debug)]
struct Feed {
    state: State,
    /// Why nothing came the last time.
    trouble: Option<String>,
}

#[derive(Debug)]
enum State {
    /// The source is asked; again at that time.
    Asking { op: OpId, until: Boot },
    /// Outputs through that one are on their way into the inbox.
    Recording { through: u64 },
    /// It is asked again at that time.
    Resting { until: Boot },
    /// The source is told to keep nothing for it any more.
    Leaving { op: OpId, until: Boot, caller: Caller },
}

impl Feeds {
    /// When something is to be done.
    pub(super) fn deadline(&self) -> Option<Boot> {
        let until = |feed: &Feed| match feed.state {
            State::Asking { until, .. } | State::Resting { until } | State::Leaving { until, .. } => Some(until),
            State::Recording { .. } => None,
        };
        self.0.values().filter_map(until).min()
    }

    fn of(&self, op: OpId) -> Option<EntityId> {
        let is_asked = |state: &State| match state {
            State::Asking { op: asked, .. } | State::Leaving { op: asked, .. } => *asked == op,
            State::Recording { .. } | State::Resting { .. } => false,
        };
        self.0.iter().find(|(_, feed)| is_asked(&feed.state)).map(|(from, _)| *from)
    }

    fn set(&mut self, from: EntityId, state: State, trouble: Option<String>) {
        self.0.insert(from, Feed { state, trouble });
    }
}

impl DaemonHost {
    /// Another daemon's outputs become events from now on.
    pub(super) fn feed(&mut self, now: Now, caller: Caller, from: EntityId, after: u64, out: &mut impl Sink<Effect>) {
        let feeds = self.runner().map(|runner| &runner.memory.feeds);
        let many = feeds.map_or(0, |feeds| feeds.len());
        let is_new = feeds.is_none_or(|feeds| !feeds.contains(&from));
        if from == self.config.entity {
            let refusal = Refusal::new(ErrorCode::Malformed, "a daemon does not feed itself".to_owned());
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        if is_new && many >= self.config.limits.daemon_feeds {
            let refusal = Refusal::new(ErrorCode::Overloaded, format!("{many} daemons feed it already"));
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        self.skip(now, from, after);
        self.record(now, caller, Input::Fed { from }, out);
    }

    /// A source ends: it is told first, since it keeps its outputs for whoever does not say that.
    pub(super) fn end_feed(&mut self, now: Now, caller: Caller, from: EntityId, out: &mut impl Sink<Effect>) {
        if self.runner().is_none_or(|runner| !runner.memory.feeds.contains(&from)) {
            return reply(caller, DaemonAnswer::Done, out);
        }
        if let Some(Feed { state: State::Leaving { .. }, .. }) = self.feeds.0.get(&from) {
            let refusal = Refusal::new(ErrorCode::Overloaded, "that is under way".to_owned());
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        let op = self.ops.take();
        let until = now.boot.after(self.config.limits.request);
        self.feeds.set(from, State::Leaving { op, until, caller }, None);
        let call = DaemonCall::Unsubscribe { subscriber: self.config.entity.origin() };
        out.push(Effect::Ask { op, daemon: from, call });
    }

    /// The daemon that an origin is, if it feeds this one.
    pub(super) fn source_of(&self, origin: Origin) -> Option<EntityId> {
        let feeds = &self.runner()?.memory.feeds;
        feeds.iter().find(|from| from.origin() == origin).copied()
    }

    /// Who feeds it.
    pub(super) fn feed_list(&self) -> Vec<FeedInfo> {
        let Some(memory) = self.runner().map(|runner| &runner.memory) else { return Vec::new() };
        let info = |from: &EntityId| FeedInfo {
            from: *from,
            through: memory.last_of(from.origin()),
            trouble: self.feeds.0.get(from).and_then(|feed| feed.trouble.clone()),
        };
        memory.feeds.iter().map(info).collect()
    }

    /// Asks every source that is not being asked, if this node acts for the daemon.
    pub(super) fn ask_sources(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if !self.acts() || !matches!(self.sealing, Sealing::No) {
            return self.leave_feeds(out);
        }
        let Some(memory) = self.runner().map(|runner| &runner.memory) else { return };
        if memory.feeds.is_empty() && self.feeds.0.is_empty() {
            return;
        }
        let sources: Vec<_> = memory.feeds.iter().map(|from| (*from, memory.last_of(from.origin()))).collect();
        self.feeds.0.retain(|from, _| sources.iter().any(|(source, _)| source == from));
        for (from, processed) in sources {
            let is_free = match self.feeds.0.get(&from).map(|feed| &feed.state) {
                None => true,
                Some(State::Recording { through }) => *through <= processed,
                Some(State::Asking { until, .. } | State::Resting { until }) => *until <= now.boot,
                Some(State::Leaving { until, caller, .. }) => {
                    let (is_over, caller) = (*until <= now.boot, *caller);
                    if is_over {
                        let why = "the other daemon did not answer in time: it feeds this one still";
                        let refusal = Refusal::new(ErrorCode::OwnerUnreachable, why.to_owned());
                        reply(caller, DaemonAnswer::Refused(refusal), out);
                    }
                    is_over
                }
            };
            if is_free {
                self.fetch_from(now, from, processed, out);
            }
        }
    }

    fn fetch_from(&mut self, now: Now, from: EntityId, after: u64, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        let limits = &self.config.limits;
        let until = now.boot.after(limits.request + limits.daemon_fetch_wait);
        let trouble = self.feeds.0.remove(&from).and_then(|feed| feed.trouble);
        self.feeds.set(from, State::Asking { op, until }, trouble);
        let subscriber = self.config.entity.origin();
        let call = DaemonCall::Fetch { subscriber, after, bytes: DAEMON_FETCH_MAX as u64 };
        out.push(Effect::Ask { op, daemon: from, call });
    }

    /// This node asks nobody any more: what comes of what was asked is passed over.
    fn leave_feeds(&mut self, out: &mut impl Sink<Effect>) {
        for feed in std::mem::take(&mut self.feeds.0).into_values() {
            if let State::Leaving { caller, .. } = feed.state {
                let refusal = Refusal::new(ErrorCode::StaleEpoch, "it is being moved, or was stopped".to_owned());
                reply(caller, DaemonAnswer::Refused(refusal), out);
            }
        }
    }

    /// A source, or whoever is on the way to it, has answered.
    pub(super) fn source_answered(&mut self, now: Now, op: OpId, answer: DaemonAnswer, out: &mut impl Sink<Effect>) {
        let Some(from) = self.feeds.of(op) else { return };
        let Some(Feed { state, .. }) = self.feeds.0.remove(&from) else { return };
        if let State::Leaving { caller, .. } = state {
            let is_left = match &answer {
                DaemonAnswer::Refused(refusal) => refusal.code == ErrorCode::NotFound,
                answer => *answer == DaemonAnswer::Done,
            };
            if !is_left {
                return reply(caller, answer, out);
            }
            // Nothing is asked any more until it is recorded that the feed is none.
            self.feeds.set(from, State::Recording { through: u64::MAX }, None);
            return self.record(now, caller, Input::Unfed { from }, out);
        }
        match answer {
            DaemonAnswer::Outputs(outputs) if outputs.is_empty() => {} // it is asked again at once
            DaemonAnswer::Outputs(outputs) => self.take_outputs(now, from, outputs),
            DaemonAnswer::Refused(refusal) => self.rest(now, from, refusal.detail),
            other => self.rest(now, from, format!("its answer is none to a fetch: {other:?}")),
        }
    }

    fn take_outputs(&mut self, now: Now, from: EntityId, outputs: Vec<DaemonOutput>) {
        let payloads: Vec<Bytes> = outputs.iter().map(|output| output.payload.clone()).collect();
        if let Err(refusal) = self.has_room_for(1, &payloads) {
            return self.rest(now, from, refusal.detail);
        }
        let origin = from.origin();
        if outputs.iter().any(|output| output.link.origin != origin) {
            return self.rest(now, from, "it answers with outputs of another daemon".to_owned());
        }
        let mut through = 0;
        for DaemonOutput { link, payload, .. } in outputs {
            through = link.sequence;
            if through <= self.last_of(origin) {
                continue; // it is on its way already
            }
            self.skip(now, from, through - 1);
            self.accepting.push(now, Input::Published { origin, sequence: through, payload });
            self.accepting.saw(origin, through);
        }
        self.feeds.set(from, State::Recording { through }, None);
    }

    /// Outputs through that one do not come.
    fn skip(&mut self, now: Now, from: EntityId, through: u64) {
        let origin = from.origin();
        if through > self.last_of(origin) {
            self.accepting.push(now, Input::Lost { origin, through });
            self.accepting.saw(origin, through);
        }
    }

    fn rest(&mut self, now: Now, from: EntityId, trouble: String) {
        let until = now.boot.after(self.config.limits.daemon_feed_retry);
        self.feeds.set(from, State::Resting { until }, Some(trouble));
    }
}
