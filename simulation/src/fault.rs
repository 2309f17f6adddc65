//! Faults: what goes wrong, when and for how long. A seed's plan uses some kinds and not others.
//!
//! They are bounded by what the system promises to survive:
//!
//! * Every fault ends before people stop beginning new things; what is promised *after* faults is judged after the last has ended.
//! * No two faults hit the same thing at a time (a path, a machine, one property of a disk): the end of one would be the end of both.
//! * What a disk acknowledged it keeps, and what it gives back is what was written. A failed or torn append leaves a beginning of what
//!   was appended, never a gap and never half a record.
//! * What the store has done it does not forget; its answer may be lost, be late, or say that it does not know.
//! * Messages of one connection come in order, each once, unchanged: a connection may end at any message, and what it carried may
//!   come after what a later connection carried.
//! * Boot time never goes back. Clocks run wrong by at most [`DRIFT_MAX_PPM`], wall clocks jump by at most [`JUMP_MAX`].
//! * A process that has ended, also of itself because restarting its actors did not help, is started again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

use crate::place::Place;

/// No clock runs wrong by more, in millionths: twenty times what crystals do.
pub const DRIFT_MAX_PPM: i32 = 1_000;
/// No wall clock jumps by more.
pub const JUMP_MAX: Duration = Duration::from_secs(24 * 3600);

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
    /// Nothing passes one way, and nobody is told; it comes when the path is open again, if the connection still stands.
    OneWay {
        /// From where.
        from: Place,
        /// Where nothing arrives.
        to: Place,
    },
    /// What is sent one way is lost, and at the end connections are over: who asked asks again, who answered is asked twice.
    LostAnswers {
        /// From where.
        from: Place,
        /// Where nothing arrives.
        to: Place,
    },
    /// A connection is reset in the middle of what is being sent.
    Reset {
        /// Between which places.
        between: (Place, Place),
        /// So many messages pass before.
        after: u32,
    },
    /// What the dialing end sends is held up; half-way it loses the connection and dials anew; at the end what it sent before
    /// arrives, behind what it has sent since.
    Straggle {
        /// Between which places.
        between: (Place, Place),
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
    /// A node's machine loses power in the middle of the next append.
    TornWrite {
        /// Which.
        node: usize,
    },
    /// The cloud's process dies and is started again.
    CloudCrash,
    /// A process dies right after it has decided on an effect for so many times.
    CrashAfter {
        /// Where.
        place: Place,
        /// Name of the effect, as the trace has it.
        effect: String,
        /// The how many-th from the beginning of the fault.
        count: u32,
    },
    /// An actor panics; its supervisor sees to the rest.
    ActorPanic {
        /// In which process.
        place: Place,
        /// The beginning of its name, as the trace has it.
        actor: String,
        /// After so many of its inputs and effects.
        after: u32,
    },
    /// A process does nothing for a while. Its connections stay open, its session hosts go on; then everything comes at once.
    Freeze {
        /// Which.
        place: Place,
    },
    /// A machine is asleep, with all of its processes. Its boot time runs on.
    Suspend {
        /// Which.
        place: Place,
    },
    /// A machine's wall clock is set wrong, and at the end right again.
    WallJump {
        /// Which.
        place: Place,
        /// By so many milliseconds.
        ms: i64,
    },
    /// A machine's clocks run wrong.
    Drift {
        /// Which.
        place: Place,
        /// Too fast by so many millionths.
        ppm: i32,
    },
    /// A disk has no room.
    DiskFull {
        /// Whose.
        place: Place,
    },
    /// The next sync of a disk fails: what was being written is there afterwards, or a beginning of it.
    FailedSync {
        /// Whose.
        place: Place,
    },
    /// Every sync of a disk takes longer.
    SlowDisk {
        /// Whose.
        place: Place,
        /// By so much.
        #[serde(with = "humantime_serde")]
        delay: Duration,
    },
    /// The control store does nothing.
    StoreOutage {
        /// Who asks hears after so long that the outcome is unknown.
        #[serde(with = "humantime_serde")]
        answers_after: Duration,
    },
    /// The control store refuses, or does not say whether it has done what was asked.
    StoreErrors,
    /// The blob store of a node does nothing.
    BlobOutage {
        /// Which.
        node: usize,
        /// Who asks hears after so long that the outcome is unknown.
        #[serde(with = "humantime_serde")]
        answers_after: Duration,
    },
    /// The blob store of a node refuses, or does not say whether it has done what was asked.
    BlobErrors {
        /// Which.
        node: usize,
    },
    /// No session host can be started on a node.
    StartFails {
        /// Which.
        node: usize,
    },
    /// Who connects to a session host of a node waits until the end.
    ConnectHangs {
        /// Which.
        node: usize,
    },
    /// Kernels of a node are slow.
    SlowKernel {
        /// Which.
        node: usize,
        /// Everything that they say comes so much later.
        #[serde(with = "humantime_serde")]
        delay: Duration,
    },
    /// The session host of a node that is first among those living then dies with its kernel.
    HostCrash {
        /// Which node.
        node: usize,
    },
    /// The session hosts of a node that live then do nothing for a while, and live on.
    HostHang {
        /// Which node.
        node: usize,
    },
    /// A fault that was [added](crate::parts::OwnFault): no seed draws it.
    Own {
        /// The name under which it was added.
        fault: String,
        /// Where it is.
        place: Place,
        /// What it is told.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with: Vec<String>,
    },
}

impl What {
    /// Whether it hits what is in a place.
    #[must_use]
    pub fn is_at(&self, place: Place) -> bool {
        match self {
            Self::Cut { between: (a, b) }
            | Self::HalfOpen { between: (a, b) }
            | Self::Slow { between: (a, b), .. }
            | Self::Reset { between: (a, b), .. }
            | Self::Straggle { between: (a, b) }
            | Self::OneWay { from: a, to: b }
            | Self::LostAnswers { from: a, to: b } => *a == place || *b == place,
            Self::NodeCrash { node }
            | Self::PowerLoss { node }
            | Self::TornWrite { node }
            | Self::StartFails { node }
            | Self::ConnectHangs { node }
            | Self::BlobOutage { node, .. }
            | Self::BlobErrors { node }
            | Self::SlowKernel { node, .. }
            | Self::HostCrash { node }
            | Self::HostHang { node } => place == Place::Node(*node),
            Self::CloudCrash | Self::StoreOutage { .. } | Self::StoreErrors => place == Place::Cloud,
            Self::CrashAfter { place: at, .. }
            | Self::ActorPanic { place: at, .. }
            | Self::Freeze { place: at }
            | Self::Suspend { place: at }
            | Self::WallJump { place: at, .. }
            | Self::Drift { place: at, .. }
            | Self::DiskFull { place: at }
            | Self::FailedSync { place: at }
            | Self::SlowDisk { place: at, .. }
            | Self::Own { place: at, .. } => *at == place,
        }
    }
}

impl Kind {
    /// Those that seeds draw: all but those that were added.
    pub fn drawn() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied().filter(|kind| *kind != Self::Own)
    }

    /// Its name in counts and plans.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it hits when something comes its way, which may take a while.
    pub(crate) fn waits(self) -> bool {
        matches!(
            self,
            Self::Reset
                | Self::TornWrite
                | Self::CrashAfter
                | Self::ActorPanic
                | Self::FailedSync
                | Self::StartFails
                | Self::ConnectHangs
        )
    }

    /// Whether it also comes in lengths that outlive every time-out of a link.
    pub(crate) fn may_last(self) -> bool {
        matches!(
            self,
            Self::HalfOpen
                | Self::OneWay
                | Self::Freeze
                | Self::Suspend
                | Self::StoreOutage
                | Self::BlobOutage
                | Self::DiskFull
        )
    }
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from(&self.what)
    }

    /// What no two faults may hit at a time: the end of one would be the end of both. `None`: nothing to end.
    pub(crate) fn thing(&self) -> Option<String> {
        let path = |a: &Place, b: &Place| format!("path {} {}", a.min(b), a.max(b));
        let of = |thing: &str, place: &dyn fmt::Display| Some(format!("{thing} {place}"));
        match &self.what {
            What::Cut { between: (a, b) }
            | What::HalfOpen { between: (a, b) }
            | What::Slow { between: (a, b), .. }
            | What::Reset { between: (a, b), .. }
            | What::Straggle { between: (a, b) }
            | What::OneWay { from: a, to: b }
            | What::LostAnswers { from: a, to: b } => Some(path(a, b)),
            What::NodeCrash { node }
            | What::PowerLoss { node }
            | What::TornWrite { node }
            | What::HostHang { node } => of("machine", &Place::Node(*node)),
            What::CloudCrash => of("machine", &Place::Cloud),
            What::CrashAfter { place, .. } | What::Freeze { place } | What::Suspend { place } => of("machine", place),
            What::ActorPanic { place, .. } => of("actors", place),
            What::WallJump { place, .. } => of("wall clock", place),
            What::Drift { place, .. } => of("rate", place),
            What::DiskFull { place } => of("room", place),
            What::FailedSync { place } => of("sync", place),
            What::SlowDisk { place, .. } => of("disk", place),
            What::StoreOutage { .. } | What::StoreErrors => of("store", &Place::Cloud),
            What::BlobOutage { node, .. } | What::BlobErrors { node } => of("blobs", node),
            What::StartFails { node } => of("starts", node),
            What::ConnectHangs { node } => of("connects", node),
            What::SlowKernel { node, .. } => of("kernels", node),
            What::Own { fault, place, .. } => of(fault, place),
            What::HostCrash { .. } => None,
        }
    }
}
