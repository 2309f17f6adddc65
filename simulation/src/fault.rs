//! Faults: what goes wrong, when and for how long. A seed's plan uses some kinds and not others.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::place::Place;
use crate::ports::Path;
use crate::seed::{Draws, Seed};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A path is cut, and both ends are told.
    Cut,
    /// A path is cut, and nobody is told.
    HalfOpen,
    /// A path is slow.
    Slow,
    /// A node's process dies and is started again; its session hosts live on.
    NodeCrash,
    /// A node's machine loses power: its session hosts die with it.
    PowerLoss,
    /// The cloud's process dies and is started again.
    CloudCrash,
    /// A session host dies with its kernel.
    HostCrash,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Cut, Self::HalfOpen, Self::Slow, Self::NodeCrash, Self::PowerLoss, Self::CloudCrash, Self::HostCrash];

    /// Its name in counts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::HalfOpen => "half_open",
            Self::Slow => "slow",
            Self::NodeCrash => "node_crash",
            Self::PowerLoss => "power_loss",
            Self::CloudCrash => "cloud_crash",
            Self::HostCrash => "host_crash",
        }
    }
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it begins, from the start.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub what: What,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The path between two places.
    Path(Place, Place, Path),
    /// A node's process; with its machine if power is lost.
    Node {
        /// Which.
        node: usize,
        /// Whether its machine goes down too.
        loses_power: bool,
    },
    /// The cloud's process.
    Cloud,
    /// The session host of a node that is first among those living then.
    Host {
        /// Which node.
        node: usize,
    },
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.what {
            What::Path(_, _, Path::Silent) => Kind::HalfOpen,
            What::Path(_, _, Path::Slow { .. }) => Kind::Slow,
            What::Path(_, _, Path::Cut | Path::Open) => Kind::Cut,
            What::Node { loses_power: true, .. } => Kind::PowerLoss,
            What::Node { loses_power: false, .. } => Kind::NodeCrash,
            What::Cloud => Kind::CloudCrash,
            What::Host { .. } => Kind::HostCrash,
        }
    }
}

/// The faults of a seed, in order of time.
#[must_use]
pub fn plan(seed: &Seed, until: Duration, nodes: usize, people: usize) -> Vec<Fault> {
    let mut draws = seed.draws();
    let mut kinds: Vec<_> = Kind::ALL.into_iter().filter(|_| draws.percent(60)).collect();
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
    // Two faults of one thing do not overlap: the end of one would be the end of both.
    faults.retain(|fault| {
        let thing = match fault.what {
            What::Path(a, b, _) => format!("{a} {b}"),
            What::Node { node, .. } => format!("node {node}"),
            What::Cloud => "cloud".to_owned(),
            What::Host { .. } => return true,
        };
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
    let path = |draws: &mut Draws, path: Path| {
        let far =
            if draws.percent(60) { Place::Node(index(draws, nodes)) } else { Place::Person(index(draws, people)) };
        What::Path(Place::Cloud, far, path)
    };
    match kind {
        Kind::Cut => path(draws, Path::Cut),
        Kind::HalfOpen => path(draws, Path::Silent),
        Kind::Slow => {
            let slow = Path::Slow {
                delay: draws.ms(100, 2_000),
                per_byte: draws.duration(Duration::ZERO, Duration::from_micros(50)),
            };
            path(draws, slow)
        }
        Kind::NodeCrash => What::Node { node: index(draws, nodes), loses_power: false },
        Kind::PowerLoss => What::Node { node: index(draws, nodes), loses_power: true },
        Kind::CloudCrash => What::Cloud,
        Kind::HostCrash => What::Host { node: index(draws, nodes) },
    }
}
