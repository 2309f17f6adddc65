//! What a device lacks for a session, and how busy it is.

use std::fmt;

use wayfare_protocol::Wall;
use wayfare_protocol::capability::{Accepting, Capabilities, Needs, Reluctance};
use wayfare_protocol::session::{Language, OpenSession};

use super::DeviceView;

/// Something that keeps a device from taking a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    Offline { last_seen: Wall },
    Sleeping { since: Wall },
    Revoked { at: Wall },
    Suspect,
    Language(Language),
    Kernel { name: String, language: Language },
    Gpu,
    Memory { has: u64, needs: u64 },
    Tag(String),
    Reluctant(Reluctance),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline { last_seen } => write!(f, "is offline, last seen {last_seen}"),
            Self::Sleeping { since } => write!(f, "sleeps since {since}"),
            Self::Revoked { at } => write!(f, "was revoked {at}"),
            Self::Suspect => f.write_str("has been silent for a moment"),
            Self::Language(language) => write!(f, "has no kernel for {language}"),
            Self::Kernel { name, language } => write!(f, "has no kernel {name:?} for {language}"),
            Self::Gpu => f.write_str("has no graphics processor"),
            Self::Memory { has, needs } => write!(f, "has {} of memory, not {}", Size(*has), Size(*needs)),
            Self::Tag(tag) => write!(f, "has no tag {tag:?}"),
            Self::Reluctant(why) => why.fmt(f),
        }
    }
}

/// Bytes for people.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1024 * 1024;
        let (gib, tenths) = (self.0 / (1024 * MIB), self.0 % (1024 * MIB) * 10 / (1024 * MIB));
        match (gib, self.0 / MIB) {
            (0, 0) => write!(f, "{} bytes", self.0),
            (0, mib) => write!(f, "{mib} MiB"),
            (gib, _) => write!(f, "{gib}.{tenths} GiB"),
        }
    }
}

/// Whether a virtual environment's folder is taken to exist on the device: devices do not announce such folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Venv {
    /// The user speaks of this device: the node says so if the folder is not there.
    Trusted,
    /// The path was written for some other device: a kernel for the language is asked for besides.
    Elsewhere,
}

/// What the device lacks, in a fixed order; empty if it can take the session.
pub(super) fn lacking(device: &DeviceView, want: &OpenSession, venv: Venv) -> Vec<Lack> {
    let (offers, language) = (&device.capabilities, &want.key.language);
    let mut lacks = Vec::new();
    let by_venv = want.environment.venv.is_some() && venv == Venv::Trusted;
    if !by_venv {
        let wanted = want.environment.kernel.as_ref().filter(|_| want.environment.venv.is_none());
        if offers.runtimes_for(language).next().is_none() {
            lacks.push(Lack::Language(language.clone()));
        } else if let Some(name) = wanted
            && !offers.runtimes_for(language).any(|runtime| runtime.kernel == *name)
        {
            lacks.push(Lack::Kernel { name: name.clone(), language: language.clone() });
        }
    }
    lacks.extend(unmet(offers, &want.needs));
    match device.accepting {
        Accepting::Everything => {}
        Accepting::Nothing(why) => lacks.push(Lack::Reluctant(why)),
    }
    lacks
}

/// What is needed of the device itself, whatever runs on it, and not there.
pub(super) fn unmet(offers: &Capabilities, needs: &Needs) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if needs.gpu && offers.hardware.gpus.is_empty() {
        lacks.push(Lack::Gpu);
    }
    let has = offers.hardware.memory_bytes;
    if let Some(needs) = needs.memory_bytes
        && has < needs
    {
        lacks.push(Lack::Memory { has, needs });
    }
    lacks.extend(needs.tags.iter().filter(|tag| !offers.tags.contains(tag)).cloned().map(Lack::Tag));
    lacks
}

/// The lacks of a device in a sentence.
pub(super) fn told(device: &DeviceView, lacks: &[Lack]) -> String {
    format!("{} {}", device.name, listed(lacks))
}

/// The same without the device.
pub(super) fn listed(lacks: &[Lack]) -> String {
    lacks.iter().map(Lack::to_string).collect::<Vec<_>>().join(" and ")
}

/// The sum of the percentages that matter to the session; a device that has not told counts as fully loaded.
pub(super) fn load_score(device: &DeviceView, want: &OpenSession) -> u32 {
    let (cpu, memory, gpu) = device
        .load
        .map_or((100, 100, 100), |load| (load.cpu_percent, load.memory_percent, load.gpu_percent.unwrap_or(100)));
    u32::from(cpu) + u32::from(memory) + if want.needs.gpu { u32::from(gpu) } else { 0 }
}
