//! The node starts again: the logs are folded, and the host's answer decides.

use super::*;

#[test]
fn a_position_that_the_host_has_seen_is_not_handed_over_again() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.restart();
    bench.greet(2, 3, KernelCondition::Busy);
    assert_eq!(bench.handed(), [] as [u64; 0]);
    bench.host_runs(3, 1, 1, 4);
    assert_eq!(bench.outcome(1), Some(RunOutcome::Succeeded));
}

#[test]
fn a_position_that_the_host_has_not_seen_is_handed_over_again() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.restart();
    bench.greet(1, 3, KernelCondition::Idle);
    assert_eq!(bench.handed(), [2]);
}

#[test]
fn without_a_host_what_was_started_is_interrupted_and_what_waited_runs() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.host_events(3, 1, 1..=3);
    bench.restart();
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    assert_eq!(bench.outcome(1), Some(RunOutcome::Interrupted { seen_through: 3 }));
    bench.start_host();
    assert_eq!(bench.handed(), [3]);
}

/// The node died between the two writes of a first run.
#[test]
fn an_accepted_run_without_a_recorded_kernel_gets_one() {
    let mut bench = Bench::new(Limits::default());
    bench.is_fast = false;
    let caller = bench.run(1);
    bench.sync_one();
    assert!(bench.is_accepted(caller));
    bench.is_fast = true;
    bench.restart();
    bench.start_host();
    assert_eq!(bench.handed(), [1]);
}

#[test]
fn a_repeat_after_the_restart_is_answered_and_not_run_again() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.restart();
    bench.greet(2, 3, KernelCondition::Busy);
    let again = bench.run_again(1);
    assert!(matches!(bench.answer(again), Some(SessionAnswer::Accepted { position: 2, .. })));
    assert_eq!(bench.handed(), [] as [u64; 0]);
}

/// Two logs can be cut at different places: the start of the second run was durable, the end of the first was not.
#[test]
fn a_run_whose_end_was_lost_with_its_host_is_interrupted_too() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.is_fast = false;
    bench.host_runs(3, 1, 1, 4);
    bench.appends.retain(|(_, records)| matches!(records[0], Record::Inbox(_)));
    bench.sync();
    bench.is_fast = true;
    bench.restart();
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    for n in [1, 2] {
        assert_eq!(bench.outcome(n), Some(RunOutcome::Interrupted { seen_through: 0 }), "run {n}");
    }
}

/// The other way round: the end was durable and the acceptance was not.
#[test]
fn a_run_that_the_outputs_have_ended_is_not_run_when_it_is_sent_again() {
    let mut bench = Bench::idle();
    bench.is_fast = false;
    bench.run(1);
    bench.run(2);
    bench.call(SessionCall::Interrupt { run: Some(run(2)) });
    bench.appends.retain(|(_, records)| matches!(records[0], Record::Output(_)));
    bench.sync();
    bench.is_fast = true;
    bench.restart();
    bench.greet(1, 3, KernelCondition::Idle);
    let again = bench.run_again(2);
    assert!(bench.is_accepted(again));
    assert_eq!(bench.outcome(2), Some(RunOutcome::Cancelled));
    assert_eq!(bench.handed(), [] as [u64; 0]);
}

#[test]
fn records_of_the_host_go_on_after_the_last_one_that_is_durable() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.host_events(3, 1, 1..=2);
    bench.is_fast = false;
    bench.host_events(5, 1, 3..=4);
    bench.is_fast = true;
    bench.restart();
    bench.greet(2, 7, KernelCondition::Busy);
    assert!(bench.listen().contains(&HostRequest::Attach { from: 5 }));
    bench.host_events(5, 1, 3..=4);
    assert_eq!(host::numbers(&bench, 1), [1, 2, 3, 4]);
}

#[test]
fn a_failure_of_which_a_crash_left_only_the_event_is_a_failure_all_the_same() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Err("no kernel".to_owned())));
    bench.sync();
    let lost = bench.outputs.pop().map(|logged| logged.record.body);
    assert_eq!(lost, Some(OutputBody::Ended(RunOutcome::Failed)));
    bench.restart();
    bench.sync();
    let bodies: Vec<_> = bench.outputs.iter().map(|logged| &logged.record.body).collect();
    assert!(
        matches!(bodies[..], [OutputBody::Event { number: 1, .. }, OutputBody::Ended(RunOutcome::Failed)]),
        "{bodies:?}"
    );
    assert_eq!(bench.outcome(1), Some(RunOutcome::Failed));
    assert_eq!(bench.handed(), [] as [u64; 0]);
}
