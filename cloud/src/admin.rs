//! The door of whoever runs the cloud: health, metrics, pairing strings.
//!
//! | route | answer |
//! |---|---|
//! | `GET /healthz` | 200 while the process and its actors run |
//! | `GET /readyz` | 200 while the control store answers and the cloud is not going down, else 503 and why |
//! | `GET /metrics` | counters and gauges for Prometheus |
//! | `POST /pair` | a new pairing string; needs `Authorization: Bearer` and the token of `admin.token` |

use std::net::IpAddr;

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use wayfare_protocol::identity::keyed_hash;

use crate::cloud::{Cloud, InviteError};

/// The form of what Prometheus reads.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const COMPARE_LABEL: &[u8] = b"wayfare-admin-token-v1";

/// What the admin door needs.
#[derive(Clone)]
pub struct Admin {
    /// The cloud.
    pub cloud: Cloud,
    /// What is counted.
    pub metrics: PrometheusHandle,
    /// What has to be shown for a pairing string.
    pub token: String,
    /// Whether the door is on a loopback address: then whoever names another host was led here by a web page.
    pub is_local: bool,
}

/// Its routes.
pub fn routes(admin: Admin) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/pair", post(pair))
        .with_state(admin)
}

async fn healthz(State(admin): State<Admin>) -> Response {
    if admin.cloud.is_healthy() {
        "ok\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the actors have ended\n").into_response()
    }
}

async fn readyz(State(admin): State<Admin>) -> Response {
    match admin.cloud.readiness().await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    ([(CONTENT_TYPE, PROMETHEUS)], admin.metrics.render()).into_response()
}

async fn pair(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    if let Err(refused) = may_pair(&headers, &admin.token, admin.is_local) {
        tracing::warn!(why = refused.1.trim_end(), "pairing string refused");
        return refused.into_response();
    }
    match admin.cloud.invite() {
        Ok(string) => {
            tracing::info!("pairing string issued");
            ([(CACHE_CONTROL, "no-store")], format!("{string}\n")).into_response()
        }
        Err(error @ InviteError::Draining) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        Err(error @ InviteError::Address(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
        }
    }
}

/// Whoever shows the token, and is not a web page in a browser of this machine.
fn may_pair(headers: &HeaderMap, token: &str, is_local: bool) -> Result<(), (StatusCode, &'static str)> {
    if headers.contains_key(ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "not for web pages\n"));
    }
    if is_local && !names_this_machine(headers) {
        return Err((StatusCode::FORBIDDEN, "this door is for its own machine: name it as 127.0.0.1 or localhost\n"));
    }
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if is_same(shown, token) { Ok(()) } else { Err((StatusCode::UNAUTHORIZED, "show the token of admin.token\n")) }
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host =
        headers.get(HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<uri::Authority>().ok());
    host.is_some_and(|host| {
        let host = host.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// Looks at every byte of both hashes whatever it finds.
fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|text| keyed_hash(COMPARE_LABEL, &[text.as_bytes()]));
    one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(pairs: &[(axum::http::HeaderName, &'static str)]) -> Option<StatusCode> {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        may_pair(&headers, "token", true).err().map(|(status, _)| status)
    }

    #[test]
    fn a_pairing_string_is_for_whoever_shows_the_token() {
        let host = (HOST, "127.0.0.1:7444");
        assert_eq!(asked(&[host.clone(), (AUTHORIZATION, "Bearer token")]), None);
        for shown in ["Bearer toke", "Bearer token2", "Bearer ", "token", "Basic token"] {
            assert_eq!(asked(&[host.clone(), (AUTHORIZATION, shown)]), Some(StatusCode::UNAUTHORIZED), "{shown}");
        }
        assert_eq!(asked(&[host]), Some(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn web_pages_get_no_pairing_string_whatever_they_show() {
        let token = (AUTHORIZATION, "Bearer token");
        for host in ["evil.example", "evil.example:7444", "localhost.evil.example", ""] {
            assert_eq!(asked(&[(HOST, host), token.clone()]), Some(StatusCode::FORBIDDEN), "{host}");
        }
        for host in ["localhost:7444", "[::1]:7444", "127.0.0.2"] {
            assert_eq!(asked(&[(HOST, host), token.clone()]), None, "{host}");
        }
        let origin = (ORIGIN, "http://127.0.0.1:7444");
        assert_eq!(asked(&[(HOST, "127.0.0.1"), token, origin]), Some(StatusCode::FORBIDDEN));
    }
}
