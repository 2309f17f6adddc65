//! Faults: what goes wrong, when and for how long. A seed's plan uses some kinds and not others.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

use crate::place::Place;
use crate::seed::{Draws, Seed};

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When it begins, from the start.
    #[serde(with = "humantime_serde")]
    pub at: Duration,
    /// How long it lasts.
    #[serde(with = "humantime_serde")]
    pub lasts: Duration,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum_discriminants(
    name(Kind),
    doc = "A kind of fault.",
    derive(PartialOrd, Ord, VariantArray, IntoStaticStr),
    strum(serialize_all = "snake_case")
)]
pub enum What {
    /// A path is cut, and both ends are told.
    Cut {
        /// Between which places.
        between: (Place, Place),
    },
    /// A path is cut, and nobody is told.
    HalfOpen {
        /// Between which places.
        between: (Place, Place),
    },
    /// A path is slow.
    Slow {
        /// Between which places.
        between: (Place, Place),
        /// Added to every message.
        #[serde(with = "humantime_serde")]
        delay: Duration,
        /// Time on the wire of a byte.
        #[serde(with = "humantime_serde")]
        per_byte: Duration,
    },
    /// A node's process dies and is started again; its session hosts live on.
    NodeCrash {
        /// Which.
        node: usize,
    },
    /// A node's machine loses power: its session hosts die with it.
    PowerLoss {
        /// Which.
        node: usize,
    },
    /// The cloud's process dies and is started again.
    CloudCrash,
    /// The session host of a node that is first among those living then dies with its kernel.
    HostCrash {
        /// Which node.
        node: usize,
    },
}

impl Kind {
    /// Its name in counts and plans.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from(&self.what)
    }

    /// What no two faults may hit at a time: the end of one would be the end of both. `None`: nothing to end.
    fn thing(&self) -> Option<String> {
        match &self.what {
            What::Cut { between: (a, b) } | What::HalfOpen { between: (a, b) } | What::Slow { between: (a, b), .. } => {
                Some(format!("{a} {b}"))
            }
            What::NodeCrash { node } | What::PowerLoss { node } => Some(format!("node {node}")),
            What::CloudCrash => Some("cloud".to_owned()),
            What::HostCrash { .. } => None,
        }
    }
}

/// The faults of a seed, in order of time.
#[must_use]
pub fn plan(seed: &Seed, until: Duration, nodes: usize, people: usize) -> Vec<Fault> {
    let mut draws = seed.draws();
    let mut kinds: Vec<_> = Kind::VARIANTS.iter().copied().filter(|_| draws.percent(60)).collect();
    if kinds.is_empty() {
        kinds.push(Kind::Cut);
    }
    let count = draws.between(4, 14);
    let mut faults = Vec::new();
    let mut free_at: BTreeMap<String, Duration> = BTreeMap::new();
    for _ in 0..count {
        let Some(kind) = draws.pick(&kinds).copied() else { break };
        let lasts = if draws.percent(50) { draws.ms(100, 2_000) } else { draws.ms(2_000, 20_000) };
        let at = draws.duration(Duration::from_secs(1), until.saturating_sub(lasts).max(Duration::from_secs(2)));
        let what = draw(kind, &mut draws, nodes, people);
        faults.push(Fault { at, lasts, what });
    }
    faults.sort_by_key(|fault| fault.at);
    faults.retain(|fault| {
        let Some(thing) = fault.thing() else { return true };
        let is_free = free_at.get(&thing).is_none_or(|free| *free < fault.at);
        if is_free {
            free_at.insert(thing, fault.at + fault.lasts);
        }
        is_free
    });
    faults
}

fn draw(kind: Kind, draws: &mut Draws, nodes: usize, people: usize) -> What {
    let index = |draws: &mut Draws, count: usize| usize::try_from(draws.number() % count.max(1) as u64).unwrap_or(0);
    let between = |draws: &mut Draws| {
        let far =
            if draws.percent(60) { Place::Node(index(draws, nodes)) } else { Place::Person(index(draws, people)) };
        (Place::Cloud, far)
    };
    match kind {
        Kind::Cut => What::Cut { between: between(draws) },
        Kind::HalfOpen => What::HalfOpen { between: between(draws) },
        Kind::Slow => What::Slow {
            delay: draws.ms(100, 2_000),
            per_byte: draws.duration(Duration::ZERO, Duration::from_micros(50)),
            between: between(draws),
        },
        Kind::NodeCrash => What::NodeCrash { node: index(draws, nodes) },
        Kind::PowerLoss => What::PowerLoss { node: index(draws, nodes) },
        Kind::CloudCrash => What::CloudCrash,
        Kind::HostCrash => What::HostCrash { node: index(draws, nodes) },
    }
}
