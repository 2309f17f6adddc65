//! Marks: the phases of the machines by name, taken from the phase enums themselves. The simulation demands that its sweeps
//! reach them.

use crate::client::Conversation;
use crate::daemon::DaemonHost;
use crate::journal::SessionJournal;
use crate::kernel_host::KernelHost;
use crate::link::Link;
use crate::machine::Machine;
use crate::presence::Presence;
use crate::session::RuntimeSession;
use crate::uplink::Uplink;

/// A machine, or a part of one, in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Which machine.
    pub machine: &'static str,
    /// In which phase.
    pub phase: &'static str,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.machine, self.phase)
    }
}

/// The name of a machine, or of a part of one, and those of its phases.
pub type Phases = (&'static str, &'static [&'static str]);

/// Every phase that there is, in the order of their enums.
#[must_use]
pub fn all() -> Vec<Mark> {
    let machines: [&[Phases]; 8] = [
        Link::PHASES,
        Uplink::PHASES,
        Presence::PHASES,
        RuntimeSession::PHASES,
        SessionJournal::PHASES,
        DaemonHost::PHASES,
        Conversation::PHASES,
        KernelHost::PHASES,
    ];
    let each = machines.into_iter().flatten();
    each.flat_map(|(machine, phases)| phases.iter().map(|phase| Mark { machine, phase })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_has_a_name_of_its_own() {
        let marks = all();
        let named: std::collections::BTreeSet<_> = marks.iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), marks.len());
        for name in ["link.Up", "session.Live", "ownership.Released", "kernel_host.Gone", "conversation.Attached"] {
            assert!(named.contains(name), "{name} is not among {named:?}");
        }
    }
}
