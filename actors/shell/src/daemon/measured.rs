//! A daemon's code under a stop-watch.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::capability_filter::CapabilityFilter;
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::daemon::{Context, Control, DaemonError, DaemonFactory, Event, Health, MeshDaemon, Work};
use wayfare_protocol::{Boot, Limits};

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
        Box::new(Timed {
            code,
            clock: Arc::clone(&self.clock),
            limits: self.limits.clone(),
            overruns: 0,
            busy: Cell::default(),
        })
    }
}

struct Timed {
    code: Box<dyn MeshDaemon>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// Events over their time, in a row.
    overruns: u32,
    busy: Cell<Busy>,
}

/// How long code was at work, in spans of one length.
#[derive(Clone, Copy, Default)]
struct Busy {
    /// When this span began.
    since: Boot,
    /// In this span.
    so_far: Duration,
    /// In the span before.
    before: Duration,
}

impl Busy {
    /// As it is at a time.
    fn roll(self, now: Boot, span: Duration) -> Self {
        let passed = now.since(self.since);
        if passed < span {
            return self;
        }
        // After a span without any event nothing is known of the one before.
        let before = if passed < 2 * span { self.so_far.min(span) } else { Duration::ZERO };
        Self { since: now, so_far: Duration::ZERO, before }
    }
}

impl MeshDaemon for Timed {
    fn name(&self) -> &str {
        self.code.name()
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let before = self.clock.now().boot;
        let processed = self.code.process(event, context);
        let after = self.clock.now().boot;
        let took = after.since(before);
        let busy = self.busy.get().roll(before, self.limits.daemon_busy_over);
        self.busy.set(Busy { so_far: busy.so_far + took, ..busy });
        let is_over = took > self.limits.daemon_event;
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

    /// The share of the time that it processed events, or more by its own word.
    fn saturation(&self) -> f32 {
        let over = self.limits.daemon_busy_over;
        let busy = self.busy.get().roll(self.clock.now().boot, over);
        self.busy.set(busy);
        (busy.before.as_secs_f32() / over.as_secs_f32()).max(self.code.saturation())
    }

    fn work(&self) -> Option<Arc<dyn Work>> {
        self.code.work()
    }
}
