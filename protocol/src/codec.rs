//! The one place where messages become bytes and bytes become messages.
//!
//! Nodes speak bincode 2 (standard configuration: little-endian, variable-length integers), browsers the same types as
//! MessagePack by field name. A decode never allocates more than [`MESSAGE_MAX`](crate::limits::MESSAGE_MAX) for what a
//! length prefix claims, and takes all of its input or fails.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::MESSAGE_MAX;

/// WebSocket subprotocol of bincode links.
pub const BINCODE_SUBPROTOCOL: &str = "wayfare.v1.bincode";
/// WebSocket subprotocol of MessagePack links.
pub const MSGPACK_SUBPROTOCOL: &str = "wayfare.v1.msgpack";

/// Bytes that are not the message expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than a message may have.
    #[error("message of {0} bytes is over the limit of {MESSAGE_MAX}")]
    TooLarge(usize),
    /// They do not decode.
    #[error("not a {what}: {why}")]
    Malformed {
        /// The type expected.
        what: &'static str,
        /// The codec's reason.
        why: String,
    },
    /// They decode with bytes left over.
    #[error("{left} bytes after a {what}")]
    Trailing {
        /// The type expected.
        what: &'static str,
        /// How many.
        left: usize,
    },
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<MESSAGE_MAX>()
}

/// A message in bincode.
///
/// # Panics
/// If serialisation fails, which our types cannot: they write to memory and have no fallible parts.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Bytes {
    bincode::serde::encode_to_vec(message, config()).expect("plain data serialises").into()
}

/// A message from bincode.
///
/// # Errors
/// If the bytes are too many, malformed, or more than the message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let what = std::any::type_name::<T>();
    if bytes.len() > MESSAGE_MAX {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    let (message, read) = bincode::serde::decode_from_slice(bytes, config())
        .map_err(|error| DecodeError::Malformed { what, why: error.to_string() })?;
    if read == bytes.len() { Ok(message) } else { Err(DecodeError::Trailing { what, left: bytes.len() - read }) }
}

/// Bytes that a process of this account wrote for itself, and that a digest covers: a snapshot's own parts.
const STORED_MAX: usize = 1024 * 1024 * 1024;

/// What a process keeps for itself, in bincode; may be larger than a message.
///
/// # Panics
/// As [`encode`].
#[must_use]
pub fn encode_stored<T: Serialize>(value: &T) -> Bytes {
    let config = bincode::config::standard().with_limit::<STORED_MAX>();
    bincode::serde::encode_to_vec(value, config).expect("plain data serialises").into()
}

/// What [`encode_stored`] wrote. Only for bytes whose digest was checked.
///
/// # Errors
/// As [`decode`].
pub fn decode_stored<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let what = std::any::type_name::<T>();
    let config = bincode::config::standard().with_limit::<STORED_MAX>();
    let (value, read) = bincode::serde::decode_from_slice(bytes, config)
        .map_err(|error| DecodeError::Malformed { what, why: error.to_string() })?;
    if read == bytes.len() { Ok(value) } else { Err(DecodeError::Trailing { what, left: bytes.len() - read }) }
}

/// A message in MessagePack: fields and variants by name, ids as the texts that people see, keys and other bytes as byte strings.
///
/// # Panics
/// As [`encode`].
#[must_use]
pub fn encode_named<T: Serialize>(message: &T) -> Bytes {
    let mut bytes = Vec::with_capacity(128);
    let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map().with_human_readable();
    message.serialize(&mut serializer).expect("plain data serialises");
    bytes.into()
}

/// A message from MessagePack.
///
/// # Errors
/// As [`decode`].
pub fn decode_named<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let what = std::any::type_name::<T>();
    if bytes.len() > MESSAGE_MAX {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    let mut rest = bytes;
    let message = T::deserialize(&mut rmp_serde::Deserializer::new(&mut rest).with_human_readable())
        .map_err(|error| DecodeError::Malformed { what, why: error.to_string() })?;
    if rest.is_empty() { Ok(message) } else { Err(DecodeError::Trailing { what, left: rest.len() }) }
}

/// Which of the two codecs a link speaks. Both ends agree on it by the WebSocket subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Nodes.
    Bincode,
    /// Browsers: MessagePack, fields by name.
    MessagePack,
}

impl Codec {
    /// All of them. Of several that the other end offers the first is taken.
    pub const ALL: [Self; 2] = [Self::Bincode, Self::MessagePack];

    /// The name under which it is negotiated.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Bincode => BINCODE_SUBPROTOCOL,
            Self::MessagePack => MSGPACK_SUBPROTOCOL,
        }
    }

    /// The codec of a negotiated name; `None` for a name that is not ours.
    #[must_use]
    pub fn of_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.subprotocol() == name)
    }

    /// A message as bytes.
    ///
    /// # Panics
    /// As [`encode`].
    #[must_use]
    pub fn encode<T: Serialize>(self, message: &T) -> Bytes {
        match self {
            Self::Bincode => encode(message),
            Self::MessagePack => encode_named(message),
        }
    }

    /// A message from bytes.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, DecodeError> {
        match self {
            Self::Bincode => decode(bytes),
            Self::MessagePack => decode_named(bytes),
        }
    }
}
