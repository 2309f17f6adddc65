//! Session hosts that are started, found again and ended.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use uuid::Uuid;
use wayfare_actors::ports::{ConnectError, HostStart, SessionHosts, StartError};
use wayfare_protocol::codec::{decode, encode};
use wayfare_protocol::host::{HostLaunch, HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::session::{Environment, Language, SessionKey, SessionName};
use wayfare_protocol::{Limits, SessionId};

use super::{HostSettings, LocalSessionHosts, processes};

/// Stands for a session host: a session leader with a child, which in turn has a child in a session of its own.
const FAKE_HOST: &str = "#!/bin/sh\nexec setsid sh -c 'setsid sleep 1000 & echo $! > child.pid; sleep 1000'\n";
/// A host that ends at once; its child lives on in its process session.
const DYING_HOST: &str = "#!/bin/sh\nexec setsid sh -c 'sleep 1000 & until [ -e host.start ]; do :; done'\n";

struct World {
    root: TempDir,
    hosts: LocalSessionHosts,
}

impl World {
    fn new(program: &str) -> Self {
        let root = TempDir::new().expect("folder");
        let venv = root.path().join("venv");
        fs::create_dir_all(venv.join("bin")).expect("folder");
        fs::create_dir_all(venv.join("lib/python3.11/site-packages/ipykernel")).expect("folder");
        fs::write(venv.join("bin/python"), "").expect("file");
        let file = root.path().join("fake-host");
        fs::write(&file, program).expect("program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("mode");
        Self { hosts: hosts(root.path()), root }
    }

    fn start(&self) -> HostStart {
        let name = SessionName::new("project", "main").expect("a name");
        let path = |name: &str| Some(self.root.path().join(name).display().to_string());
        HostStart {
            session: session(),
            key: SessionKey { name, language: Language::from_word("python") },
            environment: Environment { kernel: None, venv: path("venv"), cwd: path("") },
            kernel: 3,
            first_sequence: 17,
        }
    }

    fn folder(&self) -> std::path::PathBuf {
        self.hosts.folder(session())
    }
}

/// As a node that was started anew on the same data folder.
fn hosts(root: &Path) -> LocalSessionHosts {
    LocalSessionHosts::new(HostSettings {
        data: root.join("data"),
        program: root.join("fake-host"),
        venvs: Vec::new(),
        limits: Limits { host_retry: Duration::from_millis(1), ..Limits::default() },
    })
}

fn session() -> SessionId {
    SessionId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

async fn refused(hosts: &LocalSessionHosts) -> ConnectError {
    match hosts.connect(session()).await {
        Ok(_) => panic!("nobody listens"),
        Err(error) => error,
    }
}

fn living_in_session_of(folder: &super::HostFolder) -> usize {
    folder.processes().len()
}

#[tokio::test]
async fn a_session_that_was_never_started_is_gone() {
    let world = World::new(FAKE_HOST);
    assert_eq!(refused(&world.hosts).await, ConnectError::Gone(session()));
    world.hosts.kill(session()).await;
}

#[tokio::test]
async fn a_host_gets_a_private_folder_and_its_launch() {
    let world = World::new(FAKE_HOST);
    world.hosts.start(world.start()).await.expect("started");
    let folder = world.folder();
    assert_eq!(fs::metadata(&folder).expect("folder").permissions().mode() & 0o777, 0o700);
    let launch: HostLaunch =
        serde_json::from_slice(&fs::read(folder.join("launch.json")).expect("launch")).expect("a launch");
    assert_eq!((launch.session, launch.kernel, launch.first_sequence), (session(), 3, 17));
    assert_eq!(launch.argv[1..], ["-m", "ipykernel_launcher", "-f", "{connection_file}"]);
    let python = world.root.path().join("venv/bin/python");
    assert_eq!(launch.argv[0], python.display().to_string());
    world.hosts.kill(session()).await;
}

#[tokio::test]
async fn a_living_host_without_an_answer_is_not_gone_even_for_the_next_node() {
    let world = World::new(FAKE_HOST);
    world.hosts.start(world.start()).await.expect("started");
    let next_node = hosts(world.root.path());
    assert!(matches!(refused(&next_node).await, ConnectError::NotYet(_)));
    let again = next_node.start(world.start()).await;
    assert!(matches!(again, Err(StartError::Spawn(why)) if why.contains("living host")));
    next_node.kill(session()).await;
    assert_eq!(refused(&next_node).await, ConnectError::Gone(session()));
}

#[tokio::test]
async fn a_kill_ends_every_process_of_the_session_and_keeps_the_log() {
    let world = World::new(FAKE_HOST);
    world.hosts.start(world.start()).await.expect("started");
    let folder = world.hosts.inner.folder(session());
    let detached = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let written = fs::read_to_string(world.folder().join("child.pid")).unwrap_or_default();
            if let Ok(pid) = written.trim_end().parse::<i32>() {
                break pid;
            }
            tokio::task::yield_now().await;
        }
    });
    let detached = detached.await.expect("a child in a session of its own");
    assert!(living_in_session_of(&folder) >= 2);
    world.hosts.kill(session()).await;
    assert_eq!(living_in_session_of(&folder), 0);
    assert_eq!(processes::read(detached), None);
    let left: Vec<_> = fs::read_dir(world.folder()).expect("folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["host.log"]);
}

#[tokio::test]
async fn a_reused_process_id_is_not_taken_for_the_host() {
    let world = World::new(FAKE_HOST);
    world.hosts.start(world.start()).await.expect("started");
    let folder = world.hosts.inner.folder(session());
    let file = world.folder().join("host.start");
    let mut started: super::folder::Started =
        serde_json::from_slice(&fs::read(&file).expect("file")).expect("a process");
    let pid = started.pid;
    started.start_ticks += 1;
    fs::write(&file, serde_json::to_vec(&started).expect("json")).expect("file");
    assert_eq!(folder.life(), super::Life::Dead { pid: Some(pid) });
    started.start_ticks -= 1;
    started.boot = "another boot".to_owned();
    fs::write(&file, serde_json::to_vec(&started).expect("json")).expect("file");
    assert_eq!(folder.life(), super::Life::Dead { pid: Some(pid) });
    world.hosts.kill(session()).await; // by its mark
    assert_eq!(processes::read(pid), None);
}

#[tokio::test]
async fn a_gone_hosts_kernel_is_ended_and_its_host_collected() {
    let world = World::new(DYING_HOST);
    world.hosts.start(world.start()).await.expect("started");
    let gone = async {
        while refused(&world.hosts).await != ConnectError::Gone(session()) {
            tokio::task::yield_now().await;
        }
        // The child was signalled by the answer before; wait for the system to carry it out.
        while living_in_session_of(&world.hosts.inner.folder(session())) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("gone");
    world.hosts.start(world.start()).await.expect("a new host in the same folder");
    assert!(world.folder().join("host.log.old").exists());
    world.hosts.kill(session()).await;
}

#[tokio::test]
async fn messages_that_arrived_together_are_read_together() {
    let world = World::new(FAKE_HOST);
    fs::create_dir_all(world.folder()).expect("folder");
    let listener = UnixListener::bind(world.folder().join("host.sock")).expect("socket");
    let mut connection = world.hosts.connect(session()).await.expect("connected");
    let (mut host, _) = listener.accept().await.expect("accepted");

    let idle = HostMessage::Kernel(KernelCondition::Idle);
    let body = encode(&idle);
    let frame: Vec<u8> = u32::try_from(body.len()).expect("short").to_le_bytes().into_iter().chain(body).collect();
    let three = [frame.as_slice(); 3].concat();
    host.write_all(&three[..three.len() - 1]).await.expect("written");
    assert_eq!(connection.reader.read().await.expect("two"), [idle.clone(), idle.clone()]);
    host.write_all(&three[three.len() - 1..]).await.expect("written");
    assert_eq!(connection.reader.read().await.expect("the third"), [idle]);

    let requests = vec![HostRequest::Attach { from: 5 }, HostRequest::Prepare];
    connection.writer.write(requests.clone()).await.expect("written");
    for request in requests {
        let length = host.read_u32_le().await.expect("length");
        let mut body = vec![0; length as usize];
        host.read_exact(&mut body).await.expect("body");
        assert_eq!(decode::<HostRequest>(&body), Ok(request));
    }
    host.write_u32_le(u32::MAX).await.expect("written");
    let closed = connection.reader.read().await.expect_err("too large").to_string();
    assert!(closed.contains("over the limit"), "{closed}");
}

#[tokio::test]
async fn a_data_folder_too_deep_for_a_socket_is_refused_by_name() {
    let world = World::new(FAKE_HOST);
    let deep = LocalSessionHosts::new(HostSettings {
        data: world.root.path().join("d".repeat(120)),
        ..world.hosts.inner.settings.clone()
    });
    let error = deep.start(world.start()).await.expect_err("too deep").to_string();
    assert!(error.contains("over the limit of a socket's path"), "{error}");
}
