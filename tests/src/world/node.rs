//! The node's process.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use wayfare_actors::ports::Address;
use wayfare_io::{OsRandom, load_or_create_key};
use wayfare_node::client::Place;
use wayfare_node::cloud_file;
use wayfare_node::folder::DataFolder;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::{AccountId, Limits};

use super::installed::venv;
use super::{World, sober};
use crate::device::Device;
use crate::process::Process;

/// Where the first node of a world has its files.
pub(super) const FIRST: &str = "n";

/// A node, running or not.
#[derive(Debug)]
pub struct Node {
    name: String,
    data: DataFolder,
    config: PathBuf,
    log: PathBuf,
    program: PathBuf,
    home: PathBuf,
    process: Option<Process>,
}

/// What the files of a node are called: those of the first one simply `node`.
fn name_of(place: &str) -> &str {
    if place == FIRST { "node" } else { place }
}

impl World {
    /// A second node of the same person, paired with the cloud.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn another_node(&mut self, name: &str) -> Result<Node> {
        let node = Node::prepare(self, name, "m")?;
        let key = node.key()?;
        let address = self.paired(&key, name, None).await?;
        node.knows_cloud(address)?;
        node.started().await
    }

    /// The configuration of a node of that name, but for its data folder.
    ///
    /// # Errors
    /// If there is no Python for it.
    pub fn node_lines(&self, name: &str) -> Result<String> {
        let (venv, hurry, tables) = (venv()?.display().to_string(), self.hurry, &self.node_tables);
        Ok(format!("name = {name:?}\nvenvs = [{venv:?}]\nhurry = {hurry}\n{tables}\n"))
    }
}

impl Node {
    /// `place` keeps the files of several nodes of a world apart; short, since a socket's path is.
    pub(super) fn prepare(world: &World, name: &str, place: &str) -> Result<Self> {
        let data = world.folder().join(place);
        fs::DirBuilder::new().mode(0o700).create(&data)?;
        let config = world.folder().join(format!("{place}.toml"));
        let (data_dir, trace) = (data.display().to_string(), world.trace_line(name_of(place)));
        let lines = world.node_lines(name)?;
        fs::write(&config, format!("data_dir = {data_dir:?}\n{trace}{lines}"))?;
        Ok(Self {
            name: name.to_owned(),
            data: DataFolder::new(&data),
            config,
            log: world.log(name_of(place)),
            program: world.programs().path(world.node_program),
            home: world.folder().join("home"),
            process: None,
        })
    }

    pub(super) async fn started(mut self) -> Result<Self> {
        self.start().await?;
        Ok(self)
    }

    /// Adds lines to its configuration, which it reads at its next start.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn configure(&self, lines: &str) -> Result<()> {
        let text = fs::read_to_string(&self.config)?;
        Ok(fs::write(&self.config, format!("{text}\n{lines}\n"))?)
    }

    /// Starts it, also again after it ended.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn start(&mut self) -> Result<()> {
        let mut command = sober(&self.program, &self.home);
        command.arg("--config").arg(&self.config);
        let mut process = Process::start("node", command, &self.log)?;
        process.line("ready", |line| line.starts_with("ready ")).await?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn crash(&mut self) -> Result<()> {
        self.process.take().context("the node does not run")?.crash().await
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// If it does not run, or not end.
    pub async fn stop(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the node does not run")?;
        process.signal(Signal::SIGTERM)?;
        let status = process.end().await?;
        anyhow::ensure!(status.success(), "the node ended with {status}");
        Ok(())
    }

    /// Its process.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pid(&self) -> Result<i32> {
        Ok(i32::try_from(self.process.as_ref().context("the node does not run")?.pid())?)
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its key, which is its device's.
    ///
    /// # Errors
    /// If it cannot be read or made.
    pub fn key(&self) -> Result<DeviceKey> {
        Ok(load_or_create_key(&self.data.key(), &OsRandom)?)
    }

    /// Its own door.
    ///
    /// # Errors
    /// If its key cannot be read.
    pub fn door(&self) -> Result<Address> {
        Ok(Place::of_node(&self.data, self.key()?.device_id()).address)
    }

    /// A person's device that talks to its own door.
    ///
    /// # Errors
    /// If its key cannot be read.
    pub async fn visitor(&self, limits: &Limits) -> Result<Device> {
        Device::start("at the node", self.key()?, self.door()?, limits).await
    }

    /// Tells it which cloud it belongs to.
    pub(super) fn knows_cloud(&self, address: Address) -> Result<()> {
        let cloud = cloud_file::Cloud {
            account: AccountId::LOCAL,
            address,
            name: Some(self.name.clone()),
            insecure_plaintext: false,
        };
        Ok(cloud.save(&self.data.cloud())?)
    }
}
