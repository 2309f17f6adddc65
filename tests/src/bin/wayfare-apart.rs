//! `wayfare-apart ADDRESS SOCKET PROGRAM [ARGUMENT...]`: runs a program in a network namespace that has nothing but loopback,
//! with one TCP address that leads to a unix socket. To be started in that namespace.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    let usage = "usage: wayfare-apart ADDRESS SOCKET PROGRAM [ARGUMENT...]";
    let address = words.next().context(usage)?.parse()?;
    let socket = PathBuf::from(words.next().context(usage)?);
    let program = PathBuf::from(words.next().context(usage)?);
    let arguments: Vec<String> = words.collect();
    let code = wayfare_tests::namespace::run_inside(address, &socket, &program, &arguments).await?;
    Ok(ExitCode::from(code))
}
