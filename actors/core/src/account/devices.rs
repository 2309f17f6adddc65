//! The devices of the account, as lists and routing see them.

use std::collections::BTreeMap;

use wayfare_protocol::capability::Load;
use wayfare_protocol::control::{Control, DeviceInfo, PresenceInfo};
use wayfare_protocol::{DeviceId, Now, RequestId, Wall};

use super::pending::{Kind, Pending};
use super::{Account, Effect, LinkId, Place, Registered};
use crate::machine::Sink;

#[derive(Debug)]
struct Device {
    registered: Registered,
    presence: PresenceInfo,
    load: Option<Load>,
    link: Option<LinkId>,
}

#[derive(Debug, Default)]
pub(super) struct Devices(BTreeMap<DeviceId, Device>);

impl Devices {
    /// A registered device that is not linked.
    pub(super) fn load(&mut self, registered: Registered, last_seen: Wall) {
        let presence = PresenceInfo::Offline { last_seen };
        self.0.insert(registered.device, Device { registered, presence, load: None, link: None });
    }

    /// The device is linked; returns the link that this one replaces.
    pub(super) fn link_up(&mut self, registered: Registered, link: LinkId) -> Option<LinkId> {
        let device = Device { presence: PresenceInfo::Online, load: None, link: Some(link), registered };
        self.0.insert(device.registered.device, device).and_then(|before| before.link)
    }

    /// Whether that was the device's newest link.
    pub(super) fn link_down(&mut self, device: DeviceId, link: LinkId) -> bool {
        match self.0.get_mut(&device) {
            Some(known) if known.link == Some(link) => {
                known.link = None;
                true
            }
            _ => false,
        }
    }

    pub(super) fn set_presence(&mut self, device: DeviceId, presence: PresenceInfo) {
        if let Some(known) = self.0.get_mut(&device) {
            known.presence = presence;
        }
    }

    pub(super) fn set_load(&mut self, device: DeviceId, load: Load) {
        if let Some(known) = self.0.get_mut(&device) {
            known.load = Some(load);
        }
    }

    pub(super) fn link(&self, device: DeviceId) -> Option<LinkId> {
        self.0.get(&device)?.link
    }

    pub(super) fn name(&self, device: DeviceId) -> Option<&str> {
        self.0.get(&device).map(|known| known.registered.name.as_str())
    }

    pub(super) fn presence(&self, device: DeviceId) -> PresenceInfo {
        self.0.get(&device).map_or(PresenceInfo::Offline { last_seen: Wall(0) }, |known| known.presence)
    }

    pub(super) fn list(&self) -> Vec<DeviceInfo> {
        let mut devices: Vec<_> = self
            .0
            .values()
            .map(|known| DeviceInfo {
                device: known.registered.device,
                name: known.registered.name.clone(),
                os: known.registered.os.clone(),
                presence: known.presence,
                node: known.registered.node.clone(),
                load: known.load,
            })
            .collect();
        devices.sort_by(|a, b| (&a.name, a.device).cmp(&(&b.name, b.device)));
        devices
    }
}

impl Account {
    pub(super) fn on_heartbeat(&mut self, link: LinkId, load: Load) {
        if let Some(device) = self.links.device(link) {
            self.devices.set_load(device, load);
        }
    }

    /// Every device that can be seen from here: from a node without its cloud, only itself.
    pub(super) fn device_list(&self) -> Vec<DeviceInfo> {
        match &self.config.place {
            Place::Cloud { .. } => self.devices.list(),
            Place::Node { node, name, os, capabilities } => vec![DeviceInfo {
                device: node.0,
                name: name.clone(),
                os: os.clone(),
                presence: PresenceInfo::Online,
                node: Some(capabilities.clone()),
                load: None,
            }],
        }
    }

    pub(super) fn on_list_devices(&mut self, now: Now, link: LinkId, request: RequestId, out: &mut impl Sink<Effect>) {
        match self.links.upstream() {
            Some(upstream) if upstream != link => {
                self.forward_list(now, link, upstream, request, Control::ListDevices { request }, out);
            }
            _ => {
                let devices = self.device_list();
                out.push(Effect::Send { link, control: Control::DeviceList { request, devices } });
            }
        }
    }

    /// A list is asked for upstream; without an answer in time what is known here is given.
    pub(super) fn forward_list(
        &mut self,
        now: Now,
        link: LinkId,
        upstream: LinkId,
        request: RequestId,
        question: Control,
        out: &mut impl Sink<Effect>,
    ) {
        let deadline = now.boot.after(self.config.limits.suspect_probe);
        let kind = Kind::List { question: question.clone() };
        if self.pending.add(request, Pending { from: link, sent: Some(upstream), deadline, kind }) {
            out.push(Effect::Send { link: upstream, control: question });
        }
    }

    pub(super) fn on_list_answer(&mut self, request: RequestId, answer: Control, out: &mut impl Sink<Effect>) {
        if let Some(pending) = self.pending.remove(request) {
            out.push(Effect::Send { link: pending.from, control: answer });
        }
    }
}
