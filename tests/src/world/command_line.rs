//! The command line of a device.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tokio::task::JoinHandle;

use super::installed::{editors, venv};
use super::{Node, World, sober};
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
        let data = home.join("data");
        Self::of(world, home, data, network)
    }

    /// That of a node, on its own data folder.
    pub(super) fn of_node(world: &mut World) -> Result<Self> {
        let data = world.node().data().to_owned();
        Self::of(world, world.folder().to_owned(), data, Network::Shared)
    }

    /// The same of another node.
    pub(super) fn on_node(world: &mut World, node: &Node) -> Result<Self> {
        let data = node.data().to_owned();
        Self::of(world, world.folder().to_owned(), data, Network::Shared)
    }

    fn of(world: &mut World, home: PathBuf, data: PathBuf, network: Network) -> Result<Self> {
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
        begins.extend(["--data-dir".into(), data.into()]);
        Ok(Self { begins, home, forwarding })
    }

    /// Runs a command to its end. Gives what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub async fn says(&self, words: &[&str]) -> Result<String> {
        self.says_with(words, &[]).await
    }

    /// The same, with variables in its environment.
    ///
    /// # Errors
    /// If it fails.
    pub async fn says_with(&self, words: &[&str], variables: &[(&str, String)]) -> Result<String> {
        let mut command = sober(self.begins[0].as_ref(), &self.home);
        command.args(&self.begins[1..]).args(words).envs(variables.iter().map(|(name, value)| (*name, value)));
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
        self.runs_script(&venv()?.join("bin/python"), program, words, variables).await
    }

    /// Runs a program for Node.js that uses editors of others.
    ///
    /// # Errors
    /// If it fails, or they are not installed.
    pub async fn runs_node(&self, program: &Path, words: &[&str]) -> Result<String> {
        let modules = editors()?.display().to_string();
        self.runs_script(Path::new("node"), program, words, &[("NODE_PATH", &modules)]).await
    }

    async fn runs_script(
        &self,
        interpreter: &Path,
        program: &Path,
        words: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<String> {
        let mut command = sober(interpreter, &self.home);
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
        self.runs_with(title, code, &[]).await
    }

    /// The same with flags.
    ///
    /// # Errors
    /// If it fails.
    pub async fn runs_with(&self, title: &str, code: &str, flags: &[&str]) -> Result<String> {
        let notebook = self.home.join(format!("{title}.md"));
        fs::write(&notebook, format!("---\nproject: story\n---\n\n# {title}\n\n```python\n{code}\n```\n"))?;
        let notebook = notebook.display().to_string();
        self.says(&[&["run", notebook.as_str()], flags].concat()).await
    }
}

impl Drop for CommandLine {
    fn drop(&mut self) {
        if let Some(forwarding) = &self.forwarding {
            forwarding.abort();
        }
    }
}
