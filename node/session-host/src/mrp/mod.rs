//! The kernel as a server of the run protocol (MRP v1): HTTP and server-sent events on 127.0.0.1.
//!
//! It has one line for each request. Whatever the requests bring goes into one queue, which is read as a kernel's sockets are. A run's
//! events are read as they come and kept by the host: the server itself forgets what nobody has read.

mod asks;
mod http;
mod run;
mod stdout;

use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::sleep;
use wayfare_core::kernel_host::{KernelCommand, KernelEvent};

use crate::asks::told;
use crate::line::Carried;
use crate::log::Log;
use http::Address;

/// Events that wait to be read; who has more waits himself, and so does the server.
const WAITING: usize = 256;
/// Pause between attempts to reach a server that is starting.
const CONNECT_PAUSE: Duration = Duration::from_millis(20);

/// A server that has answered.
pub(crate) struct Server {
    address: Address,
    say: mpsc::Sender<KernelEvent>,
    said: mpsc::Receiver<KernelEvent>,
    /// The run that was begun last.
    run: u64,
    log: Log,
}

/// The name of a run at the server.
fn exec_id(position: u64) -> String {
    format!("run-{position}")
}

impl Server {
    /// Returns when the server has answered. Tries until it is dropped.
    pub(crate) async fn connect(port: u16, log: Log) -> Self {
        let address = Address { port };
        while address.get("/mrp/v1/capabilities").await.is_err() {
            sleep(CONNECT_PAUSE).await; // not listening yet
        }
        let (say, said) = mpsc::channel(WAITING);
        Self { address, say, said, run: 0, log }
    }

    /// The next events: as many as are there. May be dropped while it waits and loses nothing.
    pub(crate) async fn read(&mut self) -> Vec<KernelEvent> {
        let Some(first) = self.said.recv().await else { return std::future::pending().await };
        let mut events = vec![first];
        while events.len() < WAITING
            && let Some(Some(event)) = self.said.recv().now_or_never()
        {
            events.push(event);
        }
        events
    }

    /// Carries out what is a request.
    pub(crate) fn command(&mut self, command: &KernelCommand) -> Carried {
        match command {
            KernelCommand::Execute { position, request, .. } => {
                self.run = *position;
                let begun = run::Run::new(self.address, *position, self.say.clone(), self.log.clone());
                tokio::spawn(begun.execute(request.clone()));
            }
            KernelCommand::Interrupt => self.tell("/mrp/v1/interrupt", json!({})),
            KernelCommand::InputReply { text } => {
                // The server waits for a whole line.
                self.tell("/mrp/v1/input", json!({"exec_id": exec_id(self.run), "text": format!("{text}\n")}));
            }
            KernelCommand::Ask { ask, what } => {
                let (ask, what) = (*ask, what.clone());
                let (address, say) = (self.address, self.say.clone());
                tokio::spawn(async move {
                    let _ = say.send(told(ask, asks::ask(address, &what).await)).await; // the host has ended
                });
            }
            KernelCommand::CloseComm { .. } => {} // it knows none
            KernelCommand::ShutDown | KernelCommand::Terminate | KernelCommand::Kill => return Carried::NoMessage,
        }
        Carried::Sent
    }

    /// Says something to the server that changes a run; what became of it the run's events show.
    fn tell(&self, path: &'static str, body: serde_json::Value) {
        let (address, log) = (self.address, self.log.clone());
        tokio::spawn(async move {
            match address.post(path, &body).await {
                Ok(answer) => log.note(format_args!("{path}: {answer}")),
                Err(error) => log.note(format_args!("{path}: {error:#}")),
            }
        });
    }
}
