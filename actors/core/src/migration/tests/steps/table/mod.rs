//! The tables of `docs/migration.md`: made from the machines and compared here.

mod orchestrator_rows;
mod source_rows;
mod target_rows;

use std::fmt::Write as _;

use super::orchestrator_steps::sealed_at;
use super::*;
use crate::mark::Mark;

/// One message of each kind, as whoever may send it would.
fn messages() -> Vec<(NodeId, M)> {
    let reason = FailureReason::state("torn");
    vec![
        (LEADER, M::TakeSnapshot { target: THERE, seal: true }),
        (HERE, M::SnapshotReady(ready(3, false))),
        (THERE, M::RestoreComplete { head: head(3) }),
        (HERE, sealed_at(9)),
        (THERE, M::ReplayComplete { head: head(8), behind: 1 }),
        (LEADER, M::CutoverNotify { target: THERE }),
        (LEADER, M::ActivateTarget { source: HERE }),
        (THERE, M::ActivateAck),
        (HERE, M::CleanupComplete),
        (LEADER, M::MigrationFailed { reason }),
    ]
}

/// Where a machine is.
fn place<T: Machine>(machine: &T, is_over: bool) -> &'static str {
    let mut marks: Vec<Mark> = Vec::new();
    machine.marks(&mut marks);
    match marks.first() {
        Some(mark) => mark.phase,
        None if is_over => "Ended",
        None => "–",
    }
}

/// What a message did: `–` was refused as not awaited, `x` accepted without leaving the phase.
fn cell(before: &'static str, after: &'static str, is_refused: bool) -> String {
    match (is_refused, before == after) {
        (true, _) => "–".to_owned(),
        (false, true) => "x".to_owned(),
        (false, false) => after.to_owned(),
    }
}

fn table(party: &str, rows: &[(&str, Vec<String>)]) -> String {
    let messages = messages();
    let names: Vec<_> = messages.iter().map(|(_, step)| format!("`{}`", step.name())).collect();
    // What is refused in every phase needs no column.
    let kept: Vec<_> = (0..names.len()).filter(|at| rows.iter().any(|(_, cells)| cells[*at] != "–")).collect();
    let line = |first: &str, cells: &[String]| {
        let cells: Vec<_> = kept.iter().map(|at| cells[*at].clone()).collect();
        format!("| {first} | {} |\n", cells.join(" | "))
    };
    let mut text = line(party, &names);
    let _ = writeln!(text, "|{}", "---|".repeat(kept.len() + 1));
    rows.iter().for_each(|(phase, cells)| text.push_str(&line(phase, cells)));
    text
}

type Made<T> = (&'static str, fn() -> Stepped<T>);

const PAGE: &str = include_str!("../../../../../../../docs/migration.md");

#[test]
fn the_page_has_the_tables_of_the_machines() {
    let (_, rest) = PAGE.split_once("<!-- tables -->\n\n").expect("where the tables begin");
    let (tables, _) = rest.split_once("\n<!-- end of tables -->\n").expect("where they end");
    let wanted = [orchestrator_rows::orchestrator_table(), source_rows::source_table(), target_rows::target_table()];
    let wanted = wanted.join("\n");
    assert!(tables == wanted, "docs/migration.md has other tables than the machines, which are:\n{wanted}");
}
