//! Which versions of a document are kept: all of a day, one of each hour of a week, of each day of a quarter, of each week before. Of
//! one stretch it is the last. Then no more than so many, and so many bytes: the oldest go.

use std::time::Duration;

use wayfare_protocol::{Limits, Wall};

use super::Version;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const QUARTER: Duration = Duration::from_secs(13 * 7 * 24 * 3600);

/// Versions up to that age are one to each stretch. Older ones one to each [`WEEK`].
const STEPS: [(Duration, Duration); 3] = [(DAY, Duration::ZERO), (WEEK, HOUR), (QUARTER, DAY)];

/// Those that are kept, of versions that are the oldest first.
#[must_use]
pub fn kept_versions(versions: &[Version], now: Wall, limits: &Limits) -> Vec<Version> {
    let mut kept: Vec<&Version> = Vec::new();
    let (mut last, mut bytes) = (None, 0u64);
    for version in versions.iter().rev() {
        let stretch = stretch(version.at, now);
        if stretch.is_some() && stretch == last {
            continue;
        }
        bytes = bytes.saturating_add(version.size);
        let is_too_much = bytes > limits.document_versions_bytes || kept.len() >= limits.document_versions;
        if is_too_much && !kept.is_empty() {
            break;
        }
        last = stretch;
        kept.push(version);
    }
    kept.into_iter().rev().cloned().collect()
}

/// Which stretch a version is of; `None`: it is one of its own. Stretches do not move with time, so what was the last of one stays that.
fn stretch(at: Wall, now: Wall) -> Option<(u128, u128)> {
    let age = Duration::from_millis(now.0.saturating_sub(at.0));
    let long = STEPS.into_iter().find(|(until, _)| age <= *until).map_or(WEEK, |(_, long)| long);
    let number = u128::from(at.0).checked_div(long.as_millis())?;
    Some((long.as_millis(), number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wayfare_protocol::AssetId;

    use super::*;

    const MINUTE: u64 = 60_000;

    fn version(at: u64, size: u64) -> Version {
        Version { at: Wall(at), asset: AssetId::of(&at.to_le_bytes()), size, lines: None }
    }

    fn limits(document_versions: usize, document_versions_bytes: u64) -> Limits {
        Limits { document_versions, document_versions_bytes, ..Limits::default() }
    }

    /// Somebody writes for two years, a version every half an hour.
    #[test]
    fn the_older_they_are_the_fewer_there_are_and_none_is_too_far_from_the_next() {
        let limits = limits(10_000, u64::MAX);
        let (mut versions, mut now) = (Vec::new(), 0);
        let days = |n: u64| n * 24 * 60 * MINUTE;
        while now < days(730) {
            now += 30 * MINUTE;
            versions.push(version(now, 1));
            versions = kept_versions(&versions, Wall(now), &limits);
        }
        assert!(versions.len() < 49 + 6 * 24 + 84 + 95, "{}", versions.len());
        for (at, next) in versions.iter().zip(&versions[1..]) {
            let age = now - at.at.0;
            let most = if age <= days(1) {
                30 * MINUTE
            } else if age <= days(7) {
                2 * 60 * MINUTE
            } else if age <= days(91) {
                days(2)
            } else {
                days(14)
            };
            assert!(next.at.0 - at.at.0 <= most, "{} minutes old: {} further", age / MINUTE, next.at.0 - at.at.0);
        }
        assert!(versions[0].at.0 <= days(7), "the first week is forgotten");
    }

    #[test]
    fn of_too_many_or_too_large_ones_the_oldest_go_and_the_newest_never() {
        let versions: Vec<Version> = (1..=10).map(|n| version(n, 10)).collect();
        assert_eq!(kept_versions(&versions, Wall(10), &limits(3, 1_000)), versions[7..]);
        assert_eq!(kept_versions(&versions, Wall(10), &limits(100, 45)), versions[6..]);
        assert_eq!(kept_versions(&versions, Wall(10), &limits(100, 5)), versions[9..]);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_again_and_has_the_newest(
            mut times in proptest::collection::vec(0u64..200 * 24 * 60 * MINUTE, 1..80),
            later in 0u64..100 * 24 * 60 * MINUTE,
            count in 1usize..60,
        ) {
            times.sort_unstable();
            times.dedup();
            let versions: Vec<Version> = times.iter().map(|at| version(*at, 10)).collect();
            let now = Wall(versions[versions.len() - 1].at.0 + later);
            let limits = limits(count, u64::MAX);
            let kept = kept_versions(&versions, now, &limits);
            prop_assert!(kept.len() <= count);
            prop_assert_eq!(kept.last(), versions.last());
            prop_assert!(kept.iter().all(|version| versions.contains(version)));
            prop_assert_eq!(kept_versions(&kept, now, &limits), kept);
        }
    }
}
