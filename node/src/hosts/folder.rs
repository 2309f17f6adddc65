//! A session's private folder: what is where in it, and whether its host lives.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::{BASE32_DNSSEC, Encoding};
use serde::{Deserialize, Serialize};
use wayfare_protocol::SessionId;

use super::processes::{self, Process};
use super::{HOST_PROGRAM, SESSION_FOLDER_VARIABLE};

const SHORT: Encoding = BASE32_DNSSEC;
const LOG: &str = "host.log";
const OLD_LOG: &str = "host.log.old";

/// A session's folder; it need not exist.
#[derive(Clone, Debug)]
pub(super) struct HostFolder {
    path: PathBuf,
}

/// Whether a session's host lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// There is no trace of one.
    Never,
    /// Its process is there.
    Alive { pid: i32 },
    /// There was one.
    Dead { pid: Option<i32> },
}

/// `host.start`: names one process among all that ever had its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) pid: i32,
    /// Clock ticks from the machine's boot to the process's start.
    pub(super) start_ticks: u64,
    /// Which boot of the machine.
    pub(super) boot: String,
}

impl HostFolder {
    /// The folder of a session below the node's data folder. Its name is the second half of the session's id (62 random
    /// bits of a UUIDv7), so that the paths of sockets in it stay short.
    pub(super) fn new(data: &Path, session: SessionId) -> Self {
        let short = SHORT.encode(&session.0.as_bytes()[8..]);
        Self { path: data.join("s").join(short) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn program(&self) -> PathBuf {
        self.path.join(HOST_PROGRAM)
    }

    pub(super) fn launch(&self) -> PathBuf {
        self.path.join("launch.json")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.path.join("host.sock")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    fn started_file(&self) -> PathBuf {
        self.path.join("host.start")
    }

    /// Makes the folder, for this user alone.
    pub(super) fn make(&self) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    /// Removes everything but the logs; an earlier log becomes the previous one.
    pub(super) fn clean(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name == LOG || name == OLD_LOG {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let removed = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            if let Err(error) = removed {
                tracing::warn!(path = %entry.path().display(), %error, "could not be removed");
            }
        }
    }

    /// Keeps the last host's log under another name.
    pub(super) fn keep_log(&self) {
        // There is none on the first start.
        let _ = fs::rename(self.log(), self.path.join(OLD_LOG));
    }

    /// Writes a file so that a reader sees all of it or none.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let partial = path.with_extension("partial");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(bytes)?;
        fs::rename(&partial, path)
    }

    pub(super) fn write_started(&self, pid: i32) -> std::io::Result<()> {
        let process = processes::read(pid).ok_or_else(|| std::io::Error::other("the process ended at once"))?;
        let started = Started { pid, start_ticks: process.start_ticks, boot: processes::boot()? };
        self.write(&self.started_file(), &serde_json::to_vec(&started)?)
    }

    fn started(&self) -> Option<Started> {
        serde_json::from_slice(&fs::read(self.started_file()).ok()?).ok()
    }

    /// Whether the host's process lives.
    pub(super) fn life(&self) -> Life {
        if let Some(started) = self.started() {
            return match started.process() {
                Some(process) => Life::Alive { pid: process.pid },
                None => Life::Dead { pid: Some(started.pid) },
            };
        }
        // The node may have died between starting a host and writing down which process it is.
        if !self.launch().exists() {
            return Life::Never;
        }
        match processes::all().into_iter().find(|process| self.runs_our_program(process)) {
            Some(process) => Life::Alive { pid: process.pid },
            None => Life::Dead { pid: None },
        }
    }

    /// The living processes of the session: the host, what is in its process session, what carries its mark (also a
    /// process that a cell detached), and what these started.
    pub(super) fn processes(&self) -> Vec<Process> {
        let leader = self.started().and_then(|started| started.process()).map(|process| process.pid);
        let led = |process: &Process| leader.is_some_and(|pid| process.pid == pid || process.session == pid);
        processes::with_descendants(&processes::all(), |process| led(process) || self.marks(process))
    }

    fn runs_our_program(&self, process: &Process) -> bool {
        let program = fs::read_link(format!("/proc/{}/exe", process.pid));
        let folder = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        program.is_ok_and(|program| program.starts_with(folder))
    }

    fn marks(&self, process: &Process) -> bool {
        let mark = format!("{SESSION_FOLDER_VARIABLE}={}", self.path.display());
        processes::environment(process.pid).split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    }
}

impl Started {
    /// The process, if it is still that one and lives.
    fn process(&self) -> Option<Process> {
        let same_boot = processes::boot().is_ok_and(|boot| boot == self.boot);
        processes::read(self.pid).filter(|process| same_boot && process.start_ticks == self.start_ticks)
    }
}
