//! What the daemon asked for and waits for: ticks, and background work.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::Now;
use wayfare_protocol::daemon::Input;
use wayfare_protocol::limits::DAEMON_EVENT_MAX;

use super::{DaemonHost, Effect, Phase};
use crate::machine::Sink;

impl DaemonHost {
    /// Records the ticks that are due, and when the next one is. Ticks follow the wall clock, since they outlive boots and move between
    /// machines.
    pub(super) fn fire_ticks(&mut self, now: Now) {
        self.tick_at = None;
        if !self.acts() || !matches!(self.sealing, super::Sealing::No) {
            return;
        }
        let Phase::Running(runner) = &self.phase else { return };
        let ticked = &self.accepting.ticked;
        let waiting = runner.memory.ticks.keys().filter(|tick| !ticked.contains(tick));
        let due: Vec<_> = waiting.clone().take_while(|(due, _)| *due <= now.wall).copied().collect();
        self.tick_at = waiting.clone().nth(due.len()).map(|(due, _)| {
            // What is due at an earlier wall time than this is looked at again as soon as possible.
            now.boot.after(Duration::from_millis(due.0.saturating_sub(now.wall.0)))
        });
        for (due, tick) in due {
            self.accepting.ticked.insert((due, tick));
            self.accepting.push(now, Input::Tick { due, tick });
        }
    }

    /// Asks for background work without a result that was numbered after this: when it is new, and all of it, after 0, when this node
    /// begins to act.
    pub(super) fn ask_for_work(&self, after: u64, out: &mut impl Sink<Effect>) {
        if !self.acts() {
            return;
        }
        let Phase::Running(runner) = &self.phase else { return };
        for (work, pending) in runner.memory.work.range(after + 1..) {
            if !self.accepting.worked.contains(work) {
                let kind = self.key().kind.clone();
                out.push(Effect::Work { work: *work, kind, input: pending.input.clone() });
            }
        }
    }

    /// Background work ended. Its result counts once.
    pub(super) fn worked(&mut self, now: Now, work: u64, result: Result<Bytes, String>) {
        let is_sealing = !matches!(self.sealing, super::Sealing::No);
        let is_awaited = self.runner().is_none_or(|runner| runner.memory.work.contains_key(&work));
        if is_sealing || !self.acts() || !is_awaited || !self.accepting.worked.insert(work) {
            return; // the next owner asks for it anew
        }
        let result = result.and_then(|result| match result.len() {
            0..=DAEMON_EVENT_MAX => Ok(result),
            length => Err(format!("a result of {length} bytes is over the limit of {DAEMON_EVENT_MAX}")),
        });
        self.accepting.push(now, Input::Worked { work, result });
    }
}
