//! What the host is told, and the kernel's command that follows from it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, bail};
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::connection_info::Transport;
use tokio::process::Command;
use uuid::Uuid;
use wayfare_protocol::host::{HostLaunch, KernelTransport};

use crate::folder::{Folder, write_private};

/// Starts ipykernel as `python -m ipykernel_launcher` does, with sockets that drop nothing: the default bound of its
/// output socket is 1,000 messages, and what is over it is lost, the final `idle` too. What is printed goes out at the latest when
/// it is a megabyte: its own bound is a fifth of a second, in which a cell can print more than a host should take at once.
const IPYKERNEL: &str = "\
import sys
if sys.path[0] == '':
    del sys.path[0]
import zmq
make = zmq.Context.socket
def socket(self, *args, **kwargs):
    made = make(self, *args, **kwargs)
    made.sndhwm = 0
    return made
zmq.Context.socket = socket
from ipykernel import iostream, kernelapp
write = iostream.OutStream.write
def bounded(self, text):
    written = write(self, text)
    self.waiting = getattr(self, 'waiting', 0) + len(text)
    if self.waiting >= 1048576:
        self.waiting = 0
        self.flush()
    return written
iostream.OutStream.write = bounded
kernelapp.launch_new_instance()
";

/// Reads `launch.json`.
pub(crate) fn read(folder: &Folder) -> anyhow::Result<HostLaunch> {
    let path = folder.path("launch.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let launch: HostLaunch =
        serde_json::from_str(&text).with_context(|| format!("{} is not a launch", path.display()))?;
    if launch.argv.is_empty() {
        bail!("{}: argv is empty", path.display());
    }
    Ok(launch)
}

/// Where a kernel will be reached.
pub(crate) enum Reach {
    /// At the sockets of its connection file.
    Jupyter(ConnectionInfo),
    /// At a port of 127.0.0.1.
    Mrp {
        /// Which.
        port: u16,
    },
}

/// Decides where the kernel is reached, and makes its connection file if it needs one.
pub(crate) fn reach(folder: &Folder, transport: KernelTransport) -> anyhow::Result<Reach> {
    Ok(match transport {
        KernelTransport::Ipc => Reach::Jupyter(connection(folder, Transport::IPC, folder.text("k"), [1, 2, 3, 4, 5])?),
        KernelTransport::Tcp => {
            let (ip, ports) = (Ipv4Addr::LOCALHOST.to_string(), free_ports()?);
            Reach::Jupyter(connection(folder, Transport::TCP, ip, ports)?)
        }
        KernelTransport::Mrp => {
            let [port] = free_ports()?;
            Reach::Mrp { port }
        }
    })
}

/// Makes the kernel's connection file: where it listens, and a fresh key. Without the key, which stands in that private file
/// only, neither end takes a message.
fn connection(folder: &Folder, transport: Transport, ip: String, ports: [u16; 5]) -> anyhow::Result<ConnectionInfo> {
    let [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
    let info = ConnectionInfo {
        ip,
        transport,
        shell_port,
        iopub_port,
        stdin_port,
        control_port,
        hb_port,
        key: Uuid::new_v4().simple().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: None,
    };
    write_private(&folder.path("connection.json"), &serde_json::to_vec_pretty(&info)?)?;
    Ok(info)
}

/// Ports on which nobody listens now. Another process may take one before the kernel does; the kernel then does not start.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let held: Vec<_> = (0..N)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()
        .context("no free port on 127.0.0.1")?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// The kernel's command.
pub(crate) fn command(folder: &Folder, launch: &HostLaunch, reach: &Reach) -> Command {
    let argv = undropping(&launch.argv);
    let (name, place) = match reach {
        Reach::Jupyter(_) => ("{connection_file}", folder.text("connection.json")),
        Reach::Mrp { port } => ("{port}", port.to_string()),
    };
    let mut command = Command::new(&argv[0]);
    command.args(argv[1..].iter().map(|argument| argument.replace(name, &place)));
    command.env("IPYTHONDIR", folder.path("ipython"));
    command.envs(launch.env.iter().map(|(name, value)| (name, value)));
    if !launch.cwd.is_empty() {
        command.current_dir(&launch.cwd);
    }
    command
}

/// Replaces `-m ipykernel_launcher` by a start that loses no output.
fn undropping(argv: &[String]) -> Vec<String> {
    let at = argv.windows(2).position(|pair| pair[0] == "-m" && pair[1] == "ipykernel_launcher");
    let Some(at) = at else { return argv.to_vec() };
    let mut argv = argv.to_vec();
    argv.splice(at..at + 2, ["-c".to_owned(), IPYKERNEL.to_owned()]);
    argv
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn ipykernel_is_started_so_that_it_drops_nothing() {
        let argv = undropping(&words("python3 -X frozen_modules=off -m ipykernel_launcher -f {connection_file}"));
        assert_eq!(argv[..4], ["python3", "-X", "frozen_modules=off", "-c"]);
        assert!(argv[4].contains("sndhwm = 0"));
        assert_eq!(argv[5..], ["-f", "{connection_file}"]);
    }

    #[test]
    fn other_kernels_are_started_as_they_say() {
        let argv = words("R --slave -e IRkernel::main() --args {connection_file}");
        assert_eq!(undropping(&argv), argv);
    }
}
