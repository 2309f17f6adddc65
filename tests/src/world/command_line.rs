//! The command line of a device.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tokio::task::JoinHandle;

use super::{World, sober, venv};
use crate::forward::unix_to_tcp;
use crate::namespace;
use crate::patience::within;

/// Where a device's commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// On this machine's network.
    Shared,
    /// In a network namespace with nothing but the cloud's port.
    Own,
}

/// The command line `wayfare` of a device with a data folder of its own.
#[derive(Debug)]
pub struct CommandLine {
    begins: Vec<OsString>,
    home: PathBuf,
    forwarding: Option<JoinHandle<()>>,
}

impl CommandLine {
    pub(super) fn new(world: &mut World, name: &str, network: Network) -> Result<Self> {
        let home = world.folder().join(name);
        fs::create_dir_all(&home)?;
        let program = world.programs().path("wayfare");
        let (command, forwarding) = match network {
            Network::Shared => (Command::new(program), None),
            Network::Own => {
                let (socket, cloud) = (home.join("network.sock"), world.cloud().address());
                let forwarding = unix_to_tcp(&socket, cloud)?;
                (namespace::command(world.programs(), &socket, cloud, &program)?, Some(forwarding))
            }
        };
        let mut begins = vec![command.get_program().to_owned()];
        begins.extend(command.get_args().map(OsString::from));
        begins.extend(["--data-dir".into(), home.join("data").into()]);
        Ok(Self { begins, home, forwarding })
    }

    /// Runs a command to its end. Gives what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn says(&self, words: &[&str]) -> Result<String> {
        let mut command = sober(self.begins[0].as_ref(), &self.home);
        command.args(&self.begins[1..]).args(words);
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        let output = within(&format!("wayfare {}", words.join(" ")), command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "wayfare {}: {}\n{said}\n{errors}", words.join(" "), output.status);
        Ok(said)
    }

    /// Runs a Python program of this device's user to its end. Gives what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn runs_python(&self, program: &Path, words: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let mut command = sober(&venv()?.join("bin/python"), &self.home);
        command.arg(program).args(words).envs(variables.iter().copied());
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        let output = within(&program.display().to_string(), command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {}\n{said}\n{errors}", program.display(), output.status);
        Ok(said)
    }

    /// Runs a notebook of one cell to its end. Gives what was printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn runs(&self, title: &str, code: &str) -> Result<String> {
        let notebook = self.home.join(format!("{title}.md"));
        fs::write(&notebook, format!("---\nproject: story\n---\n\n# {title}\n\n```python\n{code}\n```\n"))?;
        self.says(&["run", &notebook.display().to_string()]).await
    }
}

impl Drop for CommandLine {
    fn drop(&mut self) {
        if let Some(forwarding) = &self.forwarding {
            forwarding.abort();
        }
    }
}
