//! Who is at the other end.
//!
//! | awaited \ message | `Challenge` | `Register` | `Pair` | `Welcome` | `Paired` | `Goodbye` | else |
//! |---|---|---|---|---|---|---|---|
//! | Challenge (dialer) | `Register` or `Pair` out | ✗ | ✗ | ✗ | ✗ | down | ✗ |
//! | Welcome (dialer) | ✗ | ✗ | ✗ | up | ✗ | down | ✗ |
//! | Paired (dialer) | ✗ | ✗ | ✗ | ✗ | paired, down | down | ✗ |
//! | Proof (acceptor) | ✗ | verified: to the owner | verified: to the owner | ✗ | ✗ | down | ✗ |
//! | Admission, Pairing (acceptor) | ✗ | ✗ | ✗ | ✗ | ✗ | down | ✗ |
//!
//! Both ends refuse the other's version if the two do not speak with one another, each as soon as it knows it.
//!
//! ✗ is goodbye and down, as is the deadline at every point. The acceptor's nonce is used once: a proof is awaited once, and a
//! bad one ends the link.

use wayfare_protocol::codec::{Codec, DecodeError};
use wayfare_protocol::control::{Challenge, Control, Pair, Register, Welcome};
use wayfare_protocol::identity::{
    DeviceKey, IdentityError, PublicKey, ServerIdentity, SignatureBytes, challenge_payload, sealing_key_payload,
};
use wayfare_protocol::limits::{DEVICE_NAME_MAX, HANDSHAKE_MESSAGE_MAX};
use wayfare_protocol::{Access, AccountId, Boot, ErrorCode, Limits, Refusal};

use super::{Effect, Purpose, Reason, Role, version};
use crate::machine::Sink;

/// Why a handshake failed. Another server's challenge is [`Reason::WrongServer`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The proof does not hold: another key, another server's challenge, an old one.
    #[error("the proof of identity does not hold: {0}")]
    Proof(IdentityError),
    /// The sealing key is not signed by the device's key.
    #[error("the sealing key is not the device's: {0}")]
    SealingKey(IdentityError),
    /// The proof came too late.
    #[error("the challenge has expired")]
    Expired,
    /// The handshake took too long.
    #[error("the handshake was not completed in time")]
    TimedOut,
    /// A device's name that is too long.
    #[error("a device name of {0} bytes is over the limit of {DEVICE_NAME_MAX}")]
    NameTooLong(usize),
    /// A message that does not decode.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// A message larger than strangers may send.
    #[error("a message of the handshake is over the limit of {HANDSHAKE_MESSAGE_MAX} bytes")]
    TooLarge,
    /// A message or frame that has no place in the handshake at this point.
    #[error("{what} has no place here in the handshake")]
    Unexpected {
        /// What came.
        what: &'static str,
    },
}

impl HandshakeError {
    /// What the other end is told.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Proof(_) | Self::SealingKey(_) | Self::Expired => ErrorCode::Unauthenticated,
            Self::TimedOut => ErrorCode::DeadlineExceeded,
            Self::NameTooLong(_) | Self::TooLarge => ErrorCode::TooLarge,
            Self::Undecodable(_) | Self::Unexpected { .. } => ErrorCode::Malformed,
        };
        Refusal::new(code, self.to_string())
    }
}

/// How a link ends.
#[derive(Debug)]
pub(super) struct Ending {
    /// The last thing said to the other end.
    pub(super) last_word: Option<Control>,
    /// Told to the owner.
    pub(super) reason: Reason,
}

impl Ending {
    /// Without another word.
    pub(super) fn silent(reason: Reason) -> Box<Self> {
        Box::new(Self { last_word: None, reason })
    }

    /// With a goodbye.
    pub(super) fn goodbye(refusal: Refusal, reason: Reason) -> Box<Self> {
        Box::new(Self { last_word: Some(Control::Goodbye(refusal)), reason })
    }

    /// As this end's owner wants it.
    pub(super) fn wanted(refusal: Refusal) -> Box<Self> {
        Self::goodbye(refusal.clone(), Reason::Goodbye(refusal))
    }
}

impl From<HandshakeError> for Box<Ending> {
    fn from(error: HandshakeError) -> Self {
        Ending::goodbye(error.refusal(), Reason::Handshake(error))
    }
}

/// What comes next from the other end, or from the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Challenge,
    Welcome,
    Paired,
    Proof { until: Boot },
    Admission,
    Pairing,
}

/// The handshake of one link.
#[derive(Debug)]
pub(super) struct Handshake {
    role: Role,
    awaited: Awaited,
    deadline: Boot,
}

/// What a message or an answer led to.
#[derive(Debug)]
pub(super) enum Progress {
    /// This is to be said to the other end.
    Say(Box<Control>),
    /// The owner must answer first.
    Wait,
    /// Done; an acceptor's welcome is still to be said.
    Up(Welcome),
}

impl Handshake {
    /// The beginning, and what is said first.
    pub(super) fn new(role: Role, limits: &Limits, now: Boot) -> (Self, Option<Control>) {
        let (awaited, first) = match &role {
            Role::Dialer { .. } => (Awaited::Challenge, None),
            Role::Acceptor { identity, nonce, version } => {
                let challenge = Challenge { nonce: *nonce, server: identity.clone(), version: version.clone() };
                (Awaited::Proof { until: now.after(limits.challenge_valid) }, Some(Control::Challenge(challenge)))
            }
        };
        (Self { role, awaited, deadline: now.after(limits.handshake) }, first)
    }

    pub(super) fn deadline(&self) -> Boot {
        self.deadline
    }

    /// A control message came.
    pub(super) fn received(
        &mut self,
        now: Boot,
        codec: Codec,
        message: Control,
        out: &mut impl Sink<Effect>,
    ) -> Result<Progress, Box<Ending>> {
        match (message, self.awaited, &self.role) {
            (Control::Goodbye(refusal), ..) => Err(Ending::silent(Reason::Refused(refusal))),
            (Control::Challenge(challenge), Awaited::Challenge, Role::Dialer { key, expects, purpose }) => {
                let answer = answer(&challenge, codec, key, expects, purpose)?;
                self.awaited = match purpose {
                    Purpose::Register(_) => Awaited::Welcome,
                    Purpose::Pair { .. } => Awaited::Paired,
                };
                Ok(Progress::Say(Box::new(answer)))
            }
            (Control::Welcome(welcome), Awaited::Welcome, _) => Ok(Progress::Up(welcome)),
            (Control::Paired { account }, Awaited::Paired, _) => {
                out.push(Effect::Paired { account });
                Err(Ending::silent(Reason::Paired(account)))
            }
            (
                Control::Register(register),
                Awaited::Proof { until },
                Role::Acceptor { identity, nonce, version: own },
            ) => {
                in_time(now, until)?;
                verify(codec, identity, nonce, &register.key, &register.proof, &register.name)?;
                version::check(&register.version, own).map_err(Ending::wanted)?;
                let sealing = sealing_key_payload(&register.sealing_key);
                let signed = register.key.verify(&sealing, &register.sealing_signature);
                signed.map_err(HandshakeError::SealingKey)?;
                self.awaited = Awaited::Admission;
                out.push(Effect::Authenticate(register));
                Ok(Progress::Wait)
            }
            (
                asked @ (Control::Pair(_) | Control::PairReader(_)),
                Awaited::Proof { until },
                Role::Acceptor { identity, nonce, .. },
            ) => {
                in_time(now, until)?;
                let (pair, access) = match asked {
                    Control::PairReader(pair) => (pair, Access::Reading),
                    Control::Pair(pair) => (pair, Access::Everything),
                    _ => return Err(HandshakeError::Unexpected { what: "that message" }.into()),
                };
                verify(codec, identity, nonce, &pair.key, &pair.proof, &pair.name)?;
                self.awaited = Awaited::Pairing;
                out.push(Effect::AuthenticatePairing(pair, access));
                Ok(Progress::Wait)
            }
            _ => Err(HandshakeError::Unexpected { what: "that message" }.into()),
        }
    }

    /// The owner's answer about a device; an answer that nobody waits for is passed over.
    pub(super) fn admit(&mut self, answer: Result<Welcome, Refusal>) -> Result<Progress, Box<Ending>> {
        match (self.awaited, answer) {
            (Awaited::Admission, Ok(welcome)) => Ok(Progress::Up(welcome)),
            (Awaited::Admission, Err(refusal)) => Err(Ending::wanted(refusal)),
            _ => Ok(Progress::Wait),
        }
    }

    /// The owner's answer about a pairing code: either way the link ends with it.
    pub(super) fn admit_pairing(&mut self, answer: Result<AccountId, Refusal>) -> Result<Progress, Box<Ending>> {
        match (self.awaited, answer) {
            (Awaited::Pairing, Ok(account)) => {
                let last_word = Some(Control::Paired { account });
                Err(Box::new(Ending { last_word, reason: Reason::Paired(account) }))
            }
            (Awaited::Pairing, Err(refusal)) => Err(Ending::wanted(refusal)),
            _ => Ok(Progress::Wait),
        }
    }
}

fn in_time(now: Boot, until: Boot) -> Result<(), HandshakeError> {
    if now < until { Ok(()) } else { Err(HandshakeError::Expired) }
}

/// Signs a challenge of the server that is expected, and of no other.
fn answer(
    challenge: &Challenge,
    codec: Codec,
    key: &DeviceKey,
    expects: &ServerIdentity,
    purpose: &Purpose,
) -> Result<Control, Box<Ending>> {
    if challenge.server != *expects {
        let refusal = Refusal::new(ErrorCode::Unauthenticated, "not the server that this device connected to");
        let reason = Reason::WrongServer { expected: expects.clone(), found: challenge.server.clone() };
        return Err(Ending::goodbye(refusal, reason));
    }
    if let Purpose::Register(introduction) = purpose {
        version::check(&introduction.version, &challenge.version)
            .map_err(|refusal| Ending::goodbye(refusal.clone(), Reason::Refused(refusal)))?;
    }
    let payload = challenge_payload(&challenge.nonce, key.device_id(), codec.subprotocol(), expects);
    let proof = key.sign(&payload);
    Ok(match purpose {
        Purpose::Register(introduction) => {
            let sealing_key = key.sealing_public();
            Control::Register(Box::new(Register {
                key: key.public(),
                sealing_key,
                sealing_signature: key.sign(&sealing_key_payload(&sealing_key)),
                name: introduction.name.clone(),
                os: introduction.os.clone(),
                version: introduction.version.clone(),
                node: introduction.node.clone(),
                proof,
            }))
        }
        Purpose::Pair { code, name, access } => {
            let pair = Box::new(Pair { code: code.clone(), key: key.public(), name: name.clone(), proof });
            match access {
                Access::Everything => Control::Pair(pair),
                Access::Reading => Control::PairReader(pair),
            }
        }
    })
}

/// Checks that a key signed this link's challenge for this server and codec.
fn verify(
    codec: Codec,
    identity: &ServerIdentity,
    nonce: &[u8; 32],
    key: &PublicKey,
    proof: &SignatureBytes,
    name: &str,
) -> Result<(), HandshakeError> {
    if name.len() > DEVICE_NAME_MAX {
        return Err(HandshakeError::NameTooLong(name.len()));
    }
    let payload = challenge_payload(nonce, key.device_id(), codec.subprotocol(), identity);
    key.verify(&payload, proof).map_err(HandshakeError::Proof)
}
