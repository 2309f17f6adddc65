//! Who may come in at the HTTP door.
//!
//! | what | over TCP | over the unix socket |
//! |---|---|---|
//! | proof | the token: `Authorization: Bearer …`, for WebSockets also `?token=…`, or before the path as `/t/<token>` where an origin is allowed | the system says that it is the same user |
//! | `Host` | names this machine: `localhost` or a loopback address (a page that resolves its own name to this machine names itself) | the same |
//! | `Origin` | none, the door's own (the app's pages), or the one that was allowed | none |
//! | a body | declared as `application/json`: pages of other origins cannot send that without asking | the same |
//!
//! A door that many devices share ([`Way::Named`]) asks for a device's token as `Authorization: Bearer …`, which is judged behind
//! the entrance; `Host` is one of the names that it was given, and no page of any origin comes in.
//!
//! The token before the path is for MRMD's editor, which knows a base URL and nothing else: it opens `/mrp/v1` and sessions'
//! own, not `/api`. Whoever shows no token is told nothing about what there is.

use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, VARY,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, uri};
use axum::response::{IntoResponse as _, Response};

use super::answer::refusal;
use super::token::Token;

const PREFLIGHT_VALID_SECONDS: &str = "600";
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const PRIVATE_NETWORK_ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// How a request arrived.
#[derive(Clone, Debug)]
pub enum Way {
    /// Over a unix socket that only this user can use.
    Unix,
    /// Over TCP: the token has to be shown.
    Tcp(Token),
    /// Under one of these host names: something like a token is shown, and judged by who serves the door.
    Named(Vec<String>),
}

/// A web page's origin: `http://localhost:5173`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin: write scheme://host or scheme://host:port, and no path")]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let is_whole = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.path() == "/"
            && uri.query().is_none()
            && !text.ends_with('/');
        if is_whole { Ok(Self(text.to_ascii_lowercase())) } else { Err(wrong()) }
    }
}

/// A door's entrance.
#[derive(Clone, Debug)]
pub struct Entrance {
    way: Way,
    origin: Option<Origin>,
}

/// A request that may come in.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) request: Request,
    pub(super) cors: Cors,
}

/// What a browser is told about its page's origin.
#[derive(Debug)]
pub(super) struct Cors(Option<HeaderValue>);

/// Why a request may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("this door is for its own machine: name it as 127.0.0.1 or localhost")]
    Host,
    #[error("this door is not known by that name")]
    Name,
    #[error("show the token of a device of yours: Authorization: Bearer <token>")]
    Key,
    #[error("show the token of this data folder (the file http.token): Authorization: Bearer <token>")]
    Token,
    #[error("pages of this origin may not use this door")]
    Origin,
    #[error("with the token before the path only /mrp/v1 and /s/<session>/mrp/v1 are served")]
    Prefix,
    #[error("a body must be JSON and say so: Content-Type: application/json")]
    ContentType,
}

impl Refused {
    fn response(self) -> Response {
        let why = self.to_string();
        match self {
            Self::Token | Self::Key => {
                let mut response = refusal(StatusCode::UNAUTHORIZED, &why);
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                response
            }
            Self::Host | Self::Name | Self::Origin => refusal(StatusCode::FORBIDDEN, &why),
            Self::Prefix => refusal(StatusCode::NOT_FOUND, &why),
            Self::ContentType => refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, &why),
        }
    }
}

impl Entrance {
    /// A door's entrance. Pages of `origin`, if there is one, may use MRP.
    #[must_use]
    pub fn new(way: Way, origin: Option<Origin>) -> Self {
        Self { way, origin }
    }

    /// Lets a request in, without a token before its path; or answers it.
    pub(super) fn enter(&self, mut request: Request) -> Result<Entered, Box<Response>> {
        let refused = |why: Refused| Box::new(why.response());
        self.host(request.headers(), request.uri()).map_err(refused)?;
        let inner = self.proven(request.headers(), request.uri()).map_err(refused)?;
        let cors = self.origin(request.headers(), request.uri()).map_err(refused)?;
        if request.method() == Method::OPTIONS && cors.0.is_some() {
            return Err(Box::new(cors.preflight(request.headers())));
        }
        if request.method() == Method::POST && !is_json(request.headers()) {
            return Err(Box::new(cors.over(Refused::ContentType.response())));
        }
        if let Some(inner) = inner {
            *request.uri_mut() = inner;
        }
        Ok(Entered { request, cors })
    }

    fn host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refused> {
        let (is_ours, refused) = match &self.way {
            Way::Unix | Way::Tcp(_) => (names(headers, uri, is_loopback), Refused::Host),
            Way::Named(hosts) => {
                let is_one = |authority: &uri::Authority| hosts.iter().any(|host| is_host(authority, host));
                (names(headers, uri, is_one), Refused::Name)
            }
        };
        if is_ours { Ok(()) } else { Err(refused) }
    }

    /// Proof that the request may be answered; the URI without a token before its path, if there was one.
    fn proven(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<Uri>, Refused> {
        let prefixed = split_token(uri.path());
        let is_known = match (&self.way, prefixed) {
            (Way::Tcp(token), Some((shown, _))) => self.origin.is_some() && token.is(shown),
            (Way::Tcp(token), None) => shown_in(headers, uri).is_some_and(|shown| token.is(shown)),
            (Way::Unix, prefixed) => prefixed.is_none(),
            (Way::Named(_), None) if shown_in(headers, uri).is_some() => true,
            (Way::Named(_), _) => return Err(Refused::Key),
        };
        match (is_known, prefixed) {
            (false, _) => Err(Refused::Token),
            (true, None) => Ok(None),
            (true, Some((_, rest))) if rest.starts_with("/mrp/v1/") || rest.starts_with("/s/") => {
                let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
                format!("{rest}{query}").parse().map(Some).map_err(|_| Refused::Prefix)
            }
            (true, Some(_)) => Err(Refused::Prefix),
        }
    }

    /// Whether a request for the app's files, which anybody may have, names this door's host.
    pub(super) fn is_named(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        self.host(headers, uri).is_ok()
    }

    fn origin(&self, headers: &HeaderMap, uri: &Uri) -> Result<Cors, Refused> {
        let mut all = headers.get_all(ORIGIN).iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(Cors(None)),
            // The same origin: a browser asks for no leave to read the answer.
            (Some(_), None) if matches!(self.way, Way::Tcp(_)) && is_own_page(headers, uri, is_loopback) => {
                Ok(Cors(None))
            }
            (Some(shown), None) => {
                let allowed = self.origin.as_ref().ok_or(Refused::Origin)?;
                let is_allowed = shown.as_bytes().eq_ignore_ascii_case(allowed.0.as_bytes());
                if is_allowed { Ok(Cors(Some(shown.clone()))) } else { Err(Refused::Origin) }
            }
            (Some(_), Some(_)) => Err(Refused::Origin),
        }
    }
}

impl Cors {
    /// Says to a browser that its page may read the answer.
    pub(super) fn over(self, mut response: Response) -> Response {
        if let Some(origin) = self.0 {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("wayfare-session, wayfare-run"));
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        response
    }

    fn preflight(self, asked: &HeaderMap) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, accept"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_VALID_SECONDS));
        if asked.contains_key(PRIVATE_NETWORK) {
            headers.insert(PRIVATE_NETWORK_ALLOWED, HeaderValue::from_static("true"));
        }
        self.over(response)
    }
}

/// A path as logs may have it: without a token.
pub(super) fn redacted(path: &str) -> String {
    match split_token(path) {
        Some((_, rest)) => format!("/t/…{rest}"),
        None => path.to_owned(),
    }
}

/// The text after `/t/`, and the path behind it.
fn split_token(path: &str) -> Option<(&str, &str)> {
    let after = path.strip_prefix("/t/")?;
    Some(after.find('/').map_or((after, ""), |at| after.split_at(at)))
}

/// The answer to a token that is nobody's: the same as to none.
pub(super) fn no_token() -> Response {
    Refused::Key.response()
}

/// What a request shows as a token.
pub(super) fn shown(request: &Request) -> Option<&str> {
    shown_in(request.headers(), request.uri())
}

fn shown_in<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    match headers.get(AUTHORIZATION) {
        Some(authorization) => authorization.to_str().ok()?.strip_prefix("Bearer "),
        // A WebSocket of the web sets no headers.
        None if uri.path().starts_with("/sync/") || uri.path() == "/link" => {
            uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
        }
        None => None,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Whether the request names a host that is ours, once and only so.
fn names(headers: &HeaderMap, uri: &Uri, is_ours: impl Fn(&uri::Authority) -> bool) -> bool {
    let mut all = headers.get_all(HOST).iter();
    let (Some(host), None) = (all.next(), all.next()) else { return false };
    let host = host.to_str().ok().and_then(|host| host.parse::<uri::Authority>().ok());
    host.is_some_and(|host| is_ours(&host)) && uri.authority().is_none_or(is_ours)
}

/// Whether the one `Origin` of a request is the host that it names, and that host is ours.
fn is_own_page(headers: &HeaderMap, uri: &Uri, is_ours: impl Fn(&uri::Authority) -> bool) -> bool {
    let text = |name: &HeaderName| {
        let mut all = headers.get_all(name).iter();
        all.next().filter(|_| all.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let (Some(origin), Some(host)) = (text(&ORIGIN), text(&HOST)) else { return false };
    let page = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    page.is_some_and(|page| page.eq_ignore_ascii_case(host)) && names(headers, uri, is_ours)
}

/// Whether a WebSocket at a door of these names is opened by no page, or by a page of the door itself.
#[must_use]
pub fn is_from_own_page_or_none(headers: &HeaderMap, uri: &Uri, hosts: &[String]) -> bool {
    let is_one = |authority: &uri::Authority| hosts.iter().any(|host| is_host(authority, host));
    !headers.contains_key(ORIGIN) || is_own_page(headers, uri, is_one)
}

/// Whatever the port: it may be another one outside.
fn is_host(authority: &uri::Authority, name: &str) -> bool {
    authority.host().trim_start_matches('[').trim_end_matches(']').eq_ignore_ascii_case(name)
}

/// A loopback address, or `localhost`.
fn is_loopback(authority: &uri::Authority) -> bool {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[path = "entrance_tests.rs"]
mod tests;
