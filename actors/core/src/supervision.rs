//! When a failed actor is started again, and when its supervisor gives up.

use std::collections::VecDeque;
use std::time::Duration;

use wayfare_protocol::{Boot, Limits};

use crate::jitter::doubled;

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start it again then.
    RestartAt(Boot),
    /// It fails too often.
    TooOften {
        /// When to start it again, if that is wanted all the same.
        next: Boot,
    },
}

/// The failures of one actor.
#[derive(Clone, Debug)]
pub struct Restarts {
    min: Duration,
    max: Duration,
    window: Duration,
    allowed: usize,
    failures: VecDeque<Boot>,
}

impl Restarts {
    /// No failure yet. Uses `restart_min`, `restart_max`, `restarts` and `restart_window`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            min: limits.restart_min,
            max: limits.restart_max,
            window: limits.restart_window,
            allowed: limits.restarts as usize,
            failures: VecDeque::new(),
        }
    }

    /// It failed now.
    pub fn failed(&mut self, now: Boot) -> Decision {
        while self.failures.front().is_some_and(|at| now.since(*at) > self.window) {
            self.failures.pop_front();
        }
        let before = u32::try_from(self.failures.len()).unwrap_or(u32::MAX);
        self.failures.push_back(now);
        if self.failures.len() > self.allowed {
            self.failures.pop_front(); // they need not be remembered for longer to be too many
            return Decision::TooOften { next: now.after(self.max) };
        }
        Decision::RestartAt(now.after(doubled(self.min, self.max, before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Boot {
        Boot(Duration::from_millis(ms))
    }

    /// Failures in a row wait longer each time, and too many within the window escalate.
    #[test]
    fn waits_double_until_it_is_too_often() {
        let limits = Limits { restarts: 3, restart_min: Duration::from_millis(100), ..Limits::default() };
        let mut restarts = Restarts::new(&limits);
        assert_eq!(restarts.failed(at(0)), Decision::RestartAt(at(100)));
        assert_eq!(restarts.failed(at(1_000)), Decision::RestartAt(at(1_200)));
        assert_eq!(restarts.failed(at(2_000)), Decision::RestartAt(at(2_400)));
        assert_eq!(restarts.failed(at(3_000)), Decision::TooOften { next: at(8_000) });
        assert_eq!(restarts.failed(at(8_000)), Decision::TooOften { next: at(13_000) });
    }

    /// What failed long ago is forgiven.
    #[test]
    fn failures_outside_the_window_do_not_count() {
        let limits = Limits { restarts: 1, restart_min: Duration::from_millis(100), ..Limits::default() };
        let mut restarts = Restarts::new(&limits);
        assert_eq!(restarts.failed(at(0)), Decision::RestartAt(at(100)));
        assert_eq!(restarts.failed(at(61_000)), Decision::RestartAt(at(61_100)));
    }
}
