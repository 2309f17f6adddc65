//! The actor of a session on its node.

mod writing;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use wayfare_core::machine::OpId;
use wayfare_core::outputs::{ReaderEffect, ReaderId, Want};
use wayfare_core::session::{
    Config, Effect, EndedCell, InboxRecord, Input, LoggedOutput, Outcome, Record, RuntimeSession,
};
use wayfare_core::{Durable as _, Machine as _, account, ownership};
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::{DocumentId, RequestId, ResourceId, SessionId, codec};

use crate::actor::{Arguments, Context, Executor, Fatal, Mail, Runtime, Start, Started};
use crate::directory::Directory;
use crate::document::Library;
use crate::ids::Ids;
use crate::link::{StreamPeer, Unserved};
use crate::logs;
use crate::ports::{ConnectError, HostConnection, HostStart, Log, LogName, LogStore, SessionHosts};
use crate::readers::{LogNeed, Readers};
use writing::Composer;

/// What a session's actor needs.
#[derive(Clone)]
pub struct Environs {
    /// The actors around it.
    pub directory: Arc<Directory>,
    /// Where its logs are.
    pub logs: Arc<dyn LogStore>,
    /// The documents into which its runs write.
    pub library: Library,
    /// Starts and finds its host.
    pub hosts: Arc<dyn SessionHosts>,
    /// Makes request ids.
    pub ids: Arc<Ids>,
    /// Clock and timer.
    pub runtime: Runtime,
}

/// The executor of a session.
pub struct SessionExecutor {
    session: SessionId,
    environs: Environs,
    inbox: Arc<dyn Log>,
    outputs: Arc<dyn Log>,
    host: Option<HostLine>,
    lines: u64,
    readers: Readers,
    key: wayfare_protocol::session::SessionKey,
    device_name: String,
    read_bytes: usize,
}

/// A conversation with the session host.
struct HostLine {
    number: u64,
    requests: mpsc::UnboundedSender<HostRequest>,
    tasks: [AbortHandle; 2],
}

impl Drop for HostLine {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What a session is told besides its machine's inputs.
pub enum SessionCommand {
    /// A stream wants to read.
    Read {
        /// Which.
        stream: Unserved,
        /// What.
        want: Want,
    },
    /// A reader's stream is closed.
    ReaderGone {
        /// Whose.
        reader: ReaderId,
    },
    /// The host was connected to, or not.
    Connected(OpId, Result<HostConnection, ConnectError>),
    /// The host said something on a conversation.
    HostSaid(u64, Vec<HostMessage>),
    /// A conversation is over.
    HostClosed(u64),
}

/// The arguments of a session's actor. `is_new`: it is made now.
pub fn arguments(config: Config, environs: Environs, is_new: bool) -> Arguments<SessionExecutor> {
    let runtime = environs.runtime.clone();
    let name = format!("session {}", config.session);
    let start: Start<SessionExecutor> = Arc::new(move |now| {
        let (config, environs) = (config.clone(), environs.clone());
        Box::pin(async move {
            let session = config.session;
            let inbox: Arc<dyn Log> = environs.logs.open(LogName::Inbox(session)).await?.into();
            let outputs: Arc<dyn Log> = environs.logs.open(LogName::Outputs(session)).await?.into();
            let (key, device_name, read_bytes) =
                (config.key.clone(), config.device_name.clone(), config.limits.output_read);
            let mut machine = RuntimeSession::new(config, now);
            let is_empty = inbox.next() == 1;
            logs::fold(inbox.as_ref(), |record: InboxRecord| machine.apply(&Record::Inbox(record))).await?;
            machine.outputs_start_at(outputs.first());
            logs::fold(outputs.as_ref(), |record: LoggedOutput| machine.apply(&Record::Output(record))).await?;
            let first = if is_new && is_empty { Input::Create } else { Input::Recovered };
            let executor = SessionExecutor {
                session,
                environs,
                inbox,
                outputs,
                host: None,
                lines: 0,
                readers: Readers::default(),
                key,
                device_name,
                read_bytes,
            };
            Ok(Started { machine, executor, inputs: vec![first] })
        })
    });
    Arguments { name, start, runtime }
}

impl SessionExecutor {
    fn append(&self, log: &Arc<dyn Log>, op: OpId, records: Vec<Bytes>, context: &mut Context<Self>) {
        // Called here, so that the order of calls is the order of records; awaited in a task.
        let appended = log.append(records);
        context.perform(async move {
            appended.await?;
            Ok(Input::Done { op, outcome: Outcome::Appended })
        });
    }

    fn reader(&mut self, effect: ReaderEffect, context: &mut Context<Self>) {
        match self.readers.carry_out(effect) {
            Some(LogNeed::Read { op, from, bytes_max }) => {
                let read = self.outputs.read(from, bytes_max);
                context.perform(async move {
                    let records: Vec<LoggedOutput> = logs::decode_all(&read.await?)?;
                    let records = records.into_iter().map(|logged| logged.record).collect();
                    Ok(Input::Done { op, outcome: Outcome::Read(records) })
                });
            }
            Some(LogNeed::Trim { before }) => {
                let trimmed = self.outputs.trim(before);
                context.spawn(async move { logs::tell_trim(trimmed.await) });
            }
            None => {}
        }
    }

    fn compose(&self, op: OpId, ended: EndedCell, context: &mut Context<Self>) {
        let composer = Composer {
            library: self.environs.library.clone(),
            outputs: Arc::clone(&self.outputs),
            language: self.key.language.clone(),
            device_name: self.device_name.clone(),
            read_bytes: self.read_bytes,
        };
        context.perform(async move {
            let composed = composer.compose(ended).await?;
            Ok(Input::Done { op, outcome: Outcome::Composed(composed) })
        });
    }

    fn merge(&self, op: OpId, document: DocumentId, update: Bytes, context: &mut Context<Self>) {
        let library = self.environs.library.clone();
        context.perform(async move {
            let outcome = writing::merge(&library, document, update).await;
            Ok(Input::Done { op, outcome: Outcome::Merged(outcome) })
        });
    }

    fn connect(&self, op: OpId, context: &mut Context<Self>) {
        let connecting = self.environs.hosts.connect(self.session);
        context.obtain(async move { SessionCommand::Connected(op, connecting.await) });
    }

    fn start_host(
        &self,
        op: OpId,
        kernel: u32,
        environment: wayfare_protocol::session::Environment,
        context: &mut Context<Self>,
    ) {
        let start = HostStart { session: self.session, key: self.key.clone(), environment, kernel, first_sequence: 1 };
        let started = self.environs.hosts.start(start);
        context.perform(async move {
            let result = started.await.map_err(|error| error.to_string());
            Ok(Input::Done { op, outcome: Outcome::Started(result) })
        });
    }

    fn connected(&mut self, op: OpId, result: Result<HostConnection, ConnectError>, context: &mut Context<Self>) {
        let outcome = match result {
            Ok(connection) => {
                self.talk(connection, context);
                Outcome::Connected
            }
            Err(ConnectError::Gone(_)) => Outcome::Gone,
            Err(ConnectError::NotYet(_)) => Outcome::NotYet,
        };
        context.feed(Input::Done { op, outcome });
    }

    /// Two tasks carry a conversation: one reads, one writes.
    fn talk(&mut self, connection: HostConnection, context: &mut Context<Self>) {
        self.lines += 1;
        let number = self.lines;
        let HostConnection { mut reader, mut writer } = connection;
        let (requests, mut asked) = mpsc::unbounded_channel();
        let myself = context.myself().clone();
        let reads = context.spawn(async move {
            loop {
                let command = match reader.read().await {
                    Ok(messages) => SessionCommand::HostSaid(number, messages),
                    Err(_) => SessionCommand::HostClosed(number),
                };
                let is_over = matches!(command, SessionCommand::HostClosed(_));
                if myself.cast(Mail::Command(command)).is_err() || is_over {
                    return;
                }
            }
        });
        let writes = context.spawn(async move {
            while let Some(first) = asked.recv().await {
                let mut batch = vec![first];
                while let Ok(request) = asked.try_recv() {
                    batch.push(request);
                }
                if writer.write(batch).await.is_err() {
                    return; // the reader says that it is over
                }
            }
        });
        self.host = Some(HostLine { number, requests, tasks: [reads, writes] });
    }
}

impl Executor for SessionExecutor {
    type Machine = RuntimeSession;
    type Command = SessionCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::NeverWas => {
                self.environs.directory.tell_account(account::Input::NeverWas { session: self.session });
                context.myself().stop(None);
            }
            Effect::AppendInbox { op, records } => {
                let log = Arc::clone(&self.inbox);
                self.append(&log, op, records.iter().map(codec::encode).collect(), context);
            }
            Effect::AppendOutputs { op, records } => {
                let log = Arc::clone(&self.outputs);
                self.append(&log, op, records.iter().map(codec::encode).collect(), context);
            }
            Effect::StartHost { op, kernel, environment } => self.start_host(op, kernel, environment, context),
            Effect::ConnectHost { op } => {
                self.host = None;
                self.connect(op, context);
            }
            Effect::KillHost { op } => {
                self.host = None;
                let killed = self.environs.hosts.kill(self.session);
                context.perform(async move {
                    killed.await;
                    Ok(Input::Done { op, outcome: Outcome::Killed })
                });
            }
            Effect::ToHost(request) => {
                if let HostRequest::HandOver { position, run, attempt, .. } = &request {
                    tracing::info!(trace = %run, session = %self.session, position, attempt, "run handed to its host");
                }
                if let Some(line) = &self.host {
                    let _ = line.requests.send(request); // its reader says that it is over
                }
            }
            Effect::CloseHost => self.host = None,
            Effect::Reply { caller, answer } => {
                self.environs.directory.tell_account(account::Input::Answer { caller, answer });
            }
            Effect::Reader(effect) => self.reader(effect, context),
            Effect::RefuseReader { reader, refusal } => self.readers.end(reader, Some(refusal)),
            Effect::Ownership(ownership::Effect::Claim(claim)) => {
                let (session, request) = (self.session, RequestId(self.environs.ids.next()));
                self.environs.directory.tell_account(account::Input::Claim {
                    resource: ResourceId::Session(session),
                    request,
                    claim,
                });
            }
            Effect::Ownership(ownership::Effect::Rename { from, to }) => {
                tracing::warn!(%from, %to, "the session's name was taken: it has another one now");
            }
            Effect::Ownership(ownership::Effect::SealRefused(error)) => tracing::warn!(%error, "not sealed"),
            // The machine takes these itself.
            Effect::Ownership(ownership::Effect::Append(_) | ownership::Effect::Publish(_)) => {}
            Effect::ComposeOutput { op, ended } => self.compose(op, ended, context),
            Effect::MergeOutput { op, document, update } => self.merge(op, document, update, context),
            Effect::Publish(info) => {
                self.key = info.key.clone();
                self.environs.directory.tell_account(account::Input::Session(info));
            }
        }
        Ok(())
    }

    fn command(&mut self, command: SessionCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            SessionCommand::Read { stream, want } => {
                let myself = context.myself().clone();
                let reader = self.readers.add(stream, |reader| StreamPeer::Session(myself, reader));
                context.feed(Input::ReaderOpened { reader, want });
            }
            SessionCommand::ReaderGone { reader } => {
                self.readers.gone(reader);
                context.feed(Input::ReaderClosed { reader });
            }
            SessionCommand::Connected(op, result) => self.connected(op, result, context),
            SessionCommand::HostSaid(number, messages) => {
                if self.host.as_ref().is_some_and(|line| line.number == number) {
                    context.feed(Input::Host(messages));
                }
            }
            SessionCommand::HostClosed(number) => {
                if self.host.as_ref().is_some_and(|line| line.number == number) {
                    self.host = None;
                    context.feed(Input::HostClosed);
                }
            }
        }
        Ok(())
    }
}
