//! A server of the run protocol as a session's kernel: `mrmd-python` 0.4.2, which executes in a process of another environment.

mod support;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use support::{Host, kernelspec};
use wayfare_protocol::ask::{Completeness, Detail, KernelAsk, KernelTold};
use wayfare_protocol::host::{HostLaunch, HostRequest, KernelTransport};
use wayfare_protocol::mrp::{RunEvent, RunResult};
use wayfare_protocol::output::RunOutcome;

fn mrmd() -> Option<HostLaunch> {
    Some(HostLaunch { transport: KernelTransport::Mrp, ..kernelspec("mrmd", "python")? })
}

#[test]
fn a_server_runs_cells_and_keeps_their_variables() {
    let Some(launch) = mrmd() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    assert_eq!(node.run(1, "x = 41\nprint('hé')\nx + 1"), RunOutcome::Succeeded);
    let whole = node.whole(1);
    assert_eq!((whole.stdout.as_str(), whole.result.as_deref()), ("hé\n", Some("42")), "the value is told once");
    assert_eq!(node.run(2, "import sys\nprint(x, file=sys.stderr)"), RunOutcome::Succeeded);
    assert_eq!(node.whole(2).stderr, "41\n");
    node.run(3, "from IPython.display import HTML\nHTML('<i>y</i>')");
    let events = node.events(3);
    let Some((_, RunEvent::Result(RunResult { result: Some(value), .. }))) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(value.data.get("text/html").map(String::as_str), Some("<i>y</i>"), "{value:?}");
}

#[test]
fn an_error_is_told_with_one_traceback() {
    let Some(launch) = mrmd() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    assert_eq!(node.run(1, "def f():\n    return 1 / 0\nf()"), RunOutcome::Failed);
    let whole = node.whole(1);
    let error = whole.error.expect("an error");
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("ZeroDivisionError", "division by zero"));
    assert!(whole.stdout.contains("ZeroDivisionError") && error.traceback.is_empty(), "{error:?}");
    assert_eq!(node.run(2, "1 + 1"), RunOutcome::Succeeded);
}

#[test]
fn a_server_is_interrupted_and_keeps_its_variables() {
    let Some(launch) = mrmd() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    node.run(1, "import os, time\nx = 7");
    let pipe = host.pipe("begun");
    node.hand_over(2, &format!("open({pipe:?}, 'w').close()\ntime.sleep(600)"));
    drop(std::fs::read(pipe).expect("the cell runs"));
    node.ask(&HostRequest::Interrupt { position: Some(2) });
    assert_eq!(node.wait_for_end(2), RunOutcome::Failed);
    assert_eq!(node.whole(2).error.expect("an error").kind, "KeyboardInterrupt");
    node.run(3, "x");
    assert_eq!(node.whole(3).result.as_deref(), Some("7"));
}

#[test]
fn a_server_is_asked() {
    let Some(launch) = mrmd() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    node.run(1, "1");
    let told = node.told(KernelAsk::IsComplete { code: "def f():".to_owned() }).expect("told");
    let indent = "    ".to_owned();
    assert_eq!(told, KernelTold::Completeness { status: Completeness::Incomplete, indent });
    let inspect = KernelAsk::Inspect { code: "print".to_owned(), cursor: 3, detail: Detail::Documentation };
    let KernelTold::Inspection(told) = node.told(inspect).expect("told") else { panic!("an inspection") };
    assert!(told.found && told.docstring.is_some_and(|text| text.contains("stream")));
    let KernelTold::Variables { .. } = node.told(KernelAsk::Variables).expect("told") else { panic!("variables") };
    let history = KernelAsk::History { last: 9, before: 0, contains: String::new() };
    assert!(matches!(node.told(history), Ok(KernelTold::History { entries, .. }) if entries.len() == 1));
}

/// It has no end of its own that it heeds, and what executes is a process beside it.
#[test]
fn a_server_that_dies_or_is_ended_leaves_nothing_behind() {
    let Some(launch) = mrmd() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    node.run(1, "import os; print(os.getpid(), os.getppid())");
    let pids: Vec<i32> = node.whole(1).stdout.split_whitespace().map(|pid| pid.parse().expect("a pid")).collect();
    node.ask(&HostRequest::ShutDown);
    node.wait_until_gone();
    for pid in pids {
        while kill(Pid::from_raw(pid), None).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(5)); // it is being collected
        }
    }
}

#[test]
fn a_server_that_is_not_one_does_not_start() {
    let launch =
        HostLaunch { transport: KernelTransport::Mrp, kernel_start_ms: 300, ..support::launch(&["sleep", "600"]) };
    let mut host = Host::start(&launch);
    let detail = host.attached().wait_until_gone();
    assert!(detail.contains("no answer within 300 ms"), "{detail}");
}
