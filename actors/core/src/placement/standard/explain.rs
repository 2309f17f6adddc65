//! Every node with its factors or its veto, for people.

use std::fmt;

use wayfare_protocol::NodeId;

use crate::placement::{Candidate, CapabilityIndex};

use super::{Factor, Found, Ranked, StandardPlacement, Veto};

/// How every known node was judged: those that may be chosen first, the best of them first; then the others, by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'a> {
    /// The nodes.
    pub candidates: Vec<Judged<'a>>,
}

/// How a node was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'a> {
    /// The node.
    pub node: NodeId,
    /// What came of it.
    pub verdict: Verdict<'a>,
}

/// What came of judging a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<'a> {
    /// It may be chosen.
    Eligible {
        /// Its score, and what decides between equal ones.
        ranked: Ranked,
        /// Every factor, in order.
        factors: [(Factor, f64); Factor::ALL.len()],
    },
    /// It may not.
    Vetoed {
        /// By which factor; those before it were above 0.
        by: Factor,
        /// Why.
        veto: Veto<'a>,
    },
}

impl<'a> StandardPlacement<'a> {
    /// How every node of the index is judged, with the same numbers as [`StandardPlacement::score`].
    #[must_use]
    pub fn explain(&self, index: &CapabilityIndex) -> Explanation<'a> {
        let mut candidates: Vec<_> = index.all().iter().map(|entry| self.judge(&entry.candidate())).collect();
        candidates.sort_by(|one, other| match (&one.verdict, &other.verdict) {
            (Verdict::Eligible { ranked: one, .. }, Verdict::Eligible { ranked: other, .. }) => one.compare(other),
            (Verdict::Eligible { .. }, Verdict::Vetoed { .. }) => std::cmp::Ordering::Less,
            (Verdict::Vetoed { .. }, Verdict::Eligible { .. }) => std::cmp::Ordering::Greater,
            (Verdict::Vetoed { .. }, Verdict::Vetoed { .. }) => one.node.cmp(&other.node),
        });
        Explanation { candidates }
    }

    /// How one node is judged.
    #[must_use]
    pub fn judge(&self, candidate: &Candidate<'_>) -> Judged<'a> {
        let node = candidate.node;
        let (mut score, mut factors) = (1.0, Factor::ALL.map(|factor| (factor, 1.0)));
        for (factor, weight) in &mut factors {
            match self.weigh(*factor, candidate, Found::ByNothing) {
                Ok(weighed) => *weight = weighed,
                Err(veto) => return Judged { node, verdict: Verdict::Vetoed { by: *factor, veto } },
            }
            score *= *weight;
        }
        let ranked = Ranked { node, score, round_trip: candidate.vitals.round_trip, free: candidate.free() };
        Judged { node, verdict: Verdict::Eligible { ranked, factors } }
    }
}

/// One line for each node: its score and every factor below 1, or why it is vetoed.
impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.candidates.iter().try_for_each(|judged| writeln!(f, "{judged}"))
    }
}

impl fmt::Display for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.node.0.short())?;
        match &self.verdict {
            Verdict::Vetoed { veto, .. } => write!(f, "  vetoed: {veto}"),
            Verdict::Eligible { ranked, factors } => {
                write!(f, "  {:.3}", ranked.score)?;
                let mut below = factors.iter().filter(|(_, weight)| *weight < 1.0);
                below.try_for_each(|(factor, weight)| write!(f, "  {} {weight:.2}", factor.name()))
            }
        }
    }
}

impl Factor {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Capabilities => "capabilities",
            Self::Scope => "scope",
            Self::Proximity => "proximity",
            Self::Colocation => "colocation",
            Self::Intent => "intent",
            Self::Resources => "resources",
            Self::Load => "load",
            Self::AntiAffinity => "anti-affinity",
            Self::Custom => "custom",
        }
    }
}
