//! What of a session's effects oracles judge.

use wayfare_protocol::session::SessionAnswer;
use wayfare_protocol::{ResourceId, RunId};

use super::{Effect, InboxRecord, RuntimeSession};
use crate::fact::{Fact, Keeper, Queue, Witness};
use crate::outputs::ReaderEffect;
use crate::ownership::{self, Phase};

impl RuntimeSession {
    pub(super) fn tell(&self, effect: &Effect, to: &mut Witness) {
        let (session, node) = (self.config.session, self.config.here);
        match effect {
            Effect::AppendInbox { records, .. } => {
                for record in records {
                    self.tell_record(record, to);
                }
            }
            Effect::AppendOutputs { records, .. } => {
                for logged in records {
                    to.output(Keeper::Owner, &logged.record);
                }
            }
            Effect::Reply { answer: SessionAnswer::Accepted { position, epoch, .. }, .. } => {
                to.tell(Fact::Answered { session, node, epoch: *epoch, position: Some(*position) });
            }
            Effect::Reply { answer: SessionAnswer::Done, .. } => {
                to.tell(Fact::Answered { session, node, epoch: self.epoch(), position: None });
            }
            Effect::Publish(_) => {
                if let Phase::Held { row } = self.ownership.phase() {
                    to.held(row, node);
                }
            }
            Effect::Reader(ReaderEffect::Send { .. }) => {
                to.tell(Fact::Queue { queue: Queue::Readers, length: self.outputs.readers() as u64 });
            }
            _ => {}
        }
    }

    fn tell_record(&self, record: &InboxRecord, to: &mut Witness) {
        let (session, node) = (self.config.session, self.config.here);
        match record {
            InboxRecord::Ownership(ownership::Record::Released(row)) => {
                to.tell(Fact::Released { resource: ResourceId::Session(session), epoch: row.epoch, node });
            }
            InboxRecord::Accepted { position, run, .. } => {
                to.tell(Fact::Accepted { session, run: *run, position: *position });
                to.tell(Fact::Queue { queue: Queue::RunsWaiting, length: self.runs.waiting() as u64 });
                to.tell(Fact::Queue { queue: Queue::RunsKnown, length: self.runs.count() as u64 });
            }
            InboxRecord::Started { position, attempt, kernel } => {
                if let Some(run) = self.run_started_at(*position) {
                    let (position, attempt, kernel) = (*position, *attempt, *kernel);
                    to.tell(Fact::Started { session, run, attempt, position, kernel });
                }
            }
            _ => {} // what is held is told when it is published
        }
    }

    fn run_started_at(&self, position: u64) -> Option<RunId> {
        self.runs.started().filter(|started| started.position == position).map(|started| started.run)
    }
}
