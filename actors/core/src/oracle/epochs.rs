//! Epochs never go back: neither those that the store grants for a resource, nor those under which its runs are accepted.

use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::{Epoch, ResourceId, SessionId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Epochs {
    granted: Table<(ResourceId, Lineage), Epoch>,
    answered: Table<SessionId, Epoch>,
}

impl Epochs {
    pub(super) fn new(room: usize) -> Self {
        Self { granted: Table::new(room), answered: Table::new(room) }
    }
}

fn rises<K: Ord + Copy>(table: &mut Table<K, Epoch>, key: K, epoch: Epoch) -> Result<(), Epoch> {
    match table.get_or_set(key, epoch) {
        Some(highest) if epoch < *highest => Err(*highest),
        Some(highest) => {
            *highest = epoch;
            Ok(())
        }
        None => Ok(()),
    }
}

impl Rule for Epochs {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Held { resource, lineage, epoch, .. } => {
                // Not judged: a grant that was not durable is lost with the process, and granted again.
                let _ = rises(&mut self.granted, (*resource, *lineage), *epoch);
            }
            Fact::Granted { resource, lineage, epoch, .. } => {
                let rises = rises(&mut self.granted, (*resource, *lineage), *epoch);
                out.demand(rises.is_ok(), || {
                    format!("the store granted {resource:?} at {epoch} after {}", rises.err().unwrap_or(*epoch))
                });
            }
            Fact::Answered { session, epoch, position: Some(_), .. } => {
                let rises = rises(&mut self.answered, *session, *epoch);
                out.demand(rises.is_ok(), || {
                    format!("session {session} accepted at {epoch} after {}", rises.err().unwrap_or(*epoch))
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, epoch, granted, held, node, session};
    use super::*;

    fn answered(epoch: Epoch) -> Fact {
        Fact::Answered { session: session(), node: node(1), epoch, position: Some(1) }
    }

    #[test]
    fn neither_grants_nor_answers_go_back() {
        let risen = [("cloud", granted(session(), 1, 1)), ("cloud", granted(session(), 2, 1))];
        assert_eq!(broken(&risen), []);
        let fallen = [("cloud", granted(session(), 2, 1)), ("cloud", granted(session(), 1, 1))];
        assert_eq!(broken(&fallen), [Oracle::Epochs]);
        assert_eq!(broken(&[("a", held(2, 1)), ("cloud", granted(session(), 1, 1))]), [Oracle::Epochs]);
        assert_eq!(broken(&[("a", answered(Epoch::LOCAL)), ("a", answered(epoch(1)))]), []);
        assert_eq!(broken(&[("a", answered(epoch(1))), ("a", answered(Epoch::LOCAL))]), [Oracle::Epochs]);
    }
}
