//! Which chunks of snapshots a node needs, and for what. Chunks are known by their content, so that one may be of several daemons: whoever
//! deletes one asks here.
//!
//! What nothing needs in two looks of a [`Strays`], one after the other, was left behind by a crash or by a store that did not delete: it
//! goes. Nothing is found to be left behind as long as a daemon is here whose snapshot is not known.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::{ChunkId, EntityId};

use crate::machine::OpId;

/// For what chunks are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// The newest snapshot that a daemon's log tells of.
    Recorded(EntityId),
    /// One that is being stored, until the log tells of it.
    Storing(EntityId, OpId),
    /// One with which a daemon comes to this node.
    Coming(EntityId),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Holds(BTreeMap<Hold, BTreeSet<ChunkId>>);

impl Holds {
    /// The chunks are needed from now on. Returns those that were needed for the same before and for nothing now.
    pub fn hold(&mut self, hold: Hold, manifest: &Manifest) -> BTreeSet<ChunkId> {
        let before = self.0.insert(hold, chunks(manifest)).unwrap_or_default();
        self.unneeded(before)
    }

    /// Nothing is needed for that any more. Returns what nothing needs now.
    pub fn release(&mut self, hold: Hold) -> BTreeSet<ChunkId> {
        let before = self.0.remove(&hold).unwrap_or_default();
        self.unneeded(before)
    }

    /// A daemon's log tells of a snapshot that was stored. Returns what nothing needs now.
    pub fn recorded(&mut self, daemon: EntityId, manifest: &Manifest) -> BTreeSet<ChunkId> {
        let recorded = chunks(manifest);
        self.0.retain(|hold, of| !(matches!(hold, Hold::Storing(its, _) if *its == daemon) && *of == recorded));
        self.hold(Hold::Recorded(daemon), manifest)
    }

    /// A daemon's host begins, and its log tells of that snapshot or of none: what was being stored is not. Returns what nothing needs now.
    pub fn found(&mut self, daemon: EntityId, newest: Option<&Manifest>) -> BTreeSet<ChunkId> {
        let mut before = self.take_storing(daemon);
        before.extend(self.hold(Hold::Recorded(daemon), newest.unwrap_or(&Manifest::default())));
        self.unneeded(before)
    }

    /// Nothing is kept of a daemon any more. Returns what nothing needs now.
    pub fn removed(&mut self, daemon: EntityId) -> BTreeSet<ChunkId> {
        let mut before = self.take_storing(daemon);
        before.extend(self.0.remove(&Hold::Recorded(daemon)).unwrap_or_default());
        self.unneeded(before)
    }

    /// Whether something needs a chunk.
    #[must_use]
    pub fn needs(&self, chunk: &ChunkId) -> bool {
        self.0.values().any(|of| of.contains(chunk))
    }

    /// Whether it is known which snapshot a daemon's log tells of.
    #[must_use]
    pub fn knows(&self, daemon: EntityId) -> bool {
        self.0.contains_key(&Hold::Recorded(daemon))
    }

    fn take_storing(&mut self, daemon: EntityId) -> BTreeSet<ChunkId> {
        let is_its = |hold: &Hold| matches!(hold, Hold::Storing(its, _) if *its == daemon);
        self.0.extract_if(.., |hold, _| is_its(hold)).flat_map(|(_, of)| of).collect()
    }

    fn unneeded(&self, mut chunks: BTreeSet<ChunkId>) -> BTreeSet<ChunkId> {
        chunks.retain(|chunk| !self.needs(chunk));
        chunks
    }
}

fn chunks(manifest: &Manifest) -> BTreeSet<ChunkId> {
    manifest.chunks.iter().map(|(chunk, _)| *chunk).collect()
}

/// What the last look found that nothing needs.
#[derive(Debug, Default)]
pub struct Strays(BTreeSet<ChunkId>);

impl Strays {
    /// Looks at everything that is there, while daemons have a log here. Returns what is left behind.
    pub fn look(
        &mut self,
        holds: &Holds,
        there: impl IntoIterator<Item = ChunkId>,
        daemons: impl IntoIterator<Item = EntityId>,
    ) -> BTreeSet<ChunkId> {
        if !daemons.into_iter().all(|daemon| holds.knows(daemon)) {
            self.0.clear();
            return BTreeSet::new();
        }
        let found = holds.unneeded(there.into_iter().collect());
        let seen = std::mem::replace(&mut self.0, found);
        self.0.intersection(&seen).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::EntityKey;

    use super::*;

    fn daemon(number: u8) -> EntityId {
        EntityKey::from_seed(&[number; 32]).entity()
    }

    fn chunk(number: u8) -> ChunkId {
        ChunkId([number; 32])
    }

    fn manifest(chunks: &[u8]) -> Manifest {
        Manifest { total: chunks.len() as u64, chunks: chunks.iter().map(|number| (chunk(*number), 1)).collect() }
    }

    fn of(chunks: &[u8]) -> BTreeSet<ChunkId> {
        chunks.iter().map(|number| chunk(*number)).collect()
    }

    #[test]
    fn what_another_daemon_has_too_stays() {
        let mut holds = Holds::default();
        assert_eq!(holds.found(daemon(1), Some(&manifest(&[1, 2]))), of(&[]));
        assert_eq!(holds.found(daemon(2), Some(&manifest(&[2, 3]))), of(&[]));
        assert_eq!(holds.removed(daemon(1)), of(&[1]));
        assert_eq!(holds.removed(daemon(2)), of(&[2, 3]));
    }

    #[test]
    fn a_snapshot_is_needed_from_before_it_is_stored_until_the_next_one_is_recorded() {
        let mut holds = Holds::default();
        holds.found(daemon(1), Some(&manifest(&[1, 2])));
        holds.hold(Hold::Storing(daemon(1), OpId(1)), &manifest(&[2, 3]));
        // The next one, before the log tells of that one.
        holds.hold(Hold::Storing(daemon(1), OpId(2)), &manifest(&[2, 4]));
        assert_eq!(holds.recorded(daemon(1), &manifest(&[2, 3])), of(&[1]));
        assert_eq!(holds.release(Hold::Storing(daemon(1), OpId(2))), of(&[4]), "it could not be stored");
        holds.hold(Hold::Storing(daemon(1), OpId(3)), &manifest(&[5]));
        assert_eq!(holds.found(daemon(1), Some(&manifest(&[2, 3]))), of(&[5]), "a crash came before it was recorded");
        assert!(holds.needs(&chunk(3)));
    }

    #[test]
    fn what_came_for_a_move_that_failed_goes_and_what_came_for_one_that_did_not_stays() {
        let mut holds = Holds::default();
        holds.hold(Hold::Coming(daemon(1)), &manifest(&[1, 2]));
        assert_eq!(holds.hold(Hold::Coming(daemon(1)), &manifest(&[2, 3])), of(&[1]), "of an older snapshot");
        holds.found(daemon(1), None);
        holds.hold(Hold::Recorded(daemon(1)), &manifest(&[2, 3]));
        assert_eq!(holds.release(Hold::Coming(daemon(1))), of(&[]));
        holds.hold(Hold::Coming(daemon(2)), &manifest(&[3, 4]));
        assert_eq!(holds.release(Hold::Coming(daemon(2))), of(&[4]));
    }

    #[test]
    fn what_nothing_needs_twice_is_left_behind() {
        let (mut holds, mut strays) = (Holds::default(), Strays::default());
        holds.found(daemon(1), Some(&manifest(&[1])));
        let there = || (1..=3).map(chunk);
        assert_eq!(strays.look(&holds, there(), [daemon(1)]), of(&[]), "seen once");
        holds.hold(Hold::Coming(daemon(2)), &manifest(&[2]));
        assert_eq!(strays.look(&holds, there(), [daemon(1)]), of(&[3]));
        holds.release(Hold::Coming(daemon(2)));
        // A daemon whose log could not be read yet may need any of them.
        assert_eq!(strays.look(&holds, there(), [daemon(1), daemon(3)]), of(&[]));
        holds.found(daemon(3), Some(&manifest(&[3])));
        assert_eq!(strays.look(&holds, there(), [daemon(1), daemon(3)]), of(&[]), "seen once since");
        assert_eq!(strays.look(&holds, there(), [daemon(1), daemon(3)]), of(&[2]));
    }
}
