//! What a seed decides about people.

use super::{PersonPlan, Role};
use crate::seed::{Draws, Seed};

/// The people of a seed.
pub(super) fn people(seed: &Seed, nodes: usize) -> Vec<PersonPlan> {
    let mut draws = seed.draws();
    let authors = draws.between(2, 3);
    let watchers = draws.between(1, 2);
    let mut people = Vec::new();
    for number in 0..authors {
        // Now and then two share a session.
        let session = if draws.percent(30) { "shared".to_owned() } else { format!("own{number}") };
        let chooses = draws.percent(50).then(|| usize::try_from(draws.number() % nodes as u64).unwrap_or(0));
        let programs = (0..draws.between(10, 20)).map(|_| program(&mut draws)).collect();
        let role = Role::Author { session, chooses, programs };
        let at_node = draws.percent(30).then(|| usize::try_from(draws.number() % nodes as u64).unwrap_or(0));
        let leaves = draws.percent(40);
        people.push(PersonPlan { at_node, role, leaves, habits: Vec::new(), account: 0 });
    }
    for _ in 0..watchers {
        people.push(PersonPlan {
            at_node: draws.percent(20).then_some(1),
            role: Role::Watcher,
            leaves: draws.percent(50),
            habits: Vec::new(),
            account: 0,
        });
    }
    people
}

/// A small program of the fake kernel's language.
fn program(draws: &mut Draws) -> String {
    let mut lines = Vec::new();
    for line in 0..draws.between(1, 8) {
        match draws.number() % 6 {
            0 => lines.push(format!("sleep {}", draws.between(1, 3_000))),
            1 => lines.push(format!("set x {line}\nadd x 1\nget x")),
            2 => lines.push(format!("show picture {line}")),
            3 => lines.push(format!("warn line {line}")),
            _ => lines.push(format!("print line {line}")),
        }
    }
    match draws.number() % 12 {
        0 => lines.push("fail on purpose".to_owned()),
        1 => lines.push("exit".to_owned()),
        2 => lines.insert(0, "lose-idle".to_owned()),
        _ => {}
    }
    lines.join("\n")
}
