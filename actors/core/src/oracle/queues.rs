//! Queues stay within the bounds that their process was given.

use wayfare_protocol::Limits;

use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Queues(Limits);

impl Queues {
    pub(super) fn new(limits: Limits) -> Self {
        Self(limits)
    }
}

impl Rule for Queues {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        let Fact::Queue { queue, length } = seen.fact else { return };
        let bound = queue.bound(&self.0);
        out.demand(*length <= bound, || format!("{queue:?} at {} is {length}, over its bound of {bound}", seen.place));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::broken;
    use super::*;
    use crate::fact::Queue;

    #[test]
    fn a_queue_may_be_full_and_no_more() {
        let bound = Limits::default().runs_waiting as u64;
        let waiting = |length| ("a", Fact::Queue { queue: Queue::RunsWaiting, length });
        assert_eq!(broken(&[waiting(bound)]), []);
        assert_eq!(broken(&[waiting(bound + 1)]), [Oracle::Queues]);
    }
}
