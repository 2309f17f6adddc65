//! The devices of the account, as lists and routing see them.

use std::collections::BTreeMap;

use wayfare_protocol::capability::{Accepting, Load};
use wayfare_protocol::control::{Control, DeviceInfo, PresenceInfo};
use wayfare_protocol::{Boot, DeviceId, Now, RequestId, Wall};

use super::pending::{Kind, Passed, Pending};
use super::{Account, Effect, LinkId, Place, Registered};
use crate::machine::Sink;

/// How a device is, by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// By its own actor's.
    Told(PresenceInfo),
    /// The cloud has started a moment ago and waits for it: suspect, then offline.
    Awaited { offline_at: Boot, last_seen: Wall },
    /// It is refused, whatever comes of it.
    Revoked { at: Wall },
}

#[derive(Debug)]
struct Device {
    registered: Registered,
    /// What people call it, where that is not what it calls itself.
    given: Option<String>,
    presence: Presence,
    load: Option<Load>,
    accepting: Accepting,
    link: Option<LinkId>,
}

impl Device {
    fn name(&self) -> &str {
        self.given.as_ref().unwrap_or(&self.registered.name)
    }
}

impl Presence {
    fn info(self) -> PresenceInfo {
        match self {
            Self::Told(presence) => presence,
            Self::Awaited { .. } => PresenceInfo::Suspect,
            Self::Revoked { at } => PresenceInfo::Revoked { at },
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Devices(BTreeMap<DeviceId, Device>);

impl Devices {
    /// A registered device after the start of a cloud. A link that is up already counts more.
    pub(super) fn load(&mut self, registered: Registered, last_seen: Wall, offline_at: Boot) {
        let presence = Presence::Awaited { offline_at, last_seen };
        self.0.entry(registered.device).or_insert(Device {
            registered,
            given: None,
            presence,
            load: None,
            accepting: Accepting::Everything,
            link: None,
        });
    }

    /// Whether the device runs a node, linked or not.
    pub(super) fn has_node(&self, device: DeviceId) -> bool {
        self.0.get(&device).is_some_and(|known| known.registered.node.is_some())
    }

    /// Whether the device has announced a tag as it registered.
    pub(super) fn has_tag(&self, device: DeviceId, tag: &str) -> bool {
        let node = self.0.get(&device).and_then(|known| known.registered.node.as_ref());
        node.is_some_and(|node| node.tags.iter().any(|own| own == tag))
    }

    /// The device is linked; returns the link that this one replaces.
    pub(super) fn link_up(&mut self, registered: Registered, link: LinkId) -> Option<LinkId> {
        let presence = Presence::Told(PresenceInfo::Online);
        let accepting = Accepting::Everything;
        let given = self.given(registered.device).map(str::to_owned);
        let device = Device { presence, given, load: None, accepting, link: Some(link), registered };
        self.0.insert(device.registered.device, device).and_then(|before| before.link)
    }

    /// When the next awaited device is given up.
    pub(super) fn deadline(&self) -> Option<Boot> {
        let awaited = self.0.values().filter_map(|known| match known.presence {
            Presence::Awaited { offline_at, .. } => Some(offline_at),
            Presence::Told(_) | Presence::Revoked { .. } => None,
        });
        awaited.min()
    }

    /// Devices that have not come back in time after a cloud's start are offline.
    pub(super) fn wake(&mut self, now: Boot) {
        for known in self.0.values_mut() {
            match known.presence {
                Presence::Awaited { offline_at, last_seen } if offline_at <= now => {
                    known.presence = Presence::Told(PresenceInfo::Offline { last_seen });
                }
                Presence::Awaited { .. } | Presence::Told(_) | Presence::Revoked { .. } => {}
            }
        }
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
            match known.presence {
                Presence::Revoked { .. } => {} // its actor still tells of the link that was cut
                Presence::Told(_) | Presence::Awaited { .. } => known.presence = Presence::Told(presence),
            }
        }
    }

    pub(super) fn is_known(&self, device: DeviceId) -> bool {
        self.0.contains_key(&device)
    }

    /// The device is refused from now on.
    pub(super) fn revoke(&mut self, device: DeviceId, at: Wall) {
        if let Some(known) = self.0.get_mut(&device) {
            (known.presence, known.link, known.load) = (Presence::Revoked { at }, None, None);
        }
    }

    /// Since when the device is revoked, if it is.
    pub(super) fn revoked_at(&self, device: DeviceId) -> Option<Wall> {
        match self.0.get(&device)?.presence {
            Presence::Revoked { at } => Some(at),
            Presence::Told(_) | Presence::Awaited { .. } => None,
        }
    }

    /// The device was paired: it may come, and is known before it does.
    pub(super) fn paired(&mut self, registered: Registered, at: Wall) {
        let presence = Presence::Told(PresenceInfo::Offline { last_seen: at });
        match self.0.get_mut(&registered.device) {
            Some(known) => {
                // It is called as it was paired.
                (known.given, known.registered.name) = (None, registered.name);
                if matches!(known.presence, Presence::Revoked { .. }) {
                    known.presence = presence;
                }
            }
            None => {
                let (accepting, id) = (Accepting::Everything, registered.device);
                self.0.insert(id, Device { registered, given: None, presence, load: None, accepting, link: None });
            }
        }
    }

    /// Its name as lists of what it owns show it.
    pub(super) fn shown_name(&self, device: DeviceId, name: &str) -> String {
        if self.revoked_at(device).is_some() { format!("{name} (revoked)") } else { name.to_owned() }
    }

    pub(super) fn set_load(&mut self, device: DeviceId, load: Load) {
        if let Some(known) = self.0.get_mut(&device) {
            known.load = Some(load);
        }
    }

    /// What a device takes from others, by its node's word.
    pub(super) fn accepting(&self, device: DeviceId) -> Accepting {
        self.0.get(&device).map_or(Accepting::Everything, |known| known.accepting)
    }

    /// The link of the device's node; of a device without one, its newest program's.
    pub(super) fn link(&self, device: DeviceId) -> Option<LinkId> {
        self.0.get(&device)?.link
    }

    pub(super) fn name(&self, device: DeviceId) -> Option<&str> {
        self.0.get(&device).map(Device::name)
    }

    /// People call the device so from now on.
    pub(super) fn rename(&mut self, device: DeviceId, name: String) {
        if let Some(known) = self.0.get_mut(&device) {
            known.given = Some(name);
        }
    }

    /// What people call the device, where somebody has renamed it.
    pub(super) fn given(&self, device: DeviceId) -> Option<&str> {
        self.0.get(&device)?.given.as_deref()
    }

    pub(super) fn presence(&self, device: DeviceId) -> PresenceInfo {
        self.0.get(&device).map_or(PresenceInfo::Offline { last_seen: Wall(0) }, |known| known.presence.info())
    }

    pub(super) fn list(&self) -> Vec<DeviceInfo> {
        let mut devices: Vec<_> = self
            .0
            .values()
            .map(|known| DeviceInfo {
                device: known.registered.device,
                name: known.name().to_owned(),
                os: known.registered.os.clone(),
                presence: known.presence.info(),
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

    /// Only the node's own link is believed.
    pub(super) fn on_accepting(&mut self, link: LinkId, accepting: Accepting) {
        if let Some(device) = self.links.device(link)
            && let Some(known) = self.devices.0.get_mut(&device)
            && known.link == Some(link)
        {
            known.accepting = accepting;
        }
    }

    /// Every device that can be seen from here: from a node without its cloud, only itself.
    pub(super) fn device_list(&self) -> Vec<DeviceInfo> {
        match &self.config.place {
            Place::Cloud { .. } => self.devices.list(),
            Place::Node { node, name, os, capabilities, .. } => vec![DeviceInfo {
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
        let pending = Pending { from: link, passed: Passed::Over(upstream), deadline, kind };
        if self.overload(link).is_some() {
            if let Some(control) = self.own_list(&question) {
                out.push(Effect::Send { link, control });
            }
        } else if self.pending.add(self.ask(link, request), pending) {
            out.push(Effect::Send { link: upstream, control: question });
        }
    }

    pub(super) fn on_list_answer(
        &mut self,
        link: LinkId,
        request: RequestId,
        answer: Control,
        out: &mut impl Sink<Effect>,
    ) {
        if let Some(pending) = self.pending.answered_over(link, request) {
            out.push(Effect::Send { link: pending.from, control: answer });
        }
    }
}
