//! The host's records: taken once, shown and acknowledged when they are durable.

use wayfare_protocol::codec;
use wayfare_protocol::stream::RunUpdate;

use super::*;
use crate::outputs::ReaderEffect;

const READER: ReaderId = ReaderId(7);

fn attach(bench: &mut Bench, n: u128) {
    bench.input(Input::ReaderOpened { reader: READER, want: Want::Run { run: run(n), from: 1 } });
    bench.input(Input::ReaderCredit { reader: READER, bytes: 1 << 20 });
}

fn shown(bench: &Bench) -> Vec<RunUpdate> {
    let updates = bench.said.iter().filter_map(|effect| match effect {
        Effect::Reader(ReaderEffect::Send { message, .. }) => Some(codec::decode(message).unwrap()),
        _ => None,
    });
    updates.filter(|update| !matches!(update, RunUpdate::Attached { .. })).collect()
}

fn acknowledged(bench: &mut Bench) -> Vec<u64> {
    let told = bench.listen().into_iter().filter_map(|request| match request {
        HostRequest::Acknowledge { through } => Some(through),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_record_is_shown_and_acknowledged_when_it_is_durable_and_not_before() {
    let mut bench = Bench::idle();
    bench.run(1);
    attach(&mut bench, 1);
    bench.listen();
    bench.is_fast = false;
    bench.host_events(3, 1, 1..=2);
    assert_eq!(shown(&bench), []);
    assert_eq!(acknowledged(&mut bench), [] as [u64; 0]);
    bench.sync();
    assert_eq!(shown(&bench).len(), 2);
    assert_eq!(acknowledged(&mut bench), [4]);
}

#[test]
fn a_record_that_comes_twice_is_taken_once() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.host_events(3, 1, 1..=3);
    bench.input(Input::HostClosed);
    bench.greet(2, 6, KernelCondition::Busy);
    bench.host_events(3, 1, 1..=5);
    assert_eq!(host::numbers(&bench, 1), [1, 2, 3, 4, 5]);
    let sequences: Vec<_> = bench.outputs.iter().map(|logged| logged.record.sequence).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>(), "without a gap");
}

/// The host leaves only when its records are acknowledged: a lost word would keep it, and what waits, for a day.
#[test]
fn what_is_durable_is_acknowledged_anew_to_a_host_that_has_not_heard_it() {
    let mut bench = Bench::idle();
    bench.is_fast = false;
    bench.run(1);
    bench.sync();
    bench.host_events(3, 1, 1..=2);
    bench.input(Input::HostClosed);
    bench.sync();
    bench.listen();
    bench.is_fast = true;
    bench.greet(2, 5, KernelCondition::Busy);
    assert_eq!(acknowledged(&mut bench), [4]);
    bench.restart();
    bench.greet(2, 5, KernelCondition::Busy);
    assert_eq!(acknowledged(&mut bench), [4]);
}

#[test]
fn a_reader_of_an_unknown_run_is_refused() {
    let mut bench = Bench::idle();
    attach(&mut bench, 9);
    assert!(matches!(&bench.said[..], [Effect::RefuseReader { refusal, .. }] if refusal.code == ErrorCode::NotFound));
}

fn small() -> Limits {
    Limits { output_tail: 1_000, output_log: 600 * 1024, ..Limits::default() }
}

fn flood(bench: &mut Bench, n: u128, first: u64) {
    for number in 1..=100 {
        bench.input(Input::Host(vec![event(first + number - 1, n, number, text(&"x".repeat(10 * 1024)))]));
    }
}

/// The outputs tell how a run ended. When they are trimmed the inbox tells it, first.
#[test]
fn the_ends_of_runs_are_recorded_before_the_outputs_forget_them() {
    let mut bench = Bench::idle_with(small());
    bench.run(1);
    bench.run(2);
    bench.call(SessionCall::Interrupt { run: Some(run(2)) });
    bench.is_fast = false;
    flood(&mut bench, 1, 3);
    let trims = |bench: &Bench| {
        let trims = bench.said.iter().filter_map(|effect| match effect {
            Effect::Reader(ReaderEffect::Trim { before }) => Some(*before),
            _ => None,
        });
        trims.collect::<Vec<_>>()
    };
    while !bench.inbox.iter().any(|record| matches!(record, InboxRecord::OutputsForgotten { .. })) {
        assert_eq!(trims(&bench), [] as [u64; 0]);
        assert!(!bench.appends.is_empty(), "the flood is over the bound");
        bench.sync_one();
    }
    bench.sync();
    let before = *trims(&bench).last().expect("trimmed");
    bench.outputs.retain(|logged| logged.record.sequence >= before);
    bench.restart();
    assert_eq!(bench.outcome(2), Some(RunOutcome::Cancelled), "it would run after all");
    assert_eq!(bench.outcome(100), Some(RunOutcome::Succeeded));
    assert_eq!(bench.session.runs().started().map(|started| started.run), Some(run(1)));
    attach(&mut bench, 100);
    let updates = shown(&bench);
    assert_eq!(updates.last(), Some(&RunUpdate::Ended(RunOutcome::Succeeded)), "and its readers are told");
}
