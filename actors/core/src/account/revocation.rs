//! Devices that the account does not want any more.
//!
//! The store is asked first: what it has not recorded could come back with the next start. Then every link of the device is cut, and
//! what a cut link still brings is ignored, as is a link that was let in a moment before. Its daemons go on elsewhere from their
//! spares. What else the device owns stays its own by its row, and is shown as of a revoked device; pairing it anew makes that reachable
//! again.

use std::collections::BTreeMap;

use wayfare_protocol::control::Control;
use wayfare_protocol::{DeviceId, ErrorCode, NodeId, Now, Refusal, RequestId, Wall};

use super::pending::{Ask, Kind, Passed, Pending};
use super::{Account, Effect, LinkId};
use crate::machine::{OpId, Sink};

/// In the cloud: what the store was asked, and by whom.
#[derive(Debug, Default)]
pub(super) struct Revocations(BTreeMap<OpId, (Ask, DeviceId)>);

impl Account {
    /// Somebody of the account wants a device revoked.
    pub(super) fn on_revoke(
        &mut self,
        now: Now,
        link: LinkId,
        request: RequestId,
        device: DeviceId,
        out: &mut impl Sink<Effect>,
    ) {
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return; // the answer is on its way
        }
        if let Some(refusal) = self.overload(link) {
            return answer(link, request, Err(refusal), out);
        }
        let deadline = now.boot.after(self.config.limits.request);
        let pending = Pending { from: link, passed: Passed::No, deadline, kind: Kind::Revoke(device) };
        if self.here().is_none() {
            if !self.devices.is_known(device) {
                return answer(link, request, Err(no_such(device)), out);
            }
            let op = self.ops.take();
            self.revocations.0.insert(op, (ask, device));
            self.pending.add(ask, pending);
            return out.push(Effect::Revoke { op, device, at: now.wall });
        }
        let asked = Control::RevokeDevice { request, device };
        if let Err(refusal) = self.ask_cloud(ask, pending, asked, "which devices there are", out) {
            answer(link, request, Err(refusal), out);
        }
    }

    /// The store answered. Whether or not somebody waits for it, a revoked device is cut off.
    pub(super) fn on_revoked(
        &mut self,
        now: Now,
        op: OpId,
        outcome: Result<Option<Wall>, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        let Some((ask, device)) = self.revocations.0.remove(&op) else { return };
        let outcome = outcome.and_then(|since| since.ok_or_else(|| no_such(device)));
        // First the answer: it may go over one of the links that are cut.
        if let Some(pending) = self.pending.remove(ask) {
            answer(pending.from, ask.request, outcome.clone(), out);
        }
        if let Ok(at) = outcome {
            self.cut_off(now, device, at, out);
        }
    }

    fn cut_off(&mut self, now: Now, device: DeviceId, at: Wall, out: &mut impl Sink<Effect>) {
        let name = self.devices.name(device).unwrap_or("this device").to_owned();
        self.devices.revoke(device, at);
        self.spares.forget_node(NodeId(device));
        for link in self.links.of(device) {
            let lost = self.pending.passed_over(link);
            self.close(link, refusal(&name, at), out);
            for ask in lost {
                // Its answer will not come: nobody waits for longer than for a device that is gone.
                self.pending.hold(ask, now.boot.after(self.config.limits.suspect_probe));
            }
        }
        self.recover_lost(now);
    }
}

/// What a revoked device is told, and what helps.
#[must_use]
pub fn refusal(name: &str, at: Wall) -> Refusal {
    let detail = format!(
        "{name} was revoked {at}; to use it again, pair it anew: `wayfare login` with a new pairing string of the cloud"
    );
    Refusal::new(ErrorCode::Forbidden, detail)
}

pub(super) fn answer(link: LinkId, request: RequestId, outcome: Result<Wall, Refusal>, out: &mut impl Sink<Effect>) {
    out.push(Effect::Send { link, control: Control::DeviceRevoked { request, outcome } });
}

/// Nobody said whether it was done.
pub(super) fn unanswered() -> Refusal {
    let detail = "there was no answer in time; whether the device is revoked is not known: ask again";
    Refusal::new(ErrorCode::DeadlineExceeded, detail)
}

pub(super) fn no_such(device: DeviceId) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("no device {} in this account", device.short()))
}
