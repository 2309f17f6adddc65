//! The links of the account, and what their coming and going means.

use std::collections::BTreeMap;

use wayfare_protocol::control::{Control, PresenceInfo};
use wayfare_protocol::{DeviceId, ErrorCode, NodeId, Now, Refusal, ResourceId};

use super::{Account, Effect, LinkId, Peer, Place, Registered};
use crate::machine::Sink;
use crate::ownership;

/// Links by number, and what is known of their other ends.
#[derive(Debug, Default)]
pub(super) struct Links {
    all: BTreeMap<LinkId, Peer>,
    upstream: Option<LinkId>,
}

impl Links {
    pub(super) fn peer(&self, link: LinkId) -> Option<&Peer> {
        self.all.get(&link)
    }

    pub(super) fn device(&self, link: LinkId) -> Option<DeviceId> {
        match self.all.get(&link)? {
            Peer::Device(registered) => Some(registered.device),
            Peer::Upstream { .. } => None,
        }
    }

    /// Over which link the cloud is asked what came over that one: never over the same.
    pub(super) fn onward(&self, link: LinkId) -> Option<LinkId> {
        self.upstream().filter(|upstream| *upstream != link)
    }

    pub(super) fn upstream(&self) -> Option<LinkId> {
        self.upstream
    }

    pub(super) fn is_upstream(&self, link: LinkId) -> bool {
        self.upstream == Some(link)
    }

    /// Every link of a device, its node's and its programs', oldest first.
    pub(super) fn of(&self, device: DeviceId) -> Vec<LinkId> {
        let is_its = |peer: &Peer| matches!(peer, Peer::Device(its) if its.device == device);
        self.all.iter().filter(|(_, peer)| is_its(peer)).map(|(link, _)| *link).collect()
    }

    /// The links of a device's programs, oldest first.
    fn programs(&self, device: DeviceId) -> Vec<LinkId> {
        let of_program = |peer: &Peer| matches!(peer, Peer::Device(its) if its.device == device && its.node.is_none());
        self.all.iter().filter(|(_, peer)| of_program(peer)).map(|(link, _)| *link).collect()
    }

    /// Whether whoever is at the other end may change anything.
    pub(super) fn may_write(&self, link: LinkId) -> bool {
        match self.all.get(&link) {
            Some(Peer::Device(registered)) => registered.access.may_write(),
            Some(Peer::Upstream { .. }) | None => true,
        }
    }

    pub(super) fn is_of_program(&self, link: LinkId) -> bool {
        matches!(self.all.get(&link), Some(Peer::Device(registered)) if registered.node.is_none())
    }

    fn add(&mut self, link: LinkId, peer: Peer) {
        if matches!(peer, Peer::Upstream { .. }) {
            self.upstream = Some(link);
        }
        self.all.insert(link, peer);
    }

    fn remove(&mut self, link: LinkId) -> Option<Peer> {
        if self.upstream == Some(link) {
            self.upstream = None;
        }
        self.all.remove(&link)
    }
}

impl Account {
    pub(super) fn link_up(&mut self, now: Now, link: LinkId, peer: Peer, out: &mut impl Sink<Effect>) {
        if matches!(peer, Peer::Upstream { .. })
            && let Some(older) = self.links.upstream()
        {
            self.link_down(now, older, out);
        }
        if let Peer::Device(registered) = &peer
            && let Some(at) = self.devices.revoked_at(registered.device)
        {
            // It was let in a moment before: the store refuses it from now on.
            let refusal = super::revocation::refusal(&registered.name, at);
            return out.push(Effect::CloseLink { link, refusal });
        }
        self.links.add(link, peer.clone());
        match peer {
            Peer::Upstream { generation } => self.upstream_up(now, link, generation, out),
            // On a node every local client is the node's own device: no presence, no journal.
            Peer::Device(_) if matches!(self.config.place, Place::Node { .. }) => {}
            Peer::Device(registered) => self.device_up(now, link, registered, out),
        }
    }

    fn device_up(&mut self, now: Now, link: LinkId, registered: Registered, out: &mut impl Sink<Effect>) {
        let device = registered.device;
        if registered.node.is_none() {
            return self.program_up(link, registered, out);
        }
        self.forget_announced(NodeId(device));
        let own = registered.name.clone();
        let older = self.devices.link_up(registered, link);
        if let Some(older) = older.filter(|older| !self.links.is_of_program(*older)) {
            // The newest link is the node's; what the older one still brings is ignored.
            self.close(older, newer(), out);
            self.target_is_gone(now, device, out);
        }
        out.push(Effect::DeviceUp { device, link });
        if let Some(name) = self.devices.given(device).filter(|name| **name != own) {
            out.push(Effect::Send { link, control: Control::Called { name: name.to_owned() } });
        }
        self.send_waiting(now, device, link, out);
    }

    /// A program of a device, beside its node and other programs: it replaces none of them, only the oldest of too many.
    /// Where the device has a node, the node's link alone says whether the device is there and what it offers.
    fn program_up(&mut self, link: LinkId, registered: Registered, out: &mut impl Sink<Effect>) {
        let device = registered.device;
        let programs = self.links.programs(device);
        let too_many = programs.len().saturating_sub(self.config.limits.programs_per_device.max(1));
        for oldest in programs.into_iter().take(too_many) {
            self.close(oldest, newer(), out);
        }
        if !self.devices.has_node(device) {
            self.devices.link_up(registered, link);
            out.push(Effect::DeviceUp { device, link });
        }
    }

    pub(super) fn close(&mut self, link: LinkId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        self.links.remove(link);
        self.pending.drop_from(link);
        self.pending.lose(link);
        self.journals_down(link, out);
        out.push(Effect::CloseLink { link, refusal });
    }

    /// The store is within reach: sessions claim their rows, and the cloud hears what runs here.
    fn upstream_up(&mut self, now: Now, link: LinkId, generation: u32, out: &mut impl Sink<Effect>) {
        self.accepting_anew();
        self.announce(now, out);
        for info in self.sessions.all() {
            out.push(Effect::Send { link, control: Control::RuntimeUp(info.clone()) });
            let input = ownership::Input::StoreReachable { generation };
            out.push(Effect::Ownership { resource: ResourceId::Session(info.id), input });
        }
        for info in self.daemons.all() {
            out.push(Effect::Send { link, control: Control::DaemonUp(Box::new(info.clone())) });
            let input = ownership::Input::StoreReachable { generation };
            out.push(Effect::Ownership { resource: ResourceId::Daemon(info.entity), input });
        }
        out.push(Effect::DocumentsAbove { link: Some(link) });
        self.send_lost_upstream(now, link, out);
    }

    fn journals_down(&mut self, link: LinkId, out: &mut impl Sink<Effect>) {
        for session in self.sessions.copied_over(link) {
            out.push(Effect::JournalDown { session });
        }
    }

    pub(super) fn link_down(&mut self, now: Now, link: LinkId, out: &mut impl Sink<Effect>) {
        let was_upstream = self.links.is_upstream(link);
        let Some(peer) = self.links.remove(link) else { return };
        self.pending.drop_from(link);
        if was_upstream {
            self.claims.forget_migrations();
            for info in self.sessions.all() {
                let resource = ResourceId::Session(info.id);
                out.push(Effect::Ownership { resource, input: ownership::Input::StoreLost });
            }
            for info in self.daemons.all() {
                let resource = ResourceId::Daemon(info.entity);
                out.push(Effect::Ownership { resource, input: ownership::Input::StoreLost });
            }
        }
        if was_upstream {
            out.push(Effect::DocumentsAbove { link: None });
        }
        for ask in self.pending.lose(link) {
            // What the link carried may or may not have arrived: it waits for the link's return, for the probe time.
            self.pending.hold(ask, now.boot.after(self.config.limits.suspect_probe));
        }
        if let Peer::Device(registered) = peer
            && self.devices.link_down(registered.device, link)
        {
            self.journals_down(link, out);
            self.target_is_gone(now, registered.device, out);
        }
    }

    /// Whether a device may be asked: `Err` names how it is.
    pub(super) fn presence(&self, device: DeviceId) -> PresenceInfo {
        self.devices.presence(device)
    }
}

fn newer() -> Refusal {
    Refusal::new(ErrorCode::Draining, "a newer link of this device took over")
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::capability::Capabilities;
    use wayfare_protocol::control::{Control, DeviceInfo};
    use wayfare_protocol::{Access, Boot, DeviceId, Limits, Now, RequestId, Wall};

    use super::super::{Account, Config, Effect, Input, LinkId, Peer, Place, Registered};
    use crate::machine::Machine;

    const DEVICE: DeviceId = DeviceId([7; 32]);
    const NOW: Now = Now { boot: Boot(std::time::Duration::ZERO), wall: Wall(0) };

    fn cloud(limits: Limits) -> Account {
        Account::new(Config { place: Place::Cloud { generation: 1 }, limits }, NOW)
    }

    fn step(account: &mut Account, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        account.step(NOW, input, &mut effects);
        effects
    }

    fn up(account: &mut Account, link: u64, node: Option<Capabilities>) -> Vec<Effect> {
        let registered = Registered {
            device: DEVICE,
            name: "laptop".to_owned(),
            os: "linux".to_owned(),
            node,
            access: Access::Everything,
        };
        step(account, Input::LinkUp { link: LinkId(link), peer: Peer::Device(registered) })
    }

    fn node() -> Option<Capabilities> {
        Some(Capabilities::default())
    }

    fn closed(effects: &[Effect]) -> Vec<u64> {
        let of_close = |effect: &Effect| match effect {
            Effect::CloseLink { link, .. } => Some(link.0),
            _ => None,
        };
        effects.iter().filter_map(of_close).collect()
    }

    fn listed(account: &mut Account, link: u64) -> Vec<DeviceInfo> {
        let control = Control::ListDevices { request: RequestId(uuid::Uuid::from_u128(1)) };
        match step(account, Input::Control { link: LinkId(link), control }).as_slice() {
            [Effect::Send { control: Control::DeviceList { devices, .. }, .. }] => devices.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_program_replaces_neither_its_devices_node_nor_another_program() {
        let mut account = cloud(Limits::default());
        up(&mut account, 1, node());
        for link in [2, 3] {
            assert_eq!(up(&mut account, link, None), [], "the node's link stays the device's");
        }
        assert_eq!(listed(&mut account, 2)[0].node, node(), "what the node offers stays known");
        assert_eq!(step(&mut account, Input::LinkDown { link: LinkId(3) }), []);
        assert_eq!(closed(&up(&mut account, 4, node())), [1], "a newer link of the node replaces the older");
    }

    #[test]
    fn a_node_that_comes_after_a_program_does_not_end_it() {
        let mut account = cloud(Limits::default());
        assert_eq!(up(&mut account, 1, None), [Effect::DeviceUp { device: DEVICE, link: LinkId(1) }]);
        let effects = up(&mut account, 2, node());
        assert_eq!(effects, [Effect::DeviceUp { device: DEVICE, link: LinkId(2) }]);
        assert_eq!(listed(&mut account, 1)[0].node, node());
    }

    #[test]
    fn of_too_many_programs_the_oldest_is_closed() {
        let mut account = cloud(Limits { programs_per_device: 2, ..Limits::default() });
        up(&mut account, 1, node());
        assert_eq!(closed(&up(&mut account, 2, None)), [] as [u64; 0]);
        assert_eq!(closed(&up(&mut account, 3, None)), [] as [u64; 0]);
        assert_eq!(closed(&up(&mut account, 4, None)), [2]);
    }
}
