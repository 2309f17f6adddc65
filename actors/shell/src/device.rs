//! The actor of a device in the cloud: its presence.

use std::sync::Arc;

use wayfare_core::presence::{Config, Effect, Input, LinkNumber, Presence};
use wayfare_core::{Machine as _, account};
use wayfare_protocol::{DeviceId, Limits};

use crate::actor::{Arguments, Context, Executor, Fatal, Runtime, Start, Started};
use crate::directory::Directory;
use crate::ports::ControlStore;

/// The executor of a device.
pub struct DeviceExecutor {
    device: DeviceId,
    directory: Arc<Directory>,
    store: Arc<dyn ControlStore>,
}

/// The arguments of a device's actor. However it starts, it finds the device's link in the directory.
pub fn arguments(
    device: DeviceId,
    limits: Arc<Limits>,
    directory: Arc<Directory>,
    store: Arc<dyn ControlStore>,
    runtime: Runtime,
) -> Arguments<DeviceExecutor> {
    let start: Start<DeviceExecutor> = Arc::new(move |now| {
        let machine = Presence::new(Config { limits: Arc::clone(&limits), last_seen: now.wall }, now);
        let executor = DeviceExecutor { device, directory: Arc::clone(&directory), store: Arc::clone(&store) };
        // The newest, also when it has come while the actor was being restarted.
        let inputs = directory.device_link(device).map(link_up).into_iter().collect();
        Box::pin(async move { Ok(Started { machine, executor, inputs }) })
    });
    Arguments { name: format!("device {}", device.short()), start, runtime }
}

/// What the machine is told when a link of the device is up.
#[must_use]
pub fn link_up(link: account::LinkId) -> Input {
    Input::LinkUp { link: LinkNumber(link.0) }
}

impl Executor for DeviceExecutor {
    type Machine = Presence;
    type Command = std::convert::Infallible;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Publish(presence) => {
                self.directory.tell_account(account::Input::Presence { device: self.device, presence });
            }
            Effect::Seen(at) => {
                let seen = self.store.seen(self.device, at);
                context.spawn(async move {
                    if let Err(error) = seen.await {
                        tracing::warn!(%error, "last sight of a device not noted");
                    }
                });
            }
        }
        Ok(())
    }

    fn command(&mut self, command: std::convert::Infallible, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {}
    }
}
