//! Kernels and cells that do what they should not.

mod support;

use support::{Host, ipykernel, launch, python, run_id};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::ask::KernelAsk;
use wayfare_protocol::host::{HostLaunch, HostRequest};
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;

const MIB: u64 = 1 << 20;

#[test]
fn two_hundred_megabytes_that_nobody_reads_become_an_omission_and_the_hosts_memory_stays_bounded() {
    let Some(python) = python() else { return };
    let launch = HostLaunch { journal_memory_bytes: 4 * MIB, journal_disk_bytes: 16 * MIB, ..ipykernel(&python) };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    node.run(1, "1");
    let before = host.memory_kib("VmRSS:");
    let done = host.pipe("done");
    let code = format!(
        "line = 'x' * 1023 + '\\n'\nfor n in range(200):\n    print(line * 1024, end='')\nopen({:?}, 'w').close()\n'the end'",
        done.display().to_string()
    );
    node.hand_over(2, &code);
    drop(node);
    std::fs::read(&done).expect("the cell says that it is at its end");
    let mut node = host.connect();
    node.ask(&HostRequest::Attach { from: node.hello.first_kept });
    assert_eq!(node.wait_for_end(2), RunOutcome::Succeeded);
    let omitted: u64 = node
        .events(2)
        .iter()
        .map(|(_, event)| if let RunEvent::Omitted { bytes, .. } = event { *bytes } else { 0 })
        .sum();
    let whole = node.whole(2); // checks that numbers have no gap
    let most = host.memory_kib("VmHWM:");
    println!("{} bytes shown, {omitted} omitted; RSS {before} KiB before, {most} most", whole.stdout.len());
    assert_eq!(whole.stdout.len() as u64 + omitted, 200 * MIB, "every byte is shown or counted");
    assert!(omitted > 150 * MIB);
    assert_eq!(whole.result.as_deref(), Some("'the end'"), "the end is kept whatever is not");
    assert!(most - before < 64 * 1024, "grew from {before} to {most} KiB");
    assert_eq!(node.run(3, "1"), RunOutcome::Succeeded);
}

#[test]
fn a_kernel_that_floods_its_processs_stderr_fills_neither_disk_nor_memory() {
    let flood = HostLaunch { kernel_start_ms: 2_000, ..launch(&["/bin/sh", "-c", "yes this goes nowhere >&2"]) };
    let mut host = Host::start(&flood);
    let detail = host.connect().wait_until_gone();
    assert!(detail.contains("no answer within") && detail.contains("this goes nowhere"), "{detail}");
    let written: u64 = ["host.log", "host.log.old"]
        .iter()
        .filter_map(|name| std::fs::metadata(host.path(name)).ok())
        .map(|data| data.len())
        .sum();
    assert!(written <= wayfare_protocol::Limits::default().host_log + 8192, "{written} bytes of log");
    host.process.wait().expect("it ends when somebody knows");
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).expect("usage");
    assert!(usage.max_rss() < 64 * 1024, "{} KiB", usage.max_rss());
}

#[test]
fn a_cell_that_floods_stderr_is_heard_to_its_end() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.acknowledges = true;
    let code = "import sys\nfor n in range(100_000):\n    print('noise', n, file=sys.stderr)";
    assert_eq!(node.run(1, code), RunOutcome::Succeeded);
    assert_eq!(node.whole(1).stderr.lines().count(), 100_000);
}

#[test]
fn a_cell_that_ignores_interrupts_loses_its_kernel_after_two_notices() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&HostLaunch { interrupt_again_ms: 300, interrupt_end_ms: 300, ..ipykernel(&python) });
    let mut node = host.attached();
    node.hand_over(
        1,
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('on', flush=True)\nwhile True:\n    time.sleep(1)",
    );
    node.wait_for(1, |event| matches!(event, RunEvent::Stdout { .. }));
    node.ask(&HostRequest::Interrupt { position: Some(1) });
    assert!(matches!(node.wait_for_end(1), RunOutcome::Interrupted { .. }));
    let said = node.whole(1).stderr;
    assert_eq!(said.matches("wayfare: ").count(), 2, "{said}");
    let detail = node.wait_until_gone();
    assert!(detail.contains("did not heed its interrupt"), "{detail}");
}

#[test]
fn a_cell_that_ends_itself_after_its_interrupt_keeps_its_kernel() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&HostLaunch { interrupt_again_ms: 30_000, ..ipykernel(&python) });
    let mut node = host.attached();
    node.hand_over(
        1,
        "import time\ntry:\n    print('on', flush=True)\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    print('saved')",
    );
    node.wait_for(1, |event| matches!(event, RunEvent::Stdout { .. }));
    node.ask(&HostRequest::Interrupt { position: Some(1) });
    assert_eq!(node.wait_for_end(1), RunOutcome::Succeeded);
    assert_eq!(node.whole(1).stdout, "on\nsaved\n");
    assert_eq!(node.run(2, "2"), RunOutcome::Succeeded);
}

#[test]
fn a_session_over_its_memory_cap_loses_its_kernel_with_a_notice() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&HostLaunch { memory_max_bytes: 300 * MIB, ..ipykernel(&python) });
    let mut node = host.attached();
    assert_eq!(node.run(1, "small = bytearray(10 << 20)"), RunOutcome::Succeeded);
    node.hand_over(2, "import time\nkept = b'x' * (400 << 20)\ntime.sleep(600)");
    assert!(matches!(node.wait_for_end(2), RunOutcome::Interrupted { .. }));
    let said = node.whole(2).stderr;
    assert!(said.contains("over its cap of 300 MiB"), "{said}");
    assert!(node.wait_until_gone().contains("signal 9"));
}

#[test]
fn widgets_are_refused_visibly_and_the_cell_goes_on() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    let code = "from comm import create_comm\nclosed = []\nfor n in range(2):\n    made = create_comm(target_name='jupyter.widget')\n    made.on_close(lambda message: closed.append(1))\n'shown'";
    assert_eq!(node.run(1, code), RunOutcome::Succeeded);
    let whole = node.whole(1);
    assert_eq!(whole.stderr.matches("widgets are not supported").count(), 1, "{whole:?}");
    assert_eq!(whole.result.as_deref(), Some("'shown'"));
    node.run(2, "len(closed)");
    assert_eq!(node.whole(2).result.as_deref(), Some("2"), "the kernel was told that nobody is there");
}

#[test]
fn a_password_is_asked_for_as_one_and_text_that_moves_the_cursor_is_kept() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.hand_over(
        1,
        "import getpass\nsecret = getpass.getpass('Secret: ')\nprint('a\\rb\\x1b[31mred\\x1b[0m', len(secret))",
    );
    node.wait_for(1, |event| *event == RunEvent::StdinRequest { prompt: "Secret: ".to_owned(), password: true });
    node.ask(&HostRequest::Input { run: run_id(1), text: "abc".to_owned() });
    assert_eq!(node.wait_for_end(1), RunOutcome::Succeeded);
    assert_eq!(node.whole(1).stdout, "a\rb\u{1b}[31mred\u{1b}[0m 3\n");
}

#[test]
fn a_busy_kernel_is_not_asked_and_a_variable_that_cannot_be_shown_spoils_nothing() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.run(
        1,
        "class Odd:\n    def __repr__(self):\n        raise ValueError('no')\nodd = Odd()\nbig = list(range(10**6))\nnest = {'a': [1, {'b': 2}]}\nimport os",
    );
    let Ok(wayfare_protocol::ask::KernelTold::Variables { variables, .. }) = node.told(KernelAsk::Variables) else {
        panic!()
    };
    let named =
        |name: &str| variables.iter().find(|variable| variable.name == name).unwrap_or_else(|| panic!("{name}"));
    assert!(named("odd").value.contains("Odd"), "{:?}", named("odd"));
    assert_eq!((named("big").length, named("big").expandable), (Some(1_000_000), true));
    assert!(named("big").value.len() < 1024);
    let path = |steps: &[&str]| KernelAsk::Variable {
        name: "nest".to_owned(),
        path: steps.iter().map(|&step| step.to_owned()).collect(),
        max_children: 1,
        max_value: 100,
    };
    let Ok(wayfare_protocol::ask::KernelTold::Variable(inner)) = node.told(path(&["['a']"])) else { panic!() };
    assert_eq!((inner.children.len(), inner.truncated), (1, true));
    let Ok(wayfare_protocol::ask::KernelTold::Variable(deep)) = node.told(path(&["['a']", "[1]", "['b']"])) else {
        panic!()
    };
    assert_eq!(deep.full_value, "2");
    node.run(2, "len([n for n in dir() if 'wanted' in n])");
    let whole = node.whole(2);
    assert_eq!((whole.result.as_deref(), whole.execution_count), (Some("0"), Some(2)), "no trace is left behind");
    node.hand_over(3, "import time\ntime.sleep(600)");
    node.wait_for(3, |event| matches!(event, RunEvent::Start { .. }));
    assert_eq!(node.told(KernelAsk::Variables).expect_err("busy").code, ErrorCode::KernelBusy);
    node.ask(&HostRequest::Interrupt { position: Some(3) });
    node.wait_for_end(3);
}

/// Its answer to a question never comes: it is given up in time, and the next run is executed all the same.
#[test]
fn a_kernel_that_answers_no_question_is_given_up() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.run(1, "import time\nclass Slow:\n    def __repr__(self):\n        time.sleep(12)\n        return 'slow'\nslow = Slow()");
    let refused = node.told(KernelAsk::Variables).expect_err("it takes longer than it may");
    assert_eq!(refused.code, ErrorCode::DeadlineExceeded);
    assert_eq!(node.run(2, "1 + 1"), RunOutcome::Succeeded);
    assert_eq!(node.whole(2).result.as_deref(), Some("2"));
}
