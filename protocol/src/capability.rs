//! What a device offers: hardware and runtimes; and how busy it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::session::Language;

/// What a device announces when it registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Capabilities {
    /// Its hardware.
    pub hardware: Hardware,
    /// The kernels that can be started on it; empty for a device without a node.
    pub runtimes: Vec<RuntimeSpec>,
    /// Free tags that a cell may ask for.
    pub tags: Vec<String>,
}

impl Capabilities {
    /// The runtimes for a language, in the order of preference of the device.
    pub fn runtimes_for<'a>(&'a self, language: &'a Language) -> impl Iterator<Item = &'a RuntimeSpec> {
        self.runtimes.iter().filter(move |runtime| runtime.language == *language)
    }
}

/// Hardware of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Hardware {
    /// Logical processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Graphics processors usable for compute.
    pub gpus: Vec<Gpu>,
}

/// A graphics processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Gpu {
    /// The vendor's name for it.
    pub name: String,
    /// Bytes of its own memory.
    pub memory_bytes: u64,
}

/// A kernel that a node can start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RuntimeSpec {
    /// Name of the kernelspec, unique on its node.
    pub kernel: String,
    /// The language it runs.
    pub language: Language,
    /// For people: `Python 3 (ipykernel)`.
    pub display_name: String,
    /// For people: the interpreter or the environment's folder.
    pub environment: String,
}

/// How busy a device is: percentages 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Load {
    /// Processor time in use, over all processors.
    pub cpu_percent: u8,
    /// Memory in use.
    pub memory_percent: u8,
    /// The busiest graphics processor; `None` without one.
    pub gpu_percent: Option<u8>,
}

/// What a node takes from other devices, as its user has set it. The node's own programs are served always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Sessions and runs of other devices at all.
    pub remote: bool,
    /// Also while it runs on its battery.
    pub on_battery: bool,
    /// Only while it executes fewer cells than this, its own user's included; `None`: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { remote: true, on_battery: true, runs: None }
    }
}

/// Where a machine has its power from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Not from its battery.
    Mains,
    /// From its battery, which is being emptied.
    Battery,
}

/// What a node takes from other devices at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accepting {
    /// Whatever it can run.
    Everything,
    /// Nothing new.
    Nothing(Reluctance),
}

/// Why a node takes nothing new from other devices. Grows only at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reluctance {
    /// Its user wants none.
    Closed,
    /// It runs on its battery.
    OnBattery,
    /// It executes as many cells as it shall.
    Full {
        /// How many those are.
        most: u32,
    },
    /// It gives its daemons away.
    Draining,
}

impl fmt::Display for Reluctance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("takes nothing from other devices (its policy)"),
            Self::OnBattery => f.write_str("is on its battery and then takes nothing from other devices (its policy)"),
            Self::Draining => f.write_str("is being drained and takes nothing from other devices"),
            Self::Full { most } => {
                write!(f, "executes as many cells as it takes from other devices, {most} (its policy)")
            }
        }
    }
}

/// What a cell or a notebook asks of the device that runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Needs {
    /// A graphics processor usable for compute.
    pub gpu: bool,
    /// At least so many bytes of memory in all.
    pub memory_bytes: Option<u64>,
    /// Tags that the device must carry.
    pub tags: Vec<String>,
}
