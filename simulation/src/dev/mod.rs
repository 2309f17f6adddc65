//! A mesh to develop daemons on: a cloud and three nodes in one process, over simulated ports, at the pace of the clock on the wall.
//! Nodes are killed, frozen and started again, and daemons moved, by a line of text.
//!
//! The actors are those of the binaries; network, disks and keys are the world's, and gone with it.

mod command;
mod console;
mod mesh;
mod person;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_protocol::daemon::{DaemonFactory, DaemonKind, DaemonNameError, MeshDaemon};

pub use command::{Command, HELP, Machine, Unreadable};
pub use console::Console;
use console::Typed;
use mesh::Mesh;

/// Time for what a line of a script asks for.
const AFTER_LINE: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Clone)]
pub struct DevMesh {
    code: BTreeMap<DaemonKind, Arc<dyn DaemonFactory>>,
    nodes: usize,
    seed: u64,
}

impl Default for DevMesh {
    fn default() -> Self {
        Self { code: BTreeMap::new(), nodes: 3, seed: 0 }
    }
}

impl DevMesh {
    /// Three nodes without code.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives every node the code of a kind.
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

    /// Decides what is random in the world; 0 if nothing is said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Runs until a line says `quit`, or no more can come. `say` is told what happens.
    ///
    /// # Errors
    /// If the world cannot be set up.
    pub fn run(&self, console: &Console, say: &mut dyn FnMut(&str)) -> Result<(), Fatal> {
        self.in_world(async |mesh| {
            say(&self.greeting());
            loop {
                mesh.go_to(console.elapsed(), say).await;
                match console.typed() {
                    Typed::Line(line) => {
                        if !mesh.obey(&line, say).await? {
                            return Ok(());
                        }
                    }
                    Typed::Nothing => {}
                    Typed::End => return Ok(()),
                }
            }
        })
    }

    /// Carries out a script, three seconds of the world after each line, as fast as this machine can. Returns what was said. The same
    /// script says the same every time.
    ///
    /// # Errors
    /// If the world cannot be set up.
    pub fn script(&self, lines: &[&str]) -> Result<Vec<String>, Fatal> {
        self.in_world(async |mesh| {
            let mut said = Vec::new();
            let mut say = |line: &str| said.push(line.to_owned());
            let mut time = AFTER_LINE;
            mesh.go_to(time, &mut say).await;
            for line in lines {
                mesh.obey(line, &mut say).await?;
                time += AFTER_LINE;
                mesh.go_to(time, &mut say).await;
            }
            Ok(said)
        })
    }

    fn in_world<T>(&self, run: impl AsyncFnOnce(&mut Mesh) -> Result<T, Fatal>) -> Result<T, Fatal> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| Fatal(format!("no runtime: {error}")))?;
        runtime.block_on(async {
            let mut mesh = Mesh::new(self).await?;
            run(&mut mesh).await
        })
    }

    fn greeting(&self) -> String {
        let kinds: Vec<_> = self.code.keys().map(DaemonKind::as_str).collect();
        format!("A cloud and {} nodes, with the code of: {}.\n{HELP}", self.nodes, kinds.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledgers;

    fn mesh() -> DevMesh {
        DevMesh::new().daemon_factory("ledger", || Ledgers::default().make()).unwrap()
    }

    #[test]
    fn a_daemon_goes_on_whatever_is_done_to_its_nodes() {
        let script = [
            "start ledger votes 1",
            "send votes note a",
            "move votes 2",
            "kill 2",
            "send votes note b",
            "up 2",
            "freeze 2",
            "thaw 2",
            "kill cloud",
            "up cloud",
            "list",
            "move votes 3 copy",
            "send votes note c",
        ];
        let said = mesh().script(&script).unwrap();
        let has = |text: &str| said.iter().any(|line| line.contains(text));
        assert!(has("votes is on node1") && has("votes is on node2 now") && has("votes is on node3 now"), "{said:#?}");
        let outputs = said.iter().filter(|line| line.starts_with("votes #")).count();
        assert_eq!(outputs, 3, "{said:#?}");
        assert_eq!(said, mesh().script(&script).unwrap(), "it is the same every time");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let said = mesh().script(&["dance", "kill 7", "up 1", "send nobody a", "start other votes"]).unwrap();
        let has = |text: &str| said.iter().any(|line| line.contains(text));
        assert!(
            has("\"dance\" says nothing here") && has("there is no node7") && has("node1 runs already"),
            "{said:#?}"
        );
        assert!(has("no daemon nobody") && has("votes is not started"), "{said:#?}");
    }
}
