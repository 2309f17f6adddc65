//! A user manager of systemd for one test: systemd itself, in a mount namespace in which it finds that the system was booted with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use crate::patience::until;
use crate::process::Process;
use crate::world::sober;

/// Says that the system was booted with systemd (sd_booted(3)), and becomes it.
const BOOTED: &str = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec systemd --user";

/// A running user manager.
#[derive(Debug)]
pub struct Systemd {
    home: PathBuf,
    runtime: PathBuf,
    process: Process,
}

impl Systemd {
    /// The manager of a user with that home. `None` (said loudly) where there is no systemd, or no namespace for it.
    ///
    /// # Errors
    /// If it does not begin to answer.
    pub async fn start(home: &Path, log: &Path) -> Result<Option<Self>> {
        let has = |program: &str, argument: &[&str]| {
            Command::new(program).args(argument).output().is_ok_and(|output| output.status.success())
        };
        if !has("systemctl", &["--version"]) || !has("unshare", &["--mount", "--", "true"]) {
            eprintln!("\n!!! SKIPPED: this machine has no systemd, or gives no mount namespace\n");
            return Ok(None);
        }
        let runtime = home.join("run");
        std::fs::create_dir_all(&runtime)?;
        let mut command = sober(Path::new("unshare"), home);
        command.args(["--mount", "--", "sh", "-c", BOOTED]).env("XDG_RUNTIME_DIR", &runtime);
        let process = Process::start("systemd", command, log)?;
        let manager = Self { home: home.to_owned(), runtime, process };
        until("systemd's socket", || manager.runtime.join("systemd/private").exists().then_some(())).await?;
        Ok(Some(manager))
    }

    /// What its user's commands need in their environment.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 1] {
        [("XDG_RUNTIME_DIR", self.runtime.display().to_string())]
    }

    /// Runs `systemctl --user` to its end. Gives what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn control(&self, words: &[&str]) -> Result<String> {
        let mut command = sober(Path::new("systemctl"), &self.home);
        command.arg("--user").args(words).envs(self.variables());
        let output = tokio::process::Command::from(command).output().await.context("systemctl")?;
        let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "systemctl {}: {said} {why}", words.join(" "));
        Ok(said.into_owned())
    }

    /// Ends it and every service of it.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn end(mut self) -> Result<()> {
        self.process.signal(Signal::SIGTERM)?;
        self.process.end().await?;
        Ok(())
    }
}
