//! A node in a process of its own with a folder of its own, and the command line against it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Names the Python that has `ipykernel`.
const PYTHON_VARIABLE: &str = "WAYFARE_TEST_PYTHON";

/// A folder, and the node that runs on it.
pub(crate) struct World {
    folder: TempDir,
    node: Option<Child>,
    /// More of the node's arguments.
    arguments: Vec<String>,
}

impl World {
    /// Starts a node on a new folder.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a node with more arguments on a new folder.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("wf").tempdir().expect("a folder");
        let mut world = Self { folder, node: None, arguments: arguments.iter().map(|one| (*one).to_owned()).collect() };
        world.start_node();
        world
    }

    /// Starts the node and waits until it says that it is ready.
    pub(crate) fn start_node(&mut self) {
        let program = Path::new(env!("CARGO_BIN_EXE_wayfare-node"));
        let session_host = program.with_file_name("wayfare-session-host");
        let missing = "build it first: cargo build -p wayfare-session-host, for the same profile";
        assert!(session_host.is_file(), "there is no {}; {missing}", session_host.display());
        let mut node = self.command(program);
        node.args(["--name", "laptop", "--venv"]).arg(venv()).args(&self.arguments);
        if !self.arguments.iter().any(|argument| argument == "--log") {
            node.args(["--log", "warn"]);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.path("node.log")).expect("a log");
        node.stdout(Stdio::piped()).stderr(log);
        let mut node = node.spawn().expect("the node starts");
        let mut ready = String::new();
        let out = node.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut ready).expect("its first line");
        assert!(ready.starts_with("ready laptop ") && ready.contains("python3"), "{ready:?}");
        self.node = Some(node);
    }

    /// Ends the node by SIGKILL.
    pub(crate) fn kill_node(&mut self) {
        let mut node = self.node.take().expect("a node");
        node.kill().expect("it can be killed");
        node.wait().expect("it ends");
    }

    /// Ends the node by SIGTERM and says whether it ended well.
    pub(crate) fn stop_node(&mut self) -> bool {
        let mut node = self.node.take().expect("a node");
        signal(&node, Signal::SIGTERM);
        node.wait().expect("it ends").success()
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a notebook of Python cells into the folder; `FOLDER` in a cell stands for it.
    pub(crate) fn notebook(&self, name: &str, cells: &[&str]) -> PathBuf {
        let path = self.path(name);
        let mut text = "---\nproject: test\n---\n# A notebook\n".to_owned();
        for cell in cells {
            let cell = cell.replace("FOLDER", &self.folder.path().display().to_string());
            text.push_str(&format!("\n```python\n{cell}\n```\n"));
        }
        std::fs::write(&path, text).expect("a notebook");
        path
    }

    /// `wayfare` with arguments, not started yet.
    pub(crate) fn wayfare(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_wayfare")));
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs `wayfare` to its end.
    pub(crate) fn finish(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.wayfare(arguments).output().expect("it runs"))
    }

    /// The same again and again until it shows something, 400 times at the most; then what it showed last.
    pub(crate) fn finish_until(&self, arguments: &[&str], wanted: &str) -> Finished {
        let mut finished = self.finish(arguments);
        for _ in 1..400 {
            if finished.out.contains(wanted) {
                break;
            }
            finished = self.finish(arguments);
        }
        finished
    }

    /// Runs a notebook to its end.
    pub(crate) fn run(&self, notebook: &Path) -> Finished {
        self.finish(&["run", &notebook.display().to_string()])
    }

    /// Starts running a notebook; what is shown is read as it comes.
    pub(crate) fn running(&self, notebook: &Path, input: Stdio) -> Running {
        let mut command = self.wayfare(&["run", &notebook.display().to_string()]);
        let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        Running { child, out }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Nothing of the user's own configuration.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WAYFARE_NODE_")) {
            command.env_remove(name);
        }
        command
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .arg("--data-dir")
            .arg(self.path("data"));
        command
    }

    /// Process ids of the session hosts.
    fn hosts(&self) -> Vec<Pid> {
        let Ok(sessions) = std::fs::read_dir(self.path("data/s")) else { return Vec::new() };
        let pid = |folder: PathBuf| std::fs::read_to_string(folder.join("host.pid")).ok()?.trim().parse().ok();
        sessions.flatten().filter_map(|entry| pid(entry.path())).map(Pid::from_raw).collect()
    }
}

impl Drop for World {
    /// Nothing lives on: the sessions are stopped by their node, and what is left is killed.
    fn drop(&mut self) {
        if self.node.is_some() {
            let listed = self.finish_quietly(&["session", "list", "--json"]);
            for line in listed.lines() {
                let session: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
                let name = &session["key"]["name"];
                if let (Some(project), Some(name)) = (name["project"].as_str(), name["name"].as_str()) {
                    self.finish_quietly(&["session", "stop", &format!("{project}:{name}")]);
                }
            }
            let _ = node_end(self.node.take());
        }
        for host in self.hosts() {
            let _ = kill(host, Signal::SIGKILL);
        }
    }
}

fn node_end(node: Option<Child>) -> Option<()> {
    let mut node = node?;
    node.kill().ok()?;
    node.wait().ok().map(drop)
}

impl World {
    fn finish_quietly(&self, arguments: &[&str]) -> String {
        let output = self.wayfare(arguments).stderr(Stdio::null()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Finished {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }

    /// Standard output without the labels that say where and how long.
    pub(crate) fn shown(&self) -> Vec<&str> {
        self.out.lines().filter(|line| !line.starts_with('⚡')).collect()
    }
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    /// The next line on its standard output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, what: Signal) {
        signal(&self.child, what);
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input");
        writeln!(input, "{line}").expect("it is read");
    }

    /// The next bytes on its standard output.
    pub(crate) fn text(&mut self, length: usize) -> String {
        let mut bytes = vec![0; length];
        self.out.read_exact(&mut bytes).expect("that much");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What it shows from here on, until it ends.
    pub(crate) fn finish(mut self) -> Finished {
        let mut out = String::new();
        self.out.read_to_string(&mut out).expect("its output");
        let rest = self.child.wait_with_output().expect("it ends");
        Finished { out, err: String::from_utf8_lossy(&rest.stderr).into_owned(), code: rest.status.code() }
    }
}

fn signal(child: &Child, what: Signal) {
    let pid = i32::try_from(child.id()).expect("a process id");
    kill(Pid::from_raw(pid), what).expect("it takes signals");
}

fn venv() -> PathBuf {
    python().ancestors().nth(2).expect("a virtual environment").to_owned()
}

/// The Python that has `ipykernel`, and Jupyter's own tests.
pub(crate) fn python() -> PathBuf {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let python =
        std::env::var_os(PYTHON_VARIABLE).map_or_else(|| home.join(".cache/wayfare/venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "no {}: set {PYTHON_VARIABLE} to a Python with ipykernel", python.display());
    python
}
