//! Chores: what operators do to machines. They are no faults: the process is told to end and says goodbye before it does, and a node
//! that comes or stays away is nobody's failure. What is promised holds all the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

use crate::place::Place;
use crate::seed::{Draws, Seed};

/// One chore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chore {
    /// When it begins, from the start.
    #[serde(with = "humantime_serde")]
    pub at: Duration,
    /// How long it lasts.
    #[serde(with = "humantime_serde")]
    pub lasts: Duration,
    /// What it is.
    #[serde(flatten)]
    pub work: Work,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum_discriminants(
    name(Kind),
    doc = "A kind of chore.",
    derive(PartialOrd, Ord, VariantArray, IntoStaticStr),
    strum(serialize_all = "snake_case")
)]
pub enum Work {
    /// A process is told to end, and started again at the end of the chore. One that has not ended by then is killed.
    Restart {
        /// Which: the cloud's or a node's.
        place: Place,
    },
    /// A node is not there, and nobody has heard of it; at the end it joins its account. Begins with the world.
    LateJoin {
        /// Which.
        node: usize,
    },
    /// A node's process is told to end, and whatever else happens the node stays away until the end.
    Leave {
        /// Which.
        node: usize,
    },
    /// A node's machine is gone for good, with everything on it; at the end somebody revokes its device. It has no kernels: what is said
    /// of sessions does not hold for those of a machine that is gone.
    Lose {
        /// Which.
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

impl Chore {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from(&self.work)
    }
}

impl Work {
    /// The machine on which it is done.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Restart { place } => *place,
            Self::LateJoin { node } | Self::Leave { node } | Self::Lose { node } => Place::Node(*node),
        }
    }

    /// Whether what is in a place has to do with it: who comes and goes is the cloud's concern too.
    #[must_use]
    pub fn is_at(&self, place: Place) -> bool {
        match self {
            Self::Restart { place: at } => *at == place,
            Self::LateJoin { node } | Self::Leave { node } | Self::Lose { node } => {
                place == Place::Cloud || place == Place::Node(*node)
            }
        }
    }
}

/// The chores of a seed, in order of time. Each kind is there in some seeds and not in others.
#[must_use]
pub fn plan(seed: &Seed, until: Duration, nodes: usize) -> Vec<Chore> {
    let mut draws = seed.draws();
    let mut chores = Vec::new();
    if draws.percent(25) {
        let (work, lasts) = (Work::LateJoin { node: node(&mut draws, nodes) }, draws.ms(1_000, 40_000));
        chores.push(Chore { at: Duration::ZERO, lasts, work });
    }
    if draws.percent(25) {
        // Long enough for its account to take it for offline.
        let (work, lasts) = (Work::Leave { node: node(&mut draws, nodes) }, draws.ms(25_000, 50_000));
        chores.push(Chore { at: draws.duration(Duration::from_secs(5), until.saturating_sub(lasts)), lasts, work });
    }
    if draws.percent(50) {
        for _ in 0..draws.between(1, 3) {
            let place = if draws.percent(40) { Place::Cloud } else { Place::Node(node(&mut draws, nodes)) };
            let (work, lasts) = (Work::Restart { place }, draws.ms(50, 8_000));
            let at = draws.duration(Duration::from_secs(1), until.saturating_sub(lasts));
            chores.push(Chore { at, lasts, work });
        }
    }
    chores.sort_by_key(|chore| chore.at);
    let mut free: Vec<Chore> = Vec::new();
    for chore in chores {
        if free.iter().all(|other| !meet(other, &chore)) {
            free.push(chore);
        }
    }
    free
}

/// The loss of a node, in some seeds.
#[must_use]
pub fn loss(seed: &Seed, node: usize) -> Option<Chore> {
    let mut draws = seed.draws();
    let is_lost = draws.percent(15);
    // Late enough for the cloud to have something of its daemons.
    let (at, lasts) = (draws.ms(35_000, 70_000), draws.ms(1_000, 20_000));
    is_lost.then_some(Chore { at, lasts, work: Work::Lose { node } })
}

fn node(draws: &mut Draws, nodes: usize) -> usize {
    usize::try_from(draws.number() % nodes.max(1) as u64).unwrap_or(0)
}

/// Whether two are done on one machine at a time: the end of one would be the end of both.
pub(crate) fn meet(one: &Chore, other: &Chore) -> bool {
    one.work.place() == other.work.place() && one.at <= other.at + other.lasts && other.at <= one.at + one.lasts
}
