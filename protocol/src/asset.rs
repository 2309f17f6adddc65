//! Assets: files that belong to documents and projects, known by the SHA-256 of their bytes; and what travels on a stream of one.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use crate::ids::{IdError, bytes_of_hex};

/// The SHA-256 of an asset's bytes. Written as 64 lowercase hexadecimal digits, as other programs name such files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(type = "string"))]
pub struct AssetId(pub [u8; 32]);

impl AssetId {
    /// The id of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssetId({})", HEXLOWER.encode(&self.0[..4]))
    }
}

impl FromStr for AssetId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        bytes_of_hex("an AssetId", text).map(Self)
    }
}

impl Serialize for AssetId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for AssetId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// The hash of bytes that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct AssetHash(Sha256);

impl AssetHash {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The id of all of them.
    #[must_use]
    pub fn id(self) -> AssetId {
        AssetId(self.0.finalize().into())
    }
}

/// A message on a [`Destination::Asset`](crate::stream::Destination::Asset) stream. Whoever opened it speaks first, with `Get` or `Put`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum AssetMessage {
    /// Its bytes are wanted, from there on. Answered by `Has` and `Piece`s; then the stream is closed.
    Get {
        /// The first byte wanted, from 0.
        from: u64,
    },
    /// It can be had from whoever says this. Answered by `Wants`, or by `Kept` where it is there already.
    Put {
        /// Its bytes.
        size: u64,
    },
    /// It is there.
    Has {
        /// Its bytes, whatever was asked for.
        size: u64,
    },
    /// Its bytes are wanted from there on: what came earlier, over another stream perhaps, is there.
    Wants {
        /// The first byte wanted, from 0.
        from: u64,
    },
    /// Bytes of it, in order.
    Piece {
        /// At most [`ASSET_PIECE_MAX`](crate::limits::ASSET_PIECE_MAX) bytes, and at least one.
        #[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
        bytes: Bytes,
    },
    /// All of it is there, with the right hash, and durable. The stream is closed after this.
    Kept,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_other_programs_call_the_hash() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(AssetId::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(AssetId::of(b"")));
        let mut hash = AssetHash::default();
        hash.update(b"a");
        hash.update(b"bc");
        assert_eq!(hash.id(), AssetId::of(b"abc"));
    }
}
