//! Who owns a link: an account, or a client of one.

use std::sync::Arc;

use wayfare_core::account::{self, LinkId, Peer};
use wayfare_core::presence;
use wayfare_protocol::control::{Control, Welcome};
use wayfare_protocol::stream::Open;
use wayfare_protocol::{DeviceId, Refusal, StreamId};

use super::LinkRef;
use crate::actor::Mail;
use crate::directory::Directory;

/// Takes what a link brings. Every call returns at once.
pub trait LinkOwner: Send + 'static {
    /// The link is up.
    fn up(&mut self, link: LinkRef, welcome: &Welcome);
    /// A control message came.
    fn control(&mut self, control: Control);
    /// A sign of life came.
    fn sign(&mut self) {}
    /// The other end opened a stream.
    fn stream_requested(&mut self, link: &LinkRef, stream: StreamId, open: Open);
    /// The link is gone. It may come up again if it is one that dials.
    fn down(&mut self, why: &str);
    /// The server refuses, and dialing again will not help.
    fn gave_up(&mut self, refusal: &Refusal);
}

/// An account owns the link: in the cloud one of its devices', on a node its cloud's or a local client's.
pub struct AccountOwner {
    directory: Arc<Directory>,
    /// Who is at the other end; `None`: the cloud, which its welcome describes.
    device: Option<account::Registered>,
    link: Option<LinkId>,
    is_presence_kept: bool,
}

impl AccountOwner {
    /// A link with a device of the account.
    #[must_use]
    pub fn of_device(directory: Arc<Directory>, registered: account::Registered, is_presence_kept: bool) -> Self {
        Self { directory, device: Some(registered), link: None, is_presence_kept }
    }

    /// A node's link with its cloud.
    #[must_use]
    pub fn of_upstream(directory: Arc<Directory>) -> Self {
        Self { directory, device: None, link: None, is_presence_kept: false }
    }

    fn tell_presence(&self, input: impl FnOnce(presence::LinkNumber) -> presence::Input) {
        let Some(LinkId(number)) = self.link.filter(|_| self.is_presence_kept) else { return };
        let device: Option<DeviceId> = self.device.as_ref().map(|registered| registered.device);
        if let Some(actor) = device.and_then(|device| self.directory.device(device)) {
            let _ = actor.cast(Mail::Input(input(presence::LinkNumber(number)), None)); // the device actor is being restarted
        }
    }
}

impl LinkOwner for AccountOwner {
    fn up(&mut self, link: LinkRef, welcome: &Welcome) {
        let id = self.directory.next_link();
        self.link = Some(id);
        self.directory.set_link(id, link);
        let peer = match &self.device {
            Some(registered) => Peer::Device(registered.clone()),
            None => Peer::Upstream { generation: welcome.generation },
        };
        self.directory.tell_account(account::Input::LinkUp { link: id, peer });
    }

    fn control(&mut self, control: Control) {
        if matches!(control, Control::GoingToSleep) {
            return self.tell_presence(|link| presence::Input::GoingToSleep { link });
        }
        if let Some(link) = self.link {
            self.directory.tell_account(account::Input::Control { link, control });
        }
    }

    fn sign(&mut self) {
        self.tell_presence(|link| presence::Input::Sign { link });
    }

    fn stream_requested(&mut self, _link: &LinkRef, stream: StreamId, open: Open) {
        if let Some(link) = self.link {
            self.directory.tell_account(account::Input::StreamRequested { link, stream, open });
        }
    }

    fn down(&mut self, why: &str) {
        self.tell_presence(|link| presence::Input::LinkClosed { link });
        if let Some(link) = self.link.take() {
            tracing::debug!(link = link.0, why, "link down");
            self.directory.remove_link(link);
            self.directory.tell_account(account::Input::LinkDown { link });
        }
    }

    fn gave_up(&mut self, refusal: &Refusal) {
        tracing::error!(%refusal, "the cloud refuses this device");
    }
}

impl Drop for AccountOwner {
    fn drop(&mut self) {
        self.down("its actor ended"); // a link whose actor failed is gone too
    }
}
