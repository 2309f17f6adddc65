//! The life of the session host: starting, connecting, losing it.

use super::*;

#[test]
fn the_kernels_number_is_durable_before_its_host_is_started() {
    let mut bench = Bench::new(Limits::default());
    bench.is_fast = false;
    bench.run(1);
    bench.sync_one();
    assert_eq!(bench.start_op(), None);
    bench.sync_one();
    assert!(bench.inbox.contains(&InboxRecord::KernelStarting { kernel: 1 }));
    assert!(bench.start_op().is_some());
}

#[test]
fn nothing_is_handed_to_a_kernel_that_has_not_answered() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    bench.greet(0, 1, KernelCondition::Starting);
    assert_eq!(bench.handed(), [] as [u64; 0]);
    bench.input(Input::Host(vec![HostMessage::Kernel(KernelCondition::Idle)]));
    assert_eq!(bench.handed(), [1]);
}

fn failure(bench: &Bench, n: u128) -> String {
    assert_eq!(bench.outcome(n), Some(RunOutcome::Failed));
    let error = bench.outputs.iter().find_map(|logged| match &logged.record.body {
        OutputBody::Event { event: RunEvent::Error { error, .. }, .. } if logged.record.run == run(n) => Some(error),
        _ => None,
    });
    let error = error.expect("an error event");
    assert_eq!(error.kind, "KernelStartFailed");
    error.message.clone()
}

#[test]
fn a_host_that_cannot_be_started_fails_the_waiting_runs_with_its_reason() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    bench.run(2);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Err("no kernel for python".to_owned())));
    for n in [1, 2] {
        assert_eq!(failure(&bench, n), "no kernel for python");
    }
    bench.run(3);
    assert!(bench.start_op().is_some(), "the next run tries again");
}

#[test]
fn a_kernel_that_never_comes_up_fails_the_waiting_runs_with_its_last_words() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    bench.greet(0, 1, KernelCondition::Starting);
    let detail = "ModuleNotFoundError: ipykernel".to_owned();
    bench.input(Input::Host(vec![HostMessage::Kernel(KernelCondition::Gone { detail: detail.clone() })]));
    assert_eq!(failure(&bench, 1), detail);
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    assert_eq!(bench.start_op(), None);
}

/// Without this a host that dies at once would be started again for ever.
#[test]
fn a_host_that_dies_before_its_kernel_answered_is_not_started_again_by_itself() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    assert!(failure(&bench, 1).contains("ended before its kernel answered"));
    assert_eq!(bench.start_op(), None);
}

#[test]
fn a_host_that_does_not_answer_yet_is_tried_again_and_at_last_killed() {
    let limits = Limits { host_attempts: 3, ..Limits::default() };
    let retry = u64::try_from(limits.host_retry.as_millis()).unwrap();
    let mut bench = Bench::new(limits);
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    for _ in 0..2 {
        let connecting = bench.connect_op();
        bench.done(connecting, Outcome::NotYet);
        assert_eq!(bench.connect_op(), None);
        bench.pass(retry - 1);
        assert_eq!(bench.connect_op(), None, "not early");
        bench.pass(1);
    }
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::NotYet);
    let killing = bench.kill_op();
    bench.done(killing, Outcome::Killed);
    assert_eq!(bench.outcome(1), Some(RunOutcome::Failed));
    assert_eq!(bench.session.deadline(), None);
}

#[test]
fn a_host_that_takes_a_connection_and_says_nothing_is_tried_again() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Connected);
    assert!(bench.session.deadline().is_some(), "a greeting has a deadline");
    bench.pass(10_000);
    assert!(bench.said.contains(&Effect::CloseHost));
    bench.pass(50);
    bench.greet(0, 1, KernelCondition::Idle);
    assert_eq!(bench.handed(), [1]);
}

/// Each closed connection counts, and the next waits: else a host that closes them would be dialed without a pause.
#[test]
fn a_connection_that_is_closed_before_the_greeting_is_made_again_later() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Connected);
    bench.input(Input::HostClosed);
    assert_eq!(bench.connect_op(), None);
    bench.pass(50);
    assert!(bench.connect_op().is_some());
}

#[test]
fn a_lost_connection_in_mid_run_is_made_again_and_the_run_goes_on() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.handed();
    bench.host_events(3, 1, 1..=4);
    bench.input(Input::HostClosed);
    bench.greet(2, 7, KernelCondition::Busy);
    let told = bench.listen();
    assert!(told.contains(&HostRequest::Attach { from: 7 }));
    assert!(!told.iter().any(|request| matches!(request, HostRequest::HandOver { .. })), "it has seen the position");
    bench.host_events(6, 1, 4..=6);
    bench.host_ends(9, 1, RunOutcome::Succeeded);
    assert_eq!(numbers(&bench, 1), (1..=6).collect::<Vec<_>>());
    assert_eq!(bench.outcome(1), Some(RunOutcome::Succeeded));
}

#[test]
fn a_host_that_is_gone_interrupts_its_run_at_the_last_number_and_nothing_follows() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.host_events(3, 1, 1..=5);
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    assert_eq!(bench.outcome(1), Some(RunOutcome::Interrupted { seen_through: 5 }));
    bench.host_events(8, 1, 6..=9);
    assert_eq!(numbers(&bench, 1), (1..=5).collect::<Vec<_>>());
    let last = &bench.outputs.last().unwrap().record.body;
    assert_eq!(*last, OutputBody::Ended(RunOutcome::Interrupted { seen_through: 5 }));
}

#[test]
fn a_run_that_waited_for_a_lost_host_simply_runs() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.handed();
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    assert_eq!(bench.outcome(1), Some(RunOutcome::Interrupted { seen_through: 0 }));
    bench.start_host();
    assert_eq!(bench.handed(), [3]);
}

#[test]
fn a_host_of_another_session_or_kernel_is_ended() {
    let mut bench = Bench::idle();
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Connected);
    bench.session.kernels = 2;
    let hello = HostHello {
        version: HOST_VERSION,
        session: bench.session.config.session,
        kernel: 1,
        last_position: 1,
        first_kept: 1,
        next_sequence: 3,
        condition: KernelCondition::Idle,
    };
    bench.input(Input::Host(vec![HostMessage::Hello(hello.clone())]));
    assert!(bench.kill_op().is_some());
    bench.input(Input::Host(vec![HostMessage::Hello(HostHello { kernel: 2, ..hello })]));
    assert!(bench.listen().is_empty(), "one that is being ended is not listened to");
}

/// The start that is being recorded is handed over when that is durable, once, whatever the connection does meanwhile.
#[test]
fn a_greeting_does_not_hand_over_what_is_not_durably_started() {
    let mut bench = Bench::idle();
    bench.is_fast = false;
    bench.run(1);
    bench.input(Input::HostClosed);
    bench.greet(1, 3, KernelCondition::Idle);
    assert_eq!(bench.handed(), [] as [u64; 0]);
    bench.sync();
    assert_eq!(bench.handed(), [2]);
}

pub(super) fn numbers(bench: &Bench, n: u128) -> Vec<u64> {
    let numbers = bench.outputs.iter().filter(|logged| logged.record.run == run(n));
    let numbers = numbers.filter_map(|logged| match logged.record.body {
        OutputBody::Event { number, .. } => Some(number),
        OutputBody::Ended(_) => None,
    });
    numbers.collect()
}
