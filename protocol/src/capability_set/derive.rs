//! The tags that follow from what a device announces.

use crate::capability::{Capabilities, Gpu, Hardware};
use crate::limits::TAG_MAX;

use super::{CapabilityError, CapabilitySet, Tag, names};

const GIB: u64 = 1 << 30;

/// Words in a graphics processor's name that tell its vendor; the first that fits.
const VENDORS: &[(&str, &[&str])] = &[
    ("nvidia", &["nvidia", "geforce", "tesla", "quadro", "rtx"]),
    ("amd", &["amd", "radeon", "instinct"]),
    ("intel", &["intel", "arc"]),
    ("apple", &["apple"]),
];

impl CapabilitySet {
    /// The set of what a device announces: hardware and kernels as tags of [`names`], and the free tags as they are.
    ///
    /// What a vendor calls its hardware is made to fit; what a person wrote is refused if it is not a tag. What the node's
    /// program knows (subprotocols, kinds of daemons) is added by the node.
    ///
    /// # Errors
    /// If a free tag, a language or a kernel's name is no tag, a free tag is [reserved](names::RESERVED), or all of it is
    /// more than a set may hold.
    pub fn of(capabilities: &Capabilities) -> Result<Self, CapabilityError> {
        let mut set = Self::new();
        set.add_hardware(&capabilities.hardware)?;
        for runtime in &capabilities.runtimes {
            set.insert(names::runtime(&runtime.language)?)?;
            set.insert(Tag::with_value(names::KERNEL, &runtime.kernel)?)?;
        }
        for text in &capabilities.tags {
            let tag = Tag::new(text.as_str())?;
            if names::RESERVED.iter().any(|prefix| tag.key().starts_with(prefix)) {
                return Err(CapabilityError::Reserved { tag });
            }
            set.insert(tag)?;
        }
        Ok(set)
    }

    fn add_hardware(&mut self, hardware: &Hardware) -> Result<(), CapabilityError> {
        if hardware.cpus > 0 {
            self.insert(Tag::with_value(names::CPUS, hardware.cpus)?)?;
        }
        if hardware.memory_bytes > 0 {
            self.insert(Tag::with_value(names::MEMORY_GB, gib(hardware.memory_bytes))?)?;
        }
        if hardware.gpus.is_empty() {
            return Ok(());
        }
        self.insert(Tag::new(names::GPU)?)?;
        self.insert(Tag::with_value(names::GPU_COUNT, hardware.gpus.len())?)?;
        let vram = hardware.gpus.iter().map(|gpu| gpu.memory_bytes).fold(0, u64::saturating_add);
        self.insert(Tag::with_value(names::VRAM_GB, gib(vram))?)?;
        for gpu in &hardware.gpus {
            if let Some(vendor) = vendor(gpu) {
                self.insert(Tag::with_value(names::GPU_VENDOR, vendor)?)?;
            }
            let name = fitting(&gpu.name, TAG_MAX - names::GPU_NAME.len() - 1);
            if !name.is_empty() {
                self.insert(Tag::with_value(names::GPU_NAME, name)?)?;
            }
        }
        Ok(())
    }
}

/// The nearest whole number of GiB.
fn gib(bytes: u64) -> u64 {
    bytes / GIB + u64::from(bytes % GIB >= GIB / 2)
}

fn vendor(gpu: &Gpu) -> Option<&'static str> {
    let name = gpu.name.to_ascii_lowercase();
    let said = |wanted: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == wanted);
    VENDORS.iter().find(|(_, words)| words.iter().any(|word| said(word))).map(|(vendor, _)| *vendor)
}

/// Text without control characters and without white space at its ends, cut to so many bytes.
fn fitting(text: &str, bytes: usize) -> String {
    let tidy: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let tidy = tidy.trim();
    tidy[..tidy.floor_char_boundary(bytes)].trim_end().to_owned()
}
