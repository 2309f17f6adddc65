//! Connections: cursors, windows, and what a slow one costs the others.

use wayfare_protocol::ErrorCode;

use super::*;

const OTHER: ConnectionId = ConnectionId(2);

#[test]
fn a_connection_is_greeted_first_with_where_the_host_stands() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.input(Input::Connected(OTHER));
    let Some(HostMessage::Hello(hello)) = host.got[&OTHER].first() else { panic!("not greeted") };
    assert_eq!((hello.last_position, hello.first_kept, hello.next_sequence, hello.kernel), (1, 41, 42, 3));
    assert_eq!(hello.condition, KernelCondition::Busy);
    assert_eq!(host.got[&OTHER].len(), 1, "nothing is sent before it attaches");
}

#[test]
fn conditions_are_told_when_they_change() {
    let mut host = Host::starting(Limits::default());
    host.input(Input::Connected(NODE));
    host.kernel(KernelEvent::Ready);
    host.hand_over(1, "a");
    host.ended(1);
    assert_eq!(host.conditions(NODE), [KernelCondition::Idle, KernelCondition::Busy, KernelCondition::Idle]);
}

#[test]
fn two_connections_get_the_same_records() {
    let mut host = Host::serving();
    host.attached(OTHER, 41);
    host.hand_over(1, "a");
    host.print(1, "a");
    host.print(1, "b");
    host.ended(1);
    assert_eq!(host.records(NODE), host.records(OTHER));
    assert_eq!(host.records(NODE).len(), 5);
}

#[test]
fn a_connection_attaches_at_any_kept_record() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.ended(1);
    host.attached(OTHER, 42);
    assert_eq!(host.records(OTHER), host.records(NODE)[1..]);
    host.ask(OTHER, HostRequest::Attach { from: 45 });
    host.ask(NODE, HostRequest::Acknowledge { through: 42 });
    host.ask(OTHER, HostRequest::Attach { from: 42 });
    assert_eq!(host.refusals(OTHER), [ErrorCode::NotFound, ErrorCode::NotFound]);
}

#[test]
fn a_connection_that_does_not_read_is_sent_no_more_than_its_window() {
    let mut host = Host::starting(Limits { host_window: 1_000, ..Limits::default() });
    host.kernel(KernelEvent::Ready);
    host.attached(NODE, 41);
    host.eager = false;
    host.hand_over(1, "a");
    for _ in 0..100 {
        host.output(1, KernelOutput::Stdout("x".repeat(200)));
        host.output(1, KernelOutput::Stderr("x".repeat(200)));
    }
    let handed: u64 = host.unwritten.iter().map(|(_, bytes)| bytes).sum();
    assert!(handed <= 1_000 + 264, "window and one record, not {handed}");
    host.ended(1);
    host.catch_up();
    assert_eq!(host.records(NODE).len() as u64, host.machine.hello().next_sequence - 41);
}

#[test]
fn a_connection_that_asks_and_does_not_read_is_closed() {
    let mut host = Host::serving();
    host.eager = false;
    for _ in 0..20_000 {
        if host.closed.contains(&NODE) {
            break;
        }
        host.ask(NODE, HostRequest::Acknowledge { through: 99 });
    }
    assert!(host.closed.contains(&NODE));
}

#[test]
fn who_is_behind_another_ones_acknowledgement_is_closed_rather_than_shown_a_gap() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    host.eager = false;
    host.attached(OTHER, 41);
    for _ in 0..5_000 {
        host.output(1, KernelOutput::Stdout("x".repeat(200)));
        host.output(1, KernelOutput::Stderr("x".repeat(200)));
    }
    let through = host.machine.hello().next_sequence - 1;
    host.ask(NODE, HostRequest::Acknowledge { through });
    assert!(host.closed.contains(&OTHER));
    assert_eq!(host.refusals(OTHER), [ErrorCode::NotFound]);
}

#[test]
fn what_is_not_a_request_is_refused_and_closes_that_connection_only() {
    let mut host = Host::serving();
    host.attached(OTHER, 41);
    host.input(Input::Malformed { connection: OTHER, detail: "not a request".to_owned() });
    assert_eq!(host.refusals(OTHER), [ErrorCode::Malformed]);
    assert!(host.closed.contains(&OTHER) && !host.closed.contains(&NODE));
    host.hand_over(1, "a");
    assert_eq!(host.executed(), [1]);
}

#[test]
fn one_connection_too_many_is_told_so() {
    let mut host = Host::starting(Limits { host_connections: 1, ..Limits::default() });
    host.input(Input::Connected(NODE));
    host.input(Input::Connected(OTHER));
    assert_eq!(host.refusals(OTHER), [ErrorCode::Overloaded]);
    assert!(host.closed.contains(&OTHER) && !host.closed.contains(&NODE));
}

#[test]
fn prepare_says_how_far_it_came_and_closes_every_connection() {
    let mut host = Host::serving();
    host.attached(OTHER, 41);
    host.hand_over(1, "a");
    host.ask(OTHER, HostRequest::Prepare);
    for id in [NODE, OTHER] {
        assert_eq!(host.got[&id].last(), Some(&HostMessage::Prepared { through: 41 }));
        assert!(host.closed.contains(&id));
    }
    host.print(1, "goes on");
    host.attached(ConnectionId(3), 42);
    assert_eq!(host.records(ConnectionId(3)).len(), 1);
}

#[test]
fn a_segment_that_cannot_be_read_back_closes_the_connection() {
    let mut host = Host::starting(limits());
    host.kernel(KernelEvent::Ready);
    host.input(Input::Connected(NODE));
    host.hand_over(1, "a");
    for _ in 0..20 {
        host.output(1, KernelOutput::Stdout("x".repeat(200)));
        host.output(1, KernelOutput::Stderr("x".repeat(200)));
    }
    host.disk.clear();
    host.ask(NODE, HostRequest::Attach { from: 41 });
    assert_eq!(host.refusals(NODE), [ErrorCode::StorageFailed]);
    assert!(host.closed.contains(&NODE));
}
