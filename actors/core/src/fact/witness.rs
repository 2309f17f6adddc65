//! Who takes facts down.

use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, OutputRecord};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::{NodeId, RunId};

use super::{EventDigest, Fact, Keeper};

/// Takes facts down as machines tell them.
#[derive(Debug, Default)]
pub struct Witness {
    facts: Vec<Fact>,
    compares_events: bool,
}

impl Witness {
    /// One who takes down what an event says (its digest) only if that is wanted: it costs a hash of every event.
    #[must_use]
    pub fn new(compares_events: bool) -> Self {
        Self { facts: Vec::new(), compares_events }
    }

    /// Takes a fact down.
    pub fn tell(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// A node acts for a resource under a row.
    pub fn held(&mut self, row: &Row, node: NodeId) {
        let &Row { resource, lineage, epoch, .. } = row;
        self.tell(Fact::Held { resource, lineage, epoch, node });
    }

    /// The store granted a row.
    pub fn granted(&mut self, row: &Row) {
        let &Row { resource, lineage, epoch, owner, .. } = row;
        let name = row.key.to_string();
        self.tell(Fact::Granted { resource, name, lineage, epoch, owner });
    }

    /// A copy takes a record in.
    pub fn output(&mut self, copy: Keeper, record: &OutputRecord) {
        if let OutputBody::Event { number, event } = &record.body {
            let (run, attempt, number, span) = (record.run, record.attempt, *number, event.span());
            let digest = self.digest(event);
            self.tell(Fact::Output { copy, run, attempt, number, span, digest });
        }
    }

    /// A client shows an event.
    pub fn shown(&mut self, run: RunId, number: u64, event: &RunEvent) {
        let (is_omission, is_last) = (matches!(event, RunEvent::Omitted { .. }), event.is_last());
        let digest = self.digest(event);
        self.tell(Fact::Shown { run, number, span: event.span(), is_omission, is_last, digest });
    }

    fn digest(&self, event: &RunEvent) -> Option<EventDigest> {
        self.compares_events.then(|| EventDigest::of(event))
    }

    /// Whether what events say is wanted.
    #[must_use]
    pub fn compares_events(&self) -> bool {
        self.compares_events
    }

    /// What was taken down since the last time.
    pub fn take(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }
}
