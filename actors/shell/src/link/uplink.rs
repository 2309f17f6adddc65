//! A link that this process dials, and dials again.

use std::collections::BTreeMap;

use ractor::ActorRef;
use wayfare_core::machine::OpId;
use wayfare_core::uplink::{DialFailure, Effect, Input, Uplink};
use wayfare_core::{Machine as _, link, uplink};

use super::connection::{self, Outgoing};
use super::streams::Streams;
use super::{LinkCommand, LinkOwner, LinkRef, Server};
use crate::actor::{Arguments, Context, Executor, Fatal, Mail, Runtime, Start, Started};
use crate::ports::{Address, Connection, DialError, Transport};

/// The executor of a dialing link.
pub struct UplinkExecutor {
    transport: std::sync::Arc<dyn Transport>,
    address: Address,
    /// Connections by the dial that made them: one, save for a moment.
    connections: BTreeMap<OpId, Outgoing>,
    streams: Streams,
    owner: Box<dyn LinkOwner>,
    is_up: bool,
}

/// What a dialing link is told besides its machine's inputs.
pub enum UplinkCommand {
    /// As any link, about the connection of a dial.
    Link(OpId, LinkCommand),
    /// A dial has ended.
    Dialed(OpId, Result<Connection, DialError>),
}

/// What a dialing link is made of.
#[derive(Clone)]
pub struct Config {
    /// Its machine's.
    pub machine: uplink::Config,
    /// Where to dial.
    pub address: Address,
    /// How.
    pub transport: std::sync::Arc<dyn Transport>,
}

/// The arguments of a dialing link's actor; `owner` makes who owns it, anew at a restart.
pub fn arguments(
    config: Config,
    owner: impl Fn() -> Box<dyn LinkOwner> + Send + Sync + 'static,
    runtime: Runtime,
) -> Arguments<UplinkExecutor> {
    let start: Start<UplinkExecutor> = std::sync::Arc::new(move |now| {
        let executor = UplinkExecutor {
            transport: std::sync::Arc::clone(&config.transport),
            address: config.address.clone(),
            connections: BTreeMap::new(),
            streams: Streams::default(),
            owner: owner(),
            is_up: false,
        };
        let machine = Uplink::new(config.machine.clone(), now);
        Box::pin(async move { Ok(Started { machine, executor, inputs: vec![Input::DialNow] }) })
    });
    Arguments { name: "uplink".to_owned(), start, runtime }
}

impl UplinkExecutor {
    fn link_effect(&mut self, op: OpId, effect: link::Effect, context: &mut Context<Self>) {
        let this = LinkRef::Dialed(context.myself().clone(), op);
        match effect {
            link::Effect::Transmit(frame) => {
                if let Some(outgoing) = self.connections.get(&op) {
                    outgoing.send(frame);
                }
            }
            link::Effect::Up(welcome) => {
                self.is_up = true;
                self.owner.up(this, &welcome);
            }
            link::Effect::Down { reason } => {
                self.connections.remove(&op);
                self.streams.all_closed();
                if std::mem::take(&mut self.is_up) {
                    self.owner.down(&reason.to_string());
                }
            }
            link::Effect::Malformed { what } => tracing::warn!(%what, "control message dropped"),
            other => {
                super::streams_effect(other, &this, &mut self.streams, Some(self.owner.as_mut()), |input| {
                    context.feed(Input::Link { op, input });
                });
            }
        }
    }

    fn dialed(&mut self, op: OpId, result: Result<Connection, DialError>, context: &mut Context<Self>) {
        let outcome = match result {
            Ok(connection) => {
                let myself: ActorRef<Mail<Self>> = context.myself().clone();
                let tell = move |event| {
                    let command = UplinkCommand::Link(op, LinkCommand::Connection(event));
                    myself.cast(Mail::Command(command)).is_ok()
                };
                let outgoing = connection::run(connection, tell, |task| {
                    context.spawn(task);
                });
                self.connections.insert(op, outgoing);
                Ok(())
            }
            Err(DialError::Unreachable { why, .. }) => Err(DialFailure::Unreachable { why }),
            Err(DialError::WrongServer { why, .. }) => Err(DialFailure::WrongServer { why }),
        };
        context.feed(Input::Dialed { op, outcome });
    }
}

impl Executor for UplinkExecutor {
    type Machine = Uplink;
    type Command = UplinkCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Dial { op } => {
                let dial = self.transport.dial(&self.address);
                context.obtain(async move { UplinkCommand::Dialed(op, dial.await) });
            }
            Effect::Abandon { op } => {
                self.connections.remove(&op);
            }
            Effect::Link { op, effect } => self.link_effect(op, effect, context),
            Effect::DialFailed { failure } => {
                tracing::debug!(%failure, url = self.address.url, "dial failed");
                self.owner.down(&failure.to_string());
            }
            Effect::Waiting { .. } => {}
            Effect::GaveUp { refusal } => self.owner.gave_up(&refusal),
        }
        Ok(())
    }

    fn command(&mut self, command: UplinkCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            UplinkCommand::Dialed(op, result) => self.dialed(op, result, context),
            // Of a connection that is over: its streams are, and their numbers are used again.
            UplinkCommand::Link(op, command) if !self.connections.contains_key(&op) => {
                if let LinkCommand::Open { peer, .. } = command {
                    drop(Server::new(peer));
                }
            }
            UplinkCommand::Link(op, LinkCommand::Bind { stream, peer }) => {
                let inputs = self.streams.bind(stream, peer);
                inputs.into_iter().for_each(|input| context.feed(Input::Link { op, input }));
            }
            UplinkCommand::Link(op, LinkCommand::Open { destination, class, peer }) => {
                let input = self.streams.open(destination, class, peer);
                context.feed(Input::Link { op, input });
            }
            UplinkCommand::Link(op, LinkCommand::End { stream, fault }) => {
                let input = self.streams.end(stream, fault);
                context.feed(Input::Link { op, input });
            }
            UplinkCommand::Link(op, LinkCommand::Connection(event)) => {
                if let Some(input) = super::connection_input(event) {
                    context.feed(Input::Link { op, input });
                }
            }
        }
        Ok(())
    }
}
