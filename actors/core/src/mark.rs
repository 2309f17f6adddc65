//! Marks: the phases of the machines and the effects that they decide, by name, taken from the enums themselves. The simulation
//! demands that its sweeps reach them.

use wayfare_protocol::EntityId;

use crate::account::Account;
use crate::client::Conversation;
use crate::daemon::DaemonHost;
use crate::document::Document;
use crate::folder_binding::{ACTS, Act, FolderBinding};
use crate::journal::SessionJournal;
use crate::kernel_host::KernelHost;
use crate::link::Link;
use crate::machine::Machine;
use crate::migration::{Orchestrator, Source, Target};
use crate::outputs::{READER, ReaderEffect};
use crate::ownership::Ownership;
use crate::pairing::Pairing;
use crate::placement::Overload;
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

/// An effect that a machine, or a part of one, decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EffectMark {
    /// Which machine.
    pub machine: &'static str,
    /// Which of its effects.
    pub effect: &'static str,
}

impl std::fmt::Display for EffectMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} > {}", self.machine, self.effect)
    }
}

/// An enum whose variants have names.
pub trait Kinds {
    /// The names of all, in their order.
    const ALL: &'static [&'static str];
    /// The name of this one.
    fn kind(&self) -> &'static str;
}

impl<E: strum::VariantNames> Kinds for E
where
    for<'a> &'a E: Into<&'static str>,
{
    const ALL: &'static [&'static str] = E::VARIANTS;

    fn kind(&self) -> &'static str {
        self.into()
    }
}

/// The name of a machine, or of a part of one, and those of its phases.
pub type Phases = (&'static str, &'static [&'static str]);

/// Every phase that there is, in the order of their enums.
#[must_use]
pub fn all() -> Vec<Mark> {
    let machines: [&[Phases]; 13] = [
        Link::PHASES,
        Uplink::PHASES,
        Presence::PHASES,
        RuntimeSession::PHASES,
        SessionJournal::PHASES,
        DaemonHost::PHASES,
        Orchestrator::PHASES,
        Source::PHASES,
        Target::PHASES,
        Overload::<EntityId>::PHASES,
        Conversation::PHASES,
        KernelHost::PHASES,
        Document::PHASES,
    ];
    let each = machines.into_iter().flatten();
    each.flat_map(|(machine, phases)| phases.iter().map(|phase| Mark { machine, phase })).collect()
}

/// Every effect that there is, in the order of their enums.
#[must_use]
pub fn effects() -> Vec<EffectMark> {
    fn of<M: Machine>() -> (&'static str, &'static [&'static str]) {
        (M::NAME, M::Effect::ALL)
    }
    let machines = [
        of::<Link>(),
        of::<Uplink>(),
        of::<Presence>(),
        of::<Pairing>(),
        of::<Account>(),
        of::<Ownership>(),
        of::<RuntimeSession>(),
        of::<SessionJournal>(),
        (READER, ReaderEffect::ALL),
        of::<DaemonHost>(),
        of::<Orchestrator>(),
        of::<Source>(),
        of::<Target>(),
        of::<Overload<EntityId>>(),
        of::<Conversation>(),
        of::<KernelHost>(),
        of::<Document>(),
        of::<FolderBinding>(),
        (ACTS, Act::ALL),
    ];
    let each = machines.into_iter();
    each.flat_map(|(machine, effects)| effects.iter().map(move |effect| EffectMark { machine, effect })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_has_a_name_of_its_own_and_an_effect_of_a_part_is_told_as_the_parts() {
        let all = effects();
        let named: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), all.len());
        let wrapped = crate::session::Effect::Reader(ReaderEffect::Close { reader: crate::outputs::ReaderId(1) });
        let mut told = Vec::new();
        RuntimeSession::effect_marks(&wrapped, &mut told);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["session > Reader", "reader > Close"]);
        assert!(told.iter().all(|name| named.contains(name)), "{told:?} are not among {named:?}");
    }

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
