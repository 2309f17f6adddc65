//! Interrupts that are not heeded, widgets, and memory over the cap.

use std::time::Duration;

use super::*;

fn limits() -> Limits {
    Limits {
        interrupt_again: Duration::from_secs(10),
        interrupt_end: Duration::from_secs(20),
        session_memory: 100 << 20,
        ..Limits::default()
    }
}

fn serving() -> Host {
    let mut host = Host::starting(limits());
    host.input(Input::Kernel(vec![KernelEvent::Ready]));
    host.attached(NODE, 41);
    host
}

fn notices(host: &Host) -> Vec<String> {
    let of = |(_, event): (u64, RunEvent)| match event {
        RunEvent::Stderr { content } if content.starts_with("wayfare: ") => Some(content),
        _ => None,
    };
    host.events().into_iter().filter_map(of).collect()
}

#[test]
fn an_interrupt_that_is_not_heeded_is_repeated_with_a_notice_and_then_the_kernel_is_ended() {
    let mut host = serving();
    host.hand_over(1, "deaf");
    host.ask(NODE, HostRequest::Interrupt { position: Some(1) });
    host.pass(Duration::from_secs(9));
    assert_eq!(host.commands[1..], [KernelCommand::Interrupt]);
    host.pass(Duration::from_secs(1));
    assert_eq!(host.commands[1..], [KernelCommand::Interrupt, KernelCommand::Interrupt]);
    assert_eq!(notices(&host).len(), 1);
    host.ask(NODE, HostRequest::Interrupt { position: Some(1) });
    host.pass(Duration::from_secs(20));
    assert_eq!(host.commands.last(), Some(&KernelCommand::Terminate), "another interrupt puts nothing off");
    assert!(notices(&host)[1].contains("its variables are lost"), "{:?}", notices(&host));
    host.pass(Limits::default().kernel_stop);
    assert_eq!(host.commands.last(), Some(&KernelCommand::Kill));
    host.kernel(KernelEvent::Died { detail: "signal 9".to_owned() });
    assert_eq!(host.outcomes(), [(run_id(1), RunOutcome::Interrupted { seen_through: 3 })]);
}

#[test]
fn a_run_that_heeds_its_interrupt_costs_the_kernel_nothing() {
    let mut host = serving();
    host.hand_over(1, "a");
    host.ask(NODE, HostRequest::Interrupt { position: None });
    host.reply(1);
    host.pass(Duration::from_secs(1));
    host.idle(1);
    host.hand_over(2, "b");
    host.pass(Duration::from_secs(60));
    assert_eq!(notices(&host), [] as [String; 0]);
    assert!(!host.commands.contains(&KernelCommand::Terminate));
}

#[test]
fn a_run_that_a_kernel_aborts_for_an_interrupt_says_so() {
    let mut host = serving();
    for (position, interrupted, kind) in [(1, true, "Interrupted"), (2, false, "Aborted")] {
        host.hand_over(position, "a");
        if interrupted {
            host.ask(NODE, HostRequest::Interrupt { position: Some(position) });
        }
        host.kernel(KernelEvent::Reply { position, outcome: ReplyOutcome::Aborted, execution_count: None });
        host.idle(position);
        let events = host.events();
        assert!(matches!(&events.last(), Some((_, RunEvent::Error { error, .. })) if error.kind == kind), "{events:?}");
    }
}

#[test]
fn a_widget_is_refused_to_the_kernel_and_told_once_a_run() {
    let mut host = serving();
    for position in 1..=2 {
        host.hand_over(position, "slider");
        for comm in ["a", "b"] {
            host.kernel(KernelEvent::CommOpened { comm: comm.to_owned() });
            assert_eq!(host.commands.last(), Some(&KernelCommand::CloseComm { comm: comm.to_owned() }));
        }
        assert_eq!(notices(&host).len() as u64, position);
        host.ended(position);
    }
    assert!(notices(&host)[0].contains("widgets are not supported"));
}

#[test]
fn memory_over_the_cap_ends_the_kernel_with_a_notice_and_under_it_does_nothing() {
    let mut host = serving();
    host.hand_over(1, "grow");
    host.input(Input::Memory(100 << 20));
    assert_eq!(host.commands.len(), 1);
    for _ in 0..2 {
        host.input(Input::Memory((100 << 20) + (1 << 20)));
    }
    assert_eq!(host.commands[1..], [KernelCommand::Kill], "once");
    assert!(notices(&host)[0].contains("101 MiB of memory, over its cap of 100 MiB"), "{:?}", notices(&host));
    host.kernel(KernelEvent::Died { detail: "signal 9".to_owned() });
    let gone = host.conditions(NODE);
    assert!(
        matches!(gone.last(), Some(KernelCondition::Gone { detail }) if detail.contains("over its cap")),
        "{gone:?}"
    );
}
