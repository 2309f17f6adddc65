//! What every node announced, found by tag.
//!
//! Nodes have small numbers, and each key and value has the set of the numbers that carry it: a query is algebra of such sets
//! (`query.rs`) and looks at single nodes only where little is left, or where metadata are asked for.

mod query;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;
use wayfare_protocol::announcement::{Announcement, AnnouncementError, Said};
use wayfare_protocol::capability_set::{CapabilitySet, Tag};
use wayfare_protocol::{Boot, NodeId};

use super::{Candidate, Figures, Vitals};

pub use query::Matches;

/// The capabilities of many nodes. Time passes for it in [`CapabilityIndex::expire`] only: call that first, or at
/// [`CapabilityIndex::deadline`].
#[derive(Debug)]
pub struct CapabilityIndex {
    /// Most nodes that it knows, those whose announcement has expired included.
    limit: usize,
    nodes: BTreeMap<NodeId, Known>,
    /// By number. `None` is a number that is free.
    entries: Vec<Option<Entry>>,
    free: BTreeSet<u32>,
    keys: BTreeMap<Box<str>, Key>,
    /// The numbers in use.
    live: RoaringBitmap,
    expiry: BTreeSet<(Boot, NodeId)>,
}

/// What is remembered of a node as long as it belongs to the mesh: an old announcement stays old after the newer one expired.
#[derive(Debug)]
struct Known {
    version: u64,
    /// Its number, while its announcement is good.
    number: Option<u32>,
}

/// Who has tags of a key.
#[derive(Debug, Default)]
struct Key {
    /// Any of them.
    any: RoaringBitmap,
    /// The tag without a value.
    bare: RoaringBitmap,
    values: BTreeMap<Box<str>, RoaringBitmap>,
}

/// A node whose announcement is good.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The node.
    pub node: NodeId,
    /// The version of its announcement.
    pub version: u64,
    /// From when on it is no longer good.
    pub expires: Boot,
    /// What it can do.
    pub capabilities: CapabilitySet,
    /// The numbers in that.
    pub figures: Figures,
    /// How it is now.
    pub vitals: Vitals,
}

impl Entry {
    /// The node as placement sees it.
    #[must_use]
    pub fn candidate(&self) -> Candidate<'_> {
        let Self { node, capabilities, figures, vitals, .. } = self;
        Candidate { node: *node, capabilities, figures: *figures, vitals: *vitals }
    }
}

/// An announcement that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsertError {
    /// The node did not say it.
    #[error(transparent)]
    NotBelieved(#[from] AnnouncementError),
    /// The node has said something newer, or this.
    #[error("node {} has announced version {known}; version {said} is not newer", node.0.short())]
    NotNewer {
        /// The node.
        node: NodeId,
        /// The newest version known.
        known: u64,
        /// The version that came.
        said: u64,
    },
    /// As many nodes are known as may be.
    #[error("{limit} nodes are known, and no more may be")]
    Full {
        /// How many.
        limit: usize,
    },
}

impl CapabilityIndex {
    /// An index of at most so many nodes ([`Limits::indexed_nodes`](wayfare_protocol::Limits::indexed_nodes)).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            nodes: BTreeMap::new(),
            entries: Vec::new(),
            free: BTreeSet::new(),
            keys: BTreeMap::new(),
            live: RoaringBitmap::new(),
            expiry: BTreeSet::new(),
        }
    }

    /// Takes in an announcement that somebody passed on.
    ///
    /// # Errors
    /// If it is not believed, is not newer than what is known, or too many nodes are known. The index is then as before.
    pub fn hear(&mut self, announcement: Announcement, now: Boot) -> Result<(), InsertError> {
        // What is not newer is not worth the look at its signature.
        self.admits(&announcement.said)?;
        announcement.verify()?;
        self.insert(announcement.said, now)
    }

    /// Takes in what a node says, where that is beyond doubt: of this node itself, or checked already.
    ///
    /// # Errors
    /// If it is not newer than what is known, or too many nodes are known. The index is then as before.
    pub fn insert(&mut self, said: Said, now: Boot) -> Result<(), InsertError> {
        self.admits(&said)?;
        let Said { node, version, .. } = said;
        let number = self.nodes.get(&node).and_then(|known| known.number);
        let old = number.map(|number| self.take_out(number));
        let number = self.free.pop_first().unwrap_or_else(|| self.add_number());
        for tag in said.capabilities.tags() {
            self.post(tag, number);
        }
        let expires = said.expires(now);
        self.live.insert(number);
        self.expiry.insert((expires, node));
        self.nodes.insert(node, Known { version, number: Some(number) });
        let figures = Figures::of(&said.capabilities);
        let vitals = old.map(|old| old.vitals).unwrap_or_default();
        let entry = Entry { node, version, expires, capabilities: said.capabilities, figures, vitals };
        self.entries[number as usize] = Some(entry);
        Ok(())
    }

    /// Whether there is a place for it, and nothing as new is known.
    fn admits(&self, said: &Said) -> Result<(), InsertError> {
        match self.nodes.get(&said.node) {
            Some(known) if said.version <= known.version => {
                Err(InsertError::NotNewer { node: said.node, known: known.version, said: said.version })
            }
            None if self.nodes.len() >= self.limit => Err(InsertError::Full { limit: self.limit }),
            Some(_) | None => Ok(()),
        }
    }

    /// Says how a node is now; `false` if nothing good is known of it.
    pub fn observe(&mut self, node: NodeId, vitals: Vitals) -> bool {
        let entry = self.nodes.get(&node).and_then(|known| known.number).and_then(|number| self.entry_mut(number));
        entry.map(|entry| entry.vitals = vitals).is_some()
    }

    /// Takes out every node whose announcement is no longer good, and tells which.
    pub fn expire(&mut self, now: Boot) -> Vec<NodeId> {
        let mut gone = Vec::new();
        while let Some((_, node)) = self.expiry.first().copied().filter(|(expires, _)| *expires <= now) {
            let Some(number) = self.nodes.get_mut(&node).and_then(|known| known.number.take()) else { break };
            self.take_out(number);
            gone.push(node);
        }
        gone
    }

    /// When the next announcement expires.
    #[must_use]
    pub fn deadline(&self) -> Option<Boot> {
        self.expiry.first().map(|(expires, _)| *expires)
    }

    /// Forgets a node that no longer belongs to the mesh, the version of its last announcement included; `false` if it was not
    /// known.
    pub fn forget(&mut self, node: NodeId) -> bool {
        let Some(known) = self.nodes.remove(&node) else { return false };
        if let Some(number) = known.number {
            self.take_out(number);
        }
        true
    }

    /// What is known of a node, while it is good.
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Entry> {
        self.entry(self.nodes.get(&node)?.number?)
    }

    /// How many nodes can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.expiry.len()
    }

    /// Whether no node can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expiry.is_empty()
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)?.as_ref()
    }

    fn entry_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut(number as usize)?.as_mut()
    }

    fn add_number(&mut self) -> u32 {
        self.entries.push(None);
        // The limit of nodes is far below.
        u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
    }

    fn post(&mut self, tag: &Tag, number: u32) {
        if !self.keys.contains_key(tag.key()) {
            self.keys.insert(tag.key().into(), Key::default());
        }
        let Some(key) = self.keys.get_mut(tag.key()) else { return };
        key.any.insert(number);
        match tag.value() {
            None => key.bare.insert(number),
            Some(value) => match key.values.get_mut(value) {
                Some(numbers) => numbers.insert(number),
                None => key.values.insert(value.into(), RoaringBitmap::from_iter([number])).is_none(),
            },
        };
    }

    /// Frees a number in use; what nobody else has is forgotten.
    ///
    /// # Panics
    /// If the number is not in use: numbers come from `nodes`, which names those in use.
    fn take_out(&mut self, number: u32) -> Entry {
        let entry = self.entries[number as usize].take().expect("a number in use has an entry");
        for tag in entry.capabilities.tags() {
            let Some(key) = self.keys.get_mut(tag.key()) else { continue };
            key.any.remove(number);
            match tag.value() {
                None => drop(key.bare.remove(number)),
                Some(value) => {
                    let empty = key.values.get_mut(value).is_some_and(|numbers| {
                        numbers.remove(number);
                        numbers.is_empty()
                    });
                    if empty {
                        key.values.remove(value);
                    }
                }
            }
            if key.any.is_empty() {
                self.keys.remove(tag.key());
            }
        }
        self.live.remove(number);
        self.free.insert(number);
        self.expiry.remove(&(entry.expires, entry.node));
        entry
    }
}
