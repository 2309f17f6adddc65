//! Puts something large together again from chunks that come in any order.
//!
//! An [`Assembly`] is one thing on its way: it knows what is lacking, and takes each chunk once. [`Assemblies`] are all of one
//! node, with a bound on what they may become together. The bound is on what the manifests announce and is held before
//! anything is allocated, so that no peer can make this node promise more memory than it has. What nothing came for in a while
//! is given up.
//!
//! A chunk is taken for what it is, not for when it was made: there is no number by which one message could make all later
//! ones look old.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::manifest::{ChunkId, Manifest, ManifestError};
use wayfare_protocol::{Boot, Limits};

/// A chunk that is not taken. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The manifest does not have it.
    #[error("{0} is no chunk of this")]
    NotListed(ChunkId),
    /// It is not as long as the manifest says.
    #[error("{id} has {got} bytes and not {expected}")]
    Length {
        /// Which.
        id: ChunkId,
        /// By the manifest.
        expected: u32,
        /// Its bytes.
        got: usize,
    },
    /// Its bytes are others.
    #[error("these are not the bytes of {0}")]
    Content(ChunkId),
}

/// What became of a chunk that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was there before.
    Repeat,
    /// So many different ones are still lacking.
    Lacking(usize),
    /// It was the last one.
    Whole,
}

/// One thing on its way.
#[derive(Clone, Debug)]
pub struct Assembly {
    manifest: Manifest,
    /// Where each chunk goes; more than once, if the same bytes come again.
    places: BTreeMap<ChunkId, Place>,
    lacking: usize,
    /// Of the announced length. Pages that nothing was written to take no memory.
    bytes: Vec<u8>,
    last: Boot,
}

#[derive(Clone, Debug)]
struct Place {
    length: u32,
    offsets: Vec<u64>,
    is_there: bool,
}

impl Assembly {
    /// Nothing has come yet.
    ///
    /// # Errors
    /// If the manifest is not right, or announces more than `max` bytes. Nothing of that length is allocated then.
    pub fn new(manifest: Manifest, max: u64, now: Boot) -> Result<Self, ManifestError> {
        manifest.check(max)?;
        let mut places: BTreeMap<ChunkId, Place> = BTreeMap::new();
        let mut offset = 0;
        for (id, length) in &manifest.chunks {
            let place = Place { length: *length, offsets: Vec::new(), is_there: false };
            places.entry(*id).or_insert(place).offsets.push(offset);
            offset += u64::from(*length);
        }
        let bytes = vec![0; manifest.total as usize];
        Ok(Self { lacking: places.len(), manifest, places, bytes, last: now })
    }

    /// What it is made of.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether nothing is lacking.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.lacking == 0
    }

    /// The chunks that are lacking, each once, in the order in which they are needed, with their bytes. What to ask for, from
    /// the beginning and again after a lost link.
    pub fn lacking(&self) -> impl Iterator<Item = (ChunkId, u32)> {
        let mut at = 0;
        self.manifest.chunks.iter().copied().filter(move |(id, length)| {
            let offset = at;
            at += u64::from(*length);
            self.places.get(id).is_some_and(|place| !place.is_there && place.offsets.first() == Some(&offset))
        })
    }

    /// Takes a chunk, from whomever: its bytes are checked.
    ///
    /// # Errors
    /// If it is none of these. Nothing has changed then, and it does not count as a sign of life.
    pub fn take(&mut self, now: Boot, id: ChunkId, bytes: &[u8]) -> Result<Taken, ChunkError> {
        let place = self.places.get_mut(&id).ok_or(ChunkError::NotListed(id))?;
        if place.length as usize != bytes.len() {
            return Err(ChunkError::Length { id, expected: place.length, got: bytes.len() });
        }
        if place.is_there {
            return Ok(Taken::Repeat);
        }
        if !id.is_of(bytes) {
            return Err(ChunkError::Content(id));
        }
        for offset in &place.offsets {
            let at = *offset as usize;
            self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        }
        place.is_there = true;
        self.lacking -= 1;
        self.last = now;
        Ok(if self.lacking == 0 { Taken::Whole } else { Taken::Lacking(self.lacking) })
    }

    /// All of it, without another copy.
    ///
    /// # Errors
    /// Itself, if something is lacking.
    pub fn finish(self) -> Result<Bytes, Self> {
        if self.lacking == 0 { Ok(self.bytes.into()) } else { Err(self) }
    }
}

/// Something that is not begun. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// Its manifest is not right, or too large by itself.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// With what is on its way already it would be too much.
    #[error("{wanted} bytes with {pending} on their way are over the limit of {max}")]
    Full {
        /// Its bytes.
        wanted: u64,
        /// Bytes announced by the others.
        pending: u64,
        /// The limit.
        max: u64,
    },
}

/// How something was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// From nothing. What was on its way under that key before, of other content, is dropped.
    Anew,
    /// It was on its way; what came before counts.
    Resumed,
}

/// All that is on its way to one node, each under a key: whose it is.
#[derive(Debug)]
pub struct Assemblies<K> {
    under_way: BTreeMap<K, Assembly>,
    /// Bytes announced by all of them.
    pending: u64,
    each_max: u64,
    pending_max: u64,
    silence: Duration,
}

impl<K: Ord + Clone> Assemblies<K> {
    /// None yet, within [`Limits::snapshot`], [`Limits::snapshots_pending`] and [`Limits::snapshot_silence`].
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            under_way: BTreeMap::new(),
            pending: 0,
            each_max: limits.snapshot,
            pending_max: limits.snapshots_pending,
            silence: limits.snapshot_silence,
        }
    }

    /// Makes ready for what a manifest lists; goes on with what is there if it is the same. Who may send under that key has
    /// been decided before.
    ///
    /// # Errors
    /// If the manifest is not right, or there is no room.
    pub fn begin(&mut self, now: Boot, key: K, manifest: Manifest) -> Result<Begun, BeginError> {
        if let Some(assembly) = self.under_way.get_mut(&key)
            && assembly.manifest == manifest
        {
            assembly.last = now;
            return Ok(Begun::Resumed);
        }
        manifest.check(self.each_max)?;
        let replaced = self.under_way.get(&key).map_or(0, |before| before.manifest.total);
        let (wanted, pending) = (manifest.total, self.pending - replaced);
        if pending.checked_add(wanted).is_none_or(|sum| sum > self.pending_max) {
            return Err(BeginError::Full { wanted, pending, max: self.pending_max });
        }
        // First away with the old one: there is never memory for both.
        self.drop_one(&key);
        let assembly = Assembly::new(manifest, self.each_max, now)?;
        self.pending += wanted;
        self.under_way.insert(key, assembly);
        Ok(Begun::Anew)
    }

    /// What is on its way under a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&Assembly> {
        self.under_way.get(key)
    }

    /// The same, to be given chunks.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut Assembly> {
        self.under_way.get_mut(key)
    }

    /// All of it, if nothing is lacking; it is then no longer on its way.
    pub fn finish(&mut self, key: &K) -> Option<Bytes> {
        if !self.under_way.get(key)?.is_whole() {
            return None;
        }
        self.remove(key)?.finish().ok()
    }

    /// Gives one up.
    pub fn drop_one(&mut self, key: &K) {
        self.remove(key);
    }

    fn remove(&mut self, key: &K) -> Option<Assembly> {
        let assembly = self.under_way.remove(key)?;
        self.pending -= assembly.manifest.total;
        Some(assembly)
    }

    /// Gives up what nothing came for in [`Limits::snapshot_silence`], and says which.
    pub fn sweep(&mut self, now: Boot) -> Vec<K> {
        let silence = self.silence;
        let silent = self.under_way.iter().filter(|(_, assembly)| now >= assembly.last.after(silence));
        let silent: Vec<K> = silent.map(|(key, _)| key.clone()).collect();
        for key in &silent {
            self.drop_one(key);
        }
        silent
    }

    /// When [`Assemblies::sweep`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Boot> {
        self.under_way.values().map(|assembly| assembly.last.after(self.silence)).min()
    }

    /// Bytes announced by what is on its way.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.pending
    }
}

#[cfg(test)]
mod tests;
