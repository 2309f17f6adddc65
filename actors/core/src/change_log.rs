//! Which documents changed last, in the order in which they did: what a cloud tells nodes that ask, and what a node brings first.

use std::collections::BTreeMap;

use wayfare_protocol::DocumentId;
use wayfare_protocol::document::{Changes, ChangesMark};
use wayfare_protocol::limits::{CHANGES_KEPT, CHANGES_MAX};

/// See the module.
#[derive(Debug, Default)]
pub struct ChangeLog {
    life: Option<u64>,
    at: u64,
    /// Whether changes after this one are all remembered.
    since: u64,
    by_change: BTreeMap<u64, DocumentId>,
    by_document: BTreeMap<DocumentId, u64>,
}

impl ChangeLog {
    /// A document changed. Of too many those that changed first are forgotten.
    pub fn changed(&mut self, document: DocumentId) {
        self.at += 1;
        if let Some(before) = self.by_document.insert(document, self.at) {
            self.by_change.remove(&before);
        }
        self.by_change.insert(self.at, document);
        while self.by_change.len() > CHANGES_KEPT {
            let Some((at, document)) = self.by_change.pop_first() else { return };
            self.by_document.remove(&document);
            self.since = at;
        }
    }

    /// Its changes concern nobody any more.
    pub fn forget(&mut self, document: DocumentId) {
        if let Some(at) = self.by_document.remove(&document) {
            self.by_change.remove(&at);
        }
    }

    /// The documents that changed, in the order of their last change; they are forgotten.
    pub fn take(&mut self) -> Vec<DocumentId> {
        self.by_document.clear();
        std::mem::take(&mut self.by_change).into_values().collect()
    }

    /// What changed since a moment. `fresh` names this life, should it have no name yet.
    pub fn since(&mut self, asked: Option<ChangesMark>, fresh: u64) -> Changes {
        let life = *self.life.get_or_insert(fresh);
        let known = asked.filter(|mark| mark.life == life && mark.at >= self.since && mark.at <= self.at);
        let after = known.map_or(0, |mark| mark.at);
        let mut changed = self.by_change.range(after + 1..);
        let told: Vec<_> = changed.by_ref().take(CHANGES_MAX).collect();
        let more = changed.next().is_some();
        let at = if more { told.last().map_or(self.at, |(at, _)| **at) } else { self.at };
        let documents = told.into_iter().map(|(_, document)| *document).collect();
        Changes { mark: ChangesMark { life, at }, is_since: known.is_some(), documents, more }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIFE: u64 = 7;

    fn document(n: u128) -> DocumentId {
        DocumentId(Uuid::from_u128(n))
    }

    fn told(log: &mut ChangeLog, asked: Option<ChangesMark>) -> (Vec<u128>, bool) {
        let changes = log.since(asked, LIFE);
        (changes.documents.iter().map(|document| document.0.as_u128()).collect(), changes.is_since)
    }

    #[test]
    fn each_is_told_once_in_the_order_of_its_last_change() {
        let mut log = ChangeLog::default();
        for n in [1, 2, 1, 3] {
            log.changed(document(n));
        }
        assert_eq!(told(&mut log, None), (vec![2, 1, 3], false));
        let mark = log.since(None, 0).mark;
        assert_eq!(mark, ChangesMark { life: LIFE, at: 4 }, "a life keeps its name");
        assert_eq!(told(&mut log, Some(mark)), (vec![], true));
        log.changed(document(2));
        assert_eq!(told(&mut log, Some(mark)), (vec![2], true));
    }

    #[test]
    fn a_mark_of_another_life_or_of_what_is_forgotten_is_not_known() {
        let mut log = ChangeLog::default();
        log.changed(document(1));
        let mark = log.since(None, LIFE).mark;
        for strange in [ChangesMark { life: 8, ..mark }, ChangesMark { at: 2, ..mark }] {
            assert_eq!(told(&mut log, Some(strange)), (vec![1], false));
        }
        (2..).take(CHANGES_KEPT + 1).for_each(|n| log.changed(document(n)));
        let changes = log.since(Some(mark), LIFE);
        assert_eq!((changes.is_since, changes.documents.len(), changes.more), (false, CHANGES_MAX, true));
        assert_eq!(changes.documents[0], document(3), "the first of those that are remembered");
    }

    #[test]
    fn a_long_answer_goes_on_from_its_mark() {
        let mut log = ChangeLog::default();
        let count = CHANGES_MAX as u128 + 5;
        (1..=count).for_each(|n| log.changed(document(n)));
        let first = log.since(None, LIFE);
        assert!(first.more && !first.is_since);
        let rest = log.since(Some(first.mark), LIFE);
        assert_eq!((rest.documents.len(), rest.more, rest.is_since), (5, false, true));
        assert_eq!(rest.documents[4], document(count));
    }

    #[test]
    fn what_is_taken_or_forgotten_is_not_told_again() {
        let mut log = ChangeLog::default();
        (1..=3).for_each(|n| log.changed(document(n)));
        log.forget(document(2));
        assert_eq!(log.take(), [document(1), document(3)]);
        assert_eq!(log.take(), []);
    }
}
