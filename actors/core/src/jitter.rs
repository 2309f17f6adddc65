//! Reproducible variation of waits: a seed comes in with a machine's configuration.

use std::time::Duration;

/// The splitmix64 generator (Steele, Lea and Flood 2014): spreads waits apart, keeps no secrets.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A duration from `from` to `to`, both included, to the nanosecond; `from` where the two are in the wrong order.
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = u64::try_from(to.saturating_sub(from).as_nanos()).unwrap_or(u64::MAX);
        let offset = match span.checked_add(1) {
            Some(values) => self.draw() % values,
            None => self.draw(),
        };
        from.saturating_add(Duration::from_nanos(offset))
    }
}

/// The longest wait before attempt number `attempt` (from 0): `min` doubled that often, at most `max`.
#[must_use]
pub fn doubled(min: Duration, max: Duration, attempt: u32) -> Duration {
    min.saturating_mul(2_u32.saturating_pow(attempt)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first values for seed 0 as published with the generator.
    #[test]
    fn the_generator_is_splitmix64() {
        let mut draws = SplitMix64::new(0);
        assert_eq!([draws.draw(), draws.draw()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    /// Waits stay within their bounds, and double up to the longest.
    #[test]
    fn waits_stay_within_their_bounds() {
        let ms = Duration::from_millis;
        let mut draws = SplitMix64::new(7);
        assert!((0..1_000).map(|_| draws.between(ms(5), ms(9))).all(|wait| (ms(5)..=ms(9)).contains(&wait)));
        assert_eq!(draws.between(ms(9), ms(5)), ms(9));
        assert_eq!([0, 1, 6, 99].map(|attempt| doubled(ms(100), ms(5_000), attempt)), [100, 200, 5_000, 5_000].map(ms));
    }
}
