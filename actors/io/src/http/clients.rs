//! The door's own clients of the mesh: each request borrows one, and one that is idle serves the next.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;
use wayfare_actors::gate;
use wayfare_actors::ports::{Address, Transport};
use wayfare_protocol::Limits;

use super::answer::Failure;
use crate::client::{ClientError, ClientIdentity, MeshClient};

/// Idle clients that are kept.
const IDLE: usize = 4;

/// Where the mesh is reached.
#[derive(Clone)]
pub struct Reach {
    /// The address: a node's own door, or the cloud's.
    pub address: Address,
    /// How it is dialed.
    pub transport: Arc<dyn Transport>,
}

/// The clients of one door.
#[derive(Clone)]
pub struct Clients(Arc<Shared>);

struct Shared {
    reach: Reach,
    identity: ClientIdentity,
    limits: Limits,
    places: gate::Gate,
    idle: Mutex<Vec<MeshClient>>,
}

impl Clients {
    pub(super) fn new(reach: Reach, identity: ClientIdentity, limits: &Limits) -> Self {
        let places = gate::Gate::new(limits.http_clients);
        let idle = Mutex::default();
        Self(Arc::new(Shared { reach, identity, limits: limits.clone(), places, idle }))
    }

    /// A connected client.
    pub(super) async fn borrow(&self) -> Result<Borrowed, Failure> {
        let place = self.0.places.try_enter().ok_or(Failure::Busy(self.0.limits.http_clients))?;
        let client = self.connected().await?;
        Ok(Borrowed { client: Some(client), clients: self.clone(), _place: place })
    }

    async fn connected(&self) -> Result<MeshClient, ClientError> {
        loop {
            let Some(mut client) = self.idle().pop() else { break };
            if client.is_usable() {
                return Ok(client);
            }
        }
        let Shared { reach, identity, limits, .. } = &*self.0;
        let transport = Arc::clone(&reach.transport);
        MeshClient::connect_over(transport, &reach.address, identity.clone(), limits).await
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<MeshClient>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A borrowed client. Dropped, it is closed, since nobody knows what it is in the middle of.
pub(super) struct Borrowed {
    client: Option<MeshClient>,
    clients: Clients,
    _place: OwnedSemaphorePermit,
}

impl Borrowed {
    /// Gives it back: nothing is under way on it.
    pub(super) fn give_back(mut self) {
        if let Some(client) = self.client.take() {
            let mut idle = self.clients.idle();
            if idle.len() < IDLE {
                idle.push(client);
            }
        }
    }

    /// Closes it and keeps its place.
    pub(super) fn close(&mut self) {
        self.client = None;
    }

    /// Another one in place of one that was closed.
    pub(super) async fn reopen(&mut self) -> Result<(), ClientError> {
        self.client = Some(self.clients.connected().await?);
        Ok(())
    }

    /// Whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_none()
    }
}

impl Deref for Borrowed {
    type Target = MeshClient;
    fn deref(&self) -> &MeshClient {
        self.client.as_ref().expect("it is not used while it is closed")
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut MeshClient {
        self.client.as_mut().expect("it is not used while it is closed")
    }
}
