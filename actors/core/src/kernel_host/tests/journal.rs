//! The bounds of the journal: what spills, what is read back, what is omitted.

use super::*;

/// A serving host with small bounds and nobody attached.
fn small() -> Host {
    let mut host = Host::starting(limits());
    host.kernel(KernelEvent::Ready);
    host.input(Input::Connected(NODE));
    host.hand_over(1, "a");
    host
}

/// Prints so many lines, each too unlike the one before to become one event.
fn chatter(host: &mut Host, lines: usize) {
    for line in 0..lines {
        let text = format!("{line:>100}");
        let output = if line % 2 == 0 { KernelOutput::Stdout(text) } else { KernelOutput::Stderr(text) };
        host.output(1, output);
    }
}

#[test]
fn text_grows_into_one_event_until_somebody_has_it() {
    let mut host = small();
    host.print(1, "a");
    host.print(1, "b");
    host.ask(NODE, HostRequest::Attach { from: 41 });
    host.print(1, "c");
    host.output(1, KernelOutput::Stderr("d".to_owned()));
    let texts: Vec<_> = host.events().into_iter().skip(1).collect();
    let stderr = RunEvent::Stderr { content: "d".to_owned() };
    assert_eq!(texts, [(2, stdout("ab")), (3, stdout("c")), (4, stderr)]);
}

#[test]
fn what_the_kernel_says_at_once_is_sent_as_one() {
    let mut host = Host::serving();
    host.hand_over(1, "a");
    let line = |text: &str| KernelEvent::Output { parent: Some(1), output: KernelOutput::Stdout(text.to_owned()) };
    host.input(Input::Kernel(vec![line("a\n"), line("b\n"), line("c\n")]));
    assert_eq!(host.events()[1..], [(2, stdout("a\nb\nc\n"))]);
}

#[test]
fn records_over_the_memory_bound_go_to_disk_and_come_back() {
    let mut host = small();
    chatter(&mut host, 40);
    assert!(host.machine.memory_bytes() <= limits().journal_memory);
    assert!(host.machine.disk_bytes() > 0);
    host.ended(1);
    host.ask(NODE, HostRequest::Attach { from: 41 });
    let sequences: Vec<_> = host.records(NODE).iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, (41..host.machine.hello().next_sequence).collect::<Vec<_>>());
    let numbers: Vec<_> = host.events().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=42).collect::<Vec<_>>());
}

#[test]
fn an_acknowledgement_frees_memory_and_disk() {
    let mut host = small();
    chatter(&mut host, 40);
    let through = host.machine.hello().next_sequence - 1;
    host.ask(NODE, HostRequest::Acknowledge { through });
    assert_eq!((host.machine.memory_bytes(), host.machine.disk_bytes()), (0, 0));
    assert!(host.disk.is_empty());
    assert_eq!(host.machine.hello().first_kept, through + 1);
}

#[test]
fn a_segment_acknowledged_while_it_is_written_is_dropped_when_it_is() {
    let mut host = small();
    host.eager = false;
    chatter(&mut host, 20);
    assert_eq!(host.ops.len(), 1, "one write at a time");
    let through = host.machine.hello().next_sequence - 1;
    host.ask(NODE, HostRequest::Acknowledge { through });
    assert_eq!(host.disk.len(), 1);
    host.catch_up();
    assert_eq!((host.disk.len(), host.machine.disk_bytes()), (0, 0));
}

#[test]
fn a_record_that_is_not_made_cannot_be_acknowledged() {
    let mut host = small();
    host.ask(NODE, HostRequest::Acknowledge { through: 42 });
    assert_eq!(host.refusals(NODE), [wayfare_protocol::ErrorCode::Malformed]);
}

#[test]
fn output_over_both_bounds_is_omitted_and_keeps_its_numbers() {
    let mut host = small();
    chatter(&mut host, 200);
    let full = limits().journal_memory + limits().journal_disk;
    assert!(host.machine.memory_bytes() + host.machine.disk_bytes() <= full);
    host.kernel(KernelEvent::StdinRequest { parent: Some(1), prompt: "?".to_owned(), password: false });
    host.ended(1);
    host.ask(NODE, HostRequest::Attach { from: 41 });
    let mut expected = 1;
    let mut omitted = 0;
    for (number, event) in host.events() {
        assert_eq!(number, expected);
        expected += event.span();
        if let RunEvent::Omitted { from, through, bytes } = event {
            assert_eq!((from, bytes), (number, 100 * (through - from + 1)));
            omitted += through - from + 1;
        }
    }
    assert!(omitted > 0);
    assert_eq!(expected - 1, 1 + 200 + 1 + 1, "start, lines, question, result");
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
}

#[test]
fn output_is_kept_again_once_there_is_room() {
    let mut host = small();
    chatter(&mut host, 200);
    let through = host.machine.hello().next_sequence - 1;
    host.ask(NODE, HostRequest::Acknowledge { through });
    host.print(1, "again");
    host.ask(NODE, HostRequest::Attach { from: through + 1 });
    let events = host.events();
    assert!(matches!(events[0].1, RunEvent::Omitted { .. }));
    assert_eq!(events[1], (202, stdout("again")));
}

#[test]
fn a_disk_that_fails_leaves_the_memory_bound() {
    let mut host = small();
    host.disk_works = false;
    chatter(&mut host, 200);
    assert!(host.machine.memory_bytes() <= 2 * limits().journal_memory);
    assert_eq!(host.machine.disk_bytes(), 0);
    host.ended(1);
    host.ask(NODE, HostRequest::Attach { from: 41 });
    assert!(host.events().iter().any(|(_, event)| matches!(event, RunEvent::Omitted { .. })));
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Succeeded)]);
}

#[test]
fn a_disk_that_does_not_answer_holds_nothing_up() {
    let mut host = small();
    host.eager = false;
    chatter(&mut host, 200);
    assert!(host.machine.memory_bytes() <= 2 * limits().journal_memory);
    host.ended(1);
    assert_eq!(host.machine.condition(), KernelCondition::Idle);
}

#[test]
fn a_record_that_is_being_written_does_not_grow() {
    let mut host = Host::starting(Limits { journal_memory: 300, spill_segment: 4_000, ..limits() });
    host.kernel(KernelEvent::Ready);
    host.input(Input::Connected(NODE));
    host.hand_over(1, "a");
    host.eager = false;
    host.print(1, &"x".repeat(300));
    assert_eq!(host.ops.len(), 1);
    host.print(1, "more");
    host.catch_up();
    host.ask(NODE, HostRequest::Attach { from: 41 });
    host.catch_up();
    assert_eq!(host.events()[1..], [(2, stdout(&"x".repeat(300))), (3, stdout("more"))]);
}
