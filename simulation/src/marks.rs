//! Coverage: which effects the machines decided, and which phases they were in when something went wrong around them, or was done
//! to them. What a sweep must reach is made from the enums of phases, effects, faults and chores, less what is named here with its
//! reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use strum::VariantArray as _;
use wayfare_core::{EffectMark, Mark};

use crate::chore;
use crate::fault::Kind;

/// What meets phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A kind of fault.
    Fault(Kind),
    /// A kind of chore.
    Chore(chore::Kind),
}

impl Cause {
    /// Those that seeds draw.
    #[must_use]
    pub fn drawn() -> Vec<Self> {
        let chores = chore::Kind::VARIANTS.iter().copied().map(Self::Chore);
        Kind::drawn().map(Self::Fault).chain(chores).collect()
    }

    /// Its name in the matrix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fault(kind) => kind.name(),
            Self::Chore(kind) => kind.name(),
        }
    }
}

/// Seeds below which a sweep need not reach everything.
pub const SEEDS: u64 = 200;

/// Phases that this world does not come to, and why.
const OUT_OF_REACH: &[(&str, &str, &str)] = &[
    ("presence", "Sleeping", "no device of this world says that it goes to sleep"),
    ("daemon", "Rereading", "no daemon of this world breaks"),
    ("daemon", "Folding", "its logs are folded in one step"),
    (
        "target",
        "Forgetting",
        "a copy is given up before anybody counts on it: only a sweep of `moves.toml` is sure to see that",
    ),
    ("daemon", "Failed", "no daemon comes to a node without its code"),
    ("document_versioning", "Failed", "no asset store of this world fails"),
    ("overload", "Pressed", "no node of this world is busy"),
    ("overload", "Relieving", "a drain is called off while a daemon moves: only larger sweeps are sure to see that"),
    ("overload", "Resting", "it follows on the one before"),
];

/// Effects that nothing in this world calls for, or that only larger sweeps are sure to see, and why.
const UNDECIDED: &[(&str, &str, &str)] = &[
    ("link", "AuthenticatePairing", "every device was paired before the world begins"),
    ("link", "Paired", "likewise"),
    ("pairing", "Accept", "likewise"),
    ("pairing", "Refuse", "likewise"),
    ("pairing", "Expired", "likewise"),
    ("link", "StreamRefused", "no link has so many streams"),
    ("link", "Malformed", "everybody speaks the protocol"),
    ("uplink", "GaveUp", "nobody's version or key is refused"),
    ("orchestrator", "Another", "a node that is chosen takes the daemon"),
    ("account", "Rename", "nobody renames a device"),
    ("account", "Called", "likewise"),
    ("account", "TellChanges", "nothing reads ahead"),
    ("account", "Changes", "likewise"),
    (
        "folder_act",
        "Unstage",
        "somebody writes a file in the moment in which the node does: only larger sweeps are sure to see that",
    ),
    ("folder_act", "Reveal", "nobody writes a file in the middle of an exchange"),
    ("document", "Close", "nobody writes what may not be written, or reads too slowly"),
    ("document", "NotMerged", "a history that is read again is the same"),
    ("document", "Broken", "no log of a document has a gap"),
    ("session", "ComposeOutput", "nobody runs cells of documents"),
    ("session", "MergeOutput", "likewise"),
    ("session", "CloseHost", "a host that hangs in the moment in which it is to greet: once in some hundred seeds"),
    ("ownership", "Append", "it is one record with what its resource appends"),
    ("ownership", "Publish", "it is told with its resource"),
    ("ownership", "SealRefused", "a daemon is moved by its row, so the store has granted it"),
    ("journal", "Broken", "no session outgrows its log, so that every record is copied"),
    ("reader", "Trim", "likewise"),
    ("daemon", "Reread", "no daemon of this world breaks"),
    ("daemon", "RefuseReader", "nobody reads ahead of a daemon"),
    ("conversation", "CloseStream", "the stream of a run that is refused was refused before"),
];

/// Phases that last for less than what a fault is likely to meet: to be reached, and met by what is aimed at them.
const BRIEF: &[(&str, &str, &str)] = &[
    ("link", "Handshake", "a few messages"),
    ("link", "Down", "its actor ends with it"),
    ("uplink", "Dialing", "one message there and back, unless it is cut"),
    ("session", "Starting", "a tenth of a second"),
    ("session", "Connecting", "a fifth of a second"),
    ("session", "Killing", "a host that is stuck, for a moment"),
    ("journal", "Refused", "a refusal that another try mends"),
    ("conversation", "Opening", "a few messages, once for each author"),
    ("conversation", "Submitting", "one message there and back"),
    ("kernel_host", "Starting", "up to three seconds, once for each kernel"),
    ("kernel_host", "Stopping", "a moment of a stop"),
    ("kernel_host", "Gone", "until its records are acknowledged"),
    ("presence", "Offline", "after half a minute of absence"),
    ("daemon", "Loading", "one snapshot, of a few hundred bytes"),
    ("document", "Opening", "one message there and back"),
    ("document", "Refused", "ten seconds after a refusal"),
    ("document_log", "Verifying", "a history of some hundred bytes is read"),
    ("document_log", "Appending", "one append"),
    ("document_versioning", "Taking", "a text of some lines is stored"),
    ("ownership", "Unowned", "the copy of a daemon that is on its way"),
    ("ownership", "Sealed", "the pause of a move"),
    ("ownership", "Released", "until the next owner has said that it is there"),
];

/// Machines that are there for as long as a move lasts: a few messages in each phase, and what is aimed at them.
const OF_A_MOVE: &[&str] = &["orchestrator", "source", "target", "overload"];

fn is_named(list: &[(&str, &str, &str)], mark: Mark) -> bool {
    list.iter().any(|(machine, phase, _)| (*machine, *phase) == (mark.machine, mark.phase))
}

/// Every phase that a sweep must reach.
#[must_use]
pub fn phases() -> Vec<Mark> {
    wayfare_core::mark::all().into_iter().filter(|mark| !is_named(OUT_OF_REACH, *mark)).collect()
}

/// Every effect that a sweep must see decided.
fn effects() -> impl Iterator<Item = EffectMark> {
    let is_excepted = |mark: EffectMark| {
        UNDECIDED.iter().any(|(machine, effect, _)| (*machine, *effect) == (mark.machine, mark.effect))
    };
    wayfare_core::mark::effects().into_iter().filter(move |mark| !is_excepted(*mark))
}

/// Phases that last, but of which only what happens often is sure to meet one within [`SEEDS`] seeds.
const SELDOM: &[(&str, &str, &str)] = &[
    ("daemon", "Running", "a daemon is on one of the nodes, and not in every seed"),
    ("uplink", "Waiting", "a node without its cloud: only while something else is wrong"),
    ("presence", "Suspect", "a device whose link is lost, for half a minute at most"),
    ("session", "Absent", "a session without a kernel: before its first run, and after a loss of power"),
    ("journal", "Away", "a copy without its owner: only while something else is wrong"),
    (
        "document",
        "Away",
        "in the cloud, and without it: documents are not in every seed, and unloaded after some seconds",
    ),
    ("document", "Linked", "documents are not in every seed, and unloaded after some seconds"),
    ("document_log", "Settled", "likewise"),
    ("document_versioning", "Recorded", "likewise"),
    ("document_versioning", "Changed", "likewise"),
];

/// What runs on a node's machine.
const ON_NODE: &[&str] = &["link", "uplink", "session", "ownership", "kernel_host", "daemon"];
/// What runs in the cloud.
const IN_CLOUD: &[&str] = &["link", "presence", "journal"];
/// What runs anywhere but with people.
const ON_SERVERS: &[&str] = &["link", "uplink", "session", "ownership", "kernel_host", "daemon", "presence", "journal"];

/// Whether a fault or chore of that kind must meet that phase.
fn must_meet(cause: Cause, mark: Mark) -> bool {
    if is_named(OUT_OF_REACH, mark) {
        return false;
    }
    let is = |machine: &str, phase: &str| (mark.machine, mark.phase) == (machine, phase);
    let lasts = !is_named(BRIEF, mark) && !OF_A_MOVE.contains(&mark.machine);
    let is_usual = lasts && !is_named(SELDOM, mark);
    let is_of = |machines: &[&str]| machines.contains(&mark.machine);
    match cause {
        Cause::Chore(kind) => match kind {
            chore::Kind::Restart => lasts && is_of(ON_SERVERS),
            // There is nothing on the node's own machine before it has joined.
            chore::Kind::LateJoin => is_usual && is_of(IN_CLOUD),
            // It is a node with daemons, in one seed of seven.
            chore::Kind::Lose => is("daemon", "Running") || is("uplink", "Linked"),
            chore::Kind::Leave => (is_usual && is_of(ON_SERVERS)) || is("presence", "Suspect"),
        },
        Cause::Fault(kind) => match kind {
            Kind::Cut | Kind::HalfOpen | Kind::Slow => lasts,
            Kind::NodeCrash | Kind::PowerLoss | Kind::HostCrash => lasts && is_of(ON_NODE),
            Kind::CloudCrash => lasts && is_of(IN_CLOUD),
            Kind::OneWay | Kind::Freeze | Kind::WallJump | Kind::Drift => is_usual,
            // A data centre is not put to sleep.
            Kind::Suspend => is_usual && !is_of(&["presence", "journal"]),
            // Most of what these hit is the path of a node: people talk too little to be hit in every phase.
            Kind::LostAnswers | Kind::Reset | Kind::Straggle => is_usual && is_of(ON_SERVERS),
            Kind::ActorPanic | Kind::DiskFull | Kind::FailedSync | Kind::SlowDisk => is_usual && is_of(ON_SERVERS),
            // Few of the effects after which it comes are the cloud's.
            Kind::CrashAfter => is_usual && is_of(ON_NODE),
            Kind::TornWrite | Kind::SlowKernel | Kind::HostHang => is_usual && is_of(ON_NODE),
            // These hit who asks the store: links that are being authenticated, and accounts.
            Kind::StoreOutage | Kind::StoreErrors => {
                is("link", "Handshake") || (lasts && mark.machine == "presence") || is("journal", "Following")
            }
            // These hit a session on its way to a kernel; that another one of the node has a kernel just then is chance.
            // These hit a daemon that stores or reads a snapshot.
            Kind::BlobOutage | Kind::BlobErrors => is("uplink", "Linked"),
            Kind::StartFails => is("session", "Starting") || is("ownership", "Held") || is("uplink", "Linked"),
            Kind::ConnectHangs => is("session", "Connecting") || is("ownership", "Held") || is("uplink", "Linked"),
            Kind::Own => false, // no seed draws it
        },
    }
}

/// What sweeps reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    reached: BTreeSet<Mark>,
    decided: BTreeSet<EffectMark>,
    struck: BTreeMap<(Cause, Mark), u64>,
}

impl Coverage {
    /// Adds what a seed reached.
    pub fn add(
        &mut self,
        reached: &BTreeSet<Mark>,
        decided: &BTreeSet<EffectMark>,
        struck: &BTreeMap<(Cause, Mark), u64>,
    ) {
        self.reached.extend(reached);
        self.decided.extend(decided);
        for (at, count) in struck {
            *self.struck.entry(*at).or_default() += count;
        }
    }

    /// Every mark that must be reached: phases, effects, and faults that meet phases; and whether it was.
    fn required(&self) -> Vec<(String, bool)> {
        let phases = phases();
        let reached = phases.iter().map(|mark| (mark.to_string(), self.reached.contains(mark)));
        let decided = effects().map(|mark| (mark.to_string(), self.decided.contains(&mark)));
        let causes = Cause::drawn();
        let met = causes.iter().flat_map(|cause| phases.iter().map(|mark| (*cause, *mark)));
        let met = met.filter(|(cause, mark)| must_meet(*cause, *mark));
        let met = met.map(|at| (format!("{} × {}", at.0.name(), at.1), self.struck.contains_key(&at)));
        reached.chain(decided).chain(met).collect()
    }

    /// How many marks must be reached.
    #[must_use]
    pub fn marks_required(&self) -> usize {
        self.required().len()
    }

    /// How many of them were.
    #[must_use]
    pub fn marks_hit(&self) -> usize {
        self.required().iter().filter(|(_, is_hit)| *is_hit).count()
    }

    /// Those that were not.
    #[must_use]
    pub fn missed(&self) -> Vec<String> {
        self.required().into_iter().filter(|(_, is_hit)| !is_hit).map(|(name, _)| name).collect()
    }

    /// Effects, by machine: how many of those that must be decided were.
    #[must_use]
    pub fn effects(&self) -> String {
        let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for mark in effects() {
            let (decided, all) = counts.entry(mark.machine).or_default();
            (*decided, *all) = (*decided + u64::from(self.decided.contains(&mark)), *all + 1);
        }
        counts
            .iter()
            .map(|(machine, (decided, all))| format!("{machine} {decided}/{all}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Phases down, kinds of faults and chores across: how often each met each. `-`: it never did; `!`: it must.
    #[must_use]
    pub fn matrix(&self) -> String {
        let mut text = format!("{:<24}{:>8}", "phase", "reached");
        let causes = Cause::drawn();
        for cause in &causes {
            let _ = write!(text, "{:>14}", cause.name());
        }
        for mark in phases() {
            let _ =
                write!(text, "\n{:<24}{:>8}", mark.to_string(), if self.reached.contains(&mark) { "yes" } else { "!" });
            for cause in &causes {
                let cell = match self.struck.get(&(*cause, mark)) {
                    Some(count) => count.to_string(),
                    None if must_meet(*cause, mark) => "!".to_owned(),
                    None => "-".to_owned(),
                };
                let _ = write!(text, "{cell:>14}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_as_an_exception_is_a_phase() {
        let all = wayfare_core::mark::all();
        for (machine, phase, _) in OUT_OF_REACH.iter().chain(BRIEF) {
            assert!(all.iter().any(|mark| (mark.machine, mark.phase) == (*machine, *phase)), "{machine}.{phase}");
        }
    }

    #[test]
    fn what_is_excepted_is_an_effect_once() {
        let all = wayfare_core::mark::effects();
        assert_eq!(effects().count() + UNDECIDED.len(), all.len());
        for (machine, effect, _) in UNDECIDED {
            assert!(all.iter().any(|mark| (mark.machine, mark.effect) == (*machine, *effect)), "{machine} > {effect}");
        }
    }

    #[test]
    fn what_was_not_reached_is_missed() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.missed().len(), coverage.marks_required());
        let reached: BTreeSet<_> = phases().into_iter().collect();
        let causes = Cause::drawn();
        let met = causes.iter().flat_map(|cause| reached.iter().map(|mark| ((*cause, *mark), 1)));
        coverage.add(&reached, &effects().collect(), &met.collect());
        assert_eq!((coverage.missed(), coverage.marks_hit()), (Vec::new(), coverage.marks_required()));
        assert!(!coverage.matrix().contains('!'));
    }
}
