//! What can be asked besides running code, and when others hear of the session.

use wayfare_protocol::session::SessionState;

use super::*;

#[test]
fn a_waiting_run_is_taken_back_durably_before_that_is_answered() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.handed();
    bench.is_fast = false;
    let caller = bench.call(SessionCall::Interrupt { run: Some(run(2)) });
    assert_eq!(bench.answer(caller), None);
    bench.sync();
    assert_eq!(bench.answer(caller), Some(&SessionAnswer::Done));
    assert_eq!(bench.outcome(2), Some(RunOutcome::Cancelled));
    bench.host_runs(3, 1, 1, 4);
    bench.sync();
    assert_eq!(bench.handed(), [] as [u64; 0]);
}

#[test]
fn the_started_run_is_interrupted_by_its_position() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.listen();
    for run in [None, Some(run(1))] {
        bench.call(SessionCall::Interrupt { run });
        assert_eq!(bench.listen(), [HostRequest::Interrupt { position: Some(2) }]);
    }
    let unknown = bench.call(SessionCall::Interrupt { run: Some(run(9)) });
    assert_eq!(bench.refusal(unknown), ErrorCode::NotFound);
    let over = bench.call(SessionCall::Interrupt { run: Some(run(100)) });
    assert_eq!(bench.answer(over), Some(&SessionAnswer::Done));
    assert_eq!(bench.listen(), []);
}

#[test]
fn input_goes_to_the_run_that_is_executed_and_to_no_other() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.listen();
    let text = "yes".to_owned();
    let question = RunEvent::StdinRequest { prompt: "? ".to_owned(), password: false };
    bench.input(Input::Host(vec![event(3, 1, 1, question)]));
    bench.listen();
    bench.call(SessionCall::Input { run: run(1), text: text.clone() });
    assert_eq!(bench.listen(), [HostRequest::Input { run: run(1), text: text.clone() }]);
    let other = bench.call(SessionCall::Input { run: run(100), text });
    assert_eq!(bench.refusal(other), ErrorCode::NotWaiting);
}

#[test]
fn stop_takes_back_what_waits_and_ends_the_kernel() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    bench.listen();
    let caller = bench.call(SessionCall::Stop);
    assert_eq!(bench.answer(caller), Some(&SessionAnswer::Done));
    assert_eq!(bench.outcome(2), Some(RunOutcome::Cancelled));
    assert!(matches!(bench.state(1), Some(RunState::Started { .. })));
    assert_eq!(bench.listen(), [HostRequest::ShutDown]);
}

#[test]
fn a_run_that_comes_after_stop_gets_a_kernel_of_its_own() {
    let mut bench = Bench::idle();
    bench.call(SessionCall::Stop);
    bench.listen();
    bench.run(1);
    bench.input(Input::Host(vec![HostMessage::Kernel(KernelCondition::Busy)]));
    assert_eq!(bench.listen(), [], "the host would refuse it");
    let detail = "shut down".to_owned();
    bench.input(Input::Host(vec![HostMessage::Kernel(KernelCondition::Gone { detail })]));
    bench.input(Input::HostClosed);
    let connecting = bench.connect_op();
    bench.done(connecting, Outcome::Gone);
    assert_eq!(bench.session.kernels, 2);
    bench.start_host();
    assert_eq!(bench.handed(), [2]);
}

/// The process is not there yet when it is to be ended: it is ended when it is.
#[test]
fn a_host_that_is_stopped_while_it_starts_is_not_left_behind() {
    let mut bench = Bench::new(Limits::default());
    bench.run(1);
    let starting = bench.start_op();
    bench.call(SessionCall::Stop);
    assert_eq!(bench.kill_op(), None);
    bench.run(2);
    bench.done(starting, Outcome::Started(Ok(())));
    let killing = bench.kill_op();
    assert_eq!(bench.connect_op(), None);
    bench.done(killing, Outcome::Killed);
    assert!(bench.start_op().is_some(), "for the run that came after");
    assert_eq!(bench.state(2), Some(RunState::Waiting));
}

#[test]
fn a_host_that_is_stopped_before_its_number_is_durable_is_never_started() {
    let mut bench = Bench::new(Limits::default());
    bench.is_fast = false;
    bench.run(1);
    bench.call(SessionCall::Stop);
    bench.sync();
    assert_eq!((bench.start_op(), bench.kill_op()), (None, None));
    assert_eq!(bench.session.info().state, SessionState::Cold);
}

#[test]
fn nobody_hears_of_a_session_before_its_creation_is_durable() {
    let mut bench = Bench::empty(Limits::default());
    bench.is_fast = false;
    bench.input(Input::Create);
    assert_eq!(bench.appends.len(), 1, "name and environment in one write");
    assert_eq!(bench.said, []);
    bench.sync();
    let infos = bench.published();
    assert_eq!(infos.len(), 1);
    assert_eq!((infos[0].epoch, &infos[0].environment), (Epoch::LOCAL, &config(Limits::default()).environment));
}

#[test]
fn a_session_whose_creation_was_lost_says_that_it_never_was_and_does_not_appear() {
    let mut bench = Bench::empty(Limits::default());
    bench.input(Input::Recovered);
    bench.pass(1_000);
    assert_eq!(bench.said, [Effect::NeverWas]);
}

#[test]
fn a_new_environment_is_durable_before_it_is_answered_and_holds_for_the_next_kernel() {
    let mut bench = Bench::new(Limits::default());
    bench.is_fast = false;
    let environment = Environment { kernel: Some("other".to_owned()), ..Environment::default() };
    let caller = bench.call(SessionCall::SetEnvironment(environment.clone()));
    assert_eq!(bench.answer(caller), None);
    bench.sync();
    assert_eq!(bench.answer(caller), Some(&SessionAnswer::Done));
    bench.is_fast = true;
    bench.restart();
    bench.run(1);
    assert!(
        bench
            .said
            .iter()
            .any(|effect| matches!(effect, Effect::StartHost { environment: used, .. } if *used == environment))
    );
}

#[test]
fn runs_are_listed_the_newest_first_with_what_became_of_them() {
    let mut bench = Bench::idle();
    bench.run(1);
    bench.run(2);
    let listed = |bench: &mut Bench, last| {
        let caller = bench.call(SessionCall::Runs { last });
        match bench.answer(caller) {
            Some(SessionAnswer::Runs(runs)) => runs.iter().map(|info| (info.run, info.outcome)).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    let all = listed(&mut bench, 10);
    assert_eq!(all, [(run(2), None), (run(1), None), (run(100), Some(RunOutcome::Succeeded))]);
    assert_eq!(listed(&mut bench, 1), [(run(2), None)]);
    bench.call(SessionCall::Interrupt { run: Some(run(2)) });
    assert_eq!(listed(&mut bench, 1), [(run(2), Some(RunOutcome::Cancelled))]);
}
