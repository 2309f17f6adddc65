//! `/api/assets` and the files of projects.
//!
//! | route | answer |
//! |---|---|
//! | `GET`, `HEAD /api/assets/{id}` | its bytes, ranges of them too; `?type=image/png` says what they are |
//! | `HEAD /api/assets/{id}` of one that is not there | 404 with `Upload-Offset`: what came of it so far |
//! | `PUT /api/assets/{id}` with its bytes | 201, or 200 where it was there already: `{"id", "size"}` |
//! | the same with `Upload-Offset` and `Upload-Length` | a piece of it from that byte on; 202 with `Upload-Offset` while more is to come |
//! | `GET /api/projects/{project}/files` | `{"files": [{"path", "id", "size", "type"}]}` |
//! | `GET`, `HEAD /api/projects/{project}/files/{path}` | the bytes of what is at a path |
//! | `PUT /api/projects/{project}/files/{path}` with `{"id", "type"}` | that asset is at the path: `{"path", "id", "size", "type"}` |
//! | `DELETE /api/projects/{project}/files/{path}` | it is in the project's trash |
//!
//! What is served so runs nothing where a browser shows it by itself: it has an origin of its own, and no type but the one that is said.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use wayfare_actors::asset::Assets;
use wayfare_core::document::AssetFile;
use wayfare_protocol::limits::ASSET_PART;
use wayfare_protocol::{AssetId, ErrorCode, Refusal};

use super::Door;
use super::answer::{Answer, Failure, body};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// A type that says nothing.
const ANY: &str = "application/octet-stream";

fn refused(refusal: Refusal) -> Failure {
    match refusal.code {
        ErrorCode::Malformed => Failure::Wrong(refusal.detail),
        _ => Failure::Documents(refusal.into()),
    }
}

fn id_of(text: &str) -> Result<AssetId, Failure> {
    text.parse().map_err(|error| Failure::Wrong(format!("{error}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    r#type: Option<String>,
}

pub(super) async fn asset(
    State(door): State<Door>,
    Path(id): Path<String>,
    shown: Query<Shown>,
    request: Request,
) -> Result<Response, Failure> {
    let assets = door.library()?.assets().clone();
    let id = id_of(&id)?;
    if request.method() == Method::PUT {
        return put(&assets, id, request).await;
    }
    let kind = shown.0.r#type.unwrap_or_else(|| ANY.to_owned());
    let (method, headers) = (request.method().clone(), request.headers().clone());
    drop(request);
    match assets.obtain(id).await {
        Err(refusal) if refusal.code == ErrorCode::NotFound && method == Method::HEAD => {
            let came = assets.came(id).await.map_err(refused)?;
            Ok((StatusCode::NOT_FOUND, [(UPLOAD_OFFSET, came)]).into_response())
        }
        Err(refusal) => Err(refused(refusal)),
        Ok(size) => give(assets, id, size, &kind, (&method, &headers)).await,
    }
}

pub(super) async fn files(State(door): State<Door>, Path(project): Path<String>) -> Answer {
    let library = door.library()?;
    let project = library.project(&project).await?;
    let files = library.tree(project).await?.assets;
    let files: Vec<Value> = files.iter().map(|(path, file)| listed(path, file)).collect();
    Ok(Json(json!({ "files": files })))
}

fn listed(path: &str, file: &AssetFile) -> Value {
    json!({ "path": path, "id": file.asset, "size": file.size, "type": file.media_type })
}

pub(super) async fn file(
    State(door): State<Door>,
    Path((project, path)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let library = door.library()?;
    let project = library.project(&project).await?;
    let AssetFile { asset, media_type, .. } = library.asset_at(project, &path).await?;
    let assets = library.assets().clone();
    let size = assets.obtain(asset).await.map_err(refused)?;
    give(assets, asset, size, &media_type, (&method, &headers)).await
}

#[derive(Debug, Deserialize)]
struct NewFile {
    id: String,
    #[serde(default)]
    r#type: String,
}

pub(super) async fn put_file(
    State(door): State<Door>,
    Path((project, path)): Path<(String, String)>,
    sent: Result<Bytes, BytesRejection>,
) -> Answer {
    let NewFile { id, r#type } = body(sent)?;
    let library = door.library()?;
    let project = library.project(&project).await?;
    let asset = id_of(&id)?;
    let size = library.assets().obtain(asset).await.map_err(refused)?;
    let media_type = if r#type.is_empty() { ANY.to_owned() } else { r#type };
    let file = AssetFile::new(asset, size, media_type);
    if file.to_string().parse().as_ref() != Ok(&file) {
        return Err(Failure::Wrong("type is a media type: one word".to_owned()));
    }
    library.put_asset(project, &path, &file).await?;
    Ok(Json(listed(&path, &file)))
}

pub(super) async fn delete_file(State(door): State<Door>, Path((project, path)): Path<(String, String)>) -> Answer {
    let library = door.library()?;
    let project = library.project(&project).await?;
    library.delete_asset(project, &path).await?;
    Ok(Json(json!({ "path": path })))
}

/// The bytes of an asset, or those that the request wants.
async fn give(
    assets: Assets,
    id: AssetId,
    size: u64,
    kind: &str,
    (method, asked): (&Method, &HeaderMap),
) -> Result<Response, Failure> {
    // Damage is told, or mended, before anything is promised.
    assets.read(id, 0, 1).await.map_err(refused)?;
    let tag = format!("\"{id}\"");
    let wanted = wanted(asked, &tag, size);
    let (status, from, end) = match wanted {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part { from, end } => (StatusCode::PARTIAL_CONTENT, from, end),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let bytes = if *method == Method::HEAD { Body::empty() } else { stream_of(assets, id, from, end) };
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    let text = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(ANY)); // of a type that is none
    headers.insert(CONTENT_TYPE, text(kind.to_owned()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(end - from));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(ETAG, text(tag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:",
        ),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    match wanted {
        Wanted::All => {}
        Wanted::Part { .. } => {
            headers.insert(CONTENT_RANGE, text(format!("bytes {from}-{}/{size}", end - 1)));
        }
        Wanted::Nothing => {
            headers.insert(CONTENT_RANGE, text(format!("bytes */{size}")));
        }
    }
    Ok(response)
}

fn stream_of(assets: Assets, id: AssetId, from: u64, end: u64) -> Body {
    Body::from_stream(stream::try_unfold(from, move |at| {
        let assets = assets.clone();
        async move {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(ASSET_PART);
            if length == 0 {
                return Ok(None);
            }
            let bytes = assets.read(id, at, length).await?;
            let next = at + bytes.len() as u64;
            if bytes.is_empty() {
                return Err(Refusal::new(ErrorCode::NotFound, "it is not there any more"));
            }
            Ok::<_, Refusal>(Some((bytes, next)))
        }
    }))
}

/// What of an asset a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part { from: u64, end: u64 },
    Nothing,
}

/// One range is served; of several, or of what is not understood, all is, as HTTP allows.
fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Wanted {
    let is_same = headers.get(IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    let range = headers.get(RANGE).filter(|_| is_same).and_then(|range| range.to_str().ok());
    let Some((first, last)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        return Wanted::All;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let (from, end) = match (number(first), number(last)) {
        (Some(from), None) if last.is_empty() => (from, size),
        (Some(from), Some(last)) if from <= last => (from, size.min(last.saturating_add(1))),
        (None, Some(length)) if first.is_empty() => (size.saturating_sub(length), size),
        _ => return Wanted::All,
    };
    if from < end { Wanted::Part { from, end } } else { Wanted::Nothing }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Failure> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Failure::Wrong(format!("{name} is a number of bytes")))
}

/// Takes an asset in, or a piece of it.
async fn put(assets: &Assets, id: AssetId, request: Request) -> Result<Response, Failure> {
    let headers = request.headers();
    let offset = number(headers, &UPLOAD_OFFSET)?.unwrap_or(0);
    let sent = number(headers, &CONTENT_LENGTH)?;
    let size = number(headers, &UPLOAD_LENGTH)?.or_else(|| sent?.checked_add(offset));
    let size = size.ok_or_else(|| Failure::Wrong("say how long it is: Upload-Length, or Content-Length".to_owned()))?;
    let Some(mut upload) = assets.upload(id, size).await.map_err(refused)? else {
        pass_over(request).await;
        return Ok((StatusCode::OK, Json(json!({ "id": id, "size": size }))).into_response());
    };
    // Whoever says no offset sends all of it: what is there of it is passed over.
    let mut over = upload.at();
    if headers.contains_key(UPLOAD_OFFSET) {
        if over != offset {
            drop(upload);
            pass_over(request).await;
            let why = Json(json!({ "error": format!("{over} bytes of it are there, not {offset}") }));
            return Ok((StatusCode::CONFLICT, [(UPLOAD_OFFSET, over)], why).into_response());
        }
        over = 0;
    }
    let mut body = request.into_body().into_data_stream();
    while let Some(bytes) = body.next().await {
        let Ok(mut bytes) = bytes else {
            upload.pause().await.map_err(refused)?;
            return Err(Failure::Wrong("the body ended early".to_owned()));
        };
        let passed = bytes.len().min(usize::try_from(over).unwrap_or(usize::MAX));
        over -= passed as u64;
        let bytes = bytes.split_off(passed);
        if !bytes.is_empty() {
            upload.take(bytes).await.map_err(refused)?;
        }
    }
    let at = upload.at();
    if at < size {
        upload.pause().await.map_err(refused)?;
        return Ok((StatusCode::ACCEPTED, [(UPLOAD_OFFSET, at)]).into_response());
    }
    upload.finish().await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "size": size }))).into_response())
}

/// Reads what nobody wants: a client that is answered before it has said everything may hear nothing.
async fn pass_over(request: Request) {
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, size: u64) -> Wanted {
        let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_str(range).unwrap())]);
        wanted(&headers, "\"id\"", size)
    }

    #[test]
    fn a_range_is_what_of_it_there_is() {
        assert_eq!(of("bytes=0-4", 10), Wanted::Part { from: 0, end: 5 });
        assert_eq!(of("bytes=5-", 10), Wanted::Part { from: 5, end: 10 });
        assert_eq!(of("bytes=-3", 10), Wanted::Part { from: 7, end: 10 });
        assert_eq!(of("bytes=8-100", 10), Wanted::Part { from: 8, end: 10 });
        assert_eq!(of("bytes=10-", 10), Wanted::Nothing);
        for all in ["bytes=0-1,3-4", "lines=0-4", "bytes=4-3", "bytes=-", "bytes=a-b"] {
            assert_eq!(of(all, 10), Wanted::All, "{all}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_all() {
        let mut headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=0-4"))]);
        headers.insert(IF_RANGE, HeaderValue::from_static("\"other\""));
        assert_eq!(wanted(&headers, "\"id\"", 10), Wanted::All);
        headers.insert(IF_RANGE, HeaderValue::from_static("\"id\""));
        assert_eq!(wanted(&headers, "\"id\"", 10), Wanted::Part { from: 0, end: 5 });
    }
}
