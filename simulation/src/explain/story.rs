//! A story per place: what a person would tell of it afterwards.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Recording, beginning, without_bytes};
use crate::plan::Plan;

/// Letters of a line of the story.
const LETTERS: usize = 160;

/// What is worth telling: the beginning of the actor's name, and of what it said.
const TOLD: &[(&str, &str)] = &[
    ("person", "opens"),
    ("person", "runs"),
    ("person", "watches"),
    ("person", "orders"),
    ("person", "is answered Some(Moved"),
    ("person", "leaves"),
    ("person", "returns"),
    ("person", "is told Told(Accepted"),
    ("person", "is told Told(Ended"),
    ("person", "is told Told(OpenRefused"),
    ("person", "is told Told(RunRefused"),
    ("account", "< LinkUp"),
    ("account", "< LinkDown"),
    ("account", "< Claimed"),
    ("account", "< Restarted"),
    ("account", "> Create"),
    ("session", "< Create"),
    ("session", "< Recovered"),
    ("session", "< HostClosed"),
    ("session", "> StartHost"),
    ("host", "< Connected"),
    ("host", "< Disconnected"),
    ("host", "> Kernel"),
    ("host", "> Exit"),
    ("host", "crashed"),
    ("journal", "< Recovered"),
    ("journal", "< OwnerUp"),
    ("journal", "< OwnerDown"),
];

impl Recording {
    /// The story of every place until a time. A fault is told wherever it is.
    #[must_use]
    pub fn story(&self, plan: &Plan, until: Duration) -> String {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let entries = self.entries();
        for entry in &entries {
            places.entry(entry.place.clone()).or_default();
        }
        places.remove("world");
        for entry in entries.iter().take_while(|entry| entry.at <= until) {
            let line = |actor: &str| {
                let text = beginning(&without_bytes(&entry.text), LETTERS);
                format!("{:>10.3} s  {actor}{text}", entry.at.as_secs_f64())
            };
            if entry.place == "world" {
                // In every story: it may have hit more than it names.
                for lines in places.values_mut() {
                    lines.push(line("** "));
                }
                continue;
            }
            let is_told =
                TOLD.iter().any(|(actor, text)| entry.actor.starts_with(actor) && entry.text.starts_with(text));
            if let Some(lines) = places.get_mut(&entry.place).filter(|_| is_told) {
                lines.push(line(&format!("{}: ", entry.actor)));
            }
        }
        let mut text = plan.describe();
        for (place, lines) in places {
            let _ = writeln!(text, "\n== {place}");
            for line in lines {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}
