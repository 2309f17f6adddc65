//! A bare client of a Jupyter kernel: nothing between its sockets and the kernel's.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::messaging::{
    ExecuteRequest, ExecutionState, JupyterMessage, JupyterMessageContent, KernelInfoRequest, Stdio,
};
use jupyter_zmq_client::{
    ClientIoPubConnection, ClientShellConnection, create_client_iopub_connection,
    create_client_shell_connection_with_identity, peer_identity_for_session,
};

use crate::patience::{until, within};
use crate::process::Process;

/// A kernel that is starting is asked again after so long: its first answers may find nobody subscribed.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// A kernel of our own and a client of it.
pub(super) struct DirectKernel {
    shell: ClientShellConnection,
    iopub: ClientIoPubConnection,
    _kernel: Process,
}

impl DirectKernel {
    /// Starts a kernel with the command line, the environment and the working folder of a living one, whose session's
    /// folder is replaced by `own` wherever it stands in them.
    pub(super) async fn like(pid: i32, folder: &Path, own: &Path) -> Result<Self> {
        let info = connection(folder, own)?;
        fs::create_dir_all(own.join("ipython"))?;
        let process = Path::new("/proc").join(pid.to_string());
        let words = read_words(&process.join("cmdline"), folder, own)?;
        let (program, arguments) = words.split_first().context("the kernel has no command line")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(fs::read_link(process.join("cwd"))?).env_clear();
        for variable in read_words(&process.join("environ"), folder, own)? {
            let bytes = variable.as_bytes();
            let equals = bytes.iter().position(|byte| *byte == b'=').context("a variable without a value")?;
            command.env(OsString::from_vec(bytes[..equals].to_vec()), OsString::from_vec(bytes[equals + 1..].to_vec()));
        }
        let kernel = Process::start("direct kernel", command, &own.join("kernel.log"))?;
        let (shell, iopub) = within("the kernel's first answer", connect(&info)).await.inspect_err(|_| {
            eprintln!("{}", kernel.words());
        })??;
        Ok(Self { shell, iopub, _kernel: kernel })
    }

    /// Executes code until the kernel's `execute_reply` is read from the shell socket. Gives the request's id.
    pub(super) async fn reply(&mut self, code: &str) -> Result<String> {
        let id = self.request(code).await?;
        loop {
            let message = self.shell.read().await?;
            if is_of(&message, &id) && matches!(message.content, JupyterMessageContent::ExecuteReply(_)) {
                return Ok(id);
            }
        }
    }

    /// Takes what the kernel told of a request, to its `idle`. Gives the number of lines printed.
    pub(super) async fn settle(&mut self, id: &str) -> Result<u64> {
        settle(&mut self.iopub, id).await
    }

    /// Executes code until its reply and its `idle` are read, and counts the lines that it printed.
    pub(super) async fn lines(&mut self, code: &str) -> Result<u64> {
        let id = self.request(code).await?;
        let Self { shell, iopub, .. } = self;
        let replied = async {
            while !is_of(&shell.read().await?, &id) {}
            Ok(())
        };
        let (lines, ()) = tokio::try_join!(settle(iopub, &id), replied)?;
        Ok(lines)
    }

    async fn request(&mut self, code: &str) -> Result<String> {
        let content = ExecuteRequest {
            code: code.to_owned(),
            silent: false,
            store_history: true,
            user_expressions: None,
            allow_stdin: true,
            stop_on_error: false,
        };
        let request = JupyterMessage::new(content, None);
        let id = request.header.msg_id.clone();
        self.shell.send(request).await?;
        Ok(id)
    }
}

async fn settle(iopub: &mut ClientIoPubConnection, id: &str) -> Result<u64> {
    let mut lines = 0;
    loop {
        let message = iopub.read().await?;
        match &message.content {
            JupyterMessageContent::StreamContent(stream) if matches!(stream.name, Stdio::Stdout) => {
                lines += u64::try_from(stream.text.matches('\n').count())?;
            }
            JupyterMessageContent::Status(status)
                if status.execution_state == ExecutionState::Idle && is_of(&message, id) =>
            {
                return Ok(lines);
            }
            _ => {}
        }
    }
}

fn is_of(message: &JupyterMessage, id: &str) -> bool {
    message.parent_header.as_ref().is_some_and(|parent| parent.msg_id == id)
}

/// The connection file of a session, for sockets in `own` and written there.
fn connection(folder: &Path, own: &Path) -> Result<ConnectionInfo> {
    let text = fs::read_to_string(folder.join("connection.json")).context("the session's connection file")?;
    let mut info: ConnectionInfo = serde_json::from_str(&text)?;
    info.ip = own.join("k").display().to_string();
    fs::write(own.join("connection.json"), serde_json::to_vec_pretty(&info)?)?;
    Ok(info)
}

/// The words of a file of `/proc`, each ended by a zero byte, with `folder` replaced by `own`.
fn read_words(path: &Path, folder: &Path, own: &Path) -> Result<Vec<OsString>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
    let (from, to) = (folder.display().to_string(), own.display().to_string());
    let replaced = |word: &[u8]| match std::str::from_utf8(word) {
        Ok(text) => text.replace(&from, &to).into(),
        Err(_) => OsString::from_vec(word.to_vec()),
    };
    Ok(bytes.split(|byte| *byte == 0).map(replaced).collect())
}

/// Connects, and returns when the kernel has answered and its outputs arrive.
async fn connect(info: &ConnectionInfo) -> Result<(ClientShellConnection, ClientIoPubConnection)> {
    for url in [info.shell_url(), info.iopub_url()] {
        let path = url.strip_prefix("ipc://").context("not a local socket")?.to_owned();
        until("the kernel's socket", || Path::new(&path).exists().then_some(())).await?;
    }
    let session = "direct";
    let identity = peer_identity_for_session(session)?;
    let mut shell = create_client_shell_connection_with_identity(info, session, identity).await?;
    let mut iopub = create_client_iopub_connection(info, "", session).await?;
    let (mut answered, mut heard) = (false, false);
    while !(answered && heard) {
        shell.send(JupyterMessage::new(KernelInfoRequest {}, None)).await?;
        let answers = async {
            while !(answered && heard) {
                tokio::select! {
                    biased;
                    message = iopub.read() => heard |= message.is_ok(),
                    message = shell.read() => answered |= message.is_ok(),
                }
            }
        };
        let _ = tokio::time::timeout(ASK_AGAIN, answers).await; // asked again
    }
    Ok((shell, iopub))
}
