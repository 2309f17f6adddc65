//! What happened, as the oracles need it: collected where it happens, outside of every process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::{RunId, SessionId};

/// What one person saw of one run.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The first number that the person asked for.
    pub from: u64,
    /// Events as they came.
    pub events: Vec<(u64, RunEvent)>,
    /// How it ended, as often as that was told.
    pub ended: Vec<RunOutcome>,
    /// What else was said of it instead of an end.
    pub refused: Vec<String>,
}

/// An acknowledged run.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The session it was sent to.
    pub session: SessionId,
    /// When, in nanoseconds.
    pub at: u64,
}

/// Everything collected.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// How often each execution was begun by a kernel.
    pub executions: BTreeMap<(RunId, u32), u32>,
    /// What the session hosts said of each execution.
    pub records: BTreeMap<(RunId, u32, u64), RunEvent>,
    /// Sessions that had two hosts at a time.
    pub two_hosts: BTreeSet<SessionId>,
    /// Runs that were acknowledged to their sender.
    pub acknowledged: BTreeMap<RunId, Acknowledged>,
    /// What each person saw of each run.
    pub seen: BTreeMap<(String, RunId), Seen>,
    /// What was promised within a time and did not come.
    pub late: Vec<String>,
}

/// See the module.
#[derive(Default)]
pub struct Evidence(Mutex<Facts>);

impl Evidence {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything so far.
    #[must_use]
    pub fn all(&self) -> Facts {
        self.facts().clone()
    }

    /// A kernel began an execution.
    pub fn executed(&self, run: RunId, attempt: u32) {
        *self.facts().executions.entry((run, attempt)).or_default() += 1;
    }

    /// A session host said something.
    pub fn recorded(&self, record: &OutputRecord) {
        if let OutputBody::Event { number, event } = &record.body {
            self.facts().records.entry((record.run, record.attempt, *number)).or_insert_with(|| event.clone());
        }
    }

    /// A host was started while another lived.
    pub fn two_hosts(&self, session: SessionId) {
        self.facts().two_hosts.insert(session);
    }

    /// A run was acknowledged.
    pub fn acknowledged(&self, run: RunId, acknowledged: Acknowledged) {
        self.facts().acknowledged.entry(run).or_insert(acknowledged);
    }

    /// Somebody looks at a run.
    pub fn seen(&self, person: &str, run: RunId, look: impl FnOnce(&mut Seen)) {
        let mut facts = self.facts();
        look(facts.seen.entry((person.to_owned(), run)).or_insert_with(|| Seen { from: 1, ..Seen::default() }));
    }

    /// Something promised did not come in time.
    pub fn late(&self, what: String) {
        self.facts().late.push(what);
    }
}
