//! The session host over a real ipykernel.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{Host, ipykernel, launch, python, run_id};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;

fn signal(pid: &str, signal: Signal) {
    let pid: i32 = pid.trim().parse().expect("a process id");
    kill(Pid::from_raw(pid), signal).expect("the process lives");
}

#[test]
fn code_runs_and_its_outputs_come_in_order_with_the_result() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    let code = "import sys\nfor n in range(3):\n    print(n, flush=True)\nprint('e', file=sys.stderr)\n6 * 7";
    assert_eq!(node.run(1, code), RunOutcome::Succeeded);
    let events = node.events(1);
    assert!(matches!(events.first(), Some((1, RunEvent::Start { kernel: 1, .. }))));
    let whole = node.whole(1);
    assert_eq!((whole.stdout.as_str(), whole.stderr.as_str()), ("0\n1\n2\n", "e\n"));
    assert_eq!((whole.result.as_deref(), whole.execution_count), (Some("42"), Some(1)));
    // The session's own IPython directory: no other kernel touches files that this one has open.
    assert!(host.path("ipython").join("profile_default").exists());
    let mode = std::fs::metadata(host.path("host.sock")).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn rich_outputs_updates_and_clearing_arrive() {
    let Some(python) = python() else { return };
    let mut node_host = Host::start(&ipykernel(&python));
    let mut node = node_host.attached();
    let code = "from IPython.display import display, HTML, clear_output\n\
        shown = display(HTML('<b>a</b>'), display_id='one')\nshown.update(HTML('<i>b</i>'))\nclear_output(wait=True)";
    node.run(1, code);
    let events: Vec<_> = node.events(1).into_iter().map(|(_, event)| event).collect();
    assert!(
        matches!(&events[1], RunEvent::Display { bundle, display_id: Some(id) }
            if bundle.data["text/html"] == "<b>a</b>" && id == "one"),
        "{events:?}"
    );
    assert!(matches!(&events[2], RunEvent::DisplayUpdate { bundle, display_id }
        if bundle.data["text/html"] == "<i>b</i>" && display_id == "one"));
    assert_eq!(events[3], RunEvent::ClearOutput { wait: true });
}

#[test]
fn an_error_has_its_kind_traceback_and_line() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    assert_eq!(node.run(1, "x = 1\nx / 0"), RunOutcome::Failed);
    let error = node.whole(1).error.expect("an error");
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("ZeroDivisionError", "division by zero"));
    assert!(!error.traceback.is_empty());
    assert_eq!(error.line, Some(2));
    assert_eq!(node.run(2, "x"), RunOutcome::Succeeded, "the kernel lives on");
}

#[test]
fn a_question_is_answered() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.hand_over(1, "name = input('Name? ')\nprint('hello', name)");
    node.wait_for(1, |event| *event == RunEvent::StdinRequest { prompt: "Name? ".to_owned(), password: false });
    node.ask(&HostRequest::Input { run: run_id(1), text: "Ada".to_owned() });
    assert_eq!(node.wait_for_end(1), RunOutcome::Succeeded);
    assert_eq!(node.whole(1).stdout, "hello Ada\n");
    node.ask(&HostRequest::Input { run: run_id(1), text: "Ada".to_owned() });
    let refused = loop {
        if let Some(HostMessage::Refused(refusal)) = node.next() {
            break refusal;
        }
    };
    assert_eq!(refused.code, ErrorCode::NotWaiting);
}

#[test]
fn an_interrupt_ends_what_runs_and_spares_what_follows() {
    let Some(python) = python() else { return };
    for by_message in [false, true] {
        let mut host =
            Host::start(&wayfare_protocol::host::HostLaunch { interrupt_by_message: by_message, ..ipykernel(&python) });
        let mut node = host.attached();
        node.hand_over(1, "import time\nprint('on', flush=True)\ntime.sleep(600)");
        node.hand_over(2, "'after'");
        node.wait_for(1, |event| matches!(event, RunEvent::Stdout { .. }));
        node.ask(&HostRequest::Interrupt { position: Some(1) });
        assert_eq!(node.wait_for_end(1), RunOutcome::Failed);
        assert_eq!(node.whole(1).error.expect("an error").kind, "KeyboardInterrupt");
        assert_eq!(node.wait_for_end(2), RunOutcome::Succeeded);
    }
}

#[test]
fn a_kernel_killed_in_mid_run_leaves_it_interrupted_with_all_that_was_said() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.hand_over(1, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)");
    node.wait_for(1, |event| matches!(event, RunEvent::Stdout { .. }));
    let pid = node.whole(1).stdout;
    signal(&pid, Signal::SIGKILL);
    assert_eq!(node.wait_for_end(1), RunOutcome::Interrupted { seen_through: 2 });
    let detail = node.wait_until_gone();
    assert!(detail.starts_with("signal 9"), "{detail}");
    node.acknowledge_all();
    assert!(node.next().is_none(), "the host ends when its records are acknowledged");
    assert!(host.process.wait().expect("the host ended").success());
}

#[test]
fn a_kernel_that_ends_itself_says_its_last_words() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    // The pause is the kernel's: its own threads must have handed the text over before it ends without a flush.
    node.hand_over(1, "import os, time\nprint('said before', flush=True)\ntime.sleep(0.2)\nos._exit(7)");
    assert!(matches!(node.wait_for_end(1), RunOutcome::Interrupted { .. }));
    assert_eq!(node.whole(1).stdout, "said before\n");
    assert!(node.wait_until_gone().starts_with("exit status 7"));
}

#[test]
fn a_killed_host_takes_its_kernel_along() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.run(1, "import os; os.getpid()");
    let pid = node.whole(1).result.expect("the kernel's id");
    host.process.kill().expect("killed");
    host.process.wait().expect("ended");
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z")
    };
    let since = Instant::now();
    while alive() {
        assert!(since.elapsed().as_secs() < 30, "the kernel outlives its host");
        std::thread::yield_now();
    }
}

#[test]
fn a_position_handed_over_twice_runs_once() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let witness = host.path("witness");
    let code = format!("open({:?}, 'a').write('1 ')", witness.display().to_string());
    let mut node = host.attached();
    node.hand_over(1, &code);
    node.hand_over(1, &code);
    node.wait_for_end(1);
    let mut again = host.connect();
    assert_eq!(again.hello.last_position, 1);
    again.hand_over(1, &code);
    again.ask(&HostRequest::Attach { from: 1 });
    again.run(2, "2");
    assert_eq!(std::fs::read_to_string(&witness).expect("the witness"), "1 ");
}

#[test]
fn whoever_reconnects_attaches_at_any_record_and_sees_the_same() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut first = host.attached();
    first.hand_over(1, "import time\nfor n in range(40):\n    print(n, flush=True)\n    time.sleep(0.01)");
    first.wait_for(1, |event| matches!(event, RunEvent::Stdout { content } if content.contains('5')));
    let seen = first.records.clone();
    drop(first);
    let mut second = host.connect();
    second.ask(&HostRequest::Attach { from: 1 });
    second.wait_for_end(1);
    assert_eq!(second.records[..seen.len()], seen);
    let expected: String = (0..40).map(|n| format!("{n}\n")).collect();
    assert_eq!(second.whole(1).stdout, expected);
    for from in [2, second.records.len() as u64] {
        let mut third = host.connect();
        third.ask(&HostRequest::Attach { from });
        third.wait_for_end(1);
        assert_eq!(third.records, second.records[from as usize - 1..]);
    }
}

#[test]
fn prepare_closes_every_connection_and_the_session_goes_on() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    let mut other = host.connect();
    node.run(1, "x = 5");
    node.ask(&HostRequest::Prepare);
    let last = node.records.last().expect("records").sequence;
    for node in [&mut node, &mut other] {
        let mut said = None;
        while let Some(message) = node.next() {
            said = Some(message);
        }
        assert_eq!(said, Some(HostMessage::Prepared { through: last }));
    }
    let mut after = host.attached();
    after.run(2, "x");
    assert_eq!(after.whole(2).result.as_deref(), Some("5"));
}

#[test]
fn a_shut_down_ends_kernel_and_host() {
    let Some(python) = python() else { return };
    for by_signal in [false, true] {
        let mut host = Host::start(&ipykernel(&python));
        let mut node = host.attached();
        node.run(1, "1");
        if by_signal {
            signal(&host.process.id().to_string(), Signal::SIGTERM);
        } else {
            node.ask(&HostRequest::ShutDown);
        }
        let detail = node.wait_until_gone();
        assert!(detail.starts_with("shut down; exit status 0"), "{detail}");
        node.acknowledge_all();
        assert!(node.next().is_none());
        assert!(host.process.wait().expect("ended").success());
    }
}

#[test]
fn what_is_not_a_request_closes_that_connection_only() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    for bytes in [[5, 0, 0, 0, 255, 255, 255, 255, 255].as_slice(), &u32::MAX.to_le_bytes()] {
        let mut bad = host.connect();
        std::io::Write::write_all(&mut bad.stream, bytes).expect("written");
        let refused = loop {
            match bad.next() {
                Some(HostMessage::Refused(refusal)) => break refusal,
                Some(_) => {}
                None => panic!("closed without a word"),
            }
        };
        assert_eq!(refused.code, ErrorCode::Malformed);
        assert!(bad.next().is_none());
    }
    assert_eq!(node.run(1, "1"), RunOutcome::Succeeded);
}

#[test]
fn a_kernel_that_cannot_start_is_gone_with_its_last_words() {
    let mut missing = Host::start(&launch(&["/no/such/kernel"]));
    let detail = missing.connect().wait_until_gone();
    assert!(detail.contains("cannot start /no/such/kernel"), "{detail}");
    let mut failing = Host::start(&launch(&["/bin/sh", "-c", "echo no such module >&2; exit 3"]));
    let detail = failing.connect().wait_until_gone();
    assert!(detail.contains("exit status 3") && detail.contains("no such module"), "{detail}");
    let slow = wayfare_protocol::host::HostLaunch { kernel_start_ms: 200, ..launch(&["/bin/sleep", "600"]) };
    let detail = Host::start(&slow).connect().wait_until_gone();
    assert!(detail.contains("no answer within 200 ms") && detail.contains("signal 9"), "{detail}");
}

#[test]
fn one_host_lives_in_a_directory() {
    let mut host = Host::start(&launch(&["/bin/sleep", "600"]));
    let _node = host.connect();
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_wayfare-session-host"))
        .arg(host.dir.path())
        .output()
        .expect("it ran");
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("a session host lives here already"), "{said}");
    let _still = host.connect();
}

#[test]
fn a_path_too_long_for_a_socket_is_named() {
    let deep = tempfile::tempdir().expect("a directory");
    let deep = deep.path().join("d".repeat(120));
    std::fs::create_dir_all(&deep).expect("made");
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_wayfare-session-host")).arg(&deep).output().expect("it ran");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("too long for a unix socket"), "{said}");
}
