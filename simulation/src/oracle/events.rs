//! Events of a run are gapless, in order, equal for everybody, and what the session host said.

use std::collections::BTreeMap;

use wayfare_protocol::RunId;
use wayfare_protocol::mrp::RunEvent;

use crate::evidence::{Facts, Seen};

pub(super) fn judge(facts: &Facts) -> Vec<String> {
    let mut details = Vec::new();
    let mut common: BTreeMap<(RunId, u64), (&str, &RunEvent)> = BTreeMap::new();
    for ((person, run), seen) in &facts.seen {
        if let Some(detail) = gap(seen) {
            details.push(format!("{person} saw run {run} with a gap: {detail}"));
        }
        for (number, event) in &seen.events {
            let (first, known) = *common.entry((*run, *number)).or_insert((person, event));
            if known != event {
                details.push(format!("event {number} of run {run}: {first} saw {known:?}, {person} saw {event:?}"));
            }
            match facts.records.get(&(*run, 1, *number)) {
                Some(said) if said != event => {
                    details
                        .push(format!("event {number} of run {run}: the host said {said:?}, {person} saw {event:?}"));
                }
                None if matches!(event, RunEvent::Omitted { .. }) => {
                    details.push(format!("event {number} of run {run}: {person} saw {event:?}, which no host omitted"));
                }
                _ => {}
            }
        }
    }
    details
}

fn gap(seen: &Seen) -> Option<String> {
    let mut next = seen.from;
    for (number, event) in &seen.events {
        if *number != next {
            return Some(format!("event {number} came where {next} was next"));
        }
        next = number + event.span();
    }
    None
}
