//! What a daemon has of the world while it processes an event.

use std::time::Duration;

use bytes::Bytes;

use crate::Wall;

/// Time and randomness of one event, and what the daemon asks for in return. All of it is the same when the event is processed again.
#[derive(Debug)]
pub struct Context {
    at: Wall,
    /// State of a SplitMix64 generator (Steele, Lea, Flood 2014).
    random: u64,
    requests: Requests,
}

/// What a daemon asked for while it processed an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Ticks: after how long, and the daemon's tag.
    pub ticks: Vec<(Duration, u64)>,
    /// Background work: the daemon's tag, and its input.
    pub work: Vec<(u64, Bytes)>,
}

impl Context {
    /// The context of an event that was accepted at an instant, with a seed of its own.
    #[must_use]
    pub fn new(at: Wall, seed: u64) -> Self {
        Self { at, random: seed, requests: Requests::default() }
    }

    /// When the event was accepted: the only clock that a daemon has.
    #[must_use]
    pub fn now(&self) -> Wall {
        self.at
    }

    /// A number that nobody can tell beforehand, and that is the same when the event is processed again. Not for secrets.
    pub fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Asks for an event, [`Source::Tick`](super::Source::Tick) with this tag, after so long and once.
    pub fn schedule(&mut self, after: Duration, tag: u64) {
        self.requests.ticks.push((after, tag));
    }

    /// Asks the host to run the daemon's [`Work`](super::Work) on an input, beside it. Its result comes back as an event with this tag.
    pub fn background(&mut self, tag: u64, input: Bytes) {
        self.requests.work.push((tag, input));
    }

    /// What was asked for.
    #[must_use]
    pub fn into_requests(self) -> Requests {
        self.requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first three numbers of SplitMix64 with seed 1234567, from its authors' reference code.
    #[test]
    fn random_numbers_are_those_of_splitmix64() {
        let mut context = Context::new(Wall(0), 1_234_567);
        let drawn = [context.random(), context.random(), context.random()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
