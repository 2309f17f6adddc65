//! New code in the place of old: what was written by the one is read by the other, and nothing is lost where it cannot be.

use wayfare_protocol::daemon::{DaemonFactory, DaemonState, Health};

use super::*;

/// A later edition of [`Tally`], with a layout of its own; it reads both. Says what the old one does, or says it in other words.
#[derive(Default)]
struct Later {
    inner: Tally,
    other_words: bool,
    /// It was written for a beginning of its own, and reads nothing of the old one.
    reads_old: bool,
}

impl MeshDaemon for Later {
    fn name(&self) -> &str {
        "tally"
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let said = self.inner.process(event, context)?;
        let reworded = |text: Bytes| if self.other_words { [&b"so far "[..], &text].concat().into() } else { text };
        Ok(said.into_iter().map(reworded).collect())
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode(&("second layout", self.inner.sum, self.inner.seen))))
    }

    fn restore(&mut self, state: Bytes, version: u32) -> Result<(), DaemonError> {
        let unreadable = |error: codec::DecodeError| DaemonError::Restore(error.to_string());
        match version {
            1 if self.reads_old => self.inner.restore(state, 1),
            2 => {
                let (_, sum, seen): (String, u64, u64) = codec::decode(&state).map_err(unreadable)?;
                (self.inner.sum, self.inner.seen) = (sum, seen);
                Ok(())
            }
            other => Err(DaemonError::Restore(format!("layout {other} is none of mine"))),
        }
    }

    fn state_version(&self) -> u32 {
        2
    }

    fn deterministic(&self) -> bool {
        true
    }
}

fn later(reads_old: bool, other_words: bool) -> Arc<dyn DaemonFactory> {
    Arc::new(move || Box::new(Later { reads_old, other_words, ..Later::default() }) as Box<dyn MeshDaemon>)
}

/// With a snapshot of the old code, and events after it.
fn old() -> Desk {
    let mut desk = Desk::new();
    desk.call(DaemonCall::Subscribe { subscriber: origin(77), after: 0 });
    desk.publish(1, 1, &["2", "4", "tick"]);
    desk.call(DaemonCall::Snapshot);
    desk.publish(1, 4, &["5", "6"]);
    desk
}

#[test]
fn new_code_goes_on_from_the_state_of_the_old_and_from_what_came_after() {
    let mut desk = old();
    let (head, said) = (desk.head(), desk.said());
    let mut new = desk.begun_with(later(true, false));
    assert_eq!((new.host.info().state, new.host.info().health), (DaemonState::Live, Health::Healthy));
    assert_eq!((new.head(), new.said()), (head, said));
    new.publish(1, 6, &["8"]);
    assert!(new.said().last().is_some_and(|said| said.starts_with("25 at ")), "{:?}", new.said());
    assert_chained(&new.outputs());
    // Its own snapshot has its own layout, which it reads in turn.
    let taken = new.call(DaemonCall::Snapshot);
    assert_eq!(new.answer(taken), Some(DaemonAnswer::Done));
    let (head, state) = (new.head(), new.state());
    let again = new.crash();
    assert_eq!((again.head(), again.state()), (head, state));
}

#[test]
fn what_was_said_stands_where_new_code_says_it_in_other_words() {
    let mut desk = old();
    let said = desk.said();
    let mut new = desk.begun_with(later(true, true));
    assert_eq!(new.said(), said, "recorded outputs stand");
    assert!(matches!(&new.host.info().health, Health::Degraded { reason } if reason.contains("said something else")));
    new.publish(1, 6, &["8"]);
    assert!(new.said().last().is_some_and(|said| said.starts_with("so far 25 at ")), "{:?}", new.said());
    assert_chained(&new.outputs());
}

#[test]
fn code_that_cannot_read_the_state_takes_nothing_in_and_the_old_one_goes_on_where_it_was() {
    let mut desk = old();
    let (head, said) = (desk.head(), desk.said());
    let mut new = desk.begun_with(later(false, false));
    assert_eq!(new.host.info().state, DaemonState::Failed);
    let why = new.host.info().health;
    assert!(matches!(&why, Health::Unhealthy { reason } if reason.contains("layout 1 is none of mine")), "{why:?}");
    assert!(matches!(new.publish(1, 6, &["8"]), Some(DaemonAnswer::Refused(_))));
    let mut back = new.begun_with(tally());
    assert_eq!((back.host.info().state, back.head(), back.said()), (DaemonState::Live, head, said));
    assert_eq!(back.publish(1, 6, &["8"]), Some(DaemonAnswer::Accepted { through: 6 }));
    assert!(back.said().last().is_some_and(|said| said.starts_with("25 at ")), "{:?}", back.said());
}

/// Its own layout is of no use to the old code: who goes back needs a snapshot of the old one.
#[test]
fn old_code_does_not_read_what_new_code_has_written() {
    let mut new = old().begun_with(later(true, false));
    new.call(DaemonCall::Snapshot);
    let back = new.begun_with(later(true, false));
    assert_eq!(back.host.info().state, DaemonState::Live);
    let older = new.begun_with(tally());
    assert_eq!(older.host.info().state, DaemonState::Failed);
}
