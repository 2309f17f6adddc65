//! Processes as `/proc` shows them (proc(5)). A process that ended and was not collected yet counts as gone.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::thread;
use std::time::Instant;

use nix::sys::signal::{Signal, kill as send};
use nix::unistd::Pid;
use wayfare_protocol::limits::{PROGRAM_CHANGE, PROGRAM_CHANGE_LOOK};

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

/// The environment that a process's program was started with. A process that is just becoming another program (execve(2))
/// shows none: it is looked at again until it is that program, for [`PROGRAM_CHANGE`] at most.
pub(super) fn environment(pid: i32) -> Vec<u8> {
    let changing_until = Instant::now() + PROGRAM_CHANGE;
    let mut seen_without = false;
    loop {
        let shown = at_once(&format!("/proc/{pid}/environ"));
        if !shown.is_empty() || is_of_the_kernel(pid) || read(pid).is_none() || Instant::now() >= changing_until {
            return shown;
        }
        // One that was asked for between two programs has an environment by now. One that has none is asked for twice, since
        // the kernel lays out a new program's environment after its arguments.
        let without = has_no_environment(pid);
        if without && seen_without {
            return shown;
        }
        seen_without = without;
        thread::sleep(PROGRAM_CHANGE_LOOK);
    }
}

/// Whether a process's program has the place for an environment, and nothing there: fields 50 and 51 of `/proc/<pid>/stat`,
/// which are zero while it has no program.
fn has_no_environment(pid: i32) -> bool {
    let stat = at_once(&format!("/proc/{pid}/stat"));
    let stat = String::from_utf8_lossy(&stat);
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let bounds: Vec<u64> = rest.split_whitespace().skip(47).take(2).filter_map(|field| field.parse().ok()).collect();
    matches!(bounds[..], [start, end] if start == end && end != 0)
}

/// A file of a process, in one call: a second one after its program has changed would find the end of the file.
fn at_once(path: &str) -> Vec<u8> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let Ok(length) = fs::File::open(path).and_then(|file| file.read_at(&mut bytes, 0)) else { return Vec::new() };
        if length < bytes.len() {
            bytes.truncate(length);
            return bytes;
        }
        bytes.resize(2 * length, 0);
    }
}

/// A thread of the kernel has no program, and neither environment nor arguments.
fn is_of_the_kernel(pid: i32) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_err()
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
    fn a_program_without_an_environment_is_not_waited_for() {
        let mut child = std::process::Command::new("sleep").arg("1000").env_clear().spawn().expect("sleep");
        let pid = i32::try_from(child.id()).expect("a process id");
        assert_eq!(environment(pid), Vec::<u8>::new());
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert_eq!(environment(2), Vec::<u8>::new(), "of a thread of the kernel, or of no process");
    }

    #[test]
    fn a_process_that_becomes_another_program_still_carries_its_mark() {
        let folder = tempfile::tempdir().expect("folder");
        let over = folder.path().join("over");
        let again = "[ ${I:-0} -ge 300 ] && : > \"$OVER\" && exec sleep 1000; I=$((${I:-0} + 1)) exec sh -c \"$AGAIN\"";
        let mut child = std::process::Command::new("sh")
            .args(["-c", again])
            .env("AGAIN", again)
            .env("MARK", "here")
            .env("OVER", &over)
            .spawn()
            .expect("sh");
        let pid = i32::try_from(child.id()).expect("a process id");
        while !over.exists() {
            let environment = environment(pid);
            assert!(environment.split(|byte| *byte == 0).any(|variable| variable == b"MARK=here"));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
    }

    #[test]
    fn an_id_that_is_another_process_by_now_is_not_signalled() {
        let own = read(i32::try_from(std::process::id()).expect("a process id")).expect("this process");
        kill(&[Process { start_ticks: own.start_ticks + 1, ..own }]); // this test ends if it is
    }
}
