//! Much output, and little delay.

mod support;

use std::time::{Duration, Instant};

use support::{Host, ipykernel, python};
use wayfare_protocol::host::{HostLaunch, HostRequest};
use wayfare_protocol::output::RunOutcome;

const LINES: u64 = 200_000;

fn expected() -> String {
    (0..LINES).map(|n| format!("line {n}\n")).collect()
}

fn median(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

#[test]
fn every_line_arrives_in_order_and_memory_stays_bounded() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    node.acknowledges = true;
    node.run(1, "1");
    let before = host.memory_kib("VmRSS:");
    let since = Instant::now();
    let code = format!("for n in range({LINES}):\n    print('line', n)");
    assert_eq!(node.run(2, &code), RunOutcome::Succeeded);
    let took = since.elapsed();
    assert!(node.whole(2).stdout == expected());
    let (after, most) = (host.memory_kib("VmRSS:"), host.memory_kib("VmHWM:"));
    println!(
        "{LINES} lines in {took:?}, {} records; RSS {before} KiB before, {after} after, {most} most",
        node.records.len()
    );
    assert!(most - before < 24 * 1024, "grew from {before} to {most} KiB");
}

#[test]
fn lines_flushed_one_by_one_arrive_though_nobody_listened() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&HostLaunch { journal_memory_bytes: 256 << 10, ..ipykernel(&python) });
    let mut node = host.attached();
    let before = host.memory_kib("VmRSS:");
    let done = host.pipe("done");
    let code = format!(
        "for n in range({LINES}):\n    print('line', n, flush=n % 20 == 0)\nopen({:?}, 'w').close()",
        done.display().to_string()
    );
    node.hand_over(1, &code);
    drop(node);
    std::fs::read(&done).expect("the cell says that it is at its end");
    let mut node = host.connect();
    node.ask(&HostRequest::Attach { from: 1 });
    assert_eq!(node.wait_for_end(1), RunOutcome::Succeeded);
    assert!(node.whole(1).stdout == expected());
    let spilled = std::fs::read_dir(host.path("spill")).expect("the folder").count();
    let most = host.memory_kib("VmHWM:");
    println!("{} records, {spilled} segments; RSS {before} KiB before, {most} most", node.records.len());
    assert!(spilled > 0);
    assert!(most - before < 24 * 1024, "grew from {before} to {most} KiB");
    node.acknowledge_all();
    node.run(2, "2");
    let left = std::fs::read_dir(host.path("spill")).expect("the folder").count();
    assert!(left < spilled, "{left} segments are left of {spilled}");
}

#[test]
fn a_host_that_was_stopped_for_a_while_loses_nothing() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    let done = host.pipe("done");
    let code = format!(
        "print('on', flush=True)\nimport time\ntime.sleep(0.3)\nfor n in range(10000):\n    print(n, flush=True)\nopen({:?}, 'w').close()",
        done.display().to_string()
    );
    node.hand_over(1, &code);
    node.wait_for(1, |event| matches!(event, wayfare_protocol::mrp::RunEvent::Stdout { .. }));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(host.process.id()).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).expect("stopped");
    std::fs::read(&done).expect("the cell says that it is at its end");
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).expect("continued");
    assert_eq!(node.wait_for_end(1), RunOutcome::Succeeded);
    let expected: String = "on\n".to_owned() + &(0..10_000).map(|n| format!("{n}\n")).collect::<String>();
    assert!(node.whole(1).stdout == expected);
}

#[test]
fn a_small_cell_is_answered_quickly() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let mut node = host.attached();
    let mut times = Vec::new();
    for position in 1..=300 {
        let since = Instant::now();
        node.run(position, "1+1");
        times.push(since.elapsed());
        assert_eq!(node.whole(position).result.as_deref(), Some("2"));
    }
    let (half, most) = median(times);
    println!("1+1 until its end is recorded: p50 {half:?}, p99 {most:?}; RSS {} KiB", host.memory_kib("VmRSS:"));
}
