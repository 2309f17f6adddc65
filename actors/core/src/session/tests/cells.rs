//! What runs of cells wrote goes into their documents: once, whatever is lost in between.

use std::collections::BTreeSet;

use bytes::Bytes;
use uuid::Uuid;
use wayfare_protocol::document::{CharacterId, DocumentCell};
use wayfare_protocol::limits::OUTPUT_LOOKS;
use wayfare_protocol::{DocumentId, ProjectId};

use super::*;
use crate::session::cells::EndedCell;

/// Milliseconds after which what could not be written is tried again.
const RETRY: u64 = 5_000;

fn cell(clock: u32) -> DocumentCell {
    let (project, document) = (ProjectId(Uuid::from_u128(5)), DocumentId(Uuid::from_u128(6)));
    DocumentCell { project, document, begins: CharacterId { client: 1, clock } }
}

fn run_cell(bench: &mut Bench, n: u128, clock: u32) -> Caller {
    bench.call(SessionCall::RunCell { asked: request(n, false), cell: cell(clock) })
}

fn composing(bench: &mut Bench) -> Option<(OpId, EndedCell)> {
    let found = bench.said.iter().find_map(|effect| match effect {
        Effect::ComposeOutput { op, ended } => Some((*op, ended.clone())),
        _ => None,
    });
    bench.said.retain(|effect| !matches!(effect, Effect::ComposeOutput { .. }));
    found
}

fn merging(bench: &mut Bench) -> Option<(OpId, Bytes)> {
    let found = bench.said.iter().find_map(|effect| match effect {
        Effect::MergeOutput { op, update, .. } => Some((*op, update.clone())),
        _ => None,
    });
    bench.said.retain(|effect| !matches!(effect, Effect::MergeOutput { .. }));
    found
}

fn answer(bench: &mut Bench, op: OpId, outcome: Outcome) {
    bench.input(Input::Done { op, outcome });
}

/// A session in which a run of a cell has ended.
fn ended_cell() -> Bench {
    let mut bench = Bench::idle();
    run_cell(&mut bench, 1, 0);
    bench.host_runs(3, 1, 1, 4);
    bench
}

#[test]
fn a_run_of_a_cell_that_has_ended_is_composed_recorded_and_merged() {
    let mut bench = ended_cell();
    let (op, ended) = composing(&mut bench).expect("it has ended");
    assert_eq!((ended.run, ended.attempt, ended.cell), (run(1), 1, cell(0)));
    assert_eq!((ended.code.as_str(), ended.outcome), ("cell 1", RunOutcome::Succeeded));
    assert_eq!((ended.from, ended.through), (3, 4), "what it said is in the log");
    bench.is_fast = false;
    answer(&mut bench, op, Outcome::Composed(Composed::Update(Bytes::from_static(b"u"))));
    assert_eq!(merging(&mut bench), None, "it is not recorded yet");
    bench.is_fast = true;
    bench.sync();
    let (op, update) = merging(&mut bench).expect("it is recorded");
    assert_eq!(update, Bytes::from_static(b"u"));
    answer(&mut bench, op, Outcome::Merged(Ok(())));
    bench.restart();
    assert_eq!((composing(&mut bench), merging(&mut bench)), (None, None), "it is done");
}

#[test]
fn nothing_is_composed_before_the_end_is_durable() {
    let mut bench = Bench::idle();
    run_cell(&mut bench, 1, 0);
    bench.is_fast = false;
    bench.host_runs(3, 1, 1, 4);
    assert_eq!(composing(&mut bench), None);
    bench.sync();
    assert!(composing(&mut bench).is_some());
}

/// The paper that outlives every crash: updates that were merged, each once.
#[derive(Default)]
struct Paper {
    merged: BTreeSet<Bytes>,
    composed: u32,
}

impl Paper {
    /// The next thing of all that is under way. `false`: nothing is.
    fn go_on(&mut self, bench: &mut Bench) -> bool {
        if !bench.appends.is_empty() {
            bench.sync_one();
        } else if let Some((op, ended)) = composing(bench) {
            self.composed += 1;
            // What is composed anew is another update, as every edit has a number of its own.
            let update = format!("{} {}", ended.run, self.composed);
            answer(bench, op, Outcome::Composed(Composed::Update(update.into())));
        } else if let Some((op, update)) = merging(bench) {
            self.merged.insert(update);
            answer(bench, op, Outcome::Merged(Ok(())));
        } else {
            return false;
        }
        true
    }
}

#[test]
fn a_crash_anywhere_leaves_each_output_once() {
    let mut composed_twice = false;
    for crash_after in 0..32 {
        for applied in [false, true] {
            let mut bench = Bench::idle();
            let mut paper = Paper::default();
            run_cell(&mut bench, 1, 0);
            run_cell(&mut bench, 2, 9);
            bench.host_runs(3, 1, 1, 4);
            bench.host_runs(5, 2, 1, 6);
            bench.is_fast = false;
            let is_whole = (0..crash_after).all(|_| paper.go_on(&mut bench));
            if let Some((_, update)) = merging(&mut bench).filter(|_| applied) {
                paper.merged.insert(update); // and nobody was told
            }
            bench.restart();
            bench.is_fast = false;
            while paper.go_on(&mut bench) {}
            let of = |n| paper.merged.iter().filter(|update| update.starts_with(run(n).to_string().as_bytes())).count();
            assert_eq!((of(1), of(2)), (1, 1), "after {crash_after}, applied: {applied}: {:?}", paper.merged);
            composed_twice |= paper.composed > 2;
            if !is_whole {
                break;
            }
        }
    }
    assert!(composed_twice, "a crash between composing and recording was among them");
}

#[test]
fn a_cell_that_has_not_come_is_looked_for_again_and_given_up_only_in_step() {
    let not_yet = |is_in_step| Outcome::Composed(Composed::NotYet { is_in_step, why: String::new() });
    let mut bench = ended_cell();
    for _ in 0..100 {
        let (op, _) = composing(&mut bench).expect("it is looked for");
        answer(&mut bench, op, not_yet(false));
        assert_eq!(composing(&mut bench), None, "not at once");
        bench.pass(RETRY);
    }
    let mut looks = 0;
    while let Some((op, _)) = composing(&mut bench) {
        looks += 1;
        answer(&mut bench, op, not_yet(true));
        bench.pass(RETRY);
    }
    assert_eq!(looks, OUTPUT_LOOKS);
    bench.restart();
    assert_eq!(composing(&mut bench), None, "it stays given up");
}

#[test]
fn of_two_runs_of_a_cell_the_later_is_written() {
    let mut bench = ended_cell();
    let (op, _) = composing(&mut bench).expect("the first has ended");
    run_cell(&mut bench, 2, 0);
    bench.host_runs(5, 2, 1, 6);
    answer(&mut bench, op, Outcome::Composed(Composed::NotYet { is_in_step: true, why: String::new() }));
    let (_, ended) = composing(&mut bench).expect("the second");
    assert_eq!(ended.run, run(2));
    bench.restart();
    assert_eq!(composing(&mut bench).map(|(_, ended)| ended.run), Some(run(2)));
}

#[test]
fn what_was_taken_back_or_has_no_place_is_not_written() {
    let mut bench = Bench::idle();
    run_cell(&mut bench, 1, 0);
    run_cell(&mut bench, 2, 0);
    bench.call(SessionCall::Interrupt { run: Some(run(2)) });
    assert_eq!(bench.outcome(2), Some(RunOutcome::Cancelled));
    assert_eq!(composing(&mut bench), None);
    bench.host_runs(3, 1, 1, 4);
    let (op, _) = composing(&mut bench).expect("the first has ended");
    answer(&mut bench, op, Outcome::Composed(Composed::NoPlace("it is gone".to_owned())));
    bench.restart();
    assert_eq!((composing(&mut bench), merging(&mut bench)), (None, None));
}

#[test]
fn a_full_document_has_nothing_written_and_a_busy_one_later() {
    for (code, again) in [(ErrorCode::TooLarge, false), (ErrorCode::Overloaded, true)] {
        let mut bench = ended_cell();
        let (op, _) = composing(&mut bench).expect("it has ended");
        answer(&mut bench, op, Outcome::Composed(Composed::Update(Bytes::from_static(b"u"))));
        let (op, _) = merging(&mut bench).expect("it is recorded");
        answer(&mut bench, op, Outcome::Merged(Err(Refusal::new(code, "full"))));
        assert_eq!(merging(&mut bench), None);
        bench.pass(RETRY);
        assert_eq!(merging(&mut bench).is_some(), again, "{code:?}");
    }
}

/// An update that is recorded is merged some time: the next output of the cell is composed of the text with it, or both would stay.
#[test]
fn nothing_is_composed_for_a_cell_while_a_recorded_update_waits_to_be_merged() {
    let mut bench = ended_cell();
    let (op, _) = composing(&mut bench).expect("it has ended");
    answer(&mut bench, op, Outcome::Composed(Composed::Update(Bytes::from_static(b"u"))));
    let (op, _) = merging(&mut bench).expect("it is recorded");
    answer(&mut bench, op, Outcome::Merged(Err(Refusal::new(ErrorCode::Overloaded, "busy"))));
    run_cell(&mut bench, 2, 0);
    run_cell(&mut bench, 3, 9);
    bench.host_runs(5, 2, 1, 6);
    assert_eq!(composing(&mut bench), None);
    bench.host_runs(7, 3, 1, 8);
    let (op, other) = composing(&mut bench).expect("of another cell");
    assert_eq!(other.run, run(3));
    answer(&mut bench, op, Outcome::Composed(Composed::Same));
    bench.pass(RETRY);
    let (op, _) = merging(&mut bench).expect("it is tried again");
    answer(&mut bench, op, Outcome::Merged(Ok(())));
    assert_eq!(composing(&mut bench).map(|(_, ended)| ended.run), Some(run(2)));
}

#[test]
fn a_run_without_a_cell_writes_nowhere() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.host_runs(3, 1, 1, 4);
    assert_eq!(composing(&mut bench), None);
}
