//! Placement: which node takes a daemon, and why. Pure functions over what is known of the nodes.
//!
//! [`CapabilityIndex`] holds what every node announced and finds those that meet a filter. [`StandardPlacement`] scores
//! them: a score is the product of factors, each from 0 to 1. A node that is vetoed is never chosen.
//!
//! | factor | veto | otherwise |
//! |---|---|---|
//! | `Standing` | it is not ready, or is the source of the move | 1 |
//! | `Capabilities` | it lacks the daemon's code, something required, or for a move the part in moves | 0.5 to 1, by the share of what is optional |
//! | `Scope` | it is in none of the scopes asked for | 1 |
//! | `Proximity` | measured, and further than the limit | 1 at no distance, 0.5 at 100 ms or where nothing was measured |
//! | `Colocation` | company that is required is not there | times 0.7 for each that is only wished for |
//! | `Intent` | it does not fit an intent that is required, or nobody knows the intent | 0.7 where it only should |
//! | `Resources` | | size/(size + reference), the mean of processors, memory and, where asked for, graphics memory |
//! | `Load` | | what is free of its busiest part, at least 0.05; 0.5 where it does not tell |
//! | `AntiAffinity` | | 0.4 where it has more than 30 % of the daemons that are alike |
//! | `Custom` | the filter of that id says 0, or nobody knows the id | what it says |
//!
//! Of equal scores the lower round trip is best (measured before unmeasured), then more free resource, then the lower
//! node id: the choice does not depend on the order in which nodes are looked at.

mod candidate;
mod index;
mod overload;
mod request;
mod rules;
mod standard;
#[cfg(test)]
mod tests;

pub use candidate::{Candidate, Figures, Standing, Vitals};
pub use index::{CapabilityIndex, Entry, InsertError, Matches};
pub use overload::{Effect, Hosted, Input, MoveOutcome, Overload, Why};
pub use request::{Company, Intent, PlacementRequest, Purpose, Strength};
pub use rules::{PlacementRules, Weigh};
pub use standard::{Explanation, Factor, Judged, Ranked, StandardPlacement, Verdict, Veto, find_migration_targets};
