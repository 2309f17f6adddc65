//! One cloud process in a folder of its own, and devices in this process.

use std::process::{ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use wayfare_actors::actor::Runtime;
use wayfare_actors::client::{Client, News};
use wayfare_actors::ids::Ids;
use wayfare_actors::link::uplink;
use wayfare_actors::ports::Address;
use wayfare_core::link::Introduction;
use wayfare_io::transport::WsTransport;
use wayfare_io::{BootTimer, OsRandom, SystemClock};
use wayfare_protocol::Limits;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::pairing::PairingString;

pub(crate) const DEVICE_NAME: &str = "laptop";
/// What takes longer hangs.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Cloud {
    folder: TempDir,
    child: Child,
    words: Vec<String>,
}

impl Cloud {
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let (child, words) = started(&folder, flags).await;
        Self { folder, child, words }
    }

    pub(crate) async fn start_again(&mut self, flags: &[&str]) {
        (self.child, self.words) = started(&self.folder, flags).await;
    }

    /// What it said until it was ready.
    pub(crate) fn words_of_start(&self) -> &[String] {
        &self.words
    }

    pub(crate) fn ready_line(&self) -> String {
        format!("ready on wss://{}/link", self.file("listen.addr"))
    }

    pub(crate) fn first_string(&self) -> PairingString {
        let line = self.words.iter().find_map(|line| line.strip_prefix("pairing string: "));
        line.unwrap_or_else(|| panic!("no pairing string in {:?}", self.words)).parse().expect("a pairing string")
    }

    pub(crate) fn port(&self) -> String {
        let address = self.file("listen.addr");
        address.rsplit_once(':').expect("an address").1.to_owned()
    }

    fn file(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("data").join(name)).expect(name);
        text.trim().to_owned()
    }

    /// Another process on the same folder, until its end.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        command(&self.folder, words).into_std().output().expect("started")
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        self.request("GET", path).await
    }

    pub(crate) async fn post(&self, path: &str) -> (u16, String) {
        self.request("POST", path).await
    }

    async fn request(&self, method: &str, path: &str) -> (u16, String) {
        let admin = self.file("admin.addr");
        let mut stream = TcpStream::connect(&admin).await.expect("the admin listener");
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        timeout(LONG, stream.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        (head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), body.to_owned())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).expect("running");
        kill(Pid::from_raw(id), signal).expect("sent");
    }

    pub(crate) async fn end(&mut self) -> ExitStatus {
        timeout(LONG, self.child.wait()).await.expect("in time").expect("waited for")
    }
}

fn command(folder: &TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayfare-cloud"));
    command.env_clear().env("HOME", folder.path());
    command.arg("--data-dir").arg(folder.path().join("data"));
    command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.args(words).kill_on_drop(true);
    command
}

async fn started(folder: &TempDir, flags: &[&str]) -> (Child, Vec<String>) {
    let mut child = command(folder, flags).stdout(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut words = Vec::new();
    loop {
        let line = timeout(LONG, lines.next_line()).await.expect("in time").expect("text");
        let line = line.unwrap_or_else(|| panic!("it ended before it was ready: {words:?}"));
        words.push(line);
        if words.last().is_some_and(|line| line.starts_with("ready on ")) {
            return (child, words);
        }
    }
}

pub(crate) fn transport() -> WsTransport {
    WsTransport::new(false)
}

/// A device with this key that dials.
pub(crate) async fn client(key: &DeviceKey, address: &Address) -> Client {
    let limits = Limits::default();
    let runtime =
        Runtime { clock: Arc::new(SystemClock), timer: Arc::new(BootTimer::new().expect("a timer")), trace: None };
    let introduction = Introduction {
        name: DEVICE_NAME.to_owned(),
        os: "linux".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        node: None,
    };
    let machine = wayfare_core::uplink::Config {
        key: key.clone(),
        expects: address.identity.clone(),
        introduction,
        codec: Codec::Bincode,
        limits: limits.clone(),
        seed: 1,
    };
    let config = uplink::Config { machine, address: address.clone(), transport: Arc::new(transport()) };
    let ids = Arc::new(Ids::new(Arc::new(SystemClock), Arc::new(OsRandom)));
    Client::start(config, limits, ids, runtime).await.expect("a client")
}

/// Waits until the link is up.
pub(crate) async fn linked(client: &mut Client) {
    loop {
        match timeout(LONG, client.next()).await.expect("in time").expect("news") {
            News::Linked => return,
            News::Refused(refusal) => panic!("refused: {refusal}"),
            News::Unlinked { .. } | News::Told(_) => {}
        }
    }
}

/// Waits until the link is down, and gives the reason.
pub(crate) async fn unlinked(client: &mut Client) -> String {
    loop {
        match timeout(LONG, client.next()).await.expect("in time").expect("news") {
            News::Unlinked { why } => return why,
            News::Refused(refusal) => panic!("refused: {refusal}"),
            News::Linked | News::Told(_) => {}
        }
    }
}
