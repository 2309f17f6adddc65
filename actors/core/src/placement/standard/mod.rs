//! The scorer: factors multiplied, vetoes named, the best node by a rule that leaves nothing to chance.

mod explain;
mod factors;
mod veto;

use std::cmp::Ordering;
use std::time::Duration;

use wayfare_protocol::NodeId;
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::capability_set::{Tag, names};
use wayfare_protocol::placement::{PlacementDecision, PlacementReason};

use super::{Candidate, CapabilityIndex, PlacementRequest, PlacementRules, Purpose, Strength, Weigh};

pub use explain::{Explanation, Judged, Verdict};
pub use factors::Factor;
pub use veto::Veto;

/// Scores nodes for one request.
#[derive(Debug)]
pub struct StandardPlacement<'a> {
    request: &'a PlacementRequest,
    purpose: Purpose,
    intent: Named<'a, (&'a CapabilityFilter, Strength)>,
    custom: Named<'a, Custom<'a>>,
    /// `subprotocol:0x0500`.
    migration: Tag,
    /// More daemons that are alike than this on one node are a crowd.
    crowd: f64,
}

/// Something that a request names and the rules may know.
#[derive(Clone, Copy, Debug)]
enum Named<'a, T> {
    /// The request names nothing.
    None,
    /// The rules do not know the name.
    Unknown(&'a str),
    /// By that name the rules know this.
    Known(&'a str, T),
}

impl<'a, T> Named<'a, T> {
    fn find(name: Option<&'a str>, known: impl FnOnce(&'a str) -> Option<T>) -> Self {
        match name {
            None => Self::None,
            Some(name) => known(name).map_or(Self::Unknown(name), |known| Self::Known(name, known)),
        }
    }
}

/// What is known of a node before it is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Nothing.
    ByNothing,
    /// It has the tags that are required and meets the filter: the index was asked for that.
    ByIndex,
}

/// A filter of the program's own.
#[derive(Clone, Copy)]
struct Custom<'a>(&'a Weigh);

impl std::fmt::Debug for Custom<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Custom")
    }
}

/// A node that can be chosen, and what decides between it and others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The node.
    pub node: NodeId,
    /// The product of its factors, above 0 and at most 1.
    pub score: f64,
    /// As measured.
    pub round_trip: Option<Duration>,
    /// [`Candidate::free`].
    pub free: f64,
}

impl Ranked {
    /// `Less` if this node is the better one: by score, then round trip (measured before unmeasured), then free resource,
    /// then id. Never `Equal` for two nodes.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let far = |one: &Self| (one.round_trip.is_none(), one.round_trip);
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| far(self).cmp(&far(other)))
            .then_with(|| other.free.total_cmp(&self.free))
            .then_with(|| self.node.cmp(&other.node))
    }
}

impl<'a> StandardPlacement<'a> {
    /// A scorer for a request; what it names is looked up in the rules once.
    #[must_use]
    pub fn new(request: &'a PlacementRequest, purpose: Purpose, rules: &'a PlacementRules) -> Self {
        let intent = request.intent.as_ref();
        let strength = intent.map_or(Strength::Strict, |intent| intent.strength);
        Self {
            request,
            purpose,
            intent: Named::find(intent.map(|intent| intent.name.as_str()), |name| {
                rules.intent_named(name).map(|filter| (filter, strength))
            }),
            custom: Named::find(request.custom.as_deref(), |id| rules.filter_named(id).map(Custom)),
            migration: names::subprotocol(names::MIGRATION),
            crowd: factors::crowd(&request.alike),
        }
    }

    /// The score of a node, above 0 and at most 1; `None` if it is vetoed.
    #[must_use]
    pub fn score(&self, candidate: &Candidate<'_>) -> Option<f64> {
        self.product(candidate, Found::ByNothing)
    }

    fn product(&self, candidate: &Candidate<'_>, found: Found) -> Option<f64> {
        let mut score = 1.0;
        for factor in Factor::ALL {
            score *= self.weigh(factor, candidate, found).ok()?;
        }
        Some(score)
    }

    /// The best node; `None` if every node is vetoed.
    #[must_use]
    pub fn place(&self, index: &CapabilityIndex) -> Option<PlacementDecision> {
        let (mut best, mut eligible): (Option<Ranked>, usize) = (None, 0);
        for ranked in self.eligible(index) {
            eligible += 1;
            if best.is_none_or(|best| ranked.compare(&best).is_lt()) {
                best = Some(ranked);
            }
        }
        let target_node = best?.node;
        let reason = match self.purpose {
            Purpose::MoveFrom(_) => PlacementReason::Migration,
            Purpose::Start if eligible == 1 => PlacementReason::CapabilityMatch,
            Purpose::Start if index.get(target_node).is_some_and(|entry| self.has_affinity(&entry.candidate())) => {
                PlacementReason::AffinityMatch
            }
            Purpose::Start => PlacementReason::LoadBalance,
        };
        Some(PlacementDecision { target_node, reason })
    }

    /// Every node that may be chosen, the best first.
    #[must_use]
    pub fn rank(&self, index: &CapabilityIndex) -> Vec<Ranked> {
        let mut ranked: Vec<_> = self.eligible(index).collect();
        ranked.sort_unstable_by(Ranked::compare);
        ranked
    }

    /// The nodes that have what is required and are not vetoed, in no order.
    fn eligible(&self, index: &CapabilityIndex) -> impl Iterator<Item = Ranked> {
        let moving = match self.purpose {
            Purpose::Start => None,
            Purpose::MoveFrom(_) => Some(&self.migration),
        };
        let tags: Vec<_> =
            std::iter::once(&self.request.code).chain(moving).chain(self.request.required.tags()).collect();
        let matches = index.query_with(&self.request.filter, &tags);
        // Collected, since the numbers of the query end with it.
        let entries: Vec<_> = matches.iter().collect();
        entries.into_iter().filter_map(|entry| self.ranked(&entry.candidate()))
    }

    fn ranked(&self, candidate: &Candidate<'_>) -> Option<Ranked> {
        let score = self.product(candidate, Found::ByIndex)?;
        Some(Ranked { node: candidate.node, score, round_trip: candidate.vitals.round_trip, free: candidate.free() })
    }

    /// Whether it has something that the daemon would like besides what it requires.
    fn has_affinity(&self, candidate: &Candidate<'_>) -> bool {
        let set = candidate.capabilities;
        let company = self.request.company.iter().map(|company| &company.with);
        let metadata = |(key, value): (&String, &String)| set.metadata().get(key) == Some(value);
        company.chain(self.request.optional.tags()).any(|tag| set.contains(tag))
            || self.request.optional.metadata().iter().any(metadata)
    }
}

/// Where a daemon can move to from its node, the best first: nodes that take part in moves, have its code and what it
/// requires; never the source.
#[must_use]
pub fn find_migration_targets(
    index: &CapabilityIndex,
    request: &PlacementRequest,
    source: NodeId,
    rules: &PlacementRules,
) -> Vec<Ranked> {
    StandardPlacement::new(request, Purpose::MoveFrom(source), rules).rank(index)
}
