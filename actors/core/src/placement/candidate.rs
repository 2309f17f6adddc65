//! A node as placement sees it.

use std::fmt;
use std::time::Duration;

use wayfare_protocol::NodeId;
use wayfare_protocol::capability::{Accepting, Load, Reluctance};
use wayfare_protocol::capability_set::{CapabilitySet, names};
use wayfare_protocol::control::PresenceInfo;

/// A node that may be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The node.
    pub node: NodeId,
    /// What it can do.
    pub capabilities: &'a CapabilitySet,
    /// The numbers in that.
    pub figures: Figures,
    /// How it is now.
    pub vitals: Vitals,
}

/// Sizes of a node's hardware, as its capabilities tell them; `None` for what they do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Logical processors.
    pub cpus: Option<f64>,
    /// GiB of memory.
    pub memory_gb: Option<f64>,
    /// GiB of graphics memory.
    pub vram_gb: Option<f64>,
}

impl Figures {
    /// The numbers in a set.
    #[must_use]
    pub fn of(set: &CapabilitySet) -> Self {
        Self {
            cpus: set.number(names::CPUS),
            memory_gb: set.number(names::MEMORY_GB),
            vram_gb: set.number(names::VRAM_GB),
        }
    }
}

/// What changes about a node without an announcement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Whether it can take something now.
    pub standing: Standing,
    /// From its last heartbeat.
    pub load: Option<Load>,
    /// From whoever places to the node and back; zero for the node itself, `None` if not measured.
    pub round_trip: Option<Duration>,
}

/// Whether a node can take something now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It answers.
    #[default]
    Ready,
    /// Silent for a while.
    Suspect,
    /// Given up for now.
    Offline,
    /// It said that it goes to sleep.
    Sleeping,
    /// The account does not want it any more.
    Revoked,
    /// It gives away what it has.
    Draining,
    /// It takes nothing from others now, by its policy.
    Reluctant(Reluctance),
}

impl Standing {
    /// The standing of a node by its presence, and by what it says that it takes.
    #[must_use]
    pub const fn of(presence: PresenceInfo, accepting: Accepting) -> Self {
        match presence {
            PresenceInfo::Online => Self::by_its_word(accepting),
            PresenceInfo::Suspect => Self::Suspect,
            PresenceInfo::Offline { .. } => Self::Offline,
            PresenceInfo::Sleeping { .. } => Self::Sleeping,
            PresenceInfo::Revoked { .. } => Self::Revoked,
        }
    }

    /// The standing of a node that answers.
    #[must_use]
    pub const fn by_its_word(accepting: Accepting) -> Self {
        match accepting {
            Accepting::Everything => Self::Ready,
            Accepting::Nothing(Reluctance::Draining) => Self::Draining,
            // A daemon is no cell.
            Accepting::Nothing(Reluctance::Full { .. }) => Self::Ready,
            Accepting::Nothing(why @ (Reluctance::Closed | Reluctance::OnBattery)) => Self::Reluctant(why),
        }
    }
}

/// What stands behind the node's name: `is offline`.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reluctant(why) => return why.fmt(f),
            Self::Ready => "is ready",
            Self::Suspect => "has been silent for a moment",
            Self::Offline => "is offline",
            Self::Sleeping => "sleeps",
            Self::Revoked => "was revoked",
            Self::Draining => "is being drained",
        })
    }
}

impl<'a> Candidate<'a> {
    /// A node with that set.
    #[must_use]
    pub fn new(node: NodeId, capabilities: &'a CapabilitySet, vitals: Vitals) -> Self {
        Self { node, capabilities, figures: Figures::of(capabilities), vitals }
    }

    /// How much of it is free, in processors and 2 GiB of memory: parts that it does not tell count as none, a load that it
    /// does not tell as full.
    #[must_use]
    pub fn free(&self) -> f64 {
        let (cpu, memory) = self.vitals.load.map_or((0, 0), |load| {
            (100_u8.saturating_sub(load.cpu_percent), 100_u8.saturating_sub(load.memory_percent))
        });
        let part = |size: Option<f64>, free: u8| size.unwrap_or(0.0) * f64::from(free) / 100.0;
        part(self.figures.cpus, cpu) + part(self.figures.memory_gb, memory) / 2.0
    }
}
