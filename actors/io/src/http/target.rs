//! Which session a route means.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::control::OpenedSession;
use wayfare_protocol::session::{
    Environment, Language, OpenSession, SessionAnswer, SessionCall, SessionInfo, SessionKey, SessionName,
};

use super::answer::Failure;
use super::clients::Borrowed;
use crate::client::ClientError;

/// The session of `/mrp/v1` without one in the path.
const DEFAULT_SESSION: (&str, &str) = ("mrp", "main");
const DEFAULT_LANGUAGE: &str = "python";

/// The session that a route is about; it need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target(pub(super) SessionKey);

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let parameters = parameters.map_err(|error| Failure::Wrong(error.body_text()))?;
        let of = |wanted: &str| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let name = match of("session") {
            Some(text) => text.parse().map_err(|error| Failure::Wrong(format!("{error}")))?,
            None => SessionName { project: DEFAULT_SESSION.0.to_owned(), name: DEFAULT_SESSION.1.to_owned() },
        };
        let language = Language::from_word(of("language").unwrap_or(DEFAULT_LANGUAGE));
        Ok(Self(SessionKey { name, language }))
    }
}

impl Target {
    /// Opens the session; it is made if there is none.
    pub(super) async fn open(&self, client: &mut Borrowed) -> Result<OpenedSession, ClientError> {
        let open = OpenSession {
            key: self.0.clone(),
            id: client.new_session_id(),
            environment: Environment::default(),
            needs: Needs::default(),
            device: None,
        };
        client.open(open).await
    }

    /// The session if it is there; none is made.
    pub(super) async fn find(&self, client: &mut Borrowed) -> Result<SessionInfo, Failure> {
        let sessions = client.sessions().await?;
        let found = sessions.into_iter().find(|info| info.key == self.0);
        found.ok_or_else(|| Failure::NotFound(format!("there is no session {}; the first run makes it", self.0)))
    }

    /// Asks something of the session if it is there.
    pub(super) async fn call(&self, client: &mut Borrowed, call: SessionCall) -> Result<SessionAnswer, Failure> {
        let info = self.find(client).await?;
        ask(client, &info, call).await
    }
}

/// Asks something of a session that is there.
pub(super) async fn ask(
    client: &mut Borrowed,
    info: &SessionInfo,
    call: SessionCall,
) -> Result<SessionAnswer, Failure> {
    client.open_again(info).await?;
    Ok(client.call(call).await?)
}
