//! A network of its own for a device: nothing but loopback in it, and one forwarder over a unix socket to one port outside.
//!
//! The program `wayfare-apart` does the part that must be done inside: it raises loopback, listens on the port by which the
//! world outside is known, and runs the device's command.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::forward;
use crate::programs::Programs;

/// The program that runs a command inside.
pub const PROGRAM: &str = "wayfare-apart";

/// A command that will run `program` in a network of its own, in which `port` of loopback leads to `socket` and nothing else
/// leads anywhere. Arguments are added by the caller.
///
/// # Errors
/// If this machine gives nobody a network namespace.
pub fn command(programs: &Programs, socket: &Path, port: SocketAddr, program: &Path) -> Result<Command> {
    let mut command = Command::new("unshare");
    command.args(flags()?).arg("--").arg(programs.path(PROGRAM)).arg(port.to_string()).arg(socket).arg(program);
    Ok(command)
}

/// How a namespace is had here: as anybody, or as root where only root may.
fn flags() -> Result<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];
    let mut said = String::new();
    for way in ways {
        let tried = Command::new("unshare").args(way).args(["--", "true"]).output().context("unshare (util-linux)")?;
        if tried.status.success() {
            return Ok(way);
        }
        said.push_str(&String::from_utf8_lossy(&tried.stderr));
    }
    bail!("this machine gives no network namespace: {said}")
}

/// The part inside: raises loopback, forwards, and runs the command to its end. Gives its exit code.
///
/// # Errors
/// If this is not a network of its own, or the command cannot be run.
pub async fn run_inside(port: SocketAddr, socket: &Path, program: &Path, arguments: &[String]) -> Result<u8> {
    let raised = Command::new("ip").args(["link", "set", "lo", "up"]).status().context("ip (iproute2)")?;
    ensure!(raised.success(), "loopback cannot be raised");
    let devices = fs::read_to_string("/proc/net/dev")?;
    let others: Vec<_> = devices
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .filter(|name| *name != "lo")
        .collect();
    ensure!(others.is_empty(), "this network has more than loopback: {others:?}");
    let forwarding = forward::tcp_to_unix(port, socket).await?;
    let status = tokio::process::Command::new(program).args(arguments).status().await.context("the command")?;
    forwarding.abort();
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
