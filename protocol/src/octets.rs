//! 32 bytes that are no number and no text: a tuple of bytes in bincode, one byte string in formats that carry names.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

type Bytes32 = [u8; 32];

/// For types that travel as 32 bytes altogether (`serde(from, into)`).
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Octets(#[serde(with = "self")] pub(crate) Bytes32);

pub(crate) fn serialize<S: Serializer>(bytes: &Bytes32, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() { serializer.serialize_bytes(bytes) } else { bytes.serialize(serializer) }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes32, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_bytes(Exactly)
    } else {
        Bytes32::deserialize(deserializer)
    }
}

/// Reads `N` bytes from a byte string, or from a list of numbers where a format has no byte strings (JSON).
pub(crate) struct Exactly<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for Exactly<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<[u8; N], E> {
        bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<[u8; N], A::Error> {
        let mut bytes = [0; N];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = numbers.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
        }
        match numbers.next_element::<u8>()? {
            None => Ok(bytes),
            Some(_) => Err(A::Error::invalid_length(N + 1, &self)),
        }
    }
}
