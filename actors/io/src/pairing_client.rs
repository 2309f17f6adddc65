//! The dialing end of pairing: a device brings the code of a pairing string and learns whom to dial from then on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_actors::ports::{Address, Clock, Connection, DialError};
use wayfare_core::Machine;
use wayfare_core::link::{Config, Effect, Input, Link, Purpose, Reason, Role};
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::frame::{Frame, Kind};
use wayfare_protocol::identity::{DeviceKey, ServerIdentity};
use wayfare_protocol::pairing::PairingString;
use wayfare_protocol::{Access, AccountId, ErrorCode, Limits, Refusal, StreamId};

use crate::transport::WsTransport;

/// A device that is registered now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// The account it belongs to.
    pub account: AccountId,
    /// Where to dial from now on, with the identity to be pinned.
    pub address: Address,
}

/// A pairing that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairFailure {
    /// No connection, or to somebody else. The code was not sent.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The server says it is another than the string means. The code was not sent.
    #[error("{url} is not the server that the pairing string is for: it calls itself {found:?}")]
    WrongServer {
        /// Where.
        url: String,
        /// Who answered.
        found: ServerIdentity,
    },
    /// The server said no: a wrong, used or expired code, or too many attempts.
    #[error("the server refused: {0}")]
    Refused(Refusal),
    /// The connection ended before the answer. If the code was sent, the device may be registered all the same, and the code
    /// is used up then.
    #[error("the server's answer did not arrive ({0}); connect once before asking for a new pairing string")]
    Lost(Reason),
}

/// Registers a device under a name with the server of a pairing string. Whoever answers there is checked before the code is
/// sent: by its CA over TLS, by its challenge without.
///
/// The dial may take [`Limits::dial`], what follows [`Limits::handshake`].
///
/// # Errors
/// If the server is not there, is another one, or refuses.
pub async fn pair(
    transport: &WsTransport,
    string: &PairingString,
    key: &DeviceKey,
    name: &str,
    access: Access,
    limits: &Limits,
    clock: &dyn Clock,
) -> Result<Paired, PairFailure> {
    let url = string.url();
    let dialing = tokio::time::timeout(limits.dial, transport.dial_for_pairing(&url, string.anchor()));
    let Ok(dialed) = dialing.await else {
        let why = format!("no connection within {:?}", limits.dial);
        return Err(DialError::Unreachable { url, why }.into());
    };
    let (mut connection, shown) = dialed?;
    let first = tokio::time::timeout(limits.handshake, connection.reader.read()).await;
    let first = match first {
        Ok(Ok(first)) => first,
        Ok(Err(closed)) => return Err(PairFailure::Lost(Reason::Closed { why: closed.0 })),
        Err(_) => {
            let why = format!("it said nothing within {:?}", limits.handshake);
            return Err(DialError::Unreachable { url, why }.into());
        }
    };
    let identity = match shown {
        Some(identity) => identity,
        None => by_challenge(string, &first)?,
    };
    let purpose = Purpose::Pair { code: string.code().to_string(), name: name.to_owned(), access };
    let role = Role::Dialer { key: key.clone(), expects: identity.clone(), purpose };
    let link = Link::new(Config { role, codec: Codec::Bincode, limits: Arc::new(limits.clone()) }, clock.now());
    match drive(link, connection, first, clock, limits.goodbye).await {
        Reason::Paired(account) => Ok(Paired { account, address: Address { url, identity } }),
        Reason::Refused(refusal) => Err(PairFailure::Refused(refusal)),
        Reason::WrongServer { found, .. } => Err(PairFailure::WrongServer { url, found }),
        other => Err(PairFailure::Lost(other)),
    }
}

/// Without TLS the server says who it is in its challenge alone. It is believed if that is what the string means.
fn by_challenge(string: &PairingString, first: &Bytes) -> Result<ServerIdentity, PairFailure> {
    let origin = ServerIdentity::Origin(string.origin());
    let found = match challenger(first) {
        Ok(found) => found,
        Err(refusal) => return Err(PairFailure::Refused(refusal)),
    };
    let is_meant = match (string.anchor(), &found) {
        (Some(anchor), ServerIdentity::Ca(hash)) => anchor.fits(hash),
        (Some(_), ServerIdentity::Origin(_) | ServerIdentity::Node(_)) => false,
        (None, found) => *found == origin,
    };
    if is_meant { Ok(found) } else { Err(PairFailure::WrongServer { url: string.url(), found }) }
}

/// Who speaks in a server's first message.
fn challenger(first: &Bytes) -> Result<ServerIdentity, Refusal> {
    let malformed = |why: String| Refusal::new(ErrorCode::Malformed, why);
    let frame = Frame::decode(first).map_err(|error| malformed(error.to_string()))?;
    if frame.stream != StreamId::CONTROL || frame.kind != (Kind::Data { more: false }) {
        return Err(malformed("the server did not begin with a challenge".to_owned()));
    }
    match Codec::Bincode.decode(&frame.body) {
        Ok(Control::Challenge(challenge)) => Ok(challenge.server),
        Ok(Control::Goodbye(refusal)) => Err(refusal),
        Ok(_) => Err(malformed("the server did not begin with a challenge".to_owned())),
        Err(error) => Err(malformed(error.to_string())),
    }
}

/// Lets a link run to its end over a connection whose first message is read already.
async fn drive(
    mut link: Link,
    mut connection: Connection,
    first: Bytes,
    clock: &dyn Clock,
    goodbye: Duration,
) -> Reason {
    let mut effects = Vec::new();
    link.step(clock.now(), Input::Received(first), &mut effects);
    loop {
        let mut inputs = Vec::new();
        for effect in effects.drain(..) {
            match effect {
                Effect::Transmit(frame) => {
                    let bytes = frame.len();
                    let written = tokio::time::timeout(remaining(&link, clock), connection.writer.write(vec![frame]));
                    inputs.push(match written.await {
                        Ok(Ok(())) => Input::Flushed { bytes },
                        Ok(Err(closed)) => Input::Closed { why: closed.0 },
                        Err(_) => Input::Closed { why: "it does not read".to_owned() },
                    });
                }
                Effect::Down { reason } => {
                    // The last words are written; a goodbye that is not taken is given up with the connection.
                    let _ = tokio::time::timeout(goodbye, connection.writer.close()).await;
                    return reason;
                }
                // A link that pairs has no application: `Down` tells all.
                _ => {}
            }
        }
        if inputs.is_empty() {
            inputs.extend(next(&link, &mut connection, clock).await);
        }
        if inputs.is_empty() {
            link.wake(clock.now(), &mut effects);
        }
        for input in inputs {
            link.step(clock.now(), input, &mut effects);
        }
    }
}

/// What the connection brings before the link's deadline; nothing if that comes first.
async fn next(link: &Link, connection: &mut Connection, clock: &dyn Clock) -> Option<Input> {
    match tokio::time::timeout(remaining(link, clock), connection.reader.read()).await {
        Ok(Ok(frame)) => Some(Input::Received(frame)),
        Ok(Err(closed)) => Some(Input::Closed { why: closed.0 }),
        Err(_) => None,
    }
}

fn remaining(link: &Link, clock: &dyn Clock) -> Duration {
    link.deadline().map_or(Duration::ZERO, |deadline| deadline.since(clock.now().boot))
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::control::Challenge;
    use wayfare_protocol::pairing::{PairingAnchor, PairingCode};

    use super::*;

    fn string(anchor: Option<PairingAnchor>) -> PairingString {
        PairingString::new(false, "127.0.0.1", 7443, PairingCode::from_random(7), anchor).expect("well formed")
    }

    fn first_message(control: &Control) -> Bytes {
        let body = Codec::Bincode.encode(control);
        Frame { stream: StreamId::CONTROL, kind: Kind::Data { more: false }, body }.encode()
    }

    fn challenge(server: ServerIdentity) -> Bytes {
        first_message(&Control::Challenge(Challenge { nonce: [1; 32], server, version: "1".to_owned() }))
    }

    #[test]
    fn without_tls_the_challenge_must_name_the_server_that_the_string_means() {
        let anchored = string(Some(PairingAnchor::of(&[7; 32])));
        let by = |string: &PairingString, server| by_challenge(string, &challenge(server));
        assert_eq!(by(&anchored, ServerIdentity::Ca([7; 32])), Ok(ServerIdentity::Ca([7; 32])));
        let own = ServerIdentity::Origin("http://127.0.0.1:7443".to_owned());
        for other in [ServerIdentity::Ca([8; 32]), own.clone()] {
            assert!(matches!(by(&anchored, other), Err(PairFailure::WrongServer { .. })));
        }
        assert_eq!(by(&string(None), own.clone()), Ok(own));
        assert!(matches!(by(&string(None), ServerIdentity::Ca([7; 32])), Err(PairFailure::WrongServer { .. })));
    }

    #[test]
    fn a_server_that_does_not_begin_with_a_challenge_is_not_believed() {
        let busy = Refusal::new(ErrorCode::Overloaded, "busy");
        assert_eq!(
            by_challenge(&string(None), &first_message(&Control::Goodbye(busy.clone()))),
            Err(PairFailure::Refused(busy))
        );
        for first in [Bytes::from_static(b"x"), first_message(&Control::Ping { token: 1 })] {
            let failure = by_challenge(&string(None), &first).expect_err("no challenge");
            assert!(matches!(failure, PairFailure::Refused(refusal) if refusal.code == ErrorCode::Malformed));
        }
    }
}
