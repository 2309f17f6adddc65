//! The links of the account, and what their coming and going means.

use std::collections::BTreeMap;

use wayfare_protocol::control::{Control, PresenceInfo};
use wayfare_protocol::{DeviceId, Now};

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

    pub(super) fn upstream(&self) -> Option<LinkId> {
        self.upstream
    }

    pub(super) fn is_upstream(&self, link: LinkId) -> bool {
        self.upstream == Some(link)
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
        self.links.add(link, peer.clone());
        match peer {
            Peer::Upstream { generation } => self.upstream_up(link, generation, out),
            // On a node every local client is the node's own device: no presence, no journal.
            Peer::Device(_) if matches!(self.config.place, Place::Node { .. }) => {}
            Peer::Device(registered) => self.device_up(now, link, registered, out),
        }
    }

    fn device_up(&mut self, now: Now, link: LinkId, registered: Registered, out: &mut impl Sink<Effect>) {
        let device = registered.device;
        let is_node = registered.node.is_some();
        if let Some(older) = self.devices.link_up(registered, link) {
            // The newest link is the device's; what the older one still brings is ignored.
            self.links.remove(older);
            self.pending.drop_from(older);
            self.pending.unsend(older);
            self.sessions.copied_over(older);
            out.push(Effect::CloseLink { link: older });
        }
        out.push(Effect::DeviceUp { device, link });
        if is_node {
            self.send_waiting(now, device, link, out);
        }
    }

    /// The store is within reach: sessions claim their rows, and the cloud hears what runs here.
    fn upstream_up(&mut self, link: LinkId, generation: u32, out: &mut impl Sink<Effect>) {
        for info in self.sessions.all() {
            out.push(Effect::Send { link, control: Control::RuntimeUp(info.clone()) });
            out.push(Effect::Ownership { session: info.id, input: ownership::Input::StoreReachable { generation } });
        }
    }

    pub(super) fn link_down(&mut self, now: Now, link: LinkId, out: &mut impl Sink<Effect>) {
        let was_upstream = self.links.is_upstream(link);
        let Some(peer) = self.links.remove(link) else { return };
        self.pending.drop_from(link);
        if was_upstream {
            for info in self.sessions.all() {
                out.push(Effect::Ownership { session: info.id, input: ownership::Input::StoreLost });
            }
        }
        for request in self.pending.unsend(link) {
            // What the link carried may or may not have arrived: it waits for the link's return, for the probe time.
            self.pending.hold(request, now.boot.after(self.config.limits.suspect_probe));
        }
        if let Peer::Device(registered) = peer
            && self.devices.link_down(registered.device, link)
        {
            for session in self.sessions.copied_over(link) {
                out.push(Effect::JournalDown { session });
            }
        }
    }

    /// Whether a device may be asked: `Err` names how it is.
    pub(super) fn presence(&self, device: DeviceId) -> PresenceInfo {
        self.devices.presence(device)
    }
}
