//! The tags that Wayfare itself gives and asks for.

use crate::session::Language;

use super::{Tag, TagError};

/// Logical processors, as a number.
pub const CPUS: &str = "hardware.cpus";
/// Memory in GiB, to the nearest whole one: a machine sold with 16 tells a little less than that to its system.
pub const MEMORY_GB: &str = "hardware.memory_gb";
/// A graphics processor usable for compute is there.
pub const GPU: &str = "hardware.gpu";
/// How many of them.
pub const GPU_COUNT: &str = "hardware.gpu.count";
/// A vendor in lower case: `nvidia`, `amd`, `intel`, `apple`.
pub const GPU_VENDOR: &str = "hardware.gpu.vendor";
/// A vendor's name for one.
pub const GPU_NAME: &str = "hardware.gpu.name";
/// GiB of graphics memory, all graphics processors together, to the nearest whole one.
pub const VRAM_GB: &str = "hardware.gpu.vram_gb";
/// Key of the kernels that a node can start, by kernelspec.
pub const KERNEL: &str = "software.kernel";

/// Tags that begin so are given by a node's program and never by its configuration: they say which code it has.
pub const RESERVED: &[&str] = &[SUBPROTOCOL, DAEMON];
/// Begins the tag of a subprotocol that the node speaks.
const SUBPROTOCOL: &str = "subprotocol:";
/// Begins the tag of a kind of daemon that the node has the code of.
const DAEMON: &str = "daemon:";
const RUNTIME: &str = "software.runtime.";
const SCOPE: &str = "scope:";

/// The number of the subprotocol by which daemons move.
pub const MIGRATION: u16 = 0x0500;

/// `subprotocol:0x0500`: the node speaks the subprotocol of that number.
///
/// # Panics
/// Never: four hexadecimal digits make a tag.
#[must_use]
pub fn subprotocol(number: u16) -> Tag {
    Tag::new(format!("{SUBPROTOCOL}{number:#06x}")).expect("digits make a tag")
}

/// `daemon:<kind>`: the node has a factory for daemons of that kind.
///
/// # Errors
/// If the kind's name does not make a tag.
pub fn daemon(kind: &str) -> Result<Tag, TagError> {
    plain(DAEMON, kind)
}

/// `software.runtime.<language>`: the node can start a kernel for the language.
///
/// # Errors
/// If the language's name does not make a tag.
pub fn runtime(language: &Language) -> Result<Tag, TagError> {
    plain(RUNTIME, &language.to_string())
}

/// `scope:<name>`: the node belongs to a part of the mesh that a person named.
///
/// # Errors
/// If the name does not make a tag.
pub fn scope(name: &str) -> Result<Tag, TagError> {
    plain(SCOPE, name)
}

/// A tag without a value whose key ends in a name that comes from outside.
fn plain(prefix: &str, name: &str) -> Result<Tag, TagError> {
    if name.is_empty() || name.trim() != name {
        return Err(if name.is_empty() {
            TagError::NoKey { text: prefix.to_owned() }
        } else {
            TagError::Untidy { text: format!("{prefix}{name}") }
        });
    }
    if name.contains('=') {
        return Err(TagError::EqualsInKey { key: format!("{prefix}{name}") });
    }
    Tag::new(format!("{prefix}{name}"))
}
