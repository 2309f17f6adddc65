//! A session host as a node sees it: a directory, a process, a socket.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;
use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::codec;
use wayfare_protocol::host::{HostHello, HostLaunch, HostMessage, HostRequest, KernelCondition, KernelTransport};
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent, Transcript};
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::session::Language;
use wayfare_protocol::{Refusal, RunId, SessionId};

/// No answer for so long fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// The Python whose ipykernel is used; `None` (said loudly) if there is none and none is demanded.
pub fn python() -> Option<PathBuf> {
    let default = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/wayfare/venv/bin/python");
    let python = std::env::var_os("WAYFARE_TEST_PYTHON").map_or_else(default, PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    assert!(
        std::env::var_os("WAYFARE_REQUIRE_KERNELS").is_none(),
        "no Python with ipykernel at {} (WAYFARE_TEST_PYTHON)",
        python.display()
    );
    eprintln!("\n!!! SKIPPED: no Python with ipykernel at {}; set WAYFARE_TEST_PYTHON\n", python.display());
    None
}

pub fn run_id(position: u64) -> RunId {
    RunId(Uuid::from_u128(u128::from(position)))
}

pub fn launch(argv: &[&str]) -> HostLaunch {
    HostLaunch {
        session: SessionId(Uuid::from_u128(1)),
        language: Language::from_word("python"),
        kernel: 1,
        first_sequence: 1,
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        env: Vec::new(),
        cwd: "/".to_owned(),
        interrupt_by_message: false,
        journal_memory_bytes: 4 << 20,
        journal_disk_bytes: 256 << 20,
        kernel_start_ms: 45_000,
        transport: KernelTransport::Ipc,
        interrupt_again_ms: 0,
        interrupt_end_ms: 0,
        late_output_ms: 0,
        memory_max_bytes: 0,
    }
}

pub fn ipykernel(python: &Path) -> HostLaunch {
    launch(&[&python.to_string_lossy(), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
}

/// The kernelspec of a name beside the tests' Python.
pub fn installed(name: &str) -> Option<serde_json::Value> {
    let venv = python()?.ancestors().nth(2)?.to_owned();
    let text = std::fs::read_to_string(venv.join("share/jupyter/kernels").join(name).join("kernel.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// The launch of a kernel that is installed beside the tests' Python; `None` (said loudly) if it is not.
pub fn kernelspec(name: &str, language: &str) -> Option<HostLaunch> {
    let Some(spec) = installed(name) else {
        assert!(std::env::var_os("WAYFARE_REQUIRE_KERNELS").is_none(), "no kernelspec {name}: `./x test` installs it");
        eprintln!("\n!!! SKIPPED: no kernelspec {name} beside the tests' Python\n");
        return None;
    };
    let words = spec["argv"].as_array().expect("argv").iter().filter_map(serde_json::Value::as_str);
    let argv: Vec<_> = words.collect();
    Some(HostLaunch { language: Language::from_word(language), ..launch(&argv) })
}

pub struct Host {
    pub dir: TempDir,
    pub process: Child,
}

impl Host {
    pub fn start(launch: &HostLaunch) -> Self {
        let dir = tempfile::Builder::new().prefix("wf").tempdir_in("/tmp").expect("a directory");
        std::fs::write(dir.path().join("launch.json"), serde_json::to_vec(launch).expect("json")).expect("launch.json");
        let process = Command::new(env!("CARGO_BIN_EXE_wayfare-session-host"))
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the session host starts");
        Self { dir, process }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A named pipe: reading it waits until somebody opens and closes it for writing.
    pub fn pipe(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        path
    }

    /// Connects as soon as it listens.
    pub fn connect(&mut self) -> Node {
        loop {
            match UnixStream::connect(self.path("host.sock")) {
                Ok(stream) => return Node::new(stream),
                Err(error) => {
                    let ended = self.process.try_wait().expect("the process can be asked");
                    assert!(ended.is_none(), "the host ended ({ended:?}) before it listened: {error}");
                    std::thread::yield_now();
                }
            }
        }
    }

    /// Connects, attaches from the first record on and waits for the kernel.
    pub fn attached(&mut self) -> Node {
        let mut node = self.connect();
        node.ask(&HostRequest::Attach { from: node.hello.first_kept });
        node.wait_until_ready();
        node
    }

    /// A line of the host's `/proc/PID/status`, in KiB.
    pub fn memory_kib(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("status");
        let value = status.lines().find_map(|text| text.strip_prefix(line)).expect("the line");
        value.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct Node {
    pub stream: UnixStream,
    pub hello: HostHello,
    pub records: Vec<OutputRecord>,
    pub condition: KernelCondition,
    /// Acknowledges whatever comes, as a node does.
    pub acknowledges: bool,
    asked: u64,
}

impl Node {
    fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut stream = stream;
        let Some(HostMessage::Hello(hello)) = read(&mut stream) else { panic!("not greeted first") };
        let condition = hello.condition.clone();
        Self { stream, hello, records: Vec::new(), condition, acknowledges: false, asked: 0 }
    }

    pub fn ask(&mut self, request: &HostRequest) {
        let body = codec::encode(request);
        let mut frame = (body.len() as u32).to_le_bytes().to_vec();
        frame.extend_from_slice(&body);
        self.stream.write_all(&frame).expect("the host takes requests");
    }

    pub fn hand_over(&mut self, position: u64, code: &str) {
        let request = ExecuteRequest::of(code);
        self.ask(&HostRequest::HandOver { position, run: run_id(position), attempt: 1, request });
    }

    /// Asks the kernel, and waits for its answer.
    pub fn told(&mut self, what: KernelAsk) -> Result<KernelTold, Refusal> {
        self.asked += 1;
        let asked = self.asked;
        self.ask(&HostRequest::Ask { ask: asked, what });
        loop {
            match self.next().expect("an answer") {
                HostMessage::Told { ask, outcome } if ask == asked => return outcome,
                _ => {}
            }
        }
    }

    /// The next message; `None` at the end of the connection.
    pub fn next(&mut self) -> Option<HostMessage> {
        let message = read(&mut self.stream)?;
        match &message {
            HostMessage::Output(record) => {
                if let Some(last) = self.records.last() {
                    assert_eq!(record.sequence, last.sequence + 1, "a gap");
                }
                self.records.push(record.clone());
                if self.acknowledges && record.sequence % 64 == 0 {
                    self.ask(&HostRequest::Acknowledge { through: record.sequence });
                }
            }
            HostMessage::Kernel(condition) => self.condition = condition.clone(),
            _ => {}
        }
        Some(message)
    }

    pub fn wait_until_ready(&mut self) {
        while matches!(self.condition, KernelCondition::Starting) {
            self.next().expect("the kernel's condition");
        }
        assert!(!matches!(self.condition, KernelCondition::Gone { .. }), "{:?}", self.condition);
    }

    pub fn wait_until_gone(&mut self) -> String {
        loop {
            if let KernelCondition::Gone { detail } = &self.condition {
                return detail.clone();
            }
            self.next().expect("the kernel's condition");
        }
    }

    /// Waits for an event of the run at that position.
    pub fn wait_for(&mut self, position: u64, wanted: impl Fn(&RunEvent) -> bool) {
        loop {
            if self.events(position).iter().any(|(_, event)| wanted(event)) {
                return;
            }
            self.next().expect("an event");
        }
    }

    /// Waits for the end of the run at that position.
    pub fn wait_for_end(&mut self, position: u64) -> RunOutcome {
        loop {
            let ended = self.records.iter().rev().find_map(|record| match record.body {
                OutputBody::Ended(outcome) if record.run == run_id(position) => Some(outcome),
                _ => None,
            });
            if let Some(outcome) = ended {
                return outcome;
            }
            self.next().expect("the end of the run");
        }
    }

    /// Runs code to its end.
    pub fn run(&mut self, position: u64, code: &str) -> RunOutcome {
        self.hand_over(position, code);
        self.wait_for_end(position)
    }

    pub fn events(&self, position: u64) -> Vec<(u64, RunEvent)> {
        let of = |record: &OutputRecord| match &record.body {
            OutputBody::Event { number, event } if record.run == run_id(position) => Some((*number, event.clone())),
            _ => None,
        };
        self.records.iter().filter_map(of).collect()
    }

    pub fn whole(&self, position: u64) -> wayfare_protocol::mrp::ExecuteResult {
        let mut transcript = Transcript::default();
        let mut expected = BTreeMap::new();
        for (number, event) in self.events(position) {
            let next = expected.entry(position).or_insert(number);
            assert_eq!(*next, number, "events are numbered without a gap");
            *next += event.span();
            transcript.push(&event);
        }
        transcript.finish()
    }

    pub fn acknowledge_all(&mut self) {
        let through = self.records.last().map_or(0, |record| record.sequence);
        self.ask(&HostRequest::Acknowledge { through });
    }
}

fn read(stream: &mut UnixStream) -> Option<HostMessage> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return None,
        Err(error) => panic!("the host does not answer: {error}"),
    }
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut body).expect("a whole message");
    Some(codec::decode(&body).expect("a message"))
}
