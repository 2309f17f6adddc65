//! A running cloud as its doors see it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayfare_actors::cloud::{Admitted, CloudNode};
use wayfare_actors::document::Library;
use wayfare_actors::ports::{Connection, ControlStore};
use wayfare_core::pairing::Code;
use wayfare_io::OsRandom;
use wayfare_protocol::pairing::{PairingError, PairingString};
use wayfare_protocol::{AccountId, DeviceId, ErrorCode, Limits, Refusal};

use crate::invitation::Invitation;

/// A cloud that its doors share.
#[derive(Clone)]
pub struct Cloud {
    node: Arc<Mutex<Phase>>,
    store: Arc<dyn ControlStore>,
    invitation: Invitation,
    limits: Limits,
}

/// A pairing string that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Too late.
    #[error("the cloud is going down")]
    Draining,
    /// No device could dial what the settings say.
    #[error("names and public_port give no address to dial: {0}")]
    Address(#[from] PairingError),
}

enum Phase {
    Serving(Box<CloudNode>),
    /// Its actors are being stopped, or have been.
    Draining,
}

impl Cloud {
    /// Of running actors.
    #[must_use]
    pub fn new(node: CloudNode, store: Arc<dyn ControlStore>, invitation: Invitation, limits: Limits) -> Self {
        Self { node: Arc::new(Mutex::new(Phase::Serving(Box::new(node)))), store, invitation, limits }
    }

    /// Room for a connection that is still being made.
    ///
    /// # Errors
    /// `Overloaded` if too many wait already, `Draining` if the cloud is going down.
    pub fn admit(&self) -> Result<Admitted, Refusal> {
        match &*self.phase() {
            Phase::Serving(node) => node.admit(),
            Phase::Draining => Err(Refusal::new(ErrorCode::Draining, "the cloud is going down")),
        }
    }

    /// Takes in a connection that there is room for. One that comes too late is closed.
    pub fn accept(&self, room: Admitted, connection: Connection) {
        if let Phase::Serving(node) = &*self.phase() {
            node.accept_admitted(room, connection);
        }
    }

    /// The documents of an account.
    ///
    /// # Errors
    /// `Draining` if the cloud is going down.
    pub fn library(&self, account: AccountId) -> Result<Library, Refusal> {
        match &*self.phase() {
            Phase::Serving(node) => Ok(node.library(account)),
            Phase::Draining => Err(Refusal::new(ErrorCode::Draining, "the cloud is going down")),
        }
    }

    /// A new pairing string; earlier ones are good for nothing from now on.
    ///
    /// # Errors
    /// If the cloud is going down, or has no address that can be dialed.
    pub fn invite(&self) -> Result<PairingString, InviteError> {
        let phase = self.phase();
        let Phase::Serving(node) = &*phase else { return Err(InviteError::Draining) };
        let string = self.invitation.draw(&OsRandom)?;
        node.issue_pairing_code(Code(string.code().to_string()));
        Ok(string)
    }

    /// Whether nothing is wrong with the process: its actors run, or are being stopped as somebody wanted.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        match &*self.phase() {
            Phase::Serving(node) => node.is_running(),
            Phase::Draining => true,
        }
    }

    /// Whether a device that connects now will be served.
    ///
    /// # Errors
    /// Why not.
    pub async fn readiness(&self) -> Result<(), String> {
        match &*self.phase() {
            Phase::Draining => return Err("the cloud is going down".to_owned()),
            Phase::Serving(node) if !node.is_running() => return Err("the actors have ended".to_owned()),
            Phase::Serving(_) => {}
        }
        // Nobody's id: a look into the store that costs as little as one can.
        let asked = tokio::time::timeout(self.limits.request, self.store.device(DeviceId([0; 32])));
        match asked.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("the control store did not answer within {:?}", self.limits.request)),
        }
    }

    /// Stops the actors in order; from now on nothing is taken in.
    pub async fn drain(&self) {
        let phase = std::mem::replace(&mut *self.phase(), Phase::Draining);
        if let Phase::Serving(node) = phase {
            node.stop().await;
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
