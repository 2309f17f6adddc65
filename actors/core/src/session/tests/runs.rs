//! Accepting runs, starting them, and what a repeat is answered.

use wayfare_protocol::Head;
use wayfare_protocol::limits::CODE_MAX;

use super::*;

#[test]
fn a_run_is_accepted_when_it_is_recorded_and_not_before() {
    let mut bench = Bench::new(Limits::default());
    bench.is_fast = false;
    let caller = bench.run(1);
    assert_eq!(bench.answer(caller), None);
    bench.sync();
    assert!(bench.is_accepted(caller));
    assert!(bench.inbox.iter().any(|record| matches!(record, InboxRecord::Accepted { position: 1, .. })));
}

#[test]
fn an_idle_session_accepts_and_starts_in_one_write() {
    let mut bench = Bench::idle();
    bench.is_fast = false;
    let caller = bench.run(1);
    assert_eq!(bench.appends.len(), 1);
    assert_eq!(bench.handed(), [] as [u64; 0], "started is recorded before the host gets the run");
    bench.sync_one();
    assert!(bench.is_accepted(caller));
    assert_eq!(bench.handed(), [2]);
}

#[test]
fn runs_are_handed_over_one_after_the_other_in_order() {
    let mut bench = Bench::idle();
    for n in 1..=3 {
        bench.run(n);
    }
    assert_eq!(bench.handed(), [2]);
    bench.host_runs(3, 1, 1, 4);
    assert_eq!(bench.handed(), [3]);
    bench.host_runs(5, 2, 1, 6);
    assert_eq!(bench.handed(), [4]);
    bench.host_runs(7, 3, 1, 8);
    assert_eq!(bench.outcome(3), Some(RunOutcome::Succeeded));
}

#[test]
fn a_waiting_run_is_started_durably_before_it_is_handed_over() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.handed();
    bench.is_fast = false;
    bench.host_runs(3, 1, 1, 4);
    assert_eq!(bench.handed(), [] as [u64; 0]);
    bench.sync();
    assert_eq!(bench.handed(), [3]);
}

#[test]
fn a_repeated_run_is_answered_again_and_not_run_again() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.handed();
    for _ in 0..2 {
        let again = bench.run_again(1);
        assert!(bench.is_accepted(again));
    }
    bench.host_runs(3, 1, 1, 4);
    let after_its_end = bench.run_again(1);
    assert!(matches!(bench.answer(after_its_end), Some(SessionAnswer::Accepted { position: 2, .. })));
    assert_eq!(bench.handed(), [] as [u64; 0]);
}

#[test]
fn a_repeat_whose_acceptance_is_not_durable_waits_for_it_too() {
    let mut bench = Bench::idle();
    bench.is_fast = false;
    let first = bench.run(1);
    let again = bench.run_again(1);
    assert_eq!((bench.answer(first), bench.answer(again)), (None, None));
    assert_eq!(bench.appends.len(), 1, "it is recorded once");
    bench.sync();
    assert!(bench.is_accepted(first) && bench.is_accepted(again));
    assert_eq!(bench.handed(), [2]);
}

/// The owner has every id since the session's creation: one that it does not know was never executed.
#[test]
fn the_first_owner_runs_a_repeat_that_it_does_not_know() {
    let mut bench = Bench::idle();
    let again = bench.run_again(1);
    assert!(bench.is_accepted(again));
    assert_eq!(bench.handed(), [2]);
}

/// The ids between the snapshot and the takeover are unknown to the new owner.
#[test]
fn an_owner_by_takeover_does_not_run_a_repeat_that_it_does_not_know() {
    let mut bench = Bench::idle();
    let base = Head { inbox_position: 1, inbox_digest: [0; 32], output_sequence: 2, output_hash: 0 };
    bench.grant(Epoch { generation: 1, n: 2 }, Some(base));
    let again = bench.run_again(1);
    assert_eq!(bench.answer(again), Some(&SessionAnswer::UnknownRun));
    assert_eq!(bench.handed(), [] as [u64; 0]);
    let fresh = bench.run(2);
    assert!(bench.is_accepted(fresh));
    let known = bench.run_again(100);
    assert!(bench.is_accepted(known));
}

#[test]
fn a_session_keeps_so_many_ids_and_no_more() {
    let mut bench = Bench::new(Limits { runs_per_session: 2, ..Limits::default() });
    bench.run(1);
    bench.run(2);
    let third = bench.run(3);
    assert_eq!(bench.refusal(third), ErrorCode::SessionFull);
    let repeat = bench.run_again(2);
    assert!(bench.is_accepted(repeat), "a known id takes no room");
}

#[test]
fn so_many_runs_wait_and_no_more() {
    let mut bench = Bench::new(Limits { runs_waiting: 2, ..Limits::default() });
    bench.run(1);
    bench.run(2);
    let third = bench.run(3);
    assert_eq!(bench.refusal(third), ErrorCode::Overloaded);
}

#[test]
fn code_over_the_limit_is_refused_and_not_recorded() {
    let mut bench = Bench::new(Limits::default());
    let before = bench.inbox.len();
    let request = ExecuteRequest::of("x".repeat(CODE_MAX + 1));
    let caller = bench.call(SessionCall::Run(RunRequest { run: run(1), again: false, request }));
    assert_eq!(bench.refusal(caller), ErrorCode::TooLarge);
    assert_eq!(bench.inbox.len(), before);
}

#[test]
fn a_request_for_another_epoch_is_refused() {
    let mut bench = Bench::new(Limits::default());
    let epoch = |n| Epoch { generation: 1, n };
    bench.grant(epoch(2), None);
    for (stamped, is_served) in [(None, true), (Some(epoch(2)), true), (Some(epoch(1)), false), (Some(epoch(3)), false)]
    {
        let caller = bench.call_at(stamped, SessionCall::Describe);
        let is_refused = matches!(bench.answer(caller), Some(SessionAnswer::Refused(refusal)) if refusal.code == ErrorCode::StaleEpoch);
        assert_eq!(is_refused, !is_served, "{stamped:?}");
    }
}

#[test]
fn a_session_that_another_owns_starts_nothing() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.handed();
    let mut row = bench.session.ownership.row().unwrap().clone();
    row.owner = NodeId(DeviceId([2; 32]));
    row.epoch = Epoch { generation: 1, n: 9 };
    bench.input(Input::Ownership(ownership::Input::Row(row)));
    bench.host_runs(3, 1, 1, 4);
    assert_eq!(bench.handed(), [] as [u64; 0]);
    let refused = bench.run(3);
    assert_eq!(bench.refusal(refused), ErrorCode::StaleEpoch);
}
