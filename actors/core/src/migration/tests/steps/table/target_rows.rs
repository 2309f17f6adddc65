//! The target in each of its phases.

use super::super::target_steps::{coming, following, frames};
use super::super::*;
use super::{Made, cell, messages, place, table};

fn told(is_sealed: bool) -> Stepped<Target> {
    let mut target = coming();
    target.hears(LEADER, M::SnapshotReady(Box::new(SnapshotReady { sealed_key: Some(key()), ..*ready(3, is_sealed) })));
    target
}

fn clearing() -> Stepped<Target> {
    let mut target = told(false);
    target.ends(target::Outcome::Host(MoveAnswer::Standing(Standing::Released { row: row(HERE, EPOCH.n) })));
    target
}

fn preparing() -> Stepped<Target> {
    let mut target = told(false);
    target.ends(target::Outcome::Host(MoveAnswer::Standing(Standing::Absent)));
    target
}

fn pulling() -> Stepped<Target> {
    let mut target = preparing();
    target.ends(target::Outcome::Prepared(Ok(())));
    target
}

fn opening() -> Stepped<Target> {
    let mut target = pulling();
    target.ends(target::Outcome::Pulled(Ok(())));
    target
}

fn arriving() -> Stepped<Target> {
    let mut target = opening();
    target.ends(target::Outcome::Opened(Ok(())));
    target
}

fn kept() -> Stepped<Target> {
    let mut target = following();
    target.hears(HERE, frames(9));
    target.ends(target::Outcome::Host(MoveAnswer::Stands(head(9))));
    let standing = Standing::Follows { head: head(9), kept: Some(EPOCH) };
    target.ends(target::Outcome::Host(MoveAnswer::Standing(standing)));
    target
}

fn learning() -> Stepped<Target> {
    let mut target = kept();
    target.step(target::Input::Row(row(THERE, 6)));
    target
}

fn forgetting() -> Stepped<Target> {
    let mut target = kept();
    target.step(target::Input::Row(row(HERE, 6)));
    target
}

fn ended() -> Stepped<Target> {
    let mut target = forgetting();
    target.ends(target::Outcome::Host(MoveAnswer::Forgotten));
    target
}

pub(super) fn target_table() -> String {
    let made: [Made<Target>; 12] = [
        ("New", coming),
        ("Looking", || told(false)),
        ("Clearing", clearing),
        ("Preparing", preparing),
        ("Pulling", pulling),
        ("Opening", opening),
        ("Arriving", arriving),
        ("Following", following),
        ("Following, kept", kept),
        ("Learning", learning),
        ("Forgetting", forgetting),
        ("Ended", ended),
    ];
    let rows: Vec<_> = made
        .iter()
        .map(|(label, make)| {
            let tried = messages().into_iter().map(|(from, step)| {
                let mut machine = make();
                let before = place(&machine.machine, machine.machine.is_over());
                assert!(before == "–" || label.starts_with(before), "{label} is {before}");
                // Of the two who may, the orchestrator sends what is ready.
                let from = if let M::SnapshotReady(_) = step { LEADER } else { from };
                let out = machine.hears(from, step);
                let is_refused = out
                    .iter()
                    .any(|effect| matches!(effect, target::Effect::Rejected { wrong: Wrong::Phase { .. }, .. }));
                cell(before, place(&machine.machine, machine.machine.is_over()), is_refused)
            });
            (*label, tried.collect())
        })
        .collect();
    table("target", &rows)
}
