//! Runs: their order, their events, their ends.

use std::collections::BTreeMap;

use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{CODE_MAX, EVENT_MAX, TEXT_EVENT_MAX};
use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunResult};

use super::*;

fn plain(text: &str) -> MimeBundle {
    MimeBundle { data: BTreeMap::from([("text/plain".to_owned(), text.to_owned())]), metadata: "{}".to_owned() }
}

#[test]
fn a_run_is_start_output_result_and_ended() {
    let mut host = Host::serving();
    host.hand_over(1, "print('a'); 2");
    host.now.boot = host.now.boot.after(Duration::from_millis(250));
    host.print(1, "a\n");
    host.output(1, KernelOutput::Result(plain("2")));
    host.ended(1);
    assert_eq!(
        host.events(),
        [
            (1, RunEvent::Start { at: Wall(1_000), kernel: 3 }),
            (2, stdout("a\n")),
            (3, RunEvent::Result(RunResult { result: Some(plain("2")), execution_count: Some(1), duration_ms: 250 })),
        ]
    );
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
    let sequences: Vec<_> = host.records(NODE).iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, [41, 42, 43, 44]);
}

#[test]
fn a_run_waits_for_the_kernel_and_for_the_run_before() {
    let mut host = Host::starting(Limits::default());
    host.attached(NODE, 41);
    host.hand_over(1, "a");
    host.hand_over(2, "b");
    assert_eq!(host.executed(), [] as [u64; 0]);
    host.kernel(KernelEvent::Ready);
    assert_eq!(host.executed(), [1]);
    host.ended(1);
    assert_eq!(host.executed(), [1, 2]);
}

#[test]
fn a_repeated_or_older_position_is_ignored_without_a_word() {
    let mut host = Host::serving();
    host.hand_over(5, "a");
    host.hand_over(5, "a");
    host.hand_over(4, "older");
    host.ended(5);
    host.hand_over(5, "a");
    assert_eq!(host.executed(), [5]);
    assert_eq!(host.refusals(NODE), []);
    assert_eq!(host.machine.hello().last_position, 5);
}

#[test]
fn a_run_is_executed_again_only_as_a_newer_attempt() {
    let mut host = Host::serving();
    let request = ExecuteRequest::of("a");
    let hand =
        |position, attempt| HostRequest::HandOver { position, run: run_id(9), attempt, request: request.clone() };
    host.ask(NODE, hand(1, 1));
    host.ended(1);
    host.ask(NODE, hand(2, 1));
    assert_eq!((host.executed(), host.machine.hello().last_position), (vec![1], 2));
    host.ask(NODE, hand(3, 2));
    assert_eq!(host.executed(), [1, 3]);
    let starts =
        host.events().iter().filter(|(number, event)| *number == 1 && matches!(event, RunEvent::Start { .. })).count();
    assert_eq!(starts, 2, "each attempt is numbered from 1");
}

#[test]
fn idle_alone_never_ends_a_run() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.idle(1);
    host.pass(Duration::from_secs(3600));
    assert_eq!(host.outcomes(), []);
    host.reply(1);
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
}

#[test]
fn outputs_after_the_reply_come_before_the_end() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.reply(1);
    host.print(1, "late");
    host.idle(1);
    let numbers: Vec<_> = host.events().iter().map(|(_, event)| event.is_last()).collect();
    assert_eq!(numbers, [false, false, true]);
}

#[test]
fn a_reply_without_idle_ends_the_run_after_a_silent_grace() {
    let mut host = Host::serving();
    let grace = Limits::default().reply_grace;
    host.hand_over(1, "a");
    host.reply(1);
    host.pass(grace - Duration::from_millis(1));
    host.print(1, "still talking");
    host.pass(grace - Duration::from_millis(1));
    assert_eq!(host.outcomes(), []);
    host.pass(Duration::from_millis(1));
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
    assert!(host.events().contains(&(2, stdout("still talking"))));
}

#[test]
fn an_error_ends_the_run_as_failed_with_the_fuller_traceback() {
    let mut host = Host::serving();
    host.hand_over(1, "1/0");
    let brief = ExecuteError { kind: "ZeroDivisionError".into(), message: "by zero".into(), ..ExecuteError::default() };
    let full = ExecuteError { traceback: vec!["line 1".to_owned()], ..brief.clone() };
    host.output(1, KernelOutput::Error(full.clone()));
    host.kernel(KernelEvent::Reply { position: 1, outcome: ReplyOutcome::Error(brief), execution_count: Some(4) });
    host.idle(1);
    let last = host.events().pop();
    assert_eq!(last, Some((2, RunEvent::Error { error: full, duration_ms: 0, execution_count: Some(4) })));
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Failed)]);
}

#[test]
fn a_kernel_that_dies_in_mid_run_leaves_it_interrupted() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.hand_over(2, "b");
    host.print(1, "x");
    host.kernel(KernelEvent::Died { detail: "signal 9".to_owned() });
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Interrupted { seen_through: 2 })]);
    assert_eq!(host.executed(), [1]);
    let gone = KernelCondition::Gone { detail: "signal 9".to_owned() };
    assert_eq!(host.got[&NODE].last(), Some(&HostMessage::Kernel(gone)), "told after the last record");
    assert_eq!(host.machine.hello().last_position, 1, "what did not start is given back");
    host.hand_over(2, "b");
    assert_eq!(host.refusals(NODE), [ErrorCode::Draining]);
}

#[test]
fn a_run_that_replied_has_ended_even_if_the_kernel_dies_before_idle() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.hand_over(2, "b");
    host.reply(1);
    host.kernel(KernelEvent::Died { detail: "exit status 0".to_owned() });
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
    assert_eq!(host.executed(), [1]);
}

#[test]
fn a_question_is_answered_once_and_only_when_it_is_asked() {
    let mut host = Host::serving();
    let answer = || HostRequest::Input { run: run_id(1), text: "Ada".to_owned() };
    host.hand_over(1, "input()");
    host.ask(NODE, answer());
    host.kernel(KernelEvent::StdinRequest { parent: Some(1), prompt: "Name? ".to_owned(), password: false });
    host.ask(NODE, answer());
    host.ask(NODE, answer());
    assert_eq!(host.refusals(NODE), [ErrorCode::NotWaiting, ErrorCode::NotWaiting]);
    let replies = host.commands.iter().filter(|c| **c == KernelCommand::InputReply { text: "Ada".to_owned() }).count();
    assert_eq!(replies, 1);
    assert_eq!(
        host.events()[1..],
        [(2, RunEvent::StdinRequest { prompt: "Name? ".to_owned(), password: false }), (3, RunEvent::StdinAnswered)]
    );
}

#[test]
fn an_interrupt_is_for_the_position_it_names() {
    let mut host = Host::serving();
    let interrupts = |host: &Host| host.commands.iter().filter(|c| **c == KernelCommand::Interrupt).count();
    host.ask(NODE, HostRequest::Interrupt { position: None });
    assert_eq!(interrupts(&host), 0, "nothing runs");
    for position in 1..=3 {
        host.hand_over(position, "a");
    }
    host.ask(NODE, HostRequest::Interrupt { position: Some(2) });
    assert_eq!(interrupts(&host), 0);
    assert_eq!(host.outcomes(), [(run_id(2), RunOutcome::Cancelled)], "it waited, so it is taken back");
    host.ask(NODE, HostRequest::Interrupt { position: Some(1) });
    assert_eq!(interrupts(&host), 1);
    host.reply(1);
    host.ask(NODE, HostRequest::Interrupt { position: Some(1) });
    assert_eq!(interrupts(&host), 1, "over for the kernel, whatever its last outputs do");
    host.idle(1);
    assert_eq!(host.executed(), [1, 3]);
}

#[test]
fn late_output_goes_to_the_run_that_is_executed_or_is_counted() {
    let mut host = Host::serving();
    host.hand_over(1, "thread");
    host.ended(1);
    host.print(1, "lost");
    assert_eq!(host.machine.dropped_late_bytes(), 4);
    host.hand_over(2, "b");
    host.print(1, "seen");
    host.output(1, KernelOutput::Result(plain("not its result")));
    host.ended(2);
    assert!(host.events().contains(&(2, stdout("seen"))));
    assert!(matches!(host.events().pop(), Some((4, RunEvent::Result(RunResult { result: None, .. })))));
}

#[test]
fn only_the_last_of_several_values_is_the_result() {
    let mut host = Host::serving();
    host.hand_over(1, "1; 2");
    host.output(1, KernelOutput::Result(plain("1")));
    host.output(1, KernelOutput::Result(plain("2")));
    host.ended(1);
    assert_eq!(host.events()[1], (2, RunEvent::Display { bundle: plain("1"), display_id: None }));
    let Some((3, RunEvent::Result(result))) = host.events().pop() else { panic!("no result") };
    assert_eq!(result.result, Some(plain("2")));
}

#[test]
fn long_text_becomes_several_events_and_loses_nothing() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    let text = "ü".repeat(TEXT_EVENT_MAX);
    host.print(1, &text);
    host.ended(1);
    let mut joined = String::new();
    for (_, event) in host.events() {
        if let RunEvent::Stdout { content } = event {
            assert!(content.len() <= TEXT_EVENT_MAX);
            joined.push_str(&content);
        }
    }
    assert!(joined == text);
}

#[test]
fn a_value_that_is_too_large_is_cut_and_followed_by_omitted() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    let mut bundle = plain("small");
    bundle.data.insert("image/png".to_owned(), "x".repeat(EVENT_MAX));
    host.output(1, KernelOutput::Display { bundle: bundle.clone(), display_id: None });
    host.output(1, KernelOutput::Result(bundle));
    host.ended(1);
    let events = host.events();
    assert_eq!(events[1], (2, RunEvent::Display { bundle: plain("small"), display_id: None }));
    // The result is the last event, so what was cut of it is named before; both cuts are one omission.
    assert!(matches!(events[2], (3, RunEvent::Omitted { from: 3, through: 4, bytes }) if bytes > 2 * EVENT_MAX as u64));
    assert!(matches!(&events[3], (5, RunEvent::Result(result)) if result.result == Some(plain("small"))));
}

#[test]
fn code_that_is_too_long_is_refused_and_its_position_stays_free() {
    let mut host = Host::serving();
    host.hand_over(1, &"x".repeat(CODE_MAX + 1));
    assert_eq!(host.refusals(NODE), [ErrorCode::TooLarge]);
    host.hand_over(1, "x");
    assert_eq!(host.executed(), [1]);
}

#[test]
fn runs_beyond_the_bound_are_refused() {
    let mut host = Host::starting(Limits { runs_waiting: 2, ..Limits::default() });
    host.attached(NODE, 41);
    for position in 1..=3 {
        host.hand_over(position, "a");
    }
    assert_eq!(host.refusals(NODE), [ErrorCode::Overloaded]);
    assert_eq!(host.machine.hello().last_position, 2);
}

#[test]
fn a_kernel_that_prints_after_its_idle_is_listened_to_a_little_longer() {
    let late = Duration::from_millis(100);
    let mut host = Host::starting(Limits::default());
    let config = KernelHostConfig { late_output: late, ..host.machine.config.clone() };
    host = Host::of(config);
    host.kernel(KernelEvent::Ready);
    host.attached(NODE, 41);
    for idle_first in [false, true] {
        let position = if idle_first { 2 } else { 1 };
        host.hand_over(position, "a");
        if idle_first {
            host.idle(position);
            host.reply(position);
        } else {
            host.ended(position);
        }
        host.pass(late / 2);
        host.print(position, "late");
        host.pass(late / 2);
        assert_eq!(host.outcomes().len() as u64, position - 1, "each output puts the end off");
        host.pass(late / 2);
        assert_eq!(host.outcomes().last(), Some(&(run_id(u128::from(position)), RunOutcome::Succeeded)));
    }
    assert_eq!(host.machine.dropped_late_bytes(), 0);
}
