//! A name, with its language, stands for one session of its account.

use wayfare_protocol::{AccountId, DeviceId, ResourceId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Names {
    accounts: Table<DeviceId, AccountId>,
    named: Table<(AccountId, String), ResourceId>,
    /// The present name of each resource: one that has another has let go of its first.
    names: Table<ResourceId, String>,
}

impl Names {
    pub(super) fn new(room: usize) -> Self {
        Self { accounts: Table::new(room), named: Table::new(room), names: Table::new(room) }
    }
}

impl Rule for Names {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Registered { device, account } => self.accounts.set(*device, *account),
            Fact::Granted { resource, name, owner, .. } => {
                let Some(account) = self.accounts.get(&owner.0).copied() else { return };
                self.names.set(*resource, name.clone());
                if let Some(other) = self.named.get(&(account, name.clone())).filter(|other| *other != resource) {
                    out.demand(self.names.get(other) != Some(name), || {
                        format!("{name} stands for {other:?} and for {resource:?}")
                    });
                } else {
                    out.check();
                }
                self.named.set((account, name.clone()), *resource);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::SessionId;

    use super::super::Oracle;
    use super::super::case::{broken, granted, node, session};
    use super::*;

    #[test]
    fn two_sessions_of_an_account_have_two_names() {
        let other = SessionId(uuid::Uuid::from_u128(2));
        let registered = |number, account| {
            let account = AccountId(uuid::Uuid::from_u128(account));
            ("cloud", Fact::Registered { device: node(number).0, account })
        };
        let grants = [("cloud", granted(session(), 1, 1)), ("cloud", granted(other, 1, 2))];
        let [one, two] = grants;
        let same = [registered(1, 7), registered(2, 7), one.clone(), two.clone()];
        assert_eq!(broken(&same), [Oracle::Names]);
        assert_eq!(broken(&[registered(1, 7), registered(2, 8), one, two]), []);
    }
}
