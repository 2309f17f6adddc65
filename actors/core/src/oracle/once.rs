//! A run is started at most once per attempt, over all kernels of its session. Nobody can ask for a second attempt yet.

use wayfare_protocol::RunId;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Once(Table<(RunId, u32), u32>);

impl Once {
    pub(super) fn new(room: usize) -> Self {
        Self(Table::new(room))
    }
}

impl Rule for Once {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Executed { run, attempt, kernel, .. } => {
                let before = self.0.get(&(*run, *attempt)).copied();
                out.demand(before.is_none(), || {
                    let before = before.unwrap_or_default();
                    format!(
                        "attempt {attempt} of run {run} was started by kernel {before} and again by kernel {kernel}"
                    )
                });
                self.0.set((*run, *attempt), *kernel);
                out.demand(*attempt == 1, || format!("run {run} was started as attempt {attempt}"));
            }
            Fact::TwoHosts { session } => {
                out.demand(false, || format!("session {session} had two session hosts at a time"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, run, session};
    use super::*;

    #[test]
    fn an_attempt_is_started_once() {
        let executed =
            |number, kernel| ("host", Fact::Executed { session: session(), run: run(number), attempt: 1, kernel });
        assert_eq!(broken(&[executed(1, 1), executed(2, 1)]), []);
        assert_eq!(broken(&[executed(1, 1), executed(1, 2)]), [Oracle::Once]);
        assert_eq!(broken(&[("host", Fact::TwoHosts { session: session() })]), [Oracle::Once]);
    }
}
