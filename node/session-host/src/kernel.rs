//! The kernel: its process and the line to it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use wayfare_core::kernel_host::{KernelCommand, KernelEvent};
use wayfare_protocol::host::HostLaunch;

use crate::folder::Folder;
use crate::launch;
use crate::line::{Carried, Line};
use crate::log::Log;

/// After the process has ended its line is read until nothing came for so long.
const QUIET: Duration = Duration::from_millis(50);
/// … but no longer than this.
const QUIET_MAX: Duration = Duration::from_secs(2);

enum Life {
    /// It is being reached.
    Starting(JoinHandle<Line>),
    /// It answers.
    Serving(Line),
    /// Its process has ended; what it said before may still be read.
    Ended { line: Option<Line>, detail: String, quiet_at: Instant, at_latest: Instant },
    /// Nothing follows.
    Over,
}

pub(crate) struct Kernel {
    child: Child,
    group: Option<Pid>,
    interrupt_by_message: bool,
    life: Life,
    log: Log,
}

enum Happened {
    Said(Vec<KernelEvent>),
    Connected(Option<Line>),
    Exited(std::io::Result<ExitStatus>),
    Quiet,
}

impl Kernel {
    /// Starts it.
    pub(crate) fn start(folder: &Folder, launch: &HostLaunch, log: &Log) -> anyhow::Result<Self> {
        let reach = launch::reach(folder, launch.transport)?;
        let mut command = launch::command(folder, launch, &reach);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: an interrupt reaches it and what it started, and not the host.
        command.process_group(0);
        dies_with_host(&mut command);
        let program = launch.argv.first().cloned().unwrap_or_default();
        let mut child = command.spawn().with_context(|| format!("cannot start {program} in {}", launch.cwd))?;
        if let Some(out) = child.stdout.take() {
            tokio::spawn(note_lines(out, log.clone()));
        }
        if let Some(err) = child.stderr.take() {
            tokio::spawn(note_lines(err, log.clone()));
        }
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let (reached, connecting_log) = (launch.clone(), log.clone());
        let connecting = tokio::spawn(async move { Line::connect(reach, &reached, connecting_log).await });
        log.note(format_args!("kernel {} started: {}", launch.kernel, launch.argv.join(" ")));
        Ok(Self {
            child,
            group,
            interrupt_by_message: launch.interrupt_by_message,
            life: Life::Starting(connecting),
            log: log.clone(),
        })
    }

    /// What it says next; empty when that means nothing. May be dropped while it waits and loses nothing.
    pub(crate) async fn next(&mut self) -> Vec<KernelEvent> {
        let happened = match &mut self.life {
            Life::Starting(connecting) => tokio::select! {
                biased;
                line = connecting => Happened::Connected(line.ok()),
                status = self.child.wait() => Happened::Exited(status),
            },
            Life::Serving(line) => tokio::select! {
                biased;
                said = line.read() => Happened::Said(said),
                status = self.child.wait() => Happened::Exited(status),
            },
            Life::Ended { line: Some(line), quiet_at, .. } => tokio::select! {
                biased;
                said = line.read() => Happened::Said(said),
                () = sleep_until(*quiet_at) => Happened::Quiet,
            },
            Life::Ended { line: None, quiet_at, .. } => {
                sleep_until(*quiet_at).await;
                Happened::Quiet
            }
            Life::Over => std::future::pending().await,
        };
        self.take(happened)
    }

    /// Carries a command out. Returns what is to be said about it at once.
    pub(crate) fn command(&mut self, command: &KernelCommand) -> Option<KernelEvent> {
        if let Life::Serving(line) = &mut self.life {
            match line.command(command, self.interrupt_by_message) {
                Carried::Sent => return None,
                Carried::Answered(event) => return Some(event),
                Carried::NoMessage => {}
            }
        }
        match command {
            KernelCommand::Interrupt => self.signal(Signal::SIGINT),
            KernelCommand::Terminate => self.signal(Signal::SIGTERM),
            KernelCommand::Kill => self.signal(Signal::SIGKILL),
            // It is not there to be asked; the machine hears so, or goes on to a signal.
            KernelCommand::Execute { .. }
            | KernelCommand::InputReply { .. }
            | KernelCommand::Ask { .. }
            | KernelCommand::CloseComm { .. }
            | KernelCommand::ShutDown => {}
        }
        None
    }

    fn take(&mut self, happened: Happened) -> Vec<KernelEvent> {
        match happened {
            Happened::Said(events) => {
                if let Life::Ended { quiet_at, at_latest, .. } = &mut self.life {
                    *quiet_at = (Instant::now() + QUIET).min(*at_latest);
                }
                events
            }
            Happened::Connected(Some(line)) => {
                self.life = Life::Serving(line);
                vec![KernelEvent::Ready]
            }
            Happened::Connected(None) => {
                // The task that connects failed; the machine's deadline ends the kernel.
                self.log.note("the kernel could not be reached");
                self.life = Life::Starting(tokio::spawn(std::future::pending()));
                Vec::new()
            }
            Happened::Exited(status) => {
                let detail = match status {
                    Ok(status) => ended_how(status),
                    Err(error) => format!("its process cannot be watched: {error}"),
                };
                self.log.note(format_args!("kernel ended: {detail}"));
                let now = Instant::now();
                let line = match std::mem::replace(&mut self.life, Life::Over) {
                    Life::Serving(line) => Some(line),
                    Life::Starting(connecting) => {
                        connecting.abort();
                        None
                    }
                    Life::Ended { .. } | Life::Over => None,
                };
                self.life = Life::Ended { line, detail, quiet_at: now + QUIET, at_latest: now + QUIET_MAX };
                Vec::new()
            }
            Happened::Quiet => {
                let Life::Ended { detail, .. } = std::mem::replace(&mut self.life, Life::Over) else {
                    return Vec::new();
                };
                let words = self.log.last_words();
                let detail = if words.is_empty() { detail } else { format!("{detail}; last words:\n{words}") };
                vec![KernelEvent::Died { detail }]
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // Once the process is collected its number may be another's.
        if matches!(self.life, Life::Starting(_) | Life::Serving(_))
            && let Some(group) = self.group
            && let Err(error) = killpg(group, signal)
        {
            self.log.note(format_args!("{signal} could not be sent: {error}"));
        }
    }
}

fn ended_how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}

/// A kernel without its host would run on with nobody to hear it.
#[expect(unsafe_code, reason = "only a child between fork and exec can ask for its parent's death")]
fn dies_with_host(command: &mut tokio::process::Command) {
    // SAFETY: the closure makes one system call, which is safe between fork and exec, and touches no memory.
    unsafe {
        command.pre_exec(|| set_pdeathsig(Signal::SIGKILL).map_err(std::io::Error::from));
    }
}

async fn note_lines(from: impl AsyncRead + Unpin, log: Log) {
    let mut from = BufReader::new(from);
    loop {
        // As much as is there, not line by line: a line without an end must not grow.
        let Ok(piece) = from.fill_buf().await else { return };
        if piece.is_empty() {
            return;
        }
        for line in piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            log.kernel(&String::from_utf8_lossy(line));
        }
        let taken = piece.len();
        from.consume(taken);
    }
}
