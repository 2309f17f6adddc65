//! A cloud and three nodes in one process, with the daemons of this crate: `wayfare dev` for one's own.

use std::io::BufReader;

use anyhow::Result;
use wayfare_example_daemons::{Lead, Rates, Stamps};
use wayfare_simulation::dev::{Console, DevMesh};

fn main() -> Result<()> {
    let mesh = DevMesh::new()
        .daemon_factory("lead", || Box::new(Lead::default()))?
        .daemon_factory("rates", || Box::new(Rates::default()))?
        .daemon_factory("stamps", || Box::new(Stamps))?;
    let console = Console::new(BufReader::new(std::io::stdin()));
    Ok(mesh.run(&console, &mut |said| println!("{said}"))?)
}
