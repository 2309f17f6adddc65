//! `wayfare-dev`: three nodes in one process, with the daemons of every node. `wayfare dev` runs it.

use std::io::BufReader;

use anyhow::Result;
use clap::Parser;
use wayfare_node::daemons::{Primes, Tally, Window};
use wayfare_simulation::dev::{Console, DevMesh};

/// Runs a cloud and three nodes in one process, to try daemons on: they are killed, frozen and started again, and daemons moved, by a
/// line of text. Nothing of it is kept.
#[derive(Parser)]
#[command(name = "wayfare-dev", version)]
struct Arguments {
    /// Decides what is random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> Result<()> {
    let Arguments { seed } = Arguments::parse();
    let mesh = DevMesh::new()
        .daemon_factory("tally", || Box::new(Tally::default()))?
        .daemon_factory("window", || Box::new(Window::default()))?
        .daemon_factory("primes", || Box::new(Primes::default()))?
        .seed(seed);
    let console = Console::new(BufReader::new(std::io::stdin()));
    Ok(mesh.run(&console, &mut |said| println!("{said}"))?)
}
