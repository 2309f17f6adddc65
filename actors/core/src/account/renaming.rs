//! What people call a device.
//!
//! The cloud keeps it and its word goes before the device's own, so that a device that is away can be renamed too. A device that is paired
//! anew is called as it is paired. As when they are paired, several devices may have one name: whoever means one of them says its id.

use std::collections::BTreeMap;

use wayfare_protocol::control::Control;
use wayfare_protocol::identity::is_device_name;
use wayfare_protocol::limits::DEVICE_NAME_MAX;
use wayfare_protocol::{DeviceId, ErrorCode, Now, Refusal, RequestId};

use super::pending::{Ask, Kind, Passed, Pending};
use super::revocation::no_such;
use super::{Account, Effect, LinkId, Place};
use crate::machine::{OpId, Sink};

/// In the cloud: what the store was asked, and by whom.
#[derive(Debug, Default)]
pub(super) struct Renamings(BTreeMap<OpId, (Ask, DeviceId, String)>);

impl Account {
    /// Somebody of the account wants a device called otherwise.
    pub(super) fn on_rename(
        &mut self,
        now: Now,
        link: LinkId,
        request: RequestId,
        (device, name): (DeviceId, String),
        out: &mut impl Sink<Effect>,
    ) {
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return; // the answer is on its way
        }
        let unfit = (!is_device_name(&name)).then(|| {
            let detail = format!("a device's name has 1 to {DEVICE_NAME_MAX} bytes and no control characters");
            Refusal::new(ErrorCode::Malformed, detail)
        });
        if let Some(refusal) = unfit.or_else(|| self.overload(link)) {
            return answer(link, request, Err(refusal), out);
        }
        let deadline = now.boot.after(self.config.limits.request);
        let kind = Kind::Rename(device, name.clone());
        let pending = Pending { from: link, passed: Passed::No, deadline, kind };
        if self.here().is_none() {
            if !self.devices.is_known(device) {
                return answer(link, request, Err(no_such(device)), out);
            }
            let op = self.ops.take();
            self.renamings.0.insert(op, (ask, device, name.clone()));
            self.pending.add(ask, pending);
            return out.push(Effect::Rename { op, device, name });
        }
        let asked = Control::RenameDevice { request, device, name };
        if let Err(refusal) = self.ask_cloud(ask, pending, asked, "what devices are called", out) {
            answer(link, request, Err(refusal), out);
        }
    }

    /// The store answered. Whether or not somebody waits for it, the device is called so, and its node is told.
    pub(super) fn on_renamed(&mut self, op: OpId, outcome: Result<bool, Refusal>, out: &mut impl Sink<Effect>) {
        let Some((ask, device, name)) = self.renamings.0.remove(&op) else { return };
        let outcome = outcome.and_then(|is_there| if is_there { Ok(()) } else { Err(no_such(device)) });
        if outcome.is_ok() {
            self.devices.rename(device, name.clone());
            self.sessions.call_owner(device, &name);
            self.daemons.call_owner(device, &name);
            if self.devices.has_node(device)
                && let Some(link) = self.devices.link(device)
            {
                out.push(Effect::Send { link, control: Control::Called { name } });
            }
        }
        if let Some(pending) = self.pending.remove(ask) {
            answer(pending.from, ask.request, outcome, out);
        }
    }

    /// The cloud says what this node is called.
    pub(super) fn on_called(&mut self, link: LinkId, name: String, out: &mut impl Sink<Effect>) {
        if let Place::Node { name: own, .. } = &self.config.place
            && self.links.is_upstream(link)
            && *own != name
            && is_device_name(&name)
        {
            out.push(Effect::Called { name });
        }
    }
}

pub(super) fn answer(link: LinkId, request: RequestId, outcome: Result<(), Refusal>, out: &mut impl Sink<Effect>) {
    out.push(Effect::Send { link, control: Control::DeviceRenamed { request, outcome } });
}

/// Nobody said whether it was done.
pub(super) fn unanswered() -> Refusal {
    let detail = "there was no answer in time; whether the device is renamed is not known: ask again";
    Refusal::new(ErrorCode::DeadlineExceeded, detail)
}
