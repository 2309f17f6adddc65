//! Processes as `/proc` shows them (proc(5)). A process that ended and was not collected yet counts as gone.

use std::fs;

use nix::sys::signal::{Signal, kill as send};
use nix::unistd::Pid;

/// What is wanted to know of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
    /// Id of its process session, which is the process id of the session's leader.
    pub(super) session: i32,
    /// Clock ticks from the machine's boot to its start.
    pub(super) start_ticks: u64,
}

/// The living process of an id.
pub(super) fn read(pid: i32) -> Option<Process> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Every living process.
pub(super) fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Which boot of the machine this is.
pub(super) fn boot() -> std::io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// The processes that belong, and everything that these started; never this process.
pub(super) fn with_descendants(all: &[Process], belongs: impl Fn(&Process) -> bool) -> Vec<Process> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let mut chosen: Vec<Process> = all.iter().copied().filter(|process| belongs(process)).collect();
    let mut next = 0;
    while let Some(parent) = chosen.get(next).map(|process| process.pid) {
        for child in all.iter().filter(|process| process.parent == parent) {
            if !chosen.contains(child) {
                chosen.push(*child);
            }
        }
        next += 1;
    }
    chosen.retain(|process| process.pid != own);
    chosen
}

/// Ends processes by SIGKILL, each only if its id still is that process's.
pub(super) fn kill(processes: &[Process]) {
    for process in processes {
        if read(process.pid).is_some_and(|now| now.start_ticks == process.start_ticks) {
            // It may have ended by itself meanwhile.
            let _ = send(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
    }
}

/// Reads a line of `/proc/<pid>/stat`. The second field is the program's name in parentheses and may contain anything.
fn parse(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(' ')?;
    let fields: Vec<&str> = rest.rsplit_once(')')?.1.split_whitespace().collect();
    let [state, parent, _group, session, ..] = fields.as_slice() else { return None };
    if matches!(*state, "Z" | "X" | "x") {
        return None;
    }
    Some(Process {
        pid: pid.parse().ok()?,
        parent: parent.parse().ok()?,
        session: session.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32, session: i32) -> Process {
        Process { pid, parent, session, start_ticks: 7 }
    }

    #[test]
    fn a_program_name_with_parentheses_and_blanks_is_read_over() {
        let stat = "41 (a) b (c) S 1 41 40 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1";
        assert_eq!(parse(stat), Some(Process { pid: 41, parent: 1, session: 40, start_ticks: 98_765 }));
        assert_eq!(parse(&stat.replace(" S ", " Z ")), None, "a zombie is gone");
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn what_a_sessions_process_started_belongs_to_it_even_in_a_session_of_its_own() {
        let all = [process(10, 1, 10), process(11, 10, 10), process(12, 11, 12), process(13, 12, 12), process(9, 1, 9)];
        let pids: Vec<_> = with_descendants(&all, |p| p.session == 10).iter().map(|p| p.pid).collect();
        assert_eq!(pids, [10, 11, 12, 13]);
    }

    #[test]
    fn an_id_that_is_another_process_by_now_is_not_signalled() {
        let own = read(i32::try_from(std::process::id()).expect("a process id")).expect("this process");
        kill(&[Process { start_ticks: own.start_ticks + 1, ..own }]); // this test ends if it is
    }
}
