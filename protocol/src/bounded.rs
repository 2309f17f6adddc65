//! Lists and maps that are refused while they are read: whoever sends too many entries costs no more memory than the bound.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list of at most so many entries; `what` names them in the error.
pub(crate) fn list<'de, D, C, T>(deserializer: D, most: usize, what: &'static str) -> Result<C, D::Error>
where
    D: Deserializer<'de>,
    C: Default + Extend<T>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Bounded { most, what, read: PhantomData::<List<C, T>> })
}

/// Reads a map of texts of at most so many entries, each key once; `what` names them in the error.
pub(crate) fn texts<'de, D>(deserializer: D, most: usize, what: &'static str) -> Result<Texts, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Bounded { most, what, read: PhantomData::<Texts> })
}

/// Texts by key.
type Texts = BTreeMap<String, String>;

/// A list that is read into a collection.
struct List<C, T>(PhantomData<(C, T)>);

struct Bounded<R> {
    most: usize,
    what: &'static str,
    read: PhantomData<R>,
}

impl<R> Bounded<R> {
    fn expect(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} {}", self.most, self.what)
    }

    fn check<E: serde::de::Error>(&self, count: usize) -> Result<(), E> {
        if count > self.most { Err(E::custom(format!("more than {} {}", self.most, self.what))) } else { Ok(()) }
    }
}

impl<'de, C: Default + Extend<T>, T: Deserialize<'de>> Visitor<'de> for Bounded<List<C, T>> {
    type Value = C;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expect(f)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<C, A::Error> {
        // A length that is told is believed for the refusal only.
        self.check(list.size_hint().unwrap_or(0))?;
        let (mut all, mut count) = (C::default(), 0);
        while let Some(one) = list.next_element()? {
            count += 1;
            self.check(count)?;
            all.extend([one]);
        }
        Ok(all)
    }
}

impl<'de> Visitor<'de> for Bounded<Texts> {
    type Value = Texts;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expect(f)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        self.check(map.size_hint().unwrap_or(0))?;
        let mut all = Texts::new();
        let mut count = 0;
        while let Some((key, value)) = map.next_entry()? {
            count += 1;
            self.check(count)?;
            if all.insert(key, value).is_some() {
                return Err(A::Error::custom(format!("two {} have one key", self.what)));
            }
        }
        Ok(all)
    }
}
