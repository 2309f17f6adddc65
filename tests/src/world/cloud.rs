//! The cloud's process.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;
use wayfare_protocol::pairing::PairingString;

use super::{Programs, World, sober};
use crate::bucket;
use crate::process::Process;

/// A cloud, running or not.
#[derive(Debug)]
pub struct Cloud {
    data: PathBuf,
    config: PathBuf,
    log: PathBuf,
    programs: Programs,
    home: PathBuf,
    address: SocketAddr,
    process: Option<Process>,
}

impl Cloud {
    pub(super) async fn start_first(world: &World, name: &str) -> Result<Self> {
        let config = world.folder().join(format!("{name}.toml"));
        let data = world.folder().join(name);
        let text = format!("data_dir = {:?}\nhurry = {}\n", data.display().to_string(), world.hurry);
        fs::write(&config, text + &world.trace_line(name) + &world.cloud_tables)?;
        let mut cloud = Self {
            data,
            config,
            log: world.log(name),
            programs: world.programs().clone(),
            home: world.folder().join("home"),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            process: None,
        };
        cloud.start().await?;
        Ok(cloud)
    }

    /// Starts it, also again after it ended; then at the same address.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn start(&mut self) -> Result<()> {
        let addresses = [self.data.join("listen.addr"), self.data.join("admin.addr")];
        for address in &addresses {
            let _ = fs::remove_file(address); // there is none at first
        }
        let mut command = sober(&self.programs.path("wayfare-cloud"), &self.home);
        command.arg("serve").arg("--config").arg(&self.config);
        command.arg("--listen").arg(self.address.to_string()).args(["--admin-listen", "127.0.0.1:0"]);
        // Where its configuration names a bucket.
        command.env("AWS_ACCESS_KEY_ID", bucket::KEY_ID).env("AWS_SECRET_ACCESS_KEY", bucket::SECRET);
        let mut process = Process::start("cloud", command, &self.log)?;
        process.file(&addresses[1]).await?;
        self.address = process.file(&addresses[0]).await?.trim().parse().context("listen.addr")?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn crash(&mut self) -> Result<()> {
        self.process.take().context("the cloud does not run")?.crash().await
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// If it does not run, or not end.
    pub async fn stop(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the cloud does not run")?;
        process.signal(Signal::SIGTERM)?;
        let status = process.end().await?;
        ensure!(status.success(), "the cloud ended with {status}");
        Ok(())
    }

    /// A pairing string for one more device.
    ///
    /// # Errors
    /// If the cloud gives none.
    pub async fn pairing_string(&self) -> Result<PairingString> {
        let mut command = sober(&self.programs.path("wayfare-cloud"), &self.home);
        command.arg("pair").arg("--config").arg(&self.config);
        let output = tokio::process::Command::from(command).output().await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let string = said.split_whitespace().find(|word| word.starts_with("wayfare"));
        let failed = || format!("no pairing string: {said} {}", String::from_utf8_lossy(&output.stderr));
        Ok(string.with_context(failed)?.parse()?)
    }

    /// Runs a command of its program on its data folder to its end. Gives what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn command(&self, words: &[&str]) -> Result<String> {
        let mut command = sober(&self.programs.path("wayfare-cloud"), &self.home);
        command.args(words).arg("--config").arg(&self.config);
        let output = tokio::process::Command::from(command).output().await?;
        let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "wayfare-cloud {}: {said} {why}", words.join(" "));
        Ok(said.into_owned())
    }

    /// Where it listens for links.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pid(&self) -> Result<i32> {
        Ok(i32::try_from(self.process.as_ref().context("the cloud does not run")?.pid())?)
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }
}
