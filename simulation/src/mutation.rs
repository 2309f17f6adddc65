//! Mutations: run-time switches that re-introduce a fault of the product, so that each oracle is seen to fail.

use crate::oracle::Oracle;

/// One switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// A session host that is connected to anew has forgotten what it executed.
    HostForgets,
    /// A person who returns to a run asks for the events after the next one.
    ClientSkips,
    /// Logs acknowledge what is not durable.
    LogAcknowledgesEarly,
    /// A node does not come back after its crash.
    NodeStaysDown,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HostForgets, Self::ClientSkips, Self::LogAcknowledgesEarly, Self::NodeStaysDown];

    /// The oracle that must catch it.
    #[must_use]
    pub fn caught_by(self) -> Oracle {
        match self {
            Self::HostForgets => Oracle::Once,
            Self::ClientSkips => Oracle::Events,
            Self::LogAcknowledgesEarly => Oracle::Kept,
            Self::NodeStaysDown => Oracle::Serves,
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HostForgets => "host-forgets",
            Self::ClientSkips => "client-skips",
            Self::LogAcknowledgesEarly => "log-acknowledges-early",
            Self::NodeStaysDown => "node-stays-down",
        }
    }

    /// The mutation of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mutation| mutation.name() == name)
    }
}
