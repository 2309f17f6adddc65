//! A kernel's five sockets: what comes in by any of them, and what goes out.

use std::time::Duration;

use jupyter_protocol::messaging::{JupyterMessage, JupyterMessageContent, UnknownMessage};
use jupyter_protocol::{ConnectionInfo, JupyterMessage as Message};
use jupyter_zmq_client::{
    KernelControlConnection, KernelIoPubConnection, KernelShellConnection, KernelStdinConnection, RuntimeError,
    create_kernel_control_connection, create_kernel_heartbeat_connection, create_kernel_iopub_connection,
    create_kernel_shell_connection, create_kernel_stdin_connection,
};
use serde_json::Value;
use tokio::task::AbortHandle;
use uuid::Uuid;
use zeromq::{SocketRecv as _, SocketSend as _};

use super::messages::Said;

/// After a socket failed it is read again so much later.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// By which socket a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Shell,
    Control,
    Stdin,
}

/// The sockets.
pub(super) struct Sockets {
    shell: KernelShellConnection,
    control: KernelControlConnection,
    stdin: KernelStdinConnection,
    iopub: KernelIoPubConnection,
    heart: AbortHandle,
}

impl Sockets {
    /// Listens where the front end said.
    pub(super) async fn bind(info: &ConnectionInfo) -> Result<Self, RuntimeError> {
        let id = Uuid::new_v4().to_string();
        let mut heart = create_kernel_heartbeat_connection(info).await?.socket;
        let beating = tokio::spawn(async move {
            loop {
                match heart.recv().await {
                    Ok(beat) => drop(heart.send(beat).await), // whoever asked is gone
                    Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
                }
            }
        });
        Ok(Self {
            shell: create_kernel_shell_connection(info, &id).await?,
            control: create_kernel_control_connection(info, &id).await?,
            stdin: create_kernel_stdin_connection(info, &id).await?,
            iopub: create_kernel_iopub_connection(info, &id).await?,
            heart: beating.abort_handle(),
        })
    }

    /// The next request; one that cannot be read, or is not signed by the front end's key, is none.
    pub(super) async fn next(&mut self) -> (Channel, Message) {
        loop {
            let (channel, read) = tokio::select! {
                biased;
                read = self.control.read() => (Channel::Control, read),
                read = self.stdin.read() => (Channel::Stdin, read),
                read = self.shell.read() => (Channel::Shell, read),
            };
            match read {
                Ok(message) => return (channel, message),
                Err(error) => {
                    tracing::warn!(%error, ?channel, "a message is ignored");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Answers a request by the socket it came from.
    pub(super) async fn reply(&mut self, channel: Channel, to: &Message, kind: &'static str, content: Value) {
        let message = message(kind, content, Some(to));
        let sent = match channel {
            Channel::Shell => self.shell.send(message).await,
            Channel::Control => self.control.send(message).await,
            Channel::Stdin => self.stdin.send(message).await,
        };
        if let Err(error) = sent {
            tracing::warn!(%error, kind, "the front end is gone");
        }
    }

    /// Tells everybody who listens.
    pub(super) async fn publish(&mut self, parent: Option<&Message>, Said(kind, content): Said) {
        let message = message(kind, content, parent).with_zmq_identities(Vec::new());
        if let Err(error) = self.iopub.send(message).await {
            tracing::warn!(%error, kind, "not published");
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

fn message(kind: &'static str, content: Value, parent: Option<&Message>) -> Message {
    let content = UnknownMessage { msg_type: kind.to_owned(), content };
    JupyterMessage::new(JupyterMessageContent::UnknownMessage(content), parent)
}
