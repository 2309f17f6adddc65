//! The source in each of its phases.

use super::super::source_steps::{leaving, owns, sealed_source};
use super::super::*;
use super::{Made, cell, messages, place, table};

fn looking() -> Stepped<Source> {
    let mut source = leaving();
    source.hears(LEADER, M::TakeSnapshot { target: THERE, seal: false });
    source
}

fn cutting() -> Stepped<Source> {
    let mut source = looking();
    source.host_says(owns());
    source
}

fn attesting() -> Stepped<Source> {
    let mut source = cutting();
    source.host_says(MoveAnswer::Cut(Manifest { total: 10, chunks: Vec::new() }, head(3)));
    source
}

fn shown() -> Stepped<Source> {
    let mut source = attesting();
    let op = source.out.iter().find_map(|effect| match effect {
        source::Effect::Attest { op, .. } => Some(*op),
        _ => None,
    });
    let attested = source::Attested { head: signed(3), sealed_key: None };
    let (op, outcome) = (op.expect("the entity was asked"), source::Outcome::Attested(Ok(attested)));
    source.step(source::Input::Done { op, outcome });
    source
}

fn sending() -> Stepped<Source> {
    let mut source = shown();
    source.hears(THERE, M::RestoreComplete { head: head(3) });
    source
}

fn sealing() -> Stepped<Source> {
    let mut source = sending();
    source.hears(LEADER, M::CutoverNotify { target: THERE });
    source
}

fn sealed() -> Stepped<Source> {
    let mut source = sealing();
    source.host_says(MoveAnswer::Sealed(head(9)));
    source
}

fn fencing() -> Stepped<Source> {
    let mut source = sending();
    source.hears(LEADER, M::MigrationFailed { reason: FailureReason::Cancelled });
    source
}

fn learning() -> Stepped<Source> {
    let mut source = sealed();
    source.step(source::Input::Row(row(THERE, 6)));
    source
}

fn released() -> Stepped<Source> {
    let mut source = learning();
    source.host_says(MoveAnswer::Standing(Standing::Released { row: row(THERE, 6) }));
    source
}

fn forgetting() -> Stepped<Source> {
    let mut source = released();
    source.hears(THERE, M::ActivateAck);
    source
}

fn ended() -> Stepped<Source> {
    let mut source = forgetting();
    source.host_says(MoveAnswer::Forgotten);
    source
}

pub(super) fn source_table() -> String {
    let made: [Made<Source>; 14] = [
        ("New", leaving),
        ("Looking", looking),
        ("Open: cutting", cutting),
        ("Open: attesting", attesting),
        ("Open: shown", shown),
        ("Open: sending", sending),
        ("Sealing", sealing),
        ("Sealed: copying", sealed_source),
        ("Sealed: sending", sealed),
        ("Fencing", fencing),
        ("Learning", learning),
        ("Released", released),
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
                let out = machine.hears(from, step);
                let is_refused = out
                    .iter()
                    .any(|effect| matches!(effect, source::Effect::Rejected { wrong: Wrong::Phase { .. }, .. }));
                cell(before, place(&machine.machine, machine.machine.is_over()), is_refused)
            });
            (*label, tried.collect())
        })
        .collect();
    table("source", &rows)
}
