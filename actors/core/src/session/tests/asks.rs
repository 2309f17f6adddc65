//! Questions to the kernel and of it, hosts of other versions, resets, and kernels that nobody uses.

use std::time::Duration;

use wayfare_protocol::Refusal;
use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::session::SessionState;

use super::*;

fn variables() -> KernelTold {
    KernelTold::Variables { variables: Vec::new(), truncated: false }
}

fn asks(bench: &mut Bench) -> Vec<u64> {
    let of = |request| match request {
        HostRequest::Ask { ask, .. } => Some(ask),
        _ => None,
    };
    bench.listen().into_iter().filter_map(of).collect()
}

#[test]
fn a_question_goes_to_the_host_and_its_answer_to_who_asked() {
    let mut bench = Bench::idle();
    let (first, second) =
        (bench.call(SessionCall::Ask(KernelAsk::Variables)), bench.call(SessionCall::Ask(KernelAsk::Variables)));
    let asked = asks(&mut bench);
    assert_eq!(asked.len(), 2);
    let refusal = Refusal::new(ErrorCode::KernelBusy, "it executes a cell");
    bench.input(Input::Host(vec![
        HostMessage::Told { ask: asked[1], outcome: Ok(variables()) },
        HostMessage::Told { ask: asked[0], outcome: Err(refusal) },
    ]));
    assert_eq!(bench.answer(second), Some(&SessionAnswer::Told(variables())));
    assert_eq!(bench.refusal(first), ErrorCode::KernelBusy);
}

#[test]
fn a_session_without_a_kernel_is_not_asked_and_starts_none() {
    let mut bench = Bench::new(Limits::default());
    let cold = bench.call(SessionCall::Ask(KernelAsk::Variables));
    assert_eq!((bench.refusal(cold), bench.start_op()), (ErrorCode::NotFound, None));
    bench.run(1);
    let starting = bench.call(SessionCall::Ask(KernelAsk::Variables));
    assert_eq!(bench.refusal(starting), ErrorCode::KernelBusy);
}

#[test]
fn a_lost_host_leaves_no_question_unanswered() {
    let mut bench = Bench::idle();
    let asked = bench.call(SessionCall::Ask(KernelAsk::Variables));
    bench.input(Input::HostClosed);
    assert_eq!(bench.refusal(asked), ErrorCode::DeadlineExceeded);
}

#[test]
fn an_older_host_serves_on_without_questions_and_a_newer_one_is_not_used() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let started = bench.start_op();
    bench.done(started, Outcome::Started(Ok(())));
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Connected);
    bench.hello_of_version(1, 0, 1, KernelCondition::Idle);
    assert_eq!(bench.handed(), [1]);
    bench.host_runs(1, 1, 1, 2);
    let asked = bench.call(SessionCall::Ask(KernelAsk::Variables));
    assert_eq!(bench.refusal(asked), ErrorCode::Unsupported);
    assert_eq!(asks(&mut bench), [] as [u64; 0], "it would take the message for nonsense and hang up");
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Connected);
    bench.hello_of_version(HOST_VERSION + 1, 0, 1, KernelCondition::Idle);
    assert!(bench.kill_op().is_some());
}

#[test]
fn of_two_answers_to_one_question_the_first_is_taken_and_the_second_told_so() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.listen();
    let question = RunEvent::StdinRequest { prompt: "? ".to_owned(), password: true };
    let answer = |text: &str| SessionCall::Input { run: run(1), text: text.to_owned() };
    let early = bench.call(answer("too early"));
    assert_eq!(bench.refusal(early), ErrorCode::NotWaiting);
    bench.input(Input::Host(vec![event(3, 1, 1, question.clone())]));
    let (first, second) = (bench.call(answer("a")), bench.call(answer("b")));
    let sent = bench.listen().into_iter().filter(|request| matches!(request, HostRequest::Input { .. })).count();
    assert_eq!(sent, 1, "the second would answer the next question");
    assert_eq!((bench.answer(first), bench.refusal(second)), (None, ErrorCode::NotWaiting));
    bench.input(Input::Host(vec![event(4, 1, 2, RunEvent::StdinAnswered)]));
    assert_eq!(bench.answer(first), Some(&SessionAnswer::Done));
    // The next question is a new one, also after a restart of the node.
    bench.input(Input::Host(vec![event(5, 1, 3, question)]));
    bench.restart();
    bench.greet(2, 6, KernelCondition::Busy);
    bench.listen();
    bench.call(answer("c"));
    assert_eq!(bench.listen(), [HostRequest::Input { run: run(1), text: "c".to_owned() }]);
}

#[test]
fn an_answer_that_comes_when_the_run_ends_or_the_host_is_lost_is_not_called_taken() {
    for lost in [false, true] {
        let mut bench = Bench::idle();
        bench.run(1);
        let question = RunEvent::StdinRequest { prompt: String::new(), password: false };
        bench.input(Input::Host(vec![event(3, 1, 1, question)]));
        let caller = bench.call(SessionCall::Input { run: run(1), text: "a".to_owned() });
        if lost {
            bench.input(Input::HostClosed);
            assert_eq!(bench.refusal(caller), ErrorCode::DeadlineExceeded);
        } else {
            bench.host_ends(4, 1, RunOutcome::Failed);
            assert_eq!(bench.refusal(caller), ErrorCode::NotWaiting);
        }
    }
}

#[test]
fn a_reset_takes_back_what_waits_and_has_a_new_kernel_ready_without_a_run() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.listen();
    let caller = bench.call(SessionCall::Reset);
    assert_eq!(bench.answer(caller), Some(&SessionAnswer::Done));
    assert_eq!(bench.outcome(2), Some(RunOutcome::Cancelled));
    assert_eq!(bench.listen(), [HostRequest::ShutDown]);
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    bench.start_host();
    assert_eq!((bench.session.kernels, bench.session.info().state), (2, SessionState::Idle));
    // A session that is cold gets one too; a stop takes the wish back.
    let mut cold = Bench::new(Limits::default());
    cold.is_fast = false;
    cold.call(SessionCall::Reset);
    cold.call(SessionCall::Stop);
    cold.sync();
    assert_eq!(cold.start_op(), None);
    cold.is_fast = true;
    cold.call(SessionCall::Reset);
    assert!(cold.start_op().is_some());
}

#[test]
fn a_kernel_without_work_is_ended_by_policy_and_a_busy_one_never() {
    let limits = Limits { session_idle: Duration::from_secs(60), ..Limits::default() };
    let mut bench = Bench::idle_with(limits);
    bench.listen();
    bench.pass(59_000);
    bench.run(1);
    bench.listen();
    bench.pass(3_600_000);
    assert_eq!(bench.listen(), [], "a run is executed");
    bench.host_runs(3, 1, 1, 4);
    bench.listen();
    bench.pass(59_000);
    let asked = bench.call(SessionCall::Ask(KernelAsk::Variables));
    let ask = asks(&mut bench)[0];
    bench.input(Input::Host(vec![HostMessage::Told { ask, outcome: Ok(variables()) }]));
    assert!(bench.answer(asked).is_some());
    bench.pass(59_000);
    assert_eq!(bench.listen(), [], "a question is use");
    bench.pass(1_000);
    assert_eq!(bench.listen(), [HostRequest::ShutDown]);
    assert_eq!(bench.session.info().state, SessionState::Cold);
}

#[test]
fn without_a_policy_a_kernel_is_kept() {
    let mut bench = Bench::idle();
    bench.listen();
    bench.pass(365 * 24 * 3_600_000);
    assert_eq!(bench.listen(), []);
}
