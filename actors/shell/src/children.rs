//! A node's sessions and daemons under its supervisor.

use std::sync::{Arc, Mutex, PoisonError};

use crate::actor::Mail;
use crate::daemon::{self, Beginning, DaemonCommand};
use crate::session::{self, Environs};
use crate::supervisor::{Child, Policy};

/// A session of this node under its supervisor.
pub(crate) fn session_child(config: wayfare_core::session::Config, environs: Environs, is_new: bool) -> Child {
    let session = config.session;
    let directory = Arc::clone(&environs.directory);
    let arguments = session::arguments(config, environs, is_new);
    Child::of(arguments, move |actor| directory.set_session(session, actor)).with(Policy::Persist)
}

/// A daemon of this node under its supervisor.
pub(crate) fn daemon_child(
    config: wayfare_core::daemon::Config,
    environs: daemon::Environs,
    beginning: Beginning,
) -> Child {
    let entity = config.entity;
    let directory = Arc::clone(&environs.directory);
    let arguments = daemon::arguments(config, environs, beginning);
    Child::of(arguments, move |actor| directory.set_daemon(entity, actor)).with(Policy::Persist)
}

/// A daemon that comes to this node, under its supervisor. It is told so at its first start.
pub(crate) fn arriving_child(
    config: wayfare_core::daemon::Config,
    environs: daemon::Environs,
    command: DaemonCommand,
) -> Child {
    let entity = config.entity;
    let directory = Arc::clone(&environs.directory);
    let arguments = daemon::arguments(config, environs, Beginning::Arriving);
    let command = Mutex::new(Some(command));
    Child::of(arguments, move |actor| {
        directory.set_daemon(entity, actor.clone());
        if let Some(command) = command.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = actor.cast(Mail::Command(command)); // it was started this moment
        }
    })
    .with(Policy::Persist)
}
