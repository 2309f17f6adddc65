//! What a device offers: hardware and runtimes; and how busy it is.

use serde::{Deserialize, Serialize};

use crate::session::Language;

/// What a device announces when it registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct Gpu {
    /// The vendor's name for it.
    pub name: String,
    /// Bytes of its own memory.
    pub memory_bytes: u64,
}

/// A kernel that a node can start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct Load {
    /// Processor time in use, over all processors.
    pub cpu_percent: u8,
    /// Memory in use.
    pub memory_percent: u8,
    /// The busiest graphics processor; `None` without one.
    pub gpu_percent: Option<u8>,
}

/// What a cell or a notebook asks of the device that runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// A graphics processor usable for compute.
    pub gpu: bool,
    /// At least so many bytes of memory in all.
    pub memory_bytes: Option<u64>,
    /// Tags that the device must carry.
    pub tags: Vec<String>,
}
