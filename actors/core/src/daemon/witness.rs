//! What of a daemon's effects oracles judge. Single events are told only where somebody compares them: there are many.

use wayfare_protocol::ResourceId;
use wayfare_protocol::daemon::{DaemonCall, InboxFrame, Input};

use super::{Answer, DaemonHost, Effect, InboxRecord, MoveAnswer};
use crate::fact::{EventDigest, Fact, Witness};
use crate::ownership::{self, Phase};

impl DaemonHost {
    pub(super) fn tell(&self, effect: &Effect, to: &mut Witness) {
        let (daemon, node) = (self.config.entity, self.config.here);
        match effect {
            Effect::AppendInbox { records, .. } => {
                let takes_in = records.iter().any(|record| matches!(record, InboxRecord::Frame(_)));
                if let (true, Phase::Held { row }) = (takes_in, self.ownership.phase()) {
                    to.tell(Fact::Admitted { daemon, node, epoch: row.epoch });
                }
                records.iter().for_each(|record| self.tell_record(record, to));
            }
            // It is told when it is recorded: a seal that a loss of power takes back binds nobody.
            Effect::Reply { answer: Answer::Move(MoveAnswer::Sealed(_)), .. } => {
                if let Phase::Sealed { row, .. } = self.ownership.phase() {
                    to.tell(Fact::Sealed { daemon, node, epoch: row.epoch });
                }
            }
            Effect::AppendOutputs { frame, .. } if to.compares_events() => {
                for output in &frame.outputs {
                    let (number, digest) = (output.link.sequence, EventDigest::of_output(output));
                    let payload = EventDigest::of_bytes(&output.payload);
                    to.tell(Fact::Emitted { daemon, number, digest, payload });
                }
            }
            Effect::Ask { daemon: from, call: DaemonCall::Fetch { after, .. }, .. } => {
                to.tell(Fact::Fetched { daemon, from: *from, after: *after });
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
                    let event = match &entry.input {
                        Input::Published { origin, sequence, payload } => {
                            if let Some(from) = self.source_of(*origin) {
                                let (number, payload) = (*sequence, EventDigest::of_bytes(payload));
                                to.tell(Fact::Fed { daemon, from, number, payload });
                            }
                            Some((*origin, *sequence))
                        }
                        Input::Unfed { from } => {
                            to.tell(Fact::Unfed { daemon, from: *from });
                            None
                        }
                        _ => None,
                    };
                    to.tell(Fact::Entered { daemon, position, event });
                }
            }
            _ => {} // what is held is told when it is published
        }
    }
}
