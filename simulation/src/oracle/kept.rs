//! An acknowledged run ends in a result, is `Interrupted`, or still runs: it is never lost. `Interrupted { seen_through }` has
//! every event through that number and none after.

use wayfare_protocol::output::RunOutcome;

use crate::evidence::{Facts, Seen};

pub(super) fn judge(facts: &Facts) -> Vec<String> {
    let mut details = Vec::new();
    for ((person, run), seen) in &facts.seen {
        if let Some(acknowledged) = facts.acknowledged.get(run) {
            let at = std::time::Duration::from_nanos(acknowledged.at);
            for refused in &seen.refused {
                details.push(format!("run {run}, acknowledged at {at:?}, was lost for {person}: {refused}"));
            }
        }
        for outcome in &seen.ended {
            if let Some(detail) = wrong_end(*outcome, seen, facts.acknowledged.contains_key(run)) {
                details.push(format!("run {run}, as {person} saw it: {detail}"));
            }
        }
    }
    // Everybody is told of the same end.
    let mut ends = std::collections::BTreeMap::new();
    for ((person, run), seen) in &facts.seen {
        for outcome in &seen.ended {
            let (first, known) = *ends.entry(*run).or_insert((person, *outcome));
            if known != *outcome && facts.acknowledged.contains_key(run) {
                details.push(format!("run {run} ended {known:?} for {first} and {outcome:?} for {person}"));
            }
        }
    }
    details
}

fn wrong_end(outcome: RunOutcome, seen: &Seen, is_acknowledged: bool) -> Option<String> {
    let last = seen.events.last();
    let through = last.map_or(seen.from - 1, |(number, event)| number + event.span() - 1);
    match outcome {
        RunOutcome::Interrupted { seen_through } if through != seen_through => {
            Some(format!("interrupted after event {seen_through}, and events through {through} were shown"))
        }
        RunOutcome::Succeeded | RunOutcome::Failed if last.is_none_or(|(_, event)| !event.is_last()) => {
            Some(format!("it ended {outcome:?} without a last event"))
        }
        // Nobody takes runs back in this world, and an owner always knows what it acknowledged.
        RunOutcome::Cancelled | RunOutcome::Unknown if is_acknowledged => Some(format!("it ended {outcome:?}")),
        _ => None,
    }
}
