//! Fetches: subscribers that ask for outputs, and wait until there are any.

use std::collections::BTreeMap;

use wayfare_protocol::daemon::{DaemonAnswer, Input};
use wayfare_protocol::entity::Origin;
use wayfare_protocol::limits::DAEMON_FETCH_MAX;
use wayfare_protocol::{Boot, ErrorCode, Now, Refusal};

use super::{DaemonHost, Effect, reply};
use crate::machine::Sink;
use crate::session::Caller;

/// Who waits, one for each subscriber.
#[derive(Debug, Default)]
pub(super) struct Fetching(BTreeMap<Origin, Fetch>);

#[derive(Clone, Copy, Debug)]
struct Fetch {
    caller: Caller,
    after: u64,
    bytes: usize,
    /// It is answered at that time, also without outputs.
    until: Boot,
}

impl Fetching {
    /// When somebody is to be answered.
    pub(super) fn deadline(&self) -> Option<Boot> {
        self.0.values().map(|fetch| fetch.until).min()
    }
}

impl DaemonHost {
    /// A subscriber wants what comes after an output.
    pub(super) fn fetch(
        &mut self,
        now: Now,
        caller: Caller,
        (subscriber, after): (Origin, u64),
        bytes: u64,
        out: &mut impl Sink<Effect>,
    ) {
        let last = self.outbox.last();
        if after > last {
            let refusal = Refusal::new(ErrorCode::Malformed, format!("its last output is {last}, and not {after}"));
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        if let Err(refusal) = self.may_subscribe(subscriber) {
            return reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        if self.is_subscriber(subscriber) {
            self.acknowledge(subscriber, after);
        } else if !self.fetching.0.contains_key(&subscriber) {
            self.accepting.push(now, Input::Subscribed { subscriber, after });
        }
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(DAEMON_FETCH_MAX);
        let until = now.boot.after(self.config.limits.daemon_fetch_wait);
        if let Some(before) = self.fetching.0.insert(subscriber, Fetch { caller, after, bytes, until }) {
            reply(before.caller, DaemonAnswer::Outputs(Vec::new()), out);
        }
    }

    /// Answers those for whom there is something, or who have waited for long enough.
    pub(super) fn serve_fetches(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.fetching.0.is_empty() {
            return;
        }
        if !self.acts() {
            let refusal = Refusal::new(ErrorCode::StaleEpoch, "it is being moved, or was stopped".to_owned());
            for fetch in std::mem::take(&mut self.fetching.0).into_values() {
                reply(fetch.caller, DaemonAnswer::Refused(refusal.clone()), out);
            }
            return;
        }
        let waiting: Vec<_> = self.fetching.0.iter().map(|(subscriber, fetch)| (*subscriber, *fetch)).collect();
        for (subscriber, Fetch { caller, after, bytes, until }) in waiting {
            // What is not kept for it yet could be gone before it comes again.
            let outputs = match self.is_subscriber(subscriber) {
                true => self.outbox.shown_after(after, bytes),
                false => Vec::new(),
            };
            if !outputs.is_empty() || until <= now.boot {
                self.fetching.0.remove(&subscriber);
                reply(caller, DaemonAnswer::Outputs(outputs), out);
            }
        }
    }

    fn is_subscriber(&self, subscriber: Origin) -> bool {
        self.runner().is_some_and(|runner| runner.memory.subscribers.contains_key(&subscriber))
    }

    /// Whether there is a place for a subscriber.
    pub(super) fn may_subscribe(&self, subscriber: Origin) -> Result<(), Refusal> {
        let many = self.runner().map_or(0, |runner| runner.memory.subscribers.len());
        if !self.is_subscriber(subscriber) && many >= self.config.limits.daemon_subscribers {
            return Err(Refusal::new(ErrorCode::Overloaded, format!("it has {many} subscribers already")));
        }
        Ok(())
    }
}
