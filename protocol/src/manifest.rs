//! A snapshot as chunks that are known by their content: what travels, is resumed, and is kept, chunk by chunk.
//!
//! A chunk's id is the BLAKE3 of its bytes. A [`Manifest`] lists the chunks in order. Parts are cut each by itself, so that
//! the chunks of a state that did not change are the same in the next snapshot, however long the part before it is; what is
//! short altogether is one chunk.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::ids::{IdError, bytes_of_hex};
use crate::limits::{CHUNK_MAX, CHUNK_MIN, CHUNKS_MAX};

/// The BLAKE3 of a chunk's bytes. Written as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId(pub [u8; 32]);

impl ChunkId {
    /// The id of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }

    /// Whether it is the id of these bytes.
    #[must_use]
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        Self::of(bytes) == *self
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkId({})", HEXLOWER.encode(&self.0[..4]))
    }
}

impl FromStr for ChunkId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        bytes_of_hex("a ChunkId", text).map(Self)
    }
}

impl Serialize for ChunkId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for ChunkId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// What something large is made of, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Bytes of all chunks together.
    pub total: u64,
    /// Each chunk, with its bytes.
    pub chunks: Vec<(ChunkId, u32)>,
}

/// A manifest that cannot be, or a size into which nothing is cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Chunks are not made of that size.
    #[error("chunks of {size} bytes, not {CHUNK_MIN} to {CHUNK_MAX}")]
    ChunkSize {
        /// The size.
        size: usize,
    },
    /// It is more than may be.
    #[error("{total} bytes in chunks are over the limit of {max}")]
    TooLarge {
        /// Its bytes.
        total: u64,
        /// The limit.
        max: u64,
    },
    /// It has too many chunks.
    #[error("{count} chunks are over the limit of {CHUNKS_MAX}")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A chunk is empty or too long.
    #[error("chunk {index} has {length} bytes, not 1 to {CHUNK_MAX}")]
    ChunkLength {
        /// Which, from 0.
        index: usize,
        /// Its bytes.
        length: u32,
    },
    /// Its chunks are not as long as it says.
    #[error("the chunks have {sum} bytes and not {total}")]
    Sum {
        /// The chunks' bytes.
        sum: u64,
        /// What it says.
        total: u64,
    },
    /// One chunk with two lengths.
    #[error("chunk {index} has another length than a chunk of the same content before it")]
    TwoLengths {
        /// Which, from 0.
        index: usize,
    },
}

impl Manifest {
    /// Cuts parts that follow each other into chunks of that size. Copies nothing, unless all fits one chunk; reads everything
    /// once.
    ///
    /// # Errors
    /// If the size is not one of chunks, or they would be too many or more than `max` bytes: nothing is read then.
    pub fn cut(parts: &[Bytes], size: usize, max: u64) -> Result<(Self, Vec<Bytes>), ManifestError> {
        Self::cut_by(parts, size, max, |_, _, chunk| ChunkId::of(chunk))
    }

    /// The same, where it is known of some chunks what their id is: asked with the part's number, the chunk's in it, and the chunk.
    pub(crate) fn cut_by(
        parts: &[Bytes],
        size: usize,
        max: u64,
        id: impl Fn(usize, usize, &Bytes) -> ChunkId,
    ) -> Result<(Self, Vec<Bytes>), ManifestError> {
        if !(CHUNK_MIN..=CHUNK_MAX).contains(&size) {
            return Err(ManifestError::ChunkSize { size });
        }
        let total: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if total > max {
            return Err(ManifestError::TooLarge { total, max });
        }
        if total <= size as u64 {
            let bytes = match parts.iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().as_slice() {
                [only] => (*only).clone(),
                _ => parts.concat().into(),
            };
            let chunks = if bytes.is_empty() { Vec::new() } else { vec![bytes] };
            return Ok((
                Self { total, chunks: chunks.iter().map(|chunk| listed(ChunkId::of(chunk), chunk)).collect() },
                chunks,
            ));
        }
        let count = parts.iter().map(|part| part.len().div_ceil(size)).sum();
        if count > CHUNKS_MAX {
            return Err(ManifestError::TooMany { count });
        }
        let (mut known, mut chunks) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (part, bytes) in parts.iter().enumerate() {
            for (nth, at) in (0..bytes.len()).step_by(size).enumerate() {
                let chunk = bytes.slice(at..bytes.len().min(at + size));
                known.push(listed(id(part, nth, &chunk), &chunk));
                chunks.push(chunk);
            }
        }
        Ok((Self { total, chunks: known }, chunks))
    }

    /// Checks what another process says, before anything is allocated for it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, max: u64) -> Result<(), ManifestError> {
        if self.total > max {
            return Err(ManifestError::TooLarge { total: self.total, max });
        }
        if self.chunks.len() > CHUNKS_MAX {
            return Err(ManifestError::TooMany { count: self.chunks.len() });
        }
        for (index, (_, length)) in self.chunks.iter().enumerate() {
            if *length == 0 || *length as usize > CHUNK_MAX {
                return Err(ManifestError::ChunkLength { index, length: *length });
            }
        }
        // Cannot overflow: at most CHUNKS_MAX times CHUNK_MAX.
        let sum = self.chunks.iter().map(|(_, length)| u64::from(*length)).sum();
        if sum != self.total {
            return Err(ManifestError::Sum { sum, total: self.total });
        }
        let mut lengths = BTreeMap::new();
        for (index, (id, length)) in self.chunks.iter().enumerate() {
            if lengths.insert(id, length).is_some_and(|before| before != length) {
                return Err(ManifestError::TwoLengths { index });
            }
        }
        Ok(())
    }
}

/// A chunk as a manifest lists it. Its length fits: it is at most [`CHUNK_MAX`].
fn listed(id: ChunkId, chunk: &Bytes) -> (ChunkId, u32) {
    (id, chunk.len() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec;

    const MAX: u64 = 1 << 24;

    fn pattern(length: usize) -> Bytes {
        (0..length).map(|n| (n * 31 % 251) as u8).collect()
    }

    #[test]
    fn what_is_short_is_one_chunk_and_nothing_is_none() {
        let parts = [pattern(100), Bytes::new(), pattern(50)];
        let (manifest, chunks) = Manifest::cut(&parts, CHUNK_MIN, MAX).expect("a manifest");
        assert_eq!(chunks, [Bytes::from(parts.concat())]);
        assert_eq!(manifest, Manifest { total: 150, chunks: vec![(ChunkId::of(&chunks[0]), 150)] });
        assert_eq!(Manifest::cut(&[Bytes::new()], CHUNK_MIN, MAX), Ok((Manifest::default(), Vec::new())));
        assert_eq!(Manifest::default().check(MAX), Ok(()));
    }

    #[test]
    fn parts_are_cut_each_by_itself_so_that_their_chunks_are_found_again() {
        let state = pattern(20_000);
        let ids = |front: usize| {
            let (manifest, _) = Manifest::cut(&[pattern(front), state.clone()], CHUNK_MIN, MAX).expect("a manifest");
            manifest.chunks
        };
        let (one, other) = (ids(10), ids(7_777));
        assert_eq!((one.len(), other.len()), (4, 5));
        assert_eq!(one[1..], other[2..]);
        let (_, chunks) = Manifest::cut(&[pattern(10), state.clone()], CHUNK_MIN, MAX).expect("a manifest");
        assert_eq!(chunks[1].as_ptr(), state.as_ptr(), "nothing is copied");
    }

    #[test]
    fn what_is_too_much_is_refused_before_it_is_read() {
        for size in [0, CHUNK_MIN - 1, CHUNK_MAX + 1] {
            assert_eq!(Manifest::cut(&[pattern(10)], size, MAX), Err(ManifestError::ChunkSize { size }));
        }
        let refused = Manifest::cut(&[pattern(10), pattern(10)], CHUNK_MIN, 19);
        assert_eq!(refused, Err(ManifestError::TooLarge { total: 20, max: 19 }));
        let part = pattern(CHUNK_MIN + 1);
        let parts = vec![part; CHUNKS_MAX / 2 + 1];
        let refused = Manifest::cut(&parts, CHUNK_MIN, u64::MAX).map(|_| ());
        assert_eq!(refused, Err(ManifestError::TooMany { count: CHUNKS_MAX + 2 }));
    }

    #[test]
    fn what_another_says_is_checked() {
        let id = |n: u8| ChunkId([n; 32]);
        let of = |total, chunks: &[(ChunkId, u32)]| Manifest { total, chunks: chunks.to_vec() };
        assert_eq!(of(6, &[(id(1), 2), (id(2), 2), (id(1), 2)]).check(MAX), Ok(()));
        let large = of(MAX + 1, &[]).check(MAX);
        assert_eq!(large, Err(ManifestError::TooLarge { total: MAX + 1, max: MAX }));
        let many = of(0, &vec![(id(1), 1); CHUNKS_MAX + 1]).check(MAX);
        assert_eq!(many, Err(ManifestError::TooMany { count: CHUNKS_MAX + 1 }));
        assert_eq!(of(1, &[(id(1), 0)]).check(MAX), Err(ManifestError::ChunkLength { index: 0, length: 0 }));
        let length = CHUNK_MAX as u32 + 1;
        assert_eq!(of(1, &[(id(1), length)]).check(MAX), Err(ManifestError::ChunkLength { index: 0, length }));
        assert_eq!(of(5, &[(id(1), 4)]).check(MAX), Err(ManifestError::Sum { sum: 4, total: 5 }));
        assert_eq!(of(5, &[(id(1), 4), (id(1), 1)]).check(MAX), Err(ManifestError::TwoLengths { index: 1 }));
    }

    #[test]
    fn the_longest_list_fits_a_message() {
        let listed = (ChunkId([255; 32]), CHUNK_MAX as u32);
        let longest = Manifest { total: u64::MAX, chunks: vec![listed; CHUNKS_MAX] };
        assert!(codec::encode(&longest).len() + 4096 <= crate::limits::MESSAGE_MAX);
    }

    proptest! {
        #[test]
        fn chunks_in_order_are_the_parts(lengths in prop::collection::vec(0usize..30_000, 0..6)) {
            let parts: Vec<_> = lengths.into_iter().map(pattern).collect();
            let (manifest, chunks) = Manifest::cut(&parts, CHUNK_MIN, MAX).expect("a manifest");
            prop_assert_eq!(chunks.concat(), parts.concat());
            prop_assert_eq!(manifest.check(MAX), Ok(()));
            for (chunk, (id, length)) in chunks.iter().zip(&manifest.chunks) {
                prop_assert!(id.is_of(chunk));
                prop_assert_eq!(*length as usize, chunk.len());
            }
        }
    }
}
