//! Oracles: what must hold of everything that happens, wherever it happens. Each is a pure judge of facts in order of time:
//! the simulation, the running processes and the reader of their traces use the same ones. `docs/invariants.md` states them.

mod accepts;
mod accounts;
mod awareness;
mod documents;
mod epochs;
mod events;
mod feeds;
mod folders;
mod inbox;
mod kept;
mod names;
mod once;
mod one_owner;
mod orphans;
mod outputs;
mod placement;
mod queues;
mod repeats;
mod seals;
mod serves;
mod superseded;
mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use strum::VariantArray as _;
use wayfare_protocol::Limits;

use crate::fact::Fact;

/// A rule.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray, strum::IntoStaticStr, strum::EnumString,
)]
#[strum(serialize_all = "snake_case")]
pub enum Oracle {
    /// One owner per lineage and epoch.
    OneOwner,
    /// Epochs never go back.
    Epochs,
    /// A superseded owner never answers for an epoch that is another's.
    Superseded,
    /// A name stands for one session of its account.
    Names,
    /// A run is started at most once per attempt.
    Once,
    /// Events of a run are gapless, in order, and equal for everybody.
    Events,
    /// An acknowledged run is never lost.
    Kept,
    /// A repeated run is acknowledged again where it stands, and never accepted anew.
    Repeats,
    /// An event that its publisher was told is recorded is in its daemon's inbox, in one place, for good.
    Inbox,
    /// Outputs of a daemon are gapless, in order, the same for everybody, and what its inputs make.
    Outputs,
    /// What a daemon takes from another is what that one says, each output once and in order.
    Feeds,
    /// A daemon takes inputs in under one epoch on one node: the one to which the store granted it.
    Accepts,
    /// Who has sealed a daemon takes nothing in under that epoch or an earlier one.
    Seals,
    /// When nothing is under way, a daemon is on the node that its row names, and nowhere else, nor is anything left of a move.
    Orphans,
    /// What is kept of a document is in it for good, and nothing twice; in the end everybody reads the same.
    Documents,
    /// What a program writes into a bound folder is in one document; in the end each folder has what its project has.
    Folders,
    /// Who has a document open is told, and kept by nobody.
    Awareness,
    /// Who is chosen for a daemon has its code, and takes daemons.
    Placement,
    /// Queues stay within their bounds.
    Queues,
    /// Nothing of one account comes to another's device.
    Accounts,
    /// When faults have ended, everything is served again.
    Serves,
}

impl Oracle {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Self] {
        Self::VARIANTS
    }

    /// Its name in counts and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    fn rule(self, setting: &Setting) -> Box<dyn Rule> {
        let room = setting.room;
        match self {
            Self::OneOwner => Box::new(one_owner::OneOwner::new(room)),
            Self::Epochs => Box::new(epochs::Epochs::new(room)),
            Self::Superseded => Box::new(superseded::Superseded::new(room)),
            Self::Names => Box::new(names::Names::new(room)),
            Self::Once => Box::new(once::Once::new(room)),
            Self::Events => Box::new(events::Events::new(setting)),
            Self::Kept => Box::new(kept::Kept::new(room)),
            Self::Repeats => Box::new(repeats::Repeats::new(room)),
            Self::Inbox => Box::new(inbox::Inbox::new(room)),
            Self::Outputs => Box::new(outputs::Outputs::new(room)),
            Self::Feeds => Box::new(feeds::Feeds::new(room)),
            Self::Accepts => Box::new(accepts::Accepts::new(setting)),
            Self::Seals => Box::new(seals::Seals::new(room)),
            Self::Orphans => Box::new(orphans::Orphans),
            Self::Documents => Box::new(documents::Documents::new(room)),
            Self::Folders => Box::new(folders::Folders::new(room)),
            Self::Awareness => Box::new(awareness::Awareness::new(room)),
            Self::Placement => Box::new(placement::Placement::new(room)),
            Self::Queues => Box::new(queues::Queues::new(setting.limits.clone())),
            Self::Accounts => Box::new(accounts::Accounts::new(room)),
            Self::Serves => Box::new(serves::Serves),
        }
    }
}

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub oracle: Oracle,
    /// What was seen.
    pub detail: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.oracle.name(), self.detail)
    }
}

/// The place of what the control store tells.
pub const STORE: &str = "store";

/// Entries of one table of a judge who must not grow.
const RECENT: usize = 4_096;

/// What a judge knows of those whom it judges.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The bounds that they are held to.
    pub limits: Limits,
    /// Entries that each table of a rule keeps; of more, the oldest are forgotten, and nothing is said of them.
    pub room: usize,
    /// Whether every event is kept for good: then none may be left out unless its session host did.
    pub keeps_all_output: bool,
    /// Whether the store itself tells every grant before anybody can act by it, as the place [`STORE`]: others may be mistaken.
    pub hears_store: bool,
}

impl Setting {
    /// Of one who is told everything that happens in a world, and remembers it.
    #[must_use]
    pub fn of_world(limits: Limits) -> Self {
        Self { limits, room: usize::MAX, keeps_all_output: true, hears_store: true }
    }

    /// Of one who reads what processes have left, and remembers it.
    #[must_use]
    pub fn of_traces(limits: Limits) -> Self {
        Self { limits, room: usize::MAX, keeps_all_output: false, hears_store: false }
    }

    /// Of one who watches a process for as long as that runs, in bounded memory.
    #[must_use]
    pub fn of_process(limits: Limits) -> Self {
        Self { limits, room: RECENT, keeps_all_output: false, hears_store: false }
    }
}

/// A fact with its time and place. Facts of one place come in order.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When, from any beginning.
    pub at: Duration,
    /// Where: a process.
    pub place: &'a str,
    /// What.
    pub fact: &'a Fact,
}

/// What a rule makes of a fact.
#[derive(Debug, Default)]
pub struct Findings {
    checks: u64,
    details: Vec<String>,
}

impl Findings {
    /// The rule was applied.
    fn check(&mut self) {
        self.checks += 1;
    }

    /// The rule was applied, and must hold.
    fn demand(&mut self, holds: bool, detail: impl FnOnce() -> String) {
        self.check();
        if !holds {
            self.details.push(detail());
        }
    }
}

/// One oracle at work.
trait Rule: Send {
    /// Looks at the next fact.
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings);
}

/// All oracles at work.
pub struct Judge {
    rules: Vec<(Oracle, Box<dyn Rule>)>,
    checks: BTreeMap<Oracle, u64>,
}

impl Judge {
    /// One who has seen nothing.
    #[must_use]
    pub fn new(setting: &Setting) -> Self {
        let rules = Oracle::VARIANTS.iter().map(|oracle| (*oracle, oracle.rule(setting))).collect();
        Self { rules, checks: Oracle::VARIANTS.iter().map(|oracle| (*oracle, 0)).collect() }
    }

    /// Looks at the next fact.
    pub fn observe(&mut self, seen: Seen<'_>) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (oracle, rule) in &mut self.rules {
            let mut findings = Findings::default();
            rule.judge(seen, &mut findings);
            if findings.checks > 0 {
                *self.checks.entry(*oracle).or_default() += findings.checks;
            }
            violations.extend(findings.details.into_iter().map(|detail| Violation { oracle: *oracle, detail }));
        }
        violations
    }

    /// How often each rule was applied so far.
    #[must_use]
    pub fn checks(&self) -> &BTreeMap<Oracle, u64> {
        &self.checks
    }
}

#[cfg(test)]
mod case {
    //! What the tests of the rules share.

    use wayfare_protocol::ownership::Lineage;
    use wayfare_protocol::{DeviceId, EntityId, Epoch, NodeId, ResourceId, RunId, SessionId};

    use super::*;

    pub(super) fn session() -> SessionId {
        SessionId(uuid::Uuid::from_u128(1))
    }

    pub(super) fn daemon() -> EntityId {
        EntityId(wayfare_protocol::identity::PublicKey([3; 32]))
    }

    pub(super) fn run(number: u128) -> RunId {
        RunId(uuid::Uuid::from_u128(100 + number))
    }

    pub(super) fn node(number: u8) -> NodeId {
        NodeId(DeviceId([number; 32]))
    }

    pub(super) fn epoch(n: u64) -> Epoch {
        Epoch { generation: 1, n }
    }

    pub(super) fn granted(session: SessionId, n: u64, owner: u8) -> Fact {
        let (resource, name) = (ResourceId::Session(session), "lab:main (fake)".to_owned());
        Fact::Granted { resource, name, lineage: Lineage(0), epoch: epoch(n), owner: node(owner) }
    }

    pub(super) fn held(n: u64, by: u8) -> Fact {
        let resource = ResourceId::Session(session());
        Fact::Held { resource, lineage: Lineage(0), epoch: epoch(n), node: node(by) }
    }

    /// The rules that facts break, each at its place.
    pub(super) fn broken(facts: &[(&str, Fact)]) -> Vec<Oracle> {
        let mut judge = Judge::new(&Setting::of_world(Limits::default()));
        let see = |(number, (place, fact)): (usize, &(&str, Fact))| {
            judge.observe(Seen { at: Duration::from_secs(number as u64), place, fact })
        };
        facts.iter().enumerate().flat_map(see).map(|violation| violation.oracle).collect()
    }
}
