//! The doors of a node for the programs of its user.

use std::sync::Arc;

use wayfare_core::account::Registered;
use wayfare_protocol::control::{Pair, Register, Welcome};
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{Access, AccountId, ErrorCode, Limits, NodeId, Refusal};

use super::Identity;
use crate::directory::Directory;
use crate::link::accepted::{self, Admission, Door};
use crate::link::{AccountOwner, Doorkeeper, LinkOwner};
use crate::ports::{Clock, Pending, Ports};

/// Both doors.
pub(super) struct Doors {
    /// For whoever has the node's own key.
    pub(super) own: Door,
    /// For pages that have shown the token.
    pub(super) pages: Door,
}

impl Doors {
    pub(super) fn new(
        node: NodeId,
        identity: &Identity,
        ports: &Ports,
        directory: &Arc<Directory>,
        limits: Limits,
    ) -> Self {
        let keeper = |proof| -> Arc<dyn Doorkeeper> {
            Arc::new(OwnDoor { proof, node, directory: Arc::clone(directory), clock: Arc::clone(&ports.clock) })
        };
        let own = Door {
            identity: ServerIdentity::Node(node.0),
            version: identity.version.clone(),
            limits: Arc::new(limits),
            doorkeeper: keeper(Proof::OwnKey),
            random: Arc::clone(&ports.random),
            runtime: ports.runtime(),
        };
        Self { pages: Door { doorkeeper: keeper(Proof::Shown), ..own.clone() }, own }
    }
}

/// By what a local program is known.
#[derive(Clone, Copy)]
enum Proof {
    /// It has the node's own key: a program of the same user and data folder.
    OwnKey,
    /// It was asked for something else before, and has a key of its own.
    Shown,
}

/// The local door lets the node's own programs in. At the node they are one device, the node's.
struct OwnDoor {
    proof: Proof,
    node: NodeId,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
}

impl Doorkeeper for OwnDoor {
    fn admit(&self, register: Register) -> Pending<Admission> {
        let is_known = match self.proof {
            Proof::OwnKey => register.key.device_id() == self.node.0,
            Proof::Shown => true,
        };
        let answer = if is_known {
            let registered = Registered {
                device: self.node.0,
                name: register.name,
                os: register.os,
                node: None,
                access: Access::Everything,
            };
            let owner = AccountOwner::of_device(Arc::clone(&self.directory), registered, false);
            let welcome = Welcome { account: AccountId::LOCAL, generation: 0, at: self.clock.now().wall };
            Ok((welcome, Box::new(owner) as Box<dyn LinkOwner>))
        } else {
            Err(Refusal::new(ErrorCode::Forbidden, "this door is for the node's own device"))
        };
        Box::pin(async move { answer })
    }

    fn pair(&self, _pair: Pair, _access: Access, _peer: String) -> Pending<Result<AccountId, Refusal>> {
        Box::pin(async { Err(accepted::no_pairing()) })
    }
}
