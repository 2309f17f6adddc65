//! What of a daemon's effects oracles judge. Single events are told only where somebody compares them: there are many.

use wayfare_protocol::ResourceId;
use wayfare_protocol::daemon::{InboxFrame, Input};

use super::{DaemonHost, Effect, InboxRecord};
use crate::fact::{EventDigest, Fact, Witness};
use crate::ownership::{self, Phase};

impl DaemonHost {
    pub(super) fn tell(&self, effect: &Effect, to: &mut Witness) {
        let (daemon, node) = (self.config.entity, self.config.here);
        match effect {
            Effect::AppendInbox { records, .. } => records.iter().for_each(|record| self.tell_record(record, to)),
            Effect::AppendOutputs { frame, .. } if to.compares_events() => {
                for output in &frame.outputs {
                    let (number, digest) = (output.link.sequence, EventDigest::of_output(output));
                    to.tell(Fact::Emitted { daemon, number, digest });
                }
            }
            Effect::Publish(_) => {
                if let Phase::Held { row } = self.ownership.phase() {
                    to.held(row, node);
                }
            }
            _ => {}
        }
    }

    fn tell_record(&self, record: &InboxRecord, to: &mut Witness) {
        let (daemon, node) = (self.config.entity, self.config.here);
        match record {
            InboxRecord::Ownership(ownership::Record::Released(row)) => {
                to.tell(Fact::Released { resource: ResourceId::Daemon(daemon), epoch: row.epoch, node });
            }
            InboxRecord::Frame(bytes) if to.compares_events() => {
                let Ok(frame) = InboxFrame::decode(bytes) else { return };
                for (position, entry) in (frame.first..).zip(&frame.entries) {
                    let event = match entry.input {
                        Input::Published { origin, sequence, .. } => Some((origin, sequence)),
                        _ => None,
                    };
                    to.tell(Fact::Entered { daemon, position, event });
                }
            }
            _ => {} // what is held is told when it is published
        }
    }
}
