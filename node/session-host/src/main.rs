//! `wayfare-session-host DIR`: the parent and only client of one kernel: a Jupyter kernel, or a server of the run protocol.
//!
//! It reads `launch.json` in the session's directory, starts the kernel over sockets in that directory (what
//! knows only TCP, over loopback), and serves
//! `host.sock` there ([`wayfare_protocol::host`]). All decisions are [`wayfare_core::kernel_host::KernelHost`]'s; this
//! program carries them out. It outlives the node that started it, and ends when its records are acknowledged after its
//! kernel is gone.

mod answers;
mod asks;
mod clock;
mod connections;
mod decode;
mod folder;
mod host;
mod jupyter;
mod kernel;
mod launch;
mod line;
mod log;
mod memory;
mod mrp;
mod spill;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wayfare-session-host: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> anyhow::Result<()> {
    // First of all: no signal of the starter's terminal or session reaches the host, and a checkpoint needs a leader.
    // It fails only for who leads a process group already, which is as good.
    let _ = nix::unistd::setsid();
    let mut arguments = std::env::args_os().skip(1);
    let (Some(dir), None) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: wayfare-session-host SESSION-DIRECTORY");
    };
    let folder = folder::Folder::open(PathBuf::from(dir))?;
    let launch = launch::read(&folder)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(host::serve(&folder, &launch))
}
