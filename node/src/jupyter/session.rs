//! Which session a front end gets.
//!
//! One that was named at the installation is shared by whoever names it. Otherwise each front end gets a namespace of its own, as
//! Jupyter's users expect: a session `jupyter-<device>:<number>` without a living kernel, so that their number does not
//! grow with every notebook that was ever opened. Whoever chooses holds a lock until the session's kernel is started.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use wayfare_protocol::NodeId;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::control::OpenedSession;
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{
    Environment, Language, OpenSession, SessionInfo, SessionKey, SessionName, SessionState,
};
use wayfare_protocol::stream::RunUpdate;

use super::JupyterError;
use crate::client::{ClientError, MeshClient, device_of};
use crate::folder::DataFolder;

/// What a front end wants.
#[derive(Clone, Debug)]
pub struct SessionWish {
    /// The language.
    pub language: Language,
    /// The session, if it was named.
    pub name: Option<SessionName>,
    /// How its kernel is started if the session is made now.
    pub environment: Environment,
    /// The device: its name or the beginning of its id.
    pub device: Option<String>,
    /// What the device must have.
    pub needs: Needs,
    /// Tells the devices' own sessions apart: the short id of this device.
    pub here: String,
}

impl SessionWish {
    /// Whether the session ends with its front end.
    pub(super) fn is_own(&self) -> bool {
        self.name.is_none()
    }
}

/// A front end's session.
pub(super) struct OpenedHere {
    pub(super) client: MeshClient,
    pub(super) session: SessionInfo,
}

/// Opens the session and starts its kernel.
pub(super) async fn open(
    mut client: MeshClient,
    folder: &DataFolder,
    wish: &SessionWish,
) -> Result<OpenedHere, JupyterError> {
    let device = match &wish.device {
        Some(wanted) => Some(device_of(&client.devices().await?, wanted)?),
        None => None,
    };
    let _choosing = lock(folder.path().join("jupyter.lock")).await?;
    let name = match &wish.name {
        Some(name) => name.clone(),
        None => free(&client.sessions().await?, wish, device),
    };
    let open = OpenSession {
        key: SessionKey { name, language: wish.language.clone() },
        id: client.new_session_id(),
        environment: wish.environment.clone(),
        needs: wish.needs.clone(),
        device,
    };
    let OpenedSession { session, .. } = client.open(open).await?;
    start(&mut client).await?;
    Ok(OpenedHere { client, session })
}

/// Executes nothing: the kernel is started, and what is wrong with it is known before the first cell.
async fn start(client: &mut MeshClient) -> Result<(), JupyterError> {
    let nothing = ExecuteRequest { silent: true, store_history: false, allow_stdin: false, ..ExecuteRequest::of("") };
    client.run(nothing);
    let mut why = None;
    loop {
        match client.update().await? {
            RunUpdate::Event { event: RunEvent::Error { error, .. }, .. } => {
                why = Some(format!("{}: {}", error.kind, error.message));
            }
            RunUpdate::Event { .. } | RunUpdate::Attached { .. } | RunUpdate::Waiting => {}
            RunUpdate::Ended(RunOutcome::Succeeded) => return Ok(()),
            RunUpdate::Ended(outcome) => {
                return Err(JupyterError::NotStarted(why.unwrap_or_else(|| format!("{outcome:?}"))));
            }
            RunUpdate::Refused(refusal) => return Err(ClientError::CallRefused(refusal).into()),
        }
    }
}

async fn lock(path: PathBuf) -> Result<Flock<File>, JupyterError> {
    let locking = move || -> std::io::Result<Flock<File>> {
        let file = open_lock(&path)?;
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
    };
    Ok(tokio::task::spawn_blocking(locking).await.map_err(std::io::Error::other)??)
}

fn open_lock(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// The first of this device's own sessions that nobody uses, and that is where and as it is wanted; else a new name.
fn free(sessions: &[SessionInfo], wish: &SessionWish, device: Option<NodeId>) -> SessionName {
    let project = format!("jupyter-{}", wish.here);
    let name = |number: usize| SessionName { project: project.clone(), name: number.to_string() };
    let is_free = |number: &usize| {
        let key = SessionKey { name: name(*number), language: wish.language.clone() };
        sessions.iter().find(|info| info.key == key).is_none_or(|info| {
            info.state == SessionState::Cold
                && info.environment == wish.environment
                && device.is_none_or(|device| info.owner == device)
        })
    };
    // There are fewer sessions than numbers to try.
    name((1..=sessions.len() + 1).find(is_free).unwrap_or(sessions.len() + 1))
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{DeviceId, Epoch, SessionId};

    use super::*;

    fn known(number: u32, state: SessionState) -> SessionInfo {
        let name = SessionName { project: "jupyter-1a".to_owned(), name: number.to_string() };
        SessionInfo {
            id: SessionId(uuid::Uuid::from_u128(u128::from(number))),
            key: SessionKey { name, language: Language::from_word("python") },
            owner: NodeId(DeviceId([1; 32])),
            device_name: "laptop".to_owned(),
            epoch: Epoch::LOCAL,
            state,
            environment: Environment::default(),
        }
    }

    fn wish() -> SessionWish {
        SessionWish {
            language: Language::from_word("python"),
            name: None,
            environment: Environment::default(),
            device: None,
            needs: Needs::default(),
            here: "1a".to_owned(),
        }
    }

    #[test]
    fn a_front_end_gets_a_session_that_nobody_uses() {
        let of = |sessions: &[SessionInfo], wish: &SessionWish, device| free(sessions, wish, device).name;
        assert_eq!(of(&[], &wish(), None), "1");
        let sessions = [known(1, SessionState::Idle), known(2, SessionState::Cold), known(3, SessionState::Cold)];
        assert_eq!(of(&sessions, &wish(), None), "2");
        assert_eq!(of(&sessions[..1], &wish(), None), "2");
        assert_eq!(of(&[known(1, SessionState::Unreachable)], &wish(), None), "2");
        // One that lives elsewhere, or is started otherwise, is not what was asked for.
        assert_eq!(of(&sessions, &wish(), Some(NodeId(DeviceId([2; 32])))), "4");
        let other = SessionWish {
            environment: Environment { venv: Some(".venv".to_owned()), ..Environment::default() },
            ..wish()
        };
        assert_eq!(of(&sessions, &other, None), "4");
    }
}
