//! A table that forgets its oldest entries when it is full.

use std::collections::{BTreeMap, VecDeque};

/// See the module.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries: BTreeMap<K, V>,
    /// Keys in the order in which they came.
    order: VecDeque<K>,
    room: usize,
}

impl<K: Ord + Clone, V> Table<K, V> {
    pub(super) fn new(room: usize) -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new(), room }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
            if self.order.len() > self.room
                && let Some(oldest) = self.order.pop_front()
            {
                self.entries.remove(&oldest);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        if self.entries.remove(key).is_some() {
            self.order.retain(|known| known != key);
        }
    }

    /// Changes what is there.
    pub(super) fn change(&mut self, mut change: impl FnMut(&K, &mut V)) {
        self.entries.iter_mut().for_each(|(key, value)| change(key, value));
    }

    /// Forgets what is not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        let entries = &mut self.entries;
        entries.retain(|key, value| keep(key, value));
        self.order.retain(|key| entries.contains_key(key));
    }

    /// What is there; if nothing was, this is from now on.
    pub(super) fn get_or_set(&mut self, key: K, value: V) -> Option<&mut V> {
        if !self.entries.contains_key(&key) {
            self.set(key.clone(), value);
        }
        self.entries.get_mut(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_full_table_forgets_its_oldest_entry_only() {
        let mut table = Table::new(2);
        for key in 1..=3 {
            table.set(key, key * 10);
        }
        table.set(2, 21);
        assert_eq!([table.get(&1), table.get(&2), table.get(&3)], [None, Some(&21), Some(&30)]);
    }
}
