//! The orchestrator in each of its phases.

use super::super::orchestrator_steps::{cutting_over, leading, order};
use super::super::*;
use super::{Made, cell, messages, place, table};

fn looking() -> Stepped<Orchestrator> {
    let mut lead = order(MoveMode::Live, MoveCause::Asked, None);
    lead.step(orchestrator::Input::Start);
    lead
}

fn choosing() -> Stepped<Orchestrator> {
    let mut lead = looking();
    let (op, outcome) = (lead.op(), orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n)))));
    lead.step(orchestrator::Input::Done { op, outcome });
    lead
}

fn transfer() -> Stepped<Orchestrator> {
    let mut lead = leading(MoveMode::Live);
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    lead
}

fn replay() -> Stepped<Orchestrator> {
    let mut lead = transfer();
    lead.hears(THERE, M::RestoreComplete { head: head(3) });
    lead
}

fn deciding() -> Stepped<Orchestrator> {
    let mut lead = cutting_over();
    lead.wake(60_000);
    lead
}

fn complete() -> Stepped<Orchestrator> {
    let mut lead = deciding();
    let outcome = orchestrator::Outcome::Claimed(Ok(ClaimOutcome::Superseded(row(THERE, 6))));
    let op = lead.op();
    lead.step(orchestrator::Input::Done { op, outcome });
    lead
}

fn ended() -> Stepped<Orchestrator> {
    let mut lead = complete();
    lead.hears(HERE, M::CleanupComplete);
    lead
}

pub(super) fn orchestrator_table() -> String {
    let made: [Made<Orchestrator>; 9] = [
        ("Looking", looking),
        ("Choosing", choosing),
        ("Snapshot", || leading(MoveMode::Live)),
        ("Transfer", transfer),
        ("Replay", replay),
        ("Cutover", cutting_over),
        ("Deciding", deciding),
        ("Complete", complete),
        ("Ended", ended),
    ];
    let rows: Vec<_> = made
        .iter()
        .map(|(label, make)| {
            let tried = messages().into_iter().map(|(from, step)| {
                let mut machine = make();
                let before = place(&machine.machine, machine.machine.is_over());
                assert!(before == "–" || label.starts_with(before), "{label} is {before}");
                // An orchestrator hears of a failure from source or target.
                let from = if from == LEADER { HERE } else { from };
                let out = machine.hears(from, step);
                let is_refused = out
                    .iter()
                    .any(|effect| matches!(effect, orchestrator::Effect::Rejected { wrong: Wrong::Phase { .. }, .. }));
                cell(before, place(&machine.machine, machine.machine.is_over()), is_refused)
            });
            (*label, tried.collect())
        })
        .collect();
    table("orchestrator", &rows)
}
