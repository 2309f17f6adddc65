//! The kernel's sockets.

use std::time::Duration;

use futures_util::FutureExt as _;
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::messaging::{
    CommClose, CommId, ExecuteRequest, Header, InputReply, InterruptRequest, JupyterMessage, KernelInfoRequest,
    ShutdownRequest,
};
use jupyter_zmq_client::{
    ClientIoPubConnection, Connection, DealerSendConnection, RawMessage, RuntimeError,
    create_client_control_connection, create_client_iopub_connection, create_client_shell_connection_with_identity,
    create_client_stdin_connection_with_identity, peer_identity_for_session,
};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use wayfare_core::kernel_host::{KernelCommand, KernelEvent};
use wayfare_protocol::session::Language;
use zeromq::{SocketRecv, ZmqMessage};

use crate::asks::{self, Asks};
use crate::decode;
use crate::line::Carried;
use crate::log::Log;

/// Messages that are taken from the sockets at once: the machine decides about them together.
const AT_ONCE: usize = 256;
/// … and bytes: a kernel may send large messages faster than they can be decided about.
const AT_ONCE_BYTES: usize = 1024 * 1024;
/// Pause between attempts to connect to a kernel that is starting.
const CONNECT_PAUSE: Duration = Duration::from_millis(10);
/// A kernel that is starting is asked again after so long: its first answers may find nobody subscribed.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// Errors of one socket in a row after which it is no longer read.
const ERRORS_MAX: u32 = 64;

/// One socket's incoming side.
struct Reading<S> {
    connection: Connection<S>,
    errors: u32,
}

/// The sockets that are read, and the way to the task that writes.
pub(crate) struct Sockets {
    iopub: Reading<zeromq::SubSocket>,
    stdin: Reading<zeromq::DealerRecvHalf>,
    shell: Reading<zeromq::DealerRecvHalf>,
    control: Reading<zeromq::DealerRecvHalf>,
    /// Bounded by the machine, which lets one run execute at a time.
    outgoing: mpsc::UnboundedSender<(Channel, Box<JupyterMessage>)>,
    /// Of the last question: its answer is a child of it.
    question: Option<Header>,
    asks: Asks,
    log: Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Iopub,
    Stdin,
    Shell,
    Control,
}

impl Sockets {
    /// Connects, and returns when the kernel has answered and its outputs arrive. Tries until it is dropped.
    pub(crate) async fn connect(info: &ConnectionInfo, session: &str, language: &Language, log: Log) -> Self {
        loop {
            match Self::open(info, session, language, &log).await {
                Ok(mut sockets) => {
                    sockets.wait_for_answer().await;
                    return sockets;
                }
                Err(_) => sleep(CONNECT_PAUSE).await, // not listening yet
            }
        }
    }

    async fn open(info: &ConnectionInfo, session: &str, language: &Language, log: &Log) -> anyhow::Result<Self> {
        // Unix sockets are not there until the kernel listens; a TCP connection is tried until it does.
        for url in [info.shell_url(), info.iopub_url(), info.stdin_url(), info.control_url()] {
            if let Some(path) = url.strip_prefix("ipc://") {
                tokio::fs::metadata(path).await?;
            }
        }
        // Questions come back by the identity that the request came from.
        let identity = peer_identity_for_session(session)?;
        let shell = create_client_shell_connection_with_identity(info, session, identity.clone()).await?;
        let stdin = create_client_stdin_connection_with_identity(info, session, identity).await?;
        let control = create_client_control_connection(info, session).await?;
        let iopub: ClientIoPubConnection = create_client_iopub_connection(info, "", session).await?;
        let (shell_out, shell) = shell.split();
        let (stdin_out, stdin) = stdin.split();
        let (control_out, control) = control.split();
        let (outgoing, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write(shell_out, stdin_out, control_out, waiting, log.clone()));
        Ok(Self {
            iopub: Reading { connection: iopub, errors: 0 },
            stdin: Reading { connection: stdin, errors: 0 },
            shell: Reading { connection: shell, errors: 0 },
            control: Reading { connection: control, errors: 0 },
            outgoing,
            question: None,
            asks: Asks::new(language.clone()),
            log: log.clone(),
        })
    }

    async fn wait_for_answer(&mut self) {
        let (mut answered, mut heard) = (false, false);
        while !(answered && heard) {
            self.send(Channel::Shell, JupyterMessage::new(KernelInfoRequest {}, None));
            let waiting = async {
                while !(answered && heard) {
                    match self.receive().await.0 {
                        Channel::Shell => answered = true,
                        Channel::Iopub => heard = true,
                        Channel::Stdin | Channel::Control => {}
                    }
                }
            };
            let _ = timeout(ASK_AGAIN, waiting).await;
        }
    }

    /// The next messages' events: as many as are there. May be dropped while it waits and loses nothing.
    pub(crate) async fn read(&mut self) -> Vec<KernelEvent> {
        let (channel, message) = self.receive().await;
        let mut bytes = size(&message);
        let mut events = self.decode(channel, message);
        for _ in 1..AT_ONCE {
            if bytes >= AT_ONCE_BYTES {
                break;
            }
            let Some((channel, message)) = self.receive().now_or_never() else { break };
            bytes += size(&message);
            events.extend(self.decode(channel, message));
        }
        events
    }

    /// Carries out what is a message.
    pub(crate) fn command(&mut self, command: &KernelCommand, interrupt_by_message: bool) -> Carried {
        match command {
            KernelCommand::Execute { position, request, .. } => {
                let content = ExecuteRequest {
                    code: request.code.clone(),
                    silent: request.silent,
                    store_history: request.store_history,
                    user_expressions: None,
                    allow_stdin: request.allow_stdin,
                    stop_on_error: false,
                };
                let mut message = JupyterMessage::new(content, None);
                message.header.msg_id = decode::message_id(*position);
                self.send(Channel::Shell, message);
            }
            KernelCommand::Interrupt if interrupt_by_message => {
                self.send(Channel::Control, JupyterMessage::new(InterruptRequest {}, None));
            }
            KernelCommand::InputReply { text } => {
                let content = InputReply { value: text.clone(), ..InputReply::default() };
                let mut message = JupyterMessage::new(content, None);
                message.parent_header = self.question.take();
                self.send(Channel::Stdin, message);
            }
            KernelCommand::Ask { ask, what } => match self.asks.message(*ask, what) {
                Ok(message) => self.send(Channel::Shell, message),
                Err(refusal) => return Carried::Answered(asks::told(*ask, Err(refusal))),
            },
            KernelCommand::CloseComm { comm } => {
                let content = CommClose { comm_id: CommId(comm.clone()), ..CommClose::default() };
                self.send(Channel::Shell, JupyterMessage::new(content, None));
            }
            KernelCommand::ShutDown => {
                self.send(Channel::Control, JupyterMessage::new(ShutdownRequest { restart: false }, None));
            }
            KernelCommand::Interrupt | KernelCommand::Terminate | KernelCommand::Kill => return Carried::NoMessage,
        }
        Carried::Sent
    }

    fn send(&self, channel: Channel, message: JupyterMessage) {
        // The writer ends with the process only.
        let _ = self.outgoing.send((channel, Box::new(message)));
    }

    /// The next message of any socket. Outputs come first, so that those that are there are seen before their reply.
    async fn receive(&mut self) -> (Channel, Result<ZmqMessage, zeromq::ZmqError>) {
        let (channel, message) = tokio::select! {
            biased;
            message = self.iopub.receive() => (Channel::Iopub, message),
            message = self.stdin.receive() => (Channel::Stdin, message),
            message = self.shell.receive() => (Channel::Shell, message),
            message = self.control.receive() => (Channel::Control, message),
        };
        let errors = match channel {
            Channel::Iopub => &mut self.iopub.errors,
            Channel::Stdin => &mut self.stdin.errors,
            Channel::Shell => &mut self.shell.errors,
            Channel::Control => &mut self.control.errors,
        };
        *errors = if message.is_err() { *errors + 1 } else { 0 };
        (channel, message)
    }

    fn decode(&mut self, channel: Channel, message: Result<ZmqMessage, zeromq::ZmqError>) -> Vec<KernelEvent> {
        let key = &self.shell.connection.mac;
        let decoded = message.map_err(RuntimeError::from).and_then(|message| RawMessage::from_multipart(message, key));
        let events = decoded.map_err(|error| error.to_string()).and_then(|raw| {
            let [header, parent, _, content, ..] = raw.jparts.as_slice() else {
                return Err("too few parts".to_owned());
            };
            let kind = decode::kind(header).map_err(|why| why.0)?;
            if kind == "input_request" {
                self.question = serde_json::from_slice(header).ok();
            }
            let parent = decode::parent(parent);
            if let Some(events) = self.asks.take(&parent, &kind, content) {
                return Ok(events);
            }
            decode::events(&kind, &parent, content).map_err(|why| why.0)
        });
        events.unwrap_or_else(|why| {
            self.log.note(format_args!("{channel:?}: a message is ignored: {why}"));
            Vec::new()
        })
    }
}

fn size(message: &Result<ZmqMessage, zeromq::ZmqError>) -> usize {
    message.as_ref().map_or(0, |message| message.iter().map(|part| part.len()).sum())
}

impl<S: SocketRecv + Send> Reading<S> {
    async fn receive(&mut self) -> Result<ZmqMessage, zeromq::ZmqError> {
        if self.errors > ERRORS_MAX {
            return std::future::pending().await;
        }
        self.connection.socket.recv().await
    }
}

/// Writes what the kernel is told, in order. Nothing waits for it.
async fn write(
    mut shell: DealerSendConnection,
    mut stdin: DealerSendConnection,
    mut control: DealerSendConnection,
    mut waiting: mpsc::UnboundedReceiver<(Channel, Box<JupyterMessage>)>,
    log: Log,
) {
    while let Some((channel, message)) = waiting.recv().await {
        let sent = match channel {
            Channel::Shell => shell.send(*message).await,
            Channel::Stdin => stdin.send(*message).await,
            Channel::Control => control.send(*message).await,
            Channel::Iopub => continue,
        };
        if let Err(error) = sent {
            log.note(format_args!("{channel:?}: a message could not be sent: {error}"));
        }
    }
}
