//! The envelope of a daemon's snapshot: who it is, where it stands, and what it and its host remember.
//!
//! Numbers are little-endian:
//!
//! | bytes | field |
//! |---|---|
//! | 8 | `wayfsnap` |
//! | 2 | version, 2 |
//! | 1 | flags: bit 0 = the daemon has state; a stateless one has none, which is not the same as empty state |
//! | 1 | length of the kind |
//! | 4 | version of the state, the daemon's own count |
//! | 32 | entity |
//! | 56 | head ([`Head::encode`]) |
//! | 24 | chain: origin, sequence, hash |
//! | 8 | created at, milliseconds since the Unix epoch |
//! | 4 | length of the horizon |
//! | 8 | length of the host section |
//! | 8 | length of the state |
//! | | kind: the name of the factory that makes it, UTF-8 |
//! | | horizon, by [`codec`] |
//! | | host section: what the host itself remembers |
//! | 32 | digest: BLAKE3 of everything before, and of the ids of the state's chunks of [`LEAF`] bytes |
//! | | state |
//!
//! What comes before the state is the envelope. In version 1, which is still read, the digest is the BLAKE3 of everything else, behind the
//! state: whoever cut that into chunks read it twice.
//!
//! Neither end copies a state of one chunk: [`Framed`] is written around borrowed sections, and what is read slices the bytes it came in.
//! Reading and checking the digest are two steps, because whoever fetched the bytes by their own hash has checked them already.

mod error;
mod joining;
mod read;
#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

use crate::causal::Chain;
use crate::entity::EntityId;
use crate::head::Head;
use crate::horizon::Horizon;
use crate::limits::{KIND_MAX, MESSAGE_MAX};
use crate::manifest::{Manifest, ManifestError};
use crate::{ChunkId, Wall, codec};

pub use error::SnapshotError;
pub use joining::{Joining, SnapshotBytes};
pub use read::Unchecked;

/// Bytes of the state whose id goes into the digest, each: what a node usually cuts.
pub const LEAF: usize = 1024 * 1024;

const MAGIC: &[u8; 8] = b"wayfsnap";
const VERSION: u16 = 2;
const VERSION_BEFORE: u16 = 1;
const HAS_STATE: u8 = 1;
/// Bytes before the kind.
const FIXED_LEN: usize = 8 + 2 + 1 + 1 + 4 + 32 + Head::LEN + 24 + 8 + 4 + 8 + 8;
const DIGEST_LEN: usize = 32;

/// Everything that a daemon is at one position of its inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Who.
    pub entity: EntityId,
    /// Which factory makes it; 1 to [`KIND_MAX`] bytes.
    pub kind: String,
    /// Where it stands.
    pub head: Head,
    /// Its chain at that head: the same sequence and hash, and the origin of the entity.
    pub chain: Chain,
    /// What it has observed, exactly.
    pub horizon: Horizon,
    /// When it was made, to show.
    pub created_at: Wall,
    /// The daemon's own count of the forms that its state has had.
    pub state_version: u32,
    /// What the host remembers of it: opaque here.
    pub host: Bytes,
    /// What the daemon remembers: opaque here. `None`: it is stateless.
    pub state: Option<Bytes>,
}

impl Snapshot {
    /// Frames the snapshot, without a look at host section and state: constant in their size.
    ///
    /// # Errors
    /// If it is larger than `max` bytes, or is not whole: chain, head and entity must be of one daemon.
    pub fn frame(&self, max: u64) -> Result<Framed, SnapshotError> {
        check_kind(self.kind.as_bytes())?;
        check_chain(self.entity, &self.head, &self.chain)?;
        let horizon = codec::encode(&self.horizon);
        if horizon.len() > MESSAGE_MAX {
            return Err(SnapshotError::HorizonTooLarge { bytes: horizon.len() as u64 });
        }
        let state = self.state.clone().unwrap_or_default();
        let front = FIXED_LEN + self.kind.len() + horizon.len();
        let total = (front + DIGEST_LEN) as u64 + self.host.len() as u64 + state.len() as u64;
        check_size(total, max)?;

        let mut bytes = BytesMut::with_capacity(front);
        bytes.put_slice(MAGIC);
        bytes.put_u16_le(VERSION);
        bytes.put_u8(if self.state.is_some() { HAS_STATE } else { 0 });
        bytes.put_u8(self.kind.len() as u8);
        bytes.put_u32_le(self.state_version);
        bytes.put_slice(&self.entity.0.0);
        bytes.put_slice(&self.head.encode());
        bytes.put_u64_le(self.chain.origin().0);
        bytes.put_u64_le(self.chain.sequence());
        bytes.put_u64_le(self.chain.hash());
        bytes.put_u64_le(self.created_at.0);
        bytes.put_u32_le(horizon.len() as u32);
        bytes.put_u64_le(self.host.len() as u64);
        bytes.put_u64_le(state.len() as u64);
        bytes.put_slice(self.kind.as_bytes());
        bytes.put_slice(&horizon);
        Ok(Framed { front: bytes.freeze(), host: self.host.clone(), state })
    }

    /// Frames the snapshot and computes its digest: see [`Snapshot::frame`].
    ///
    /// # Errors
    /// As [`Snapshot::frame`].
    pub fn encode(&self, max: u64) -> Result<Encoded, SnapshotError> {
        Ok(self.frame(max)?.seal())
    }

    /// The snapshot of these bytes, its digest checked.
    ///
    /// # Errors
    /// Whatever is not right with them; nothing of them is then used.
    pub fn decode(bytes: &SnapshotBytes, max: u64) -> Result<Self, SnapshotError> {
        Unchecked::read(bytes, max)?.check()
    }
}

/// A snapshot but for its digest.
#[derive(Clone, Debug)]
pub struct Framed {
    front: Bytes,
    host: Bytes,
    state: Bytes,
}

impl Framed {
    /// Computes the digest: reads everything once.
    #[must_use]
    pub fn seal(self) -> Encoded {
        let leaves = leaves(&self.state);
        let digest = Bytes::copy_from_slice(&digest(&[&self.front, &self.host], &leaves));
        Encoded { parts: [self.front, self.host, digest, self.state], leaves }
    }
}

fn leaves(state: &Bytes) -> Vec<ChunkId> {
    state.chunks(LEAF).map(ChunkId::of).collect()
}

fn digest(before: &[&[u8]], leaves: &[ChunkId]) -> [u8; DIGEST_LEN] {
    let mut hash = blake3::Hasher::new();
    let ids = leaves.iter().map(|leaf| &leaf.0[..]);
    before.iter().copied().chain(ids).for_each(|part| {
        hash.update(part);
    });
    hash.finalize().into()
}

/// A snapshot as bytes, in parts that follow each other: what comes before the sections, host section, digest, state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    parts: [Bytes; 4],
    leaves: Vec<ChunkId>,
}

impl Encoded {
    /// The parts, in order. Some may be empty.
    #[must_use]
    pub fn parts(&self) -> &[Bytes; 4] {
        &self.parts
    }

    /// Bytes of all parts.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }

    /// All parts in one piece: copies them.
    #[must_use]
    pub fn concat(&self) -> Bytes {
        self.parts.concat().into()
    }

    /// Cuts it into chunks of that size: the envelope, then the state, or both in one if that is enough. In chunks of [`LEAF`] bytes the
    /// state is not read again.
    ///
    /// # Errors
    /// As [`Manifest::cut`].
    pub fn cut(&self, size: usize, max: u64) -> Result<(Manifest, Vec<Bytes>), ManifestError> {
        let [front, host, digest, state] = &self.parts;
        let envelope: Bytes = [&front[..], host, digest].concat().into();
        Manifest::cut_by(&[envelope, state.clone()], size, max, |part, nth, chunk| match self.leaves.get(nth) {
            Some(leaf) if part == 1 && size == LEAF => *leaf,
            _ => ChunkId::of(chunk),
        })
    }
}

fn check_size(size: u64, max: u64) -> Result<(), SnapshotError> {
    if size > max { Err(SnapshotError::TooLarge { size, max }) } else { Ok(()) }
}

fn check_kind(kind: &[u8]) -> Result<&str, SnapshotError> {
    if kind.is_empty() || kind.len() > KIND_MAX {
        return Err(SnapshotError::KindLength { bytes: kind.len() });
    }
    std::str::from_utf8(kind).map_err(|_| SnapshotError::KindText)
}

fn check_chain(entity: EntityId, head: &Head, chain: &Chain) -> Result<(), SnapshotError> {
    let (expected, got) = (entity.origin(), chain.origin());
    if expected != got {
        return Err(SnapshotError::OriginMismatch { expected, got });
    }
    if (head.output_sequence, head.output_hash) != (chain.sequence(), chain.hash()) {
        return Err(SnapshotError::HeadMismatch {
            head: (head.output_sequence, head.output_hash),
            chain: (chain.sequence(), chain.hash()),
        });
    }
    Ok(())
}
