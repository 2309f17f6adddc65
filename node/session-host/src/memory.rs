//! How much memory the session's processes use: the kernel's and those of what cells started, as `/proc` shows it (proc(5)).
//!
//! It is what each has resident, added up: pages that several share count once for each.

use std::fs;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use wayfare_core::kernel_host::Input;

/// Tells the memory used, again and again, until nobody listens any more.
pub(crate) async fn watch(every: Duration, inputs: mpsc::Sender<Input>) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Beside the loop: /proc of a busy machine is long, and outputs do not wait for it.
        let Ok(used) = tokio::task::spawn_blocking(used).await else { return };
        if inputs.send(Input::Memory(used)).await.is_err() {
            return;
        }
    }
}

/// Bytes that every process of this process session has resident, without this process.
fn used() -> u64 {
    let own = std::process::id();
    let session = nix::unistd::getsid(None).map_or(0, nix::unistd::Pid::as_raw);
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let processes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    processes
        .filter(|process| *process != own)
        .filter(|process| {
            fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| session_of(&stat) == Some(session))
        })
        .filter_map(|process| resident(&fs::read_to_string(format!("/proc/{process}/status")).ok()?))
        .sum()
}

/// The process session of a process, by its `stat`. The second field is the program's name in parentheses and may contain
/// anything.
fn session_of(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(3)?.parse().ok()
}

/// Bytes that a process has resident, by its `status`, which counts in KiB.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_over_any_name() {
        assert_eq!(session_of("41 (a) b (c) S 1 41 40 0 -1 4194560 1"), Some(40));
        assert_eq!(session_of("nonsense"), None);
        assert_eq!(resident("Name:\tVmRSS: 1\nVmHWM:\t  9000 kB\nVmRSS:\t    7000 kB\n"), Some(7000 * 1024));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }
}
