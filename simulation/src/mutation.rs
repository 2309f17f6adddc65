//! Mutations: run-time switches that re-introduce a fault of the product, so that each oracle is seen to fail,
//! and the comparison of runs too.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::oracle::Oracle;
use crate::plan::Plan;
use crate::simulation::run;

/// One switch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, VariantArray, IntoStaticStr, EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Mutation {
    /// A session host that is connected to anew has forgotten what it executed.
    HostForgets,
    /// A person who returns to a run asks for the events after the next one.
    ClientSkips,
    /// Logs acknowledge what is not durable.
    LogAcknowledgesEarly,
    /// A node does not come back after its crash.
    NodeStaysDown,
    /// The store grants each epoch to a second node too.
    StoreGrantsTwice,
    /// The store grants epochs below the one that the claimant has.
    StoreCountsDown,
    /// The store writes another owner down than the one to whom it says that the row is granted.
    StoreMixesOwners,
    /// The store does not look at names.
    StoreForgetsNames,
    /// The store takes every device for one of its first account.
    StoreMixesAccounts,
    /// A node that starts again no longer finds the runs in its inbox that it has started.
    InboxForgetsRuns,
    /// A node that starts again no longer finds the newest events in its daemons' inboxes.
    InboxForgetsEvents,
    /// A node that starts again no longer finds the newest outputs of others in its daemons' inboxes.
    InboxForgetsFeeds,
    /// A daemon takes no state over: neither from a snapshot nor after a move.
    DaemonForgets,
    /// The store says that it has given a daemon to another node, and has not written that down.
    StoreForgetsMoves,
    /// Who starts again no longer finds the newest change of their documents.
    LogForgetsChanges,
    /// Documents are acknowledged before they are durable.
    DocumentsAcknowledgeEarly,
    /// A node that starts again no longer finds that it has sealed its daemons.
    InboxForgetsSeals,
    /// Keys of daemons stay where they are deleted.
    KeysStay,
    /// Chunks of snapshots stay where they are deleted.
    ChunksStay,
    /// The cloud keeps of daemons' spares what they are, and not what is in them.
    SparesAreEmpty,
    /// The cloud forgets the assets that it said to have.
    AssetsForgotten,
    /// A node writes a file of a bound folder a second after it looked, over whatever is there.
    FolderOverwrites,
    /// A node that starts again no longer finds what is remembered of its bound folders.
    BasesForgotten,
    /// People write into a document where they are in it.
    AwarenessIsWritten,
    /// Nodes say that they have the code of daemons, whether or not they have.
    NodesBoast,
    /// Nodes have no bounds but the greatest.
    NodeIgnoresLimits,
    /// The store goes through an unordered map where it lists an account's devices and rows.
    StoreListsUnordered,
}

/// What must catch a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Catch {
    /// An oracle.
    Oracle(Oracle),
    /// The comparison of a plan's runs with each other.
    Determinism,
}

impl Catch {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oracle(oracle) => oracle.name(),
            Self::Determinism => "determinism",
        }
    }
}

/// The mutations of an oracle: one at least, or this would not compile.
#[derive(Clone, Copy, Debug)]
pub struct Mutations {
    /// The first.
    pub first: Mutation,
    /// And others.
    pub others: &'static [Mutation],
}

impl Mutations {
    const fn only(first: Mutation) -> Self {
        Self { first, others: &[] }
    }

    /// The switches under which an oracle is seen to fail.
    #[must_use]
    pub const fn of(oracle: Oracle) -> Self {
        match oracle {
            Oracle::OneOwner => Self::only(Mutation::StoreGrantsTwice),
            Oracle::Epochs => Self::only(Mutation::StoreCountsDown),
            Oracle::Superseded => Self::only(Mutation::StoreMixesOwners),
            Oracle::Names => Self::only(Mutation::StoreForgetsNames),
            Oracle::Once => Self::only(Mutation::HostForgets),
            Oracle::Events => Self::only(Mutation::ClientSkips),
            Oracle::Kept => Self::only(Mutation::LogAcknowledgesEarly),
            Oracle::Repeats => Self::only(Mutation::InboxForgetsRuns),
            Oracle::Inbox => Self::only(Mutation::InboxForgetsEvents),
            Oracle::Outputs => Self::only(Mutation::DaemonForgets),
            Oracle::Feeds => Self::only(Mutation::InboxForgetsFeeds),
            Oracle::Accepts => Self::only(Mutation::StoreForgetsMoves),
            Oracle::Seals => Self::only(Mutation::InboxForgetsSeals),
            Oracle::Orphans => {
                Self { first: Mutation::KeysStay, others: &[Mutation::SparesAreEmpty, Mutation::ChunksStay] }
            }
            Oracle::Documents => {
                let others = &[Mutation::DocumentsAcknowledgeEarly, Mutation::AssetsForgotten];
                Self { first: Mutation::LogForgetsChanges, others }
            }
            Oracle::Folders => Self { first: Mutation::FolderOverwrites, others: &[Mutation::BasesForgotten] },
            Oracle::Awareness => Self::only(Mutation::AwarenessIsWritten),
            Oracle::Placement => Self::only(Mutation::NodesBoast),
            Oracle::Queues => Self::only(Mutation::NodeIgnoresLimits),
            Oracle::Accounts => Self::only(Mutation::StoreMixesAccounts),
            Oracle::Serves => Self::only(Mutation::NodeStaysDown),
        }
    }
}

impl Mutation {
    /// What must catch it.
    #[must_use]
    pub const fn caught_by(self) -> Catch {
        Catch::Oracle(match self {
            Self::StoreListsUnordered => return Catch::Determinism,
            Self::HostForgets => Oracle::Once,
            Self::ClientSkips => Oracle::Events,
            Self::LogAcknowledgesEarly => Oracle::Kept,
            Self::NodeStaysDown => Oracle::Serves,
            Self::StoreGrantsTwice => Oracle::OneOwner,
            Self::StoreCountsDown => Oracle::Epochs,
            Self::StoreMixesOwners => Oracle::Superseded,
            Self::StoreForgetsNames => Oracle::Names,
            Self::StoreMixesAccounts => Oracle::Accounts,
            Self::InboxForgetsRuns => Oracle::Repeats,
            Self::InboxForgetsEvents => Oracle::Inbox,
            Self::InboxForgetsFeeds => Oracle::Feeds,
            Self::DaemonForgets => Oracle::Outputs,
            Self::StoreForgetsMoves => Oracle::Accepts,
            Self::InboxForgetsSeals => Oracle::Seals,
            Self::KeysStay | Self::SparesAreEmpty | Self::ChunksStay => Oracle::Orphans,
            Self::LogForgetsChanges | Self::DocumentsAcknowledgeEarly | Self::AssetsForgotten => Oracle::Documents,
            Self::FolderOverwrites | Self::BasesForgotten => Oracle::Folders,
            Self::AwarenessIsWritten => Oracle::Awareness,
            Self::NodesBoast => Oracle::Placement,
            Self::NodeIgnoresLimits => Oracle::Queues,
        })
    }

    /// What the plan's run with it shows of what must catch it; `None`: nothing. A plan of which no world can be made shows nothing.
    #[must_use]
    pub fn shows(self, plan: &Plan) -> Option<String> {
        let plan = Plan { mutation: Some(self), ..plan.clone() };
        match self.caught_by() {
            Catch::Oracle(oracle) => run(&plan, None).ok()?.broken(oracle.name()),
            Catch::Determinism => differs(&plan),
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// So many runs of a plan are compared.
const RUNS: usize = 8;

/// How the runs of a plan differ from each other; `None`: they do not. A map's order differs from map to map, so that one process is
/// enough to see it.
fn differs(plan: &Plan) -> Option<String> {
    let digests = (0..RUNS).map(|_| run(plan, None).ok().map(|report| report.digest));
    let digests = digests.collect::<Option<BTreeSet<_>>>()?;
    (digests.len() > 1).then(|| format!("{} of {RUNS} runs are different ones", digests.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oracles_and_mutations_name_each_other() {
        let of_oracles = Oracle::all().iter().flat_map(|oracle| {
            let Mutations { first, others } = Mutations::of(*oracle);
            std::iter::once(first).chain(others.iter().copied()).map(|mutation| (mutation, Catch::Oracle(*oracle)))
        });
        let others = [(Mutation::StoreListsUnordered, Catch::Determinism)];
        let of_mutations = Mutation::VARIANTS.iter().map(|mutation| (*mutation, mutation.caught_by()));
        assert_eq!(of_oracles.chain(others).collect::<BTreeSet<_>>(), of_mutations.collect());
    }
}
