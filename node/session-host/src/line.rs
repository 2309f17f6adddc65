//! The line to a kernel: Jupyter's sockets, or a server of the run protocol.

use wayfare_core::kernel_host::{KernelCommand, KernelEvent};
use wayfare_protocol::host::HostLaunch;

use crate::jupyter::Sockets;
use crate::launch::Reach;
use crate::log::Log;
use crate::mrp::Server;

/// A kernel that has answered.
pub(crate) enum Line {
    /// By its sockets.
    Jupyter(Box<Sockets>),
    /// By HTTP.
    Mrp(Box<Server>),
}

/// What became of a command.
pub(crate) enum Carried {
    /// It went as a message.
    Sent,
    /// It is not one: it is done to the process.
    NoMessage,
    /// It needs no message: this is its answer.
    Answered(KernelEvent),
}

impl Line {
    /// Returns when the kernel has answered. Tries until it is dropped.
    pub(crate) async fn connect(reach: Reach, launch: &HostLaunch, log: Log) -> Self {
        match reach {
            Reach::Jupyter(info) => {
                let sockets = Sockets::connect(&info, &launch.session.to_string(), &launch.language, log).await;
                Self::Jupyter(Box::new(sockets))
            }
            Reach::Mrp { port } => Self::Mrp(Box::new(Server::connect(port, log).await)),
        }
    }

    /// The next events: as many as are there. May be dropped while it waits and loses nothing.
    pub(crate) async fn read(&mut self) -> Vec<KernelEvent> {
        match self {
            Self::Jupyter(sockets) => sockets.read().await,
            Self::Mrp(server) => server.read().await,
        }
    }

    /// Carries out what is a message.
    pub(crate) fn command(&mut self, command: &KernelCommand, interrupt_by_message: bool) -> Carried {
        match self {
            Self::Jupyter(sockets) => sockets.command(command, interrupt_by_message),
            Self::Mrp(server) => server.command(command),
        }
    }
}
