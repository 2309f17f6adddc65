//! The app as browsers get it. Which files there are depends on whether it was built: `index.html` is there always.

use axum::body::to_bytes;
use tower::ServiceExt as _;

use super::*;

async fn asked(method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = routes().oneshot(request.body(Body::empty()).unwrap()).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, 1 << 24).await.unwrap().to_vec())
}

fn of(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn every_view_is_the_index_and_it_is_asked_for_again_by_its_tag() {
    for path in ["/", "/devices", "/pair", "/d/some/notebook.md"] {
        let (status, headers, body) = asked("GET", path, &[("host", "mesh.example:7443")]).await;
        assert_eq!(
            (status, of(&headers, "content-type").as_str()),
            (StatusCode::OK, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(String::from_utf8_lossy(&body).contains("Wayfare"), "{path}");
        assert_eq!(of(&headers, "cache-control"), "no-cache");
        let (status, again, body) = asked("GET", path, &[("if-none-match", &of(&headers, "etag"))]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(of(&again, "etag"), of(&headers, "etag"));
    }
}

#[tokio::test]
async fn the_policy_lets_nothing_foreign_run() {
    let (_, headers, _) = asked("GET", "/", &[("host", "mesh.example:7443")]).await;
    let policy = of(&headers, "content-security-policy");
    for part in ["script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "wss://mesh.example:7443;"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe-eval"));
    assert_eq!(of(&headers, "x-content-type-options"), "nosniff");
    let (_, headers, _) = asked("GET", "/", &[("host", "evil; script-src *")]).await;
    assert!(!of(&headers, "content-security-policy").contains("evil"), "a host is not believed to be a policy");
}

#[tokio::test]
async fn what_is_not_the_apps_is_not_found() {
    for path in ["/api/devices", "/index.html.br", "/../Cargo.toml", "/assets/none.js", "/healthz"] {
        assert_eq!(asked("GET", path, &[]).await.0, StatusCode::NOT_FOUND, "{path}");
        assert!(!has(path), "{path}");
    }
    assert_eq!(asked("POST", "/", &[]).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

/// Every file of a build, in every encoding in which it was built.
#[tokio::test]
async fn each_file_comes_as_it_was_built() {
    for name in Files::iter().filter(|name| ENCODINGS.iter().all(|(_, ending)| !name.ends_with(ending))) {
        let path = format!("/{name}");
        let (status, headers, plain) = asked("GET", &path, &[]).await;
        assert_eq!((status, plain.as_slice()), (StatusCode::OK, &*Files::get(&name).unwrap().data), "{path}");
        assert_ne!(of(&headers, "content-type"), "application/octet-stream", "{path}");
        assert_eq!(of(&headers, "cache-control").contains("immutable"), name.starts_with("assets/"), "{path}");
        for (encoding, ending) in ENCODINGS {
            let (_, headers, body) = asked("GET", &path, &[("accept-encoding", &format!("{encoding};q=1, x"))]).await;
            match Files::get(&format!("{name}{ending}")) {
                Some(encoded) => {
                    assert_eq!((&*of(&headers, "content-encoding"), &*body), (*encoding, &*encoded.data), "{path}")
                }
                None => assert_eq!((&*of(&headers, "content-encoding"), &*body), ("", &*plain), "{path}"),
            }
        }
    }
}
