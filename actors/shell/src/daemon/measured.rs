//! A daemon's code under a stop-watch.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::Limits;
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::daemon::{Context, Control, DaemonError, DaemonFactory, Event, Health, MeshDaemon, Work};

use crate::ports::Clock;

/// Makes code that says itself when its events take too long.
pub(super) struct Measured {
    pub(super) factory: Arc<dyn DaemonFactory>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
}

impl DaemonFactory for Measured {
    fn make(&self) -> Box<dyn MeshDaemon> {
        let code = self.factory.make();
        Box::new(Timed { code, clock: Arc::clone(&self.clock), limits: self.limits.clone(), overruns: 0 })
    }
}

struct Timed {
    code: Box<dyn MeshDaemon>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// Events over their time, in a row.
    overruns: u32,
}

impl MeshDaemon for Timed {
    fn name(&self) -> &str {
        self.code.name()
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let before = self.clock.now().boot;
        let processed = self.code.process(event, context);
        let is_over = self.clock.now().boot.since(before) > self.limits.daemon_event;
        self.overruns = if is_over { self.overruns.saturating_add(1) } else { 0 };
        processed
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        self.code.snapshot()
    }

    fn restore(&mut self, state: Bytes, state_version: u32) -> Result<(), DaemonError> {
        self.code.restore(state, state_version)
    }

    fn state_version(&self) -> u32 {
        self.code.state_version()
    }

    fn state_digest(&self) -> Option<[u8; 32]> {
        self.code.state_digest()
    }

    fn deterministic(&self) -> bool {
        self.code.deterministic()
    }

    fn requirements(&self) -> CapabilityFilter {
        self.code.requirements()
    }

    fn required_capabilities(&self) -> CapabilitySet {
        self.code.required_capabilities()
    }

    fn optional_capabilities(&self) -> CapabilitySet {
        self.code.optional_capabilities()
    }

    fn on_control(&mut self, control: &Control) {
        self.code.on_control(control);
    }

    fn health(&self) -> Health {
        match self.code.health() {
            Health::Healthy if self.overruns >= self.limits.daemon_overruns => {
                let (count, may) = (self.overruns, self.limits.daemon_event);
                Health::Degraded { reason: format!("its last {count} events each took longer than {may:?}") }
            }
            own => own,
        }
    }

    fn saturation(&self) -> f32 {
        self.code.saturation()
    }

    fn work(&self) -> Option<Arc<dyn Work>> {
        self.code.work()
    }
}
