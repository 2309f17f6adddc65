//! A cloud, nodes and devices in one folder that is gone afterwards.

mod browser;
mod cloud;
mod command_line;
mod installed;
mod node;
mod pairing;

pub use browser::Browser;
pub use cloud::Cloud;
pub use command_line::{CommandLine, Network};
pub use node::Node;
pub use pairing::pair;

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use wayfare_actors::ports::Address;
use wayfare_io::{OsRandom, load_or_create_key};
use wayfare_node::hosts::SESSION_FOLDER_VARIABLE;
use wayfare_protocol::Limits;
use wayfare_protocol::identity::DeviceKey;
use wayfare_simulation::check::{TraceText, check};

use crate::device::Device;
use crate::process::end_all_with;
use crate::programs::Programs;

/// Durations of liveness in worlds of tests are divided by this.
const HURRY: u32 = 10;

/// Everything of one test.
pub struct World {
    folder: TempDir,
    programs: Programs,
    hurry: u32,
    keeps_traces: bool,
    cloud: Option<Cloud>,
    node: Option<Node>,
    node_program: &'static str,
    node_tables: String,
    cloud_tables: String,
    ended_well: Cell<bool>,
}

impl World {
    /// An empty world whose limits are hurried.
    ///
    /// # Errors
    /// If the programs do not build, or there is no folder to be had.
    pub fn new() -> Result<Self> {
        Self::with_hurry(HURRY)
    }

    /// An empty world with the limits that programs have by themselves.
    ///
    /// # Errors
    /// As of [`World::new`].
    pub fn unhurried() -> Result<Self> {
        Self::with_hurry(1)
    }

    fn with_hurry(hurry: u32) -> Result<Self> {
        // The paths of sockets are short, so the folder's must be.
        let folder = tempfile::Builder::new().prefix("wf").tempdir_in("/tmp")?;
        for name in ["home", "logs", "witness"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let programs = Programs::find()?;
        Ok(Self {
            folder,
            programs,
            hurry,
            keeps_traces: false,
            cloud: None,
            node: None,
            node_program: "wayfare-node",
            node_tables: String::new(),
            cloud_tables: String::new(),
            ended_well: Cell::new(false),
        })
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where cells bear witness.
    #[must_use]
    pub fn witness_folder(&self) -> PathBuf {
        self.folder().join("witness")
    }

    /// The programs under test.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The limits that everybody in it keeps.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::default().hurried(self.hurry)
    }

    /// Processes that are started from now on write down what they do, for [`World::judge`].
    pub fn keep_traces(&mut self) {
        self.keeps_traces = true;
    }

    fn trace_path(&self, name: &str) -> PathBuf {
        self.folder().join(format!("{name}.trace"))
    }

    /// What the node wrote down so far.
    ///
    /// # Errors
    /// If it keeps no trace.
    pub fn trace_of_node(&self) -> Result<String> {
        fs::read_to_string(self.trace_path("node")).context("a trace")
    }

    /// What the configuration of a process says of its trace.
    fn trace_line(&self, name: &str) -> String {
        let path = self.trace_path(name).display().to_string();
        if self.keeps_traces { format!("trace_file = {path:?}\n") } else { String::new() }
    }

    /// Judges what cloud and node wrote down so far.
    ///
    /// # Errors
    /// If an invariant did not hold, or none was put to the test.
    pub fn judge(&self) -> Result<()> {
        let read = |name: &str| fs::read_to_string(self.trace_path(name)).context("a trace");
        let texts = [("cloud", read("cloud")?), ("node", read("node")?)];
        let traces = texts.each_ref().map(|(place, text)| TraceText { place, text });
        let checked = check(&traces, &self.limits())?;
        ensure!(checked.violations.is_empty(), "{:?}", checked.violations);
        ensure!(checked.checks > 100, "only {} checks of {} facts", checked.checks, checked.facts);
        Ok(())
    }

    /// The program of nodes that are started afterwards; at first `wayfare-node`.
    pub fn nodes_run(&mut self, program: &'static str) {
        self.node_program = program;
    }

    /// Tables of the configuration of the node that is started afterwards, such as `[limits]`.
    pub fn node_tables(&mut self, lines: &str) {
        lines.clone_into(&mut self.node_tables);
    }

    /// The same of the cloud.
    pub fn cloud_tables(&mut self, lines: &str) {
        lines.clone_into(&mut self.cloud_tables);
    }

    /// Starts the cloud.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn start_cloud(&mut self) -> Result<()> {
        self.cloud = Some(Cloud::start_first(self, "cloud").await?);
        Ok(())
    }

    /// Another cloud, which is nobody's.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn another_cloud(&self) -> Result<Cloud> {
        Cloud::start_first(self, "other").await
    }

    /// The cloud.
    ///
    /// # Panics
    /// If it was not started.
    pub fn cloud(&mut self) -> &mut Cloud {
        self.cloud.as_mut().expect("the cloud was started")
    }

    /// Starts the node, paired with the cloud if there is one.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn start_node(&mut self, name: &str) -> Result<()> {
        self.start_node_over(name, None).await
    }

    /// Starts the node, which reaches the cloud at another address.
    ///
    /// # Errors
    /// If it does not become ready.
    pub async fn start_node_over(&mut self, name: &str, line: Option<SocketAddr>) -> Result<()> {
        let node = Node::prepare(self, name, node::FIRST)?;
        if self.cloud.is_some() {
            let key = node.key()?;
            let address = self.paired(&key, name, line).await?;
            node.knows_cloud(address)?;
        }
        self.node = Some(node.started().await?);
        Ok(())
    }

    /// The node.
    ///
    /// # Panics
    /// If it was not started.
    pub fn node(&mut self) -> &mut Node {
        self.node.as_mut().expect("the node was started")
    }

    /// A device of a person, registered with the cloud and dialing it.
    ///
    /// # Errors
    /// If it cannot be paired.
    pub async fn device(&mut self, name: &str) -> Result<Device> {
        self.device_over(name, None).await
    }

    /// The same over another address.
    ///
    /// # Errors
    /// If it cannot be paired.
    pub async fn device_over(&mut self, name: &str, line: Option<SocketAddr>) -> Result<Device> {
        let key = self.device_key(name)?;
        let address = self.paired(&key, name, line).await?;
        Device::start(name, key, address, &self.limits()).await
    }

    /// A person's device that talks to the node's own door.
    ///
    /// # Errors
    /// If the node's key cannot be read.
    pub async fn device_at_the_node(&mut self) -> Result<Device> {
        let limits = self.limits();
        self.node().visitor(&limits).await
    }

    /// The key of a device, in a folder of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn device_key(&self, name: &str) -> Result<DeviceKey> {
        let folder = self.folder().join(name);
        fs::create_dir_all(&folder)?;
        Ok(load_or_create_key(&folder.join("device.key"), &OsRandom)?)
    }

    /// Registers a key with the cloud. `line` is where the cloud is dialed then, if that is another address.
    ///
    /// # Errors
    /// If the cloud refuses.
    pub async fn paired(&mut self, key: &DeviceKey, name: &str, line: Option<SocketAddr>) -> Result<Address> {
        let limits = self.limits();
        let string = self.cloud().pairing_string().await?;
        let mut address = pair(&string, key, name, &limits).await?;
        if let Some(line) = line {
            address.url = address.url.replace(&self.cloud().address().to_string(), &line.to_string());
        }
        Ok(address)
    }

    /// The command line of the node, on its own data folder.
    ///
    /// # Errors
    /// If the node was not started.
    pub fn command_line_of_node(&mut self) -> Result<CommandLine> {
        CommandLine::of_node(self)
    }

    /// The command line of another node, on its own data folder.
    ///
    /// # Errors
    /// If there is no program for it.
    pub fn command_line_on(&mut self, node: &Node) -> Result<CommandLine> {
        CommandLine::on_node(self, node)
    }

    /// The command line of a device, in its own folder: on this machine's network, or in a network of its own in which
    /// nothing is but the cloud's port.
    ///
    /// # Errors
    /// If there is no such network to be had.
    pub fn command_line(&mut self, name: &str, network: Network) -> Result<CommandLine> {
        CommandLine::new(self, name, network)
    }

    /// The folders of the node's sessions.
    ///
    /// # Errors
    /// If there are none.
    pub fn session_folders(&self) -> Result<Vec<PathBuf>> {
        let all = self.node.as_ref().context("the node was not started")?.data().join("s");
        let entries = fs::read_dir(&all).with_context(|| all.display().to_string())?;
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    }

    /// A folder beside those of sessions, whose path is as long.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn session_like_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder().join(name);
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// The process of the only session's host.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn session_host(&self) -> Result<i32> {
        let folders = self.session_folders()?;
        let [folder] = folders.as_slice() else { anyhow::bail!("not one session: {folders:?}") };
        Ok(fs::read_to_string(folder.join("host.pid"))?.trim().parse()?)
    }

    /// The processes between a client and a kernel.
    ///
    /// # Errors
    /// If one does not run.
    pub fn relaying_processes(&self) -> Result<Vec<(String, i32)>> {
        let cloud = self.cloud.as_ref().context("no cloud")?.pid()?;
        let node = self.node.as_ref().context("no node")?.pid()?;
        let of = |name: &str, pid| (name.to_owned(), pid);
        Ok(vec![of("cloud", cloud), of("node", node), of("session host", self.session_host()?)])
    }

    /// What the processes wrote needs not be shown.
    pub fn ended_well(&self) {
        self.ended_well.set(true);
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder().join("logs").join(name)
    }

    fn show_logs(&self) {
        let mut logs: Vec<PathBuf> = Vec::new();
        if let Ok(entries) = fs::read_dir(self.folder().join("logs")) {
            logs.extend(entries.flatten().map(|entry| entry.path()));
        }
        if self.node.is_some() {
            logs.extend(self.session_folders().into_iter().flatten().map(|folder| folder.join("host.log")));
        }
        logs.sort();
        for log in logs {
            let text = fs::read(&log).unwrap_or_default();
            eprintln!("---- {}\n{}", log.display(), String::from_utf8_lossy(&text));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !self.ended_well.get() {
            self.show_logs();
        }
        (self.node, self.cloud) = (None, None);
        // Session hosts and kernels outlive their node; they carry their session's folder, which is below ours.
        end_all_with(SESSION_FOLDER_VARIABLE, self.folder.path());
    }
}

/// A command that knows nothing of the person who runs the tests.
pub(crate) fn sober(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).current_dir(home);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Lets a test happen in a world of its own; what the processes wrote is shown if it fails.
///
/// # Errors
/// The test's.
pub fn in_a_world(test: impl AsyncFnOnce(&mut World) -> Result<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut world = World::new()?;
        test(&mut world).await?;
        world.ended_well();
        Ok(())
    })
}
