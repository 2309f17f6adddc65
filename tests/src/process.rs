//! Processes of this test: started with their words going to a file, ended by their id, and nobody else's.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::patience::until;

/// A process that ends with this value.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// Where its own words begin in the log, which an earlier process of that name may have begun.
    begins: usize,
}

impl Process {
    /// Starts a program. What it writes is appended to `log`.
    ///
    /// # Errors
    /// If the log cannot be written or the program not be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log).with_context(|| log.display().to_string())?;
        let begins = usize::try_from(file.metadata()?.len())?;
        let errors: File = file.try_clone()?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let child = command.spawn().with_context(|| format!("cannot start {name}: {command:?}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), begins })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    #[must_use]
    pub fn words(&self) -> String {
        let all = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(all.get(self.begins..).unwrap_or_default()).into_owned()
    }

    /// Waits for a line of its own that is as wanted.
    ///
    /// # Errors
    /// If it ends before, or never writes one.
    pub async fn line(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        self.lives_until(what, |words| {
            // A line without its end may still grow.
            words
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .map(str::trim_end)
                .find(|line| wanted(line))
                .map(str::to_owned)
        })
        .await
    }

    /// Waits for a file that it writes, and gives its text.
    ///
    /// # Errors
    /// If it ends before, or never writes one.
    pub async fn file(&mut self, path: &Path) -> Result<String> {
        self.lives_until(&path.display().to_string(), |_| {
            fs::read_to_string(path).ok().filter(|text| !text.trim().is_empty())
        })
        .await
    }

    async fn lives_until<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> Result<T> {
        let what = format!("{}: {what}", self.name);
        until(&what, || match look(&self.words()) {
            Some(seen) => Some(Ok(seen)),
            None => self.ended().map(|status| Err(anyhow::anyhow!("it ended with {status} before: {what}"))),
        })
        .await?
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it at once, as a crash does, and returns when it is gone.
    ///
    /// # Errors
    /// If it had ended before.
    pub async fn crash(&mut self) -> Result<()> {
        if let Some(status) = self.ended() {
            bail!("{} had ended before, with {status}", self.name);
        }
        self.signal(Signal::SIGKILL)?;
        self.end().await?;
        Ok(())
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// If it is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        kill(pid, signal).with_context(|| format!("{signal} to {}", self.name))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// If it does not.
    pub async fn end(&mut self) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        until(&what, || self.ended()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; its id is kept for it until it is waited for here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends every process that carries this variable with this value or a path below it in its environment: what a session
/// started belongs to it, however it was detached.
pub fn end_all_with(variable: &str, value: &Path) {
    loop {
        let found = with_variable(variable, value);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL); // it may end by itself
        }
        std::thread::yield_now();
    }
}

/// The living processes that carry this variable with this value, or a path below it.
#[must_use]
pub fn with_variable(variable: &str, value: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let carries = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| {
            let entry = String::from_utf8_lossy(entry);
            entry.split_once('=').is_some_and(|(name, is)| name == variable && Path::new(is).starts_with(value))
        })
    };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(carries).collect()
}
