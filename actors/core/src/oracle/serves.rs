//! When faults have ended, everything is served again within a stated time: acknowledged runs end, fresh runs succeed. Who
//! states the time says what came too late.

use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Serves;

impl Rule for Serves {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Overdue { what } => out.demand(false, || what.clone()),
            Fact::Ended { .. } => out.check(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::broken;
    use super::*;

    #[test]
    fn what_is_overdue_is_not_served() {
        assert_eq!(broken(&[("world", Fact::Overdue { what: "a fresh run".to_owned() })]), [Oracle::Serves]);
    }
}
