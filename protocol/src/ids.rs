//! Newtype ids. None is ever made here: they come in as inputs.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

use crate::entity::EntityId;

/// An id that could not be read from text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct IdError {
    what: &'static str,
    text: String,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| IdError { what: concat!("a ", stringify!($name)), text: text.to_owned() })
            }
        }
    };
}

uuid_id! {
    /// A person's mesh. A node serves one account.
    AccountId
}
uuid_id! {
    /// A live compute session (UUIDv7, chosen by whoever creates it).
    SessionId
}
uuid_id! {
    /// One execution of a cell (UUIDv7, chosen by the client, so that a repeated request is recognised).
    RunId
}
uuid_id! {
    /// Joins a control request to its answer; a repeat with the same id asks the same thing.
    RequestId
}
uuid_id! {
    /// Follows one request through every log, from the client to the kernel.
    TraceId
}

uuid_id! {
    /// One attempt to move a daemon (UUIDv7, given to whoever orchestrates it).
    MigrationId
}

uuid_id! {
    /// One replicated document: its history, whatever it is called and wherever its file is.
    DocumentId
}
uuid_id! {
    /// A tree of documents and assets that belong together.
    ProjectId
}

impl DocumentId {
    /// The account's list of projects, itself a document.
    pub const INDEX: Self = Self(Uuid::nil());
}

impl DocumentId {
    /// The digit of a UUID that says which version of the standard it is of.
    const DIGIT: usize = 6;

    /// The list of its versions, itself a document: its id with an 8 as the digit that is 7 in ids that are made. `None` of a
    /// document that has no versions, such a list itself among them.
    #[must_use]
    pub fn versions(self) -> Option<Self> {
        self.with_digit(7, 8)
    }

    /// The document of which this is the list of versions, if it is one.
    #[must_use]
    pub fn of_versions(self) -> Option<Self> {
        self.with_digit(8, 7)
    }

    fn with_digit(self, from: u8, to: u8) -> Option<Self> {
        let mut bytes = self.0.into_bytes();
        let digit = &mut bytes[Self::DIGIT];
        if *digit >> 4 != from {
            return None;
        }
        *digit = (*digit & 0x0f) | (to << 4);
        Some(Self(Uuid::from_bytes(bytes)))
    }
}

impl ProjectId {
    /// The project's tree of files, itself a document.
    #[must_use]
    pub fn tree(self) -> DocumentId {
        DocumentId(self.0)
    }
}

impl AccountId {
    /// The account of a node that has not been paired.
    pub const LOCAL: Self = Self(Uuid::nil());
}

/// What a person sees as a device: a hash of its Ed25519 public key ([`crate::identity::device_id`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(type = "string"))]
pub struct DeviceId(pub [u8; 32]);

impl DeviceId {
    /// The first eight hexadecimal digits: enough for a person's handful of devices.
    #[must_use]
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.0[..4])
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({})", self.short())
    }
}

impl FromStr for DeviceId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        bytes_of_hex("a DeviceId", text).map(Self)
    }
}

/// The 32 bytes of 64 lowercase hexadecimal digits.
pub(crate) fn bytes_of_hex(what: &'static str, text: &str) -> Result<[u8; 32], IdError> {
    let wrong = || IdError { what, text: text.to_owned() };
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| wrong())?;
    bytes.try_into().map_err(|_| wrong())
}

impl Serialize for DeviceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for DeviceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// A device that runs a node, and so can own sessions and daemons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct NodeId(pub DeviceId);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whatever can be owned and moved. Each has one row in the control store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceId {
    /// A live compute session.
    Session(SessionId),
    /// A daemon: what it signed can be checked against its row's resource alone.
    Daemon(EntityId),
}

impl ResourceId {
    /// The session, if it is one.
    #[must_use]
    pub fn session(self) -> Option<SessionId> {
        match self {
            Self::Session(session) => Some(session),
            Self::Daemon(_) => None,
        }
    }

    /// The daemon, if it is one.
    #[must_use]
    pub fn daemon(self) -> Option<EntityId> {
        match self {
            Self::Daemon(entity) => Some(entity),
            Self::Session(_) => None,
        }
    }
}

/// A stream of one link. The dialing end opens odd ids, the accepting end even ones; 0 is the control stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(pub u32);

impl StreamId {
    /// The stream of [`crate::control::Control`] messages: open from the start, never closed.
    pub const CONTROL: Self = Self(0);
}
impl SessionId {
    /// The id of the session that a node makes when it is asked for this one. Of two nodes that are asked, because an answer was lost,
    /// each makes one of its own, and ids tell them apart. The time of the asking stays in it.
    #[must_use]
    pub fn made_by(self, node: NodeId) -> Self {
        let mut id = self.0.into_bytes();
        let hash = blake3::hash(&[id.as_slice(), node.0.0.as_slice()].concat());
        for (byte, drawn) in id.iter_mut().zip(hash.as_bytes()).skip(6) {
            *byte = *drawn;
        }
        id[6] = 0x70 | (id[6] & 0x0f); // UUID version 7
        id[8] = 0x80 | (id[8] & 0x3f);
        Self(Uuid::from_bytes(id))
    }
}
