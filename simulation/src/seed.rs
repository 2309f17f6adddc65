//! Seeds form a tree by label: what one part of the world draws never moves what another part draws.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The root of a number.
    #[must_use]
    pub fn root(number: u64) -> Self {
        Self(*blake3::keyed_hash(&[0; 32], &number.to_le_bytes()).as_bytes())
    }

    /// The seed under that label.
    #[must_use]
    pub fn child(&self, label: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, label.as_bytes()).as_bytes())
    }

    /// The seed under that label and number.
    #[must_use]
    pub fn numbered(&self, label: &str, number: u64) -> Self {
        self.child(&format!("{label} {number}"))
    }

    /// Its 32 bytes: a key, say.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// What is drawn from it.
    #[must_use]
    pub fn draws(&self) -> Draws {
        Draws(ChaCha8Rng::from_seed(self.0))
    }
}

/// A sequence of random draws.
#[derive(Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Fills bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low + self.number() % width.max(1)
    }

    /// A duration from `low` to `high`.
    pub fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.between(nanos(low), nanos(high)))
    }

    /// Milliseconds from `low` to `high`, to the nanosecond.
    pub fn ms(&mut self, low: u64, high: u64) -> Duration {
        self.duration(Duration::from_millis(low), Duration::from_millis(high))
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.number() % 100 < percent
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let count = of.len() as u64;
        (count > 0).then(|| &of[usize::try_from(self.number() % count).unwrap_or(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn what_one_label_draws_does_not_depend_on_others() {
        let seed = Seed::root(7);
        assert_eq!(seed.child("network").draws().number(), Seed::root(7).child("network").draws().number());
        assert_ne!(seed.child("network").draws().number(), seed.child("disk").draws().number());
        assert_ne!(seed.bytes(), Seed::root(8).bytes());
    }
}
