//! Answers as JSON; a refusal is `{"error": …}` with a status that says whose fault it is.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wayfare_actors::document::LibraryError;
use wayfare_protocol::limits::HTTP_BODY_MAX;
use wayfare_protocol::{ErrorCode, Refusal};

use crate::client::ClientError;

/// A request that is not served, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// What was sent is wrong.
    #[error("{0}")]
    Wrong(String),
    /// Nothing by that name.
    #[error("{0}")]
    NotFound(String),
    /// More was sent than is read.
    #[error("the body is larger than {HTTP_BODY_MAX} bytes")]
    TooLarge,
    /// Too much is being served already.
    #[error("{0} requests are being served already: try again when one has ended")]
    Busy(usize),
    /// The mesh says no.
    #[error(transparent)]
    Mesh(#[from] ClientError),
    /// The documents say no.
    #[error(transparent)]
    Documents(#[from] LibraryError),
    /// This version of Wayfare cannot do that.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Mesh(ClientError::OpenRefused(refusal) | ClientError::CallRefused(refusal)) => of_refusal(refusal),
            Self::Documents(LibraryError::Unknown { .. }) => StatusCode::NOT_FOUND,
            Self::Documents(LibraryError::Taken { .. }) => StatusCode::CONFLICT,
            Self::Documents(LibraryError::Name { .. } | LibraryError::Edit(_)) => StatusCode::BAD_REQUEST,
            Self::Documents(LibraryError::Refused(refusal)) => of_refusal(refusal),
            Self::Mesh(ClientError::NoAnswer) => StatusCode::GATEWAY_TIMEOUT,
            Self::Mesh(
                ClientError::Unreachable { .. } | ClientError::Refused(_) | ClientError::Failed(_) | ClientError::Ended,
            ) => StatusCode::BAD_GATEWAY,
        }
    }
}

fn of_refusal(refusal: &Refusal) -> StatusCode {
    match refusal.code {
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorCode::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Overloaded | ErrorCode::Draining | ErrorCode::OwnerUnreachable | ErrorCode::RateLimited => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::CONFLICT,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        refusal(self.status(), &self.to_string())
    }
}

/// A refusal with its reason.
pub(super) fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

pub(super) async fn no_such_route(uri: Uri) -> Response {
    refusal(StatusCode::NOT_FOUND, &format!("there is nothing at {}", uri.path()))
}

pub(super) async fn no_such_method(method: Method, uri: Uri) -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, &format!("{method} is not for {}", uri.path()))
}

/// Reads a JSON object; fields that are not known are ignored, an empty body is an empty object.
pub(super) fn body<T: DeserializeOwned>(sent: Result<Bytes, BytesRejection>) -> Result<T, Failure> {
    let bytes = sent.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        _ => Failure::Wrong(rejection.body_text()),
    })?;
    let bytes: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(bytes).map_err(|error| Failure::Wrong(format!("the body is not what is wanted: {error}")))
}

/// A JSON answer.
pub(super) type Answer = Result<Json<Value>, Failure>;
