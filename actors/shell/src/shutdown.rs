//! Ending in order.

use std::sync::Arc;

use futures_util::future::join_all;
use ractor::ActorStatus;
use wayfare_core::link;
use wayfare_protocol::control::Control;
use wayfare_protocol::{ErrorCode, Limits, Refusal};

use crate::actor::Runtime;
use crate::directory::Directory;
use crate::link::LinkRef;
use crate::supervisor::SupervisorRef;

/// Says on every link that this process goes down.
pub(crate) fn say_goodbye(directory: &Directory, limits: &Limits) {
    let retry_after_ms = u32::try_from(limits.redial_min.as_millis()).unwrap_or(u32::MAX);
    for link in directory.links() {
        link.input(link::Input::Send(Box::new(Control::Draining { retry_after_ms })));
        link.input(link::Input::Goodbye(Refusal::new(ErrorCode::Draining, "the server is going down")));
    }
}

/// Says on every link that this process goes down, and waits until the links have; at most for `limits.goodbye`. What stops with
/// its supervisor does not come to what it was told last.
pub(crate) async fn goodbye(directories: &[Arc<Directory>], limits: &Limits, runtime: &Runtime) {
    let mut links = Vec::new();
    for directory in directories {
        links.extend(directory.links());
        say_goodbye(directory, limits);
    }
    let until = runtime.clock.now().boot.after(limits.goodbye);
    let all_said = join_all(links.iter().map(LinkRef::drained));
    tokio::select! {
        biased;
        _ = all_said => {}
        () = runtime.timer.sleep_until(until) => tracing::warn!("not every link could say goodbye in time"),
    }
}

/// Stops a tree within `limits.drain`, when its supervisor has taken what it was told before.
pub(crate) async fn stop(root: &SupervisorRef, limits: &Limits, runtime: &Runtime) {
    let until = runtime.clock.now().boot.after(limits.drain);
    tokio::select! {
        biased;
        _ = root.drain_and_wait(None) => {} // it may have ended already
        () = runtime.timer.sleep_until(until) => tracing::warn!("actors did not stop in time"),
    }
}

/// Ends a tree at once.
pub(crate) async fn kill(root: &SupervisorRef) {
    let _ = root.kill_and_wait(None).await; // it has ended already
}

/// Whether a tree has not ended.
pub(crate) fn is_running(root: &SupervisorRef) -> bool {
    matches!(root.get_status(), ActorStatus::Unstarted | ActorStatus::Starting | ActorStatus::Running)
}
