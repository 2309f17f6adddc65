//! Who revokes the device of a machine that is lost, and asks until it is done.

use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_protocol::{NodeId, Refusal, Wall};

use crate::asker::Asker;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::person::{Config, Woken};
use crate::ports::Disk;
use crate::process::Surroundings;

/// So long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// See the module.
pub struct Operator {
    asker: Asker<Option<Result<Wall, Refusal>>>,
    node: NodeId,
    phase: Phase,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// The machine is there.
    Idle,
    Revoking,
    Done,
}

impl Operator {
    /// Whoever is to revoke that node.
    #[must_use]
    pub fn new(
        config: Config,
        node: NodeId,
        around: Surroundings,
        evidence: Arc<Evidence>,
        woken: Woken,
        disk: Arc<Disk>,
    ) -> Self {
        Self { asker: Asker::new(config, around, evidence, woken, disk), node, phase: Phase::Idle }
    }

    /// Comes into being.
    ///
    /// # Errors
    /// If the client does not start.
    pub async fn begin(&mut self) -> Result<(), Fatal> {
        self.asker.come().await
    }

    /// The machine of that node is gone.
    pub fn revoke(&mut self, node: NodeId) {
        if node == self.node && self.phase == Phase::Idle {
            self.phase = Phase::Revoking;
            self.ask();
        }
    }

    fn ask(&mut self) {
        let device = self.node.0;
        self.asker.note(format_args!("revokes {}", device.short()));
        self.asker.ask(PATIENCE, |client| client.revoke(device));
    }

    /// The life of its client, if it is there.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.asker.life()
    }

    /// What is under way, for people; `None`: nothing.
    #[must_use]
    pub fn doing(&self) -> Option<String> {
        let (name, device) = (&self.asker.config.name, self.node.0.short());
        (self.phase == Phase::Revoking).then(|| format!("{name} revokes {device}"))
    }

    /// A wait is over.
    pub fn wake(&mut self) {
        if self.phase == Phase::Revoking && self.asker.is_awake() {
            self.ask();
        }
    }

    /// Reads what has come; `false` if nothing has.
    pub fn read(&mut self) -> bool {
        let mut has_read = self.asker.reads_news();
        while let Some(told) = self.asker.next() {
            has_read = true;
            let Some(answer) = told else { continue };
            self.asker.note(format_args!("is answered {answer:?}"));
            match answer {
                Some(Ok(_)) => self.phase = Phase::Done,
                Some(Err(_)) | None => self.asker.sleep(Duration::from_millis(300), Duration::from_secs(4)),
            }
        }
        has_read
    }
}
