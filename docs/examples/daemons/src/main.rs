//! A node with the daemons of this crate beside those of every node.

use anyhow::Result;
use clap::Parser;
use wayfare_example_daemons::{Lead, Rates, Stamps};
use wayfare_node::builder::NodeBuilder;
use wayfare_node::config::{ConfigFlags, NodeConfig};

/// Runs a device's node with the daemons lead, rates and stamps.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: ConfigFlags,
}

#[tokio::main]
async fn main() -> Result<()> {
    let config = NodeConfig::load(&Arguments::parse().flags)?;
    wayfare_io::start_logging(&config.log)?;
    let node = NodeBuilder::new(config)
        .with_own_daemons()
        .daemon_factory("lead", || Box::new(Lead::default()))?
        .daemon_factory("rates", || Box::new(Rates::default()))?
        .daemon_factory("stamps", || Box::new(Stamps))?;
    node.run(|ready| println!("ready {} ({})", ready.name, ready.device)).await?;
    Ok(())
}
