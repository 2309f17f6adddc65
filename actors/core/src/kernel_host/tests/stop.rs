//! How the kernel and its host come to their end.

use super::*;

fn died(host: &mut Host) {
    host.kernel(KernelEvent::Died { detail: "exit status 0".to_owned() });
}

#[test]
fn a_kernel_that_does_not_answer_is_killed_and_gone() {
    let mut host = Host::starting(Limits::default());
    host.attached(NODE, 41);
    host.hand_over(1, "a");
    host.pass(Limits::default().kernel_start);
    assert_eq!(host.commands, [KernelCommand::Kill]);
    host.kernel(KernelEvent::Died { detail: "signal 9; ImportError".to_owned() });
    let Some(KernelCondition::Gone { detail }) = host.conditions(NODE).pop() else { panic!("not gone") };
    assert_eq!(detail, "no answer within 45000 ms; signal 9; ImportError");
    assert_eq!(host.machine.hello().last_position, 0, "the run is given back");
}

#[test]
fn a_shut_down_grows_harder_until_the_kernel_is_gone() {
    let mut host = Host::serving();
    let step = Limits::default().kernel_stop;
    host.ask(NODE, HostRequest::ShutDown);
    host.ask(NODE, HostRequest::ShutDown);
    for _ in 0..2 {
        host.pass(step);
    }
    assert_eq!(host.commands, [KernelCommand::ShutDown, KernelCommand::Terminate, KernelCommand::Kill]);
    host.pass(step);
    assert!(matches!(host.machine.hello().condition, KernelCondition::Gone { .. }));
    assert!(host.exited);
}

#[test]
fn a_shut_down_exits_when_its_records_are_acknowledged() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.ask(NODE, HostRequest::ShutDown);
    died(&mut host);
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Interrupted { seen_through: 1 })]);
    assert!(!host.exited);
    host.ask(NODE, HostRequest::Acknowledge { through: 42 });
    assert!(host.exited);
    assert!(host.closed.contains(&NODE));
    assert_eq!(host.machine.deadline(), None);
}

#[test]
fn a_shut_down_that_nobody_acknowledges_exits_after_the_drain() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.input(Input::Disconnected(NODE));
    host.input(Input::ShutDown);
    died(&mut host);
    assert!(!host.exited);
    host.pass(Limits::default().drain);
    assert!(host.exited);
}

#[test]
fn a_host_whose_kernel_died_waits_until_somebody_knows() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.input(Input::Disconnected(NODE));
    died(&mut host);
    host.pass(Duration::from_secs(3600));
    assert!(!host.exited);
    host.attached(ConnectionId(2), 41);
    assert_eq!(host.records(ConnectionId(2)).len(), 2);
    assert!(!host.exited);
    host.ask(ConnectionId(2), HostRequest::Acknowledge { through: 42 });
    assert!(host.exited);
}

#[test]
fn a_host_that_nobody_asks_for_leaves_at_last() {
    let mut host = Host::starting(Limits::default());
    died(&mut host);
    host.pass(Limits::default().host_linger);
    assert!(host.exited);
}

#[test]
fn nothing_is_executed_while_stopping() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.ask(NODE, HostRequest::ShutDown);
    host.hand_over(2, "b");
    host.ended(1);
    assert_eq!(host.executed(), [1]);
    assert_eq!(host.refusals(NODE), [wayfare_protocol::ErrorCode::Draining]);
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
}
