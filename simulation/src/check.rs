//! Judges traces of real processes with the same oracles: the lines of their trace files that are facts, in order of time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare_core::Fact;
use wayfare_core::oracle::{Judge, Seen, Setting, Violation};
use wayfare_protocol::Limits;

/// A trace file as it was read.
#[derive(Clone, Copy, Debug)]
pub struct TraceText<'a> {
    /// Whose: its file's name.
    pub place: &'a str,
    /// Its lines. Those that do not begin with `{` are for people.
    pub text: &'a str,
}

/// What came of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checked {
    /// Facts that were judged.
    pub facts: u64,
    /// How often a rule was applied to them.
    pub checks: u64,
    /// Rules that did not hold.
    #[serde(skip)]
    pub violations: Vec<Violation>,
}

/// A line that is not a fact and looks like one.
#[derive(Debug, thiserror::Error)]
#[error("{place}, line {line}: {why}")]
pub struct CheckError {
    /// Which file.
    place: String,
    /// Which line, from 1.
    line: usize,
    /// What is wrong with it.
    why: serde_json::Error,
}

#[derive(Deserialize)]
struct FactLine {
    at: f64,
    fact: Fact,
}

/// Judges the facts of processes that ran on one machine: their times are comparable.
///
/// # Errors
/// If a line that should be a fact is none. The last line of a file may be cut short, as by a crash.
pub fn check(traces: &[TraceText<'_>], limits: &Limits) -> Result<Checked, CheckError> {
    let mut facts = Vec::new();
    for trace in traces {
        let whole = trace.text.rfind('\n').map_or("", |end| &trace.text[..end]);
        for (number, line) in whole.lines().enumerate().filter(|(_, line)| line.starts_with('{')) {
            let read = serde_json::from_str::<FactLine>(line);
            let FactLine { at, fact } =
                read.map_err(|why| CheckError { place: trace.place.to_owned(), line: number + 1, why })?;
            facts.push((Duration::try_from_secs_f64(at).unwrap_or_default(), trace.place, fact));
        }
    }
    facts.sort_by_key(|(at, ..)| *at); // stable: facts of one process keep their order
    let mut judge = Judge::new(&Setting::of_traces(limits.clone()));
    let mut checked = Checked::default();
    for (at, place, fact) in &facts {
        checked.facts += 1;
        checked.violations.extend(judge.observe(Seen { at: *at, place, fact }));
    }
    checked.checks = judge.checks().values().sum();
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use wayfare_core::oracle::Oracle;
    use wayfare_protocol::{RunId, SessionId};

    use super::*;

    fn line(at: u32, fact: &Fact) -> String {
        format!("{}\n", serde_json::json!({ "at": at, "actor": "session", "fact": fact }))
    }

    fn executed(kernel: u32) -> Fact {
        let (session, run) = (SessionId(uuid::Uuid::from_u128(1)), RunId(uuid::Uuid::from_u128(2)));
        Fact::Executed { session, run, attempt: 1, kernel }
    }

    #[test]
    fn facts_of_several_processes_are_judged_together() {
        let (one, two) = (line(2, &executed(1)), format!("0.5 link < Sign\n{}", line(1, &executed(2))));
        let traces = [TraceText { place: "one", text: &one }, TraceText { place: "two", text: &two }];
        let checked = check(&traces, &Limits::default()).unwrap();
        assert_eq!(checked.facts, 2);
        assert_eq!(checked.violations.iter().map(|v| v.oracle).collect::<Vec<_>>(), [Oracle::Once]);
        assert_eq!(check(&traces[..1], &Limits::default()).unwrap().violations, []);
    }

    #[test]
    fn a_wrong_line_is_named_and_a_torn_end_is_not() {
        let text = format!("{}{{\"at\": 1}}\n", line(1, &executed(1)));
        let wrong = check(&[TraceText { place: "node", text: &text }], &Limits::default()).unwrap_err().to_string();
        assert!(wrong.starts_with("node, line 2: "), "{wrong}");
        let torn = format!("{}{{\"at\": 1", line(1, &executed(1)));
        assert_eq!(check(&[TraceText { place: "node", text: &torn }], &Limits::default()).unwrap().facts, 1);
    }
}
