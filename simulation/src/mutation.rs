//! Mutations: run-time switches that re-introduce a fault of the product, so that each oracle is seen to fail.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::oracle::Oracle;

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
}

impl Mutation {
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
        self.into()
    }
}
