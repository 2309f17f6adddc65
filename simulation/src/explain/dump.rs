//! An actor at a time: its phases as it last told them, its last inputs and effects.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Recording, without_bytes};

/// So many of its last inputs and effects are shown.
const LAST: usize = 12;
/// How a line begins, after its time, that tells phases.
const PHASES: &str = "  phases ";

impl Recording {
    /// The actors whose place and name begin so (`node0 session`, `cloud`), as they were at a time. Empty: there was none.
    #[must_use]
    pub fn dump(&self, wanted: &str, until: Duration) -> String {
        let mut actors: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in self.entries().into_iter().take_while(|entry| entry.at <= until) {
            let name = format!("{} {}", entry.place, entry.actor);
            if name.starts_with(wanted) {
                let line = format!("{:>12.6} s  {}", entry.at.as_secs_f64(), without_bytes(&entry.text));
                actors.entry(name).or_default().push(line);
            }
        }
        let mut text = String::new();
        for (name, lines) in actors {
            let phases = lines.iter().rev().find(|line| line.contains(PHASES));
            let steps: Vec<_> = lines.iter().filter(|line| !line.contains(PHASES)).collect();
            let _ = writeln!(text, "== {name}, after {} inputs and effects", steps.len());
            for line in phases.into_iter().chain(steps.iter().rev().take(LAST).rev().copied()) {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}
