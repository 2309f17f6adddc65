//! A node with code of one's own: how daemon developers run theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayfare_protocol::daemon::{DaemonFactory, DaemonKind, DaemonNameError, MeshDaemon};

use crate::config::NodeConfig;
use crate::daemon::{self, DaemonError, Ready};

/// Makes a node that has the code of some kinds of daemons.
///
/// ```no_run
/// # use wayfare_node::{builder::NodeBuilder, config::{ConfigFlags, NodeConfig}, daemons::Tally};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = NodeConfig::load(&ConfigFlags::default())?;
/// let node = NodeBuilder::new(config).daemon_factory("tally", || Box::new(Tally::default()))?;
/// node.run(|ready| println!("ready {}", ready.name)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NodeBuilder {
    config: NodeConfig,
    code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
}

impl NodeBuilder {
    /// A node without code for daemons: it can send them away and ask others for theirs.
    #[must_use]
    pub fn new(config: NodeConfig) -> Self {
        Self { config, code: BTreeMap::new() }
    }

    /// Gives it the code of a kind. What the code needs besides the contract (configuration, secrets), the closure brings along. A second
    /// factory of one kind replaces the first.
    ///
    /// # Errors
    /// If the kind is not a name: 1 to 64 letters, digits, `-`, `_` or `.`.
    pub fn daemon_factory(
        mut self,
        kind: &str,
        factory: impl Fn() -> Box<dyn MeshDaemon> + Send + Sync + 'static,
    ) -> Result<Self, DaemonNameError> {
        self.code.insert(kind.parse()?, Arc::new(factory));
        Ok(self)
    }

    /// Gives it the daemons that come with every node: [`crate::daemons`].
    ///
    /// # Panics
    /// Never: their kinds are names.
    #[must_use]
    pub fn with_own_daemons(mut self) -> Self {
        for (kind, factory) in crate::daemons::all() {
            let kind = kind.parse().expect("the kinds of our own daemons are names");
            self.code.entry(kind).or_insert(factory);
        }
        self
    }

    /// Runs the node until it is told to stop by SIGTERM or SIGINT. `ready` is called once, when it can be used.
    ///
    /// # Errors
    /// If it cannot start, or its parts failed and restarting them did not help.
    pub async fn run(self, ready: impl FnOnce(&Ready)) -> Result<(), DaemonError> {
        daemon::run(&self.config, self.code, ready).await
    }
}
