//! A node with one daemon of its own, [`wayfare_tests::load::Pairs`]: what a daemon developer's program looks like.

use anyhow::Result;
use clap::Parser;
use wayfare_node::builder::NodeBuilder;
use wayfare_node::config::{ConfigFlags, NodeConfig};
use wayfare_tests::load::{KIND, Pairs};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: ConfigFlags,
}

#[tokio::main]
async fn main() -> Result<()> {
    let config = NodeConfig::load(&Arguments::parse().flags)?;
    wayfare_io::start_logging(&config.log)?;
    let node = NodeBuilder::new(config).daemon_factory(KIND, || Box::new(Pairs::default()))?;
    node.run(|ready| println!("ready {} ({})", ready.name, ready.device)).await?;
    Ok(())
}
