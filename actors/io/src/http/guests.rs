//! One HTTP door for many devices: each request shows a token that is the key of a device, and is served as that device.
//!
//! A token is the seed of an Ed25519 key which was paired for it. The server keeps the public half, as of every device: who reads
//! its store learns no token. Behind the entrance each device has the routes of a node's door, with links of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use tower::ServiceExt as _;
use wayfare_actors::ports::Pending;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::limits::HTTP_DOORWAYS;
use wayfare_protocol::{Access, DeviceId, ErrorCode, Limits, Refusal};

use super::answer::refusal;
use super::entrance::{Entrance, Way, no_token, shown};
use super::{Documents, Doorway, Reach, routes};
use crate::client::ClientIdentity;

/// Says who may come in.
pub trait Guests: Send + Sync {
    /// A device that may; or why it may not, `Unauthenticated` for one that nobody knows.
    fn known(&self, device: DeviceId) -> Pending<Result<Guest, Refusal>>;
}

/// A device that may come in.
pub struct Guest {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub access: Access,
    /// The documents of its account.
    pub documents: Arc<dyn Documents>,
}

/// The text of a token: 43 letters, digits, `-` and `_`.
#[must_use]
pub fn token_of(key: &DeviceKey) -> String {
    BASE64URL_NOPAD.encode(&key.seed())
}

/// The key that a token is.
fn key_of(token: &str) -> Option<DeviceKey> {
    let seed: [u8; 32] = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?.try_into().ok()?;
    Some(DeviceKey::from_seed(&seed))
}

struct SharedDoor {
    entrance: Entrance,
    guests: Arc<dyn Guests>,
    reach: Reach,
    limits: Limits,
    doorways: Mutex<Doorways>,
}

#[derive(Default)]
struct Doorways {
    of: BTreeMap<DeviceId, (u64, Doorway)>,
    served: u64,
}

/// The routes of a door that is reached under certain host names, for every device that may come in.
pub fn shared_routes(hosts: Vec<String>, guests: Arc<dyn Guests>, reach: Reach, limits: &Limits) -> Router {
    let entrance = Entrance::new(Way::Named(hosts), None);
    let door = Arc::new(SharedDoor { entrance, guests, reach, limits: limits.clone(), doorways: Mutex::default() });
    Router::new().fallback(move |request: Request| {
        let door = Arc::clone(&door);
        async move {
            let shown = (request.method().clone(), request.uri().path().to_owned());
            let response = door.answer(request).await.unwrap_or_else(|turned_away| *turned_away);
            tracing::debug!(method = %shown.0, path = shown.1, status = response.status().as_u16(), "HTTP");
            response
        }
    })
}

impl SharedDoor {
    async fn answer(&self, request: Request) -> Result<Response, Box<Response>> {
        let entered = self.entrance.enter(request)?;
        let key = shown(&entered.request).and_then(key_of).ok_or_else(|| Box::new(no_token()))?;
        let guest = match self.guests.known(key.device_id()).await {
            Ok(guest) => guest,
            Err(why) if why.code == ErrorCode::Unauthenticated => return Err(Box::new(no_token())),
            Err(why) if why.code == ErrorCode::Forbidden => {
                return Err(Box::new(refusal(StatusCode::FORBIDDEN, &why.detail)));
            }
            Err(why) => return Err(Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE, &why.to_string()))),
        };
        let changes = !matches!(*entered.request.method(), Method::GET | Method::HEAD);
        if changes && !guest.access.may_write() {
            return Err(Box::new(refusal(StatusCode::FORBIDDEN, "this token may read and not write")));
        }
        let inner = self.doorway(key, guest).0;
        Ok(inner.oneshot(entered.request).await.unwrap_or_else(|never| match never {}))
    }

    fn doorway(&self, key: DeviceKey, guest: Guest) -> Doorway {
        let mut doorways = self.doorways.lock().unwrap_or_else(PoisonError::into_inner);
        doorways.served += 1;
        let (served, device) = (doorways.served, key.device_id());
        if let Some((last, doorway)) = doorways.of.get_mut(&device) {
            *last = served;
            return doorway.clone();
        }
        if doorways.of.len() >= HTTP_DOORWAYS
            && let Some(oldest) = doorways.of.iter().min_by_key(|(_, (last, _))| *last).map(|(device, _)| *device)
        {
            doorways.of.remove(&oldest);
        }
        let Guest { name, documents, .. } = guest;
        let doorway = routes(self.reach.clone(), ClientIdentity { key, name }, documents, &self.limits);
        doorways.of.insert(device, (served, doorway.clone()));
        doorway
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_key_and_nothing_else_is() {
        let key = DeviceKey::from_seed(&[7; 32]);
        let token = token_of(&key);
        assert_eq!((token.len(), key_of(&token).unwrap().device_id()), (43, key.device_id()));
        for wrong in ["", "x", &token[1..], &format!("{token}A"), &format!("{token}=")] {
            assert!(key_of(wrong).is_none(), "{wrong}");
        }
    }
}
