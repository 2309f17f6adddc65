//! Nothing of one account comes to another's device: a device joins its own account, and sees the sessions of that only.

use wayfare_protocol::{AccountId, DeviceId, ResourceId, SessionId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Accounts {
    registered: Table<DeviceId, AccountId>,
    places: Table<String, AccountId>,
    sessions: Table<SessionId, AccountId>,
}

impl Accounts {
    pub(super) fn new(room: usize) -> Self {
        Self { registered: Table::new(room), places: Table::new(room), sessions: Table::new(room) }
    }

    fn joined(&mut self, place: &str, device: DeviceId, account: AccountId, out: &mut Findings) {
        let Some(own) = self.registered.get(&device).copied() else { return };
        self.places.set(place.to_owned(), own);
        // Over its node's own door a program joins the local account, whoever the node belongs to.
        if account != AccountId::LOCAL {
            out.demand(own == account, || {
                format!("device {} of account {own} was taken into account {account}", device.short())
            });
        }
    }
}

impl Rule for Accounts {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Registered { device, account } => self.registered.set(*device, *account),
            Fact::Joined { device, account } => self.joined(seen.place, *device, *account, out),
            Fact::Held { resource: ResourceId::Session(session), node, .. } => {
                if let Some(account) = self.registered.get(&node.0) {
                    self.sessions.set(*session, *account);
                }
            }
            Fact::Looked { session, .. } | Fact::Acknowledged { session, .. } => {
                let known = (self.places.get(&seen.place.to_owned()), self.sessions.get(session));
                if let (Some(own), Some(of)) = known {
                    out.demand(own == of, || {
                        format!("{} of account {own} sees session {session} of account {of}", seen.place)
                    });
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::ownership::Lineage;

    use super::super::Oracle;
    use super::super::case::{broken, epoch, node, run, session};
    use super::*;

    #[test]
    fn a_device_joins_its_own_account_and_sees_no_other() {
        let account = |number| AccountId(uuid::Uuid::from_u128(number));
        let registered = |device, of| ("cloud", Fact::Registered { device: node(device).0, account: account(of) });
        let joined = |device, to| ("person", Fact::Joined { device: node(device).0, account: account(to) });
        let resource = ResourceId::Session(session());
        let held = Fact::Held { resource, lineage: Lineage(0), epoch: epoch(1), node: node(2) };
        let looked = Fact::Looked { session: session(), run: run(1), from: 1 };
        let see = [registered(1, 7), registered(2, 8), joined(1, 7), ("node", held), ("person", looked)];
        assert_eq!(broken(&see), [Oracle::Accounts]);
        assert_eq!(broken(&see[..4]), []);
        assert_eq!(broken(&[registered(1, 7), joined(1, 8)]), [Oracle::Accounts]);
    }
}
