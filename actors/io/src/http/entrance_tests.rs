//! Tests of the entrance: what is turned away, with which status, and what comes in.

use axum::body::Body;

use super::super::token::load_or_create_token;
use super::*;
use crate::OsRandom;

const PAGE: &str = "http://localhost:5173";

fn token() -> Token {
    let folder = tempfile::tempdir().unwrap();
    load_or_create_token(&folder.path().join("http.token"), &OsRandom).unwrap()
}

/// What becomes of a request with these headers: the path behind the entrance, or the status of the refusal.
fn entered(entrance: &Entrance, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<String, u16> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match entrance.enter(request.body(Body::empty()).unwrap()) {
        Ok(entered) => Ok(entered.request.uri().to_string()),
        Err(response) => Err(response.status().as_u16()),
    }
}

#[test]
fn over_tcp_nothing_is_served_without_the_token() {
    let token = token();
    let entrance = Entrance::new(Way::Tcp(token.clone()), None);
    let host = ("host", "127.0.0.1:7445");
    let good = format!("Bearer {}", token.text());
    assert_eq!(entered(&entrance, "GET", "/api/devices", &[host, ("authorization", &good)]), Ok("/api/devices".into()));
    for wrong in ["", "Bearer ", "Bearer x", &good[..good.len() - 1], &good.replace("Bearer", "Basic")] {
        let asked = entered(&entrance, "GET", "/api/devices", &[host, ("authorization", wrong)]);
        assert_eq!(asked, Err(401), "{wrong}");
    }
    for path in ["/", "/api/devices", "/mrp/v1/capabilities", "/no/such"] {
        assert_eq!(entered(&entrance, "GET", path, &[host]), Err(401), "{path}");
    }
    let upgrade = [host, ("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    assert_eq!(entered(&entrance, "GET", "/link", &upgrade), Err(401));
    // The token before the path opens nothing while no origin is allowed.
    let path = format!("/t/{}/mrp/v1/capabilities", token.text());
    assert_eq!(entered(&entrance, "GET", &path, &[host]), Err(401));
}

#[test]
fn a_web_socket_may_show_the_token_in_its_query_and_nothing_else_may() {
    let token = token();
    let entrance = Entrance::new(Way::Tcp(token.clone()), None);
    let host = ("host", "127.0.0.1:7445");
    let sync = |shown: &str| entered(&entrance, "GET", &format!("/sync/lab/a/b.md?x=1&token={shown}"), &[host]);
    assert!(sync(token.text()).is_ok());
    assert_eq!(sync("x"), Err(401));
    let elsewhere = format!("/api/projects?token={}", token.text());
    assert_eq!(entered(&entrance, "GET", &elsewhere, &[host]), Err(401));
    let page = [host, ("origin", PAGE)];
    assert_eq!(entered(&entrance, "GET", &format!("/sync/lab/a?token={}", token.text()), &page), Err(403));
}

/// The app's own pages are of the door's origin; its WebSocket shows the token in the query.
#[test]
fn a_page_of_the_door_itself_comes_in_with_the_token_and_no_other_port_or_name_does() {
    let token = token();
    let entrance = Entrance::new(Way::Tcp(token.clone()), None);
    let link = |host: &str, origin: &str, shown: &str| {
        entered(&entrance, "GET", &format!("/link?token={shown}"), &[("host", host), ("origin", origin)])
    };
    for host in ["127.0.0.1:7445", "localhost:7445", "[::1]:7445"] {
        assert!(link(host, &format!("http://{host}"), token.text()).is_ok(), "{host}");
        assert_eq!(link(host, &format!("http://{host}"), "x"), Err(401));
    }
    let host = "127.0.0.1:7445";
    for origin in
        ["http://127.0.0.1:7446", "http://localhost:7445", "http://evil.example", "null", "127.0.0.1:7445", ""]
    {
        assert_eq!(link(host, origin, token.text()), Err(403), "{origin}");
    }
    // A name that was rebound to this machine is its own page's, and none of ours.
    assert_eq!(link("evil.example:7445", "http://evil.example:7445", token.text()), Err(403));
    let twice = [("host", host), ("origin", "http://127.0.0.1:7445"), ("origin", "http://evil.example")];
    assert_eq!(entered(&entrance, "GET", &format!("/link?token={}", token.text()), &twice), Err(403));
    let unix = Entrance::new(Way::Unix, None);
    let page = [("host", "localhost"), ("origin", "http://localhost")];
    assert_eq!(entered(&unix, "GET", "/link", &page), Err(403), "no page reaches a unix socket");
}

#[test]
fn a_cloud_takes_links_of_programs_and_of_its_own_pages() {
    let hosts = ["mesh.example".to_owned(), "127.0.0.1".to_owned()];
    let uri: Uri = "/link".parse().unwrap();
    let comes_in = |headers: &[(&str, &str)]| {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        is_from_own_page_or_none(&headers, &uri, &hosts)
    };
    assert!(comes_in(&[("host", "whatever")]), "a program, which says who the server is by itself");
    assert!(comes_in(&[("host", "mesh.example"), ("origin", "https://mesh.example")]));
    assert!(comes_in(&[("host", "mesh.example:7443"), ("origin", "https://mesh.example:7443")]));
    assert!(comes_in(&[("host", "127.0.0.1:7443"), ("origin", "http://127.0.0.1:7443")]));
    for origin in ["https://evil.example", "https://mesh.example:1", "null", ""] {
        assert!(!comes_in(&[("host", "mesh.example"), ("origin", origin)]), "{origin}");
    }
    assert!(!comes_in(&[("host", "evil.example"), ("origin", "https://evil.example")]), "a rebound name");
}

#[test]
fn the_unix_socket_needs_no_token_and_keeps_pages_out() {
    let entrance = Entrance::new(Way::Unix, None);
    assert_eq!(entered(&entrance, "GET", "/api/runs?last=3", &[("host", "localhost")]), Ok("/api/runs?last=3".into()));
    assert_eq!(entered(&entrance, "GET", "/api/runs", &[("host", "localhost"), ("origin", PAGE)]), Err(403));
    assert_eq!(entered(&entrance, "GET", "/t/x/mrp/v1/capabilities", &[("host", "localhost")]), Err(401));
}

#[test]
fn a_shared_door_answers_to_its_names_and_to_whoever_shows_something_like_a_token() {
    let entrance = Entrance::new(Way::Named(vec!["mesh.example".to_owned(), "10.0.0.7".to_owned()]), None);
    let bearer = ("authorization", "Bearer something");
    for host in ["mesh.example", "MESH.example:8443", "10.0.0.7:7445"] {
        let asked = entered(&entrance, "GET", "/api/devices", &[("host", host), bearer]);
        assert_eq!(asked, Ok("/api/devices".into()), "{host}");
        assert_eq!(entered(&entrance, "GET", "/api/devices", &[("host", host)]), Err(401), "{host}");
    }
    for host in ["localhost", "evil.example", "mesh.example.evil", ""] {
        assert_eq!(entered(&entrance, "GET", "/api/devices", &[("host", host), bearer]), Err(403), "{host}");
    }
    let host = ("host", "mesh.example");
    assert_eq!(entered(&entrance, "GET", "/t/something/mrp/v1/capabilities", &[host, bearer]), Err(401));
    for origin in ["https://mesh.example", "null", PAGE] {
        assert_eq!(entered(&entrance, "GET", "/api/runs", &[host, bearer, ("origin", origin)]), Err(403), "{origin}");
    }
    let posts = |kind| entered(&entrance, "POST", "/mrp/v1/execute", &[host, bearer, ("content-type", kind)]);
    assert_eq!(posts("text/plain"), Err(415));
    assert_eq!(posts("application/json"), Ok("/mrp/v1/execute".into()));
}

#[test]
fn a_name_that_was_rebound_to_this_machine_is_refused() {
    let token = token();
    let good = format!("Bearer {}", token.text());
    let entrance = Entrance::new(Way::Tcp(token), None);
    let with = |host| entered(&entrance, "GET", "/api/runs", &[("host", host), ("authorization", &good)]);
    for host in ["evil.example", "evil.example:7445", "localhost.evil.example", "192.168.1.2", "127.0.0.1.evil", ""] {
        assert_eq!(with(host), Err(403), "{host}");
    }
    for host in ["localhost:7445", "LOCALHOST", "[::1]:7445", "127.0.0.2"] {
        assert!(with(host).is_ok(), "{host}");
    }
    assert_eq!(entered(&entrance, "GET", "/api/runs", &[("authorization", &good)]), Err(403));
    let twice = [("host", "localhost"), ("host", "evil.example"), ("authorization", &*good)];
    assert_eq!(entered(&entrance, "GET", "/api/runs", &twice), Err(403));
    let absolute = [("host", "localhost"), ("authorization", &*good)];
    assert_eq!(entered(&entrance, "GET", "http://evil.example/api/runs", &absolute), Err(403));
}

#[test]
fn a_page_of_another_origin_is_refused_even_with_the_token() {
    let token = token();
    let good = format!("Bearer {}", token.text());
    let allowed = Some(PAGE.parse().unwrap());
    for (entrance, foreign) in
        [(Entrance::new(Way::Tcp(token.clone()), None), PAGE), (Entrance::new(Way::Tcp(token), allowed), "null")]
    {
        for origin in [foreign, "http://localhost:5174", "https://localhost:5173", "http://evil.example"] {
            let headers = [("host", "localhost"), ("authorization", &*good), ("origin", origin)];
            assert_eq!(entered(&entrance, "GET", "/api/runs", &headers), Err(403), "{origin}");
        }
    }
}

#[test]
fn the_allowed_page_speaks_mrp_with_the_token_before_the_path() {
    let token = token();
    let entrance = Entrance::new(Way::Tcp(token.clone()), Some(PAGE.parse().unwrap()));
    let base = format!("/t/{}", token.text());
    let headers = [("host", "127.0.0.1:7445"), ("origin", PAGE), ("content-type", "application/json")];
    let ask = |method, path: &str| entered(&entrance, method, &format!("{base}{path}"), &headers);
    assert_eq!(ask("POST", "/mrp/v1/execute?a=b"), Ok("/mrp/v1/execute?a=b".into()));
    assert_eq!(ask("GET", "/s/p:n/r/mrp/v1/capabilities"), Ok("/s/p:n/r/mrp/v1/capabilities".into()));
    for path in ["", "/", "/api/devices", "/mrp", "/mrp/v1"] {
        assert_eq!(ask("GET", path), Err(404), "{path}");
    }
    assert_eq!(ask("OPTIONS", "/mrp/v1/execute"), Err(204));
    assert_eq!(entered(&entrance, "POST", "/t/wrong/mrp/v1/execute", &headers), Err(401));
    assert_eq!(redacted(&format!("{base}/mrp/v1/execute")), "/t/…/mrp/v1/execute");
    assert_eq!((redacted(&base), redacted("/api/runs")), ("/t/…".into(), "/api/runs".into()));
}

#[test]
fn a_preflight_says_what_the_page_may_do() {
    let token = token();
    let entrance = Entrance::new(Way::Tcp(token.clone()), Some(PAGE.parse().unwrap()));
    let request = Request::builder()
        .method("OPTIONS")
        .uri(format!("/t/{}/mrp/v1/execute", token.text()))
        .header("host", "localhost")
        .header("origin", PAGE)
        .header("access-control-request-private-network", "true");
    let response = entrance.enter(request.body(Body::empty()).unwrap()).expect_err("answered at once");
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(header("access-control-allow-methods"), Some("GET, POST"));
    assert_eq!(header("access-control-allow-private-network"), Some("true"));
}

#[test]
fn what_a_form_of_any_page_can_send_is_refused() {
    let entrance = Entrance::new(Way::Unix, None);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"] {
        let asked = entered(&entrance, "POST", "/mrp/v1/execute", &[("host", "localhost"), ("content-type", kind)]);
        assert_eq!(asked, Err(415), "{kind}");
    }
    assert_eq!(entered(&entrance, "POST", "/mrp/v1/execute", &[("host", "localhost")]), Err(415));
    let json = [("host", "localhost"), ("content-type", "Application/JSON; charset=utf-8")];
    assert!(entered(&entrance, "POST", "/mrp/v1/execute", &json).is_ok());
}

#[test]
fn an_origin_is_a_scheme_a_host_and_nothing_else() {
    for good in ["http://localhost:5173", "https://markco.dev", "http://[::1]:8080"] {
        assert!(good.parse::<Origin>().is_ok(), "{good}");
    }
    for wrong in ["", "null", "*", "localhost", "http://a/", "http://a/b", "http://a?b", "ftp://a", "http://u@a"] {
        assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
    }
}
