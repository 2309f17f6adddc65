//! The app for browsers, as it was built into this program (`cloud/web/`), and how it is served: by cloud and node alike.
//!
//! | path | answer |
//! |---|---|
//! | a file of the app | that file, in the best encoding of those it was built in (`.br`, `.gz` beside it) that the browser takes |
//! | `/`, and the paths of the app's own views | `index.html`, which shows them |
//! | anything else | 404 |
//!
//! Files below `/assets/` have a hash in their name and are kept by browsers for ever; all others are asked for again, by `ETag`.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The first parts of the paths of the app's own views.
const VIEWS: &[&str] = &["pair", "devices", "sessions", "d"];
/// What the app shows foreign HTML in: scripts, but nothing of the app's and no network.
const FRAME: &str = "frame.html";
const FRAME_POLICY: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'self'; \
                            style-src 'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// Encodings in which files may lie beside the plain one, the best first: what HTTP calls them, and how their names end.
const ENCODINGS: &[(&str, &str)] = &[("br", ".br"), ("gzip", ".gz")];

#[derive(RustEmbed)]
#[folder = "$WAYFARE_APP_FOLDER"]
struct Files;

/// Whether a path is the app's.
#[must_use]
pub fn has(path: &str) -> bool {
    named(path).is_some()
}

/// The app's routes. Nothing of it is secret.
pub fn routes() -> Router {
    Router::new().fallback(async |request: Request| answer(&request))
}

/// The file that answers a path.
fn named(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let is_view = path.is_empty() || VIEWS.contains(&path.split('/').next().unwrap_or_default());
    if is_view {
        return Some("index.html");
    }
    let is_encoded = ENCODINGS.iter().any(|(_, ending)| path.ends_with(ending));
    (!is_encoded && Files::get(path).is_some()).then_some(path)
}

fn answer(request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let Some(name) = named(request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "nothing is there\n").into_response();
    };
    let Some((file, encoding)) = best(name, request.headers()) else {
        return (StatusCode::NOT_FOUND, "nothing is there\n").into_response();
    };
    let tag = tag(&file);
    let is_known = request.headers().get_all(IF_NONE_MATCH).iter().any(|known| {
        known.to_str().is_ok_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
    });
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(ETAG, text(tag));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let is_hashed = name.starts_with("assets/");
    let kept = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    protect(name, request.headers(), headers);
    response
}

/// A file in the best encoding that it has and the browser takes.
fn best(name: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<_> = accepted.flat_map(|value| value.split(',')).map(str::trim).collect();
    let takes = |encoding: &str| {
        accepted.iter().any(|one| {
            let (name, quality) = one.split_once(';').unwrap_or((one, ""));
            name.trim().eq_ignore_ascii_case(encoding)
                && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    let encoded = ENCODINGS.iter().filter(|(encoding, _)| takes(encoding));
    let mut found =
        encoded.filter_map(|(encoding, ending)| Some((Files::get(&format!("{name}{ending}"))?, Some(*encoding))));
    found.next().or_else(|| Some((Files::get(name)?, None)))
}

/// Names the content, encoding included.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

fn text(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("")) // it is made of digits, or of a host that was one
}

/// What browsers may do with the app's pages.
fn protect(name: &str, asked: &HeaderMap, headers: &mut HeaderMap) {
    let policy = if name == FRAME { HeaderValue::from_static(FRAME_POLICY) } else { text(policy(asked)) };
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    let camera_only = "camera=(self), microphone=(), geolocation=(), usb=(), serial=(), bluetooth=(), payment=()";
    headers.insert(PERMISSIONS, HeaderValue::from_static(camera_only));
}

/// Only the app's own scripts run, and they reach this door only. Older browsers do not take `'self'` for WebSockets.
fn policy(asked: &HeaderMap) -> String {
    let is_host = |host: &&str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    };
    let host = asked.get(HOST).and_then(|host| host.to_str().ok()).filter(is_host);
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         connect-src 'self'{sockets}; font-src 'self' data:; frame-src 'self'; worker-src 'self'; manifest-src 'self'; \
         object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
