//! The HTTP door of a real node with a real Python kernel: MRP as it is documented, `/api`, and who is turned away.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::request::{Answer, At, Events, ask, opened};
use crate::support::World;
use serde_json::{Value, json};

const PAGE: &str = "http://localhost:5173";

/// A node that listens over TCP too, and the lines that prove who asks.
fn world() -> World {
    World::start_with(&["--http-listen", "127.0.0.1:0", "--mrmd-origin", PAGE, "--log", "debug"])
}

fn unix(world: &World) -> At {
    At::Unix(world.path("data/door/http.sock"))
}

fn tcp(world: &World) -> At {
    At::Tcp(std::fs::read_to_string(world.path("data/door/http.addr")).expect("an address").trim().to_owned())
}

fn token(world: &World) -> String {
    std::fs::read_to_string(world.path("data/http.token")).expect("a token").trim().to_owned()
}

fn get(world: &World, path: &str) -> Answer {
    ask(&unix(world), "GET", path, &[], "")
}

fn post(world: &World, path: &str, body: &Value) -> Answer {
    ask(&unix(world), "POST", path, &[("Content-Type", "application/json")], &body.to_string())
}

/// What a stream says, with the parts that differ from run to run replaced.
fn settled(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = match line.strip_prefix("data: ").map(|data| serde_json::from_str::<Value>(data).expect("JSON")) {
            None => line.to_owned(),
            Some(mut data) => {
                for (name, settled) in [("timestamp", json!("TIME")), ("duration", json!(0))] {
                    if data.get(name).is_some() {
                        data[name] = settled;
                    }
                }
                format!("data: {data}")
            }
        };
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

#[test]
fn curl_shows_the_documented_transcript() {
    let world = world();
    let code = "import sys\nprint('hello')\nprint('careful', file=sys.stderr)\n6 * 7";
    let body = json!({ "code": code, "execId": "exec-1", "session": "ignored", "unknown": [1] });
    let At::Tcp(address) = tcp(&world) else { unreachable!() };
    let url = format!("http://{address}/mrp/v1/execute/stream");
    let shown = Command::new("curl")
        .args(["-sS", "-N", &url, "-H", "Content-Type: application/json", "-d", &body.to_string(), "-H"])
        .arg(format!("Authorization: Bearer {}", token(&world)))
        .stderr(Stdio::inherit())
        .output()
        .expect("curl runs");
    let text = String::from_utf8(shown.stdout).expect("text");
    let expected = include_str!("../fixtures/execute-stream.txt");
    assert_eq!(settled(&text), expected, "{text}");
    // The same shape for code that fails: `error` takes the place of `result`.
    let failed = post(&world, "/mrp/v1/execute/stream", &json!({ "code": "1/0", "execId": "exec-2" }));
    let events = Events::of(&failed.body);
    assert_eq!(events.names(), ["start", "error", "done"]);
    assert_eq!(events.data("error")["type"], "ZeroDivisionError");
    assert_eq!(events.data("error").as_object().expect("an object").len(), 5);
    assert_eq!(failed.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!((failed.header("cache-control"), failed.header("x-accel-buffering")), (Some("no-store"), Some("no")));
}

#[test]
fn runs_through_http_are_runs_of_the_mesh() {
    let world = world();
    let set = post(&world, "/s/test:main/mrp/v1/execute", &json!({ "code": "x = 41\nx + 1" })).json();
    assert_eq!((&set["success"], &set["result"]), (&json!(true), &json!("42")), "{set}");
    let by_command = world.finish(&["run", "-c", "print(x)", "--session", "test:main"]);
    assert_eq!(by_command.shown(), ["41"], "{by_command:?}");
    let sessions = get(&world, "/api/sessions").json();
    assert_eq!(sessions["sessions"][0]["device_name"], "laptop", "{sessions}");
    let runs = get(&world, "/api/runs?session=test:main").json();
    let listed = runs["sessions"][0]["runs"].as_array().expect("runs");
    assert_eq!((listed.len(), &listed[0]["outcome"]), (2, &json!("Succeeded")), "{runs}");
    // The newest is the command's; it is shown again from its second event on.
    let (session, run) = (&runs["sessions"][0]["session"]["id"], &listed[0]["run"]);
    let path = format!("/api/runs/{}/{}/events?from=2", session.as_str().unwrap(), run.as_str().unwrap());
    let events = Events::of(&get(&world, &path).body);
    assert_eq!(events.names(), ["attached", "event", "event", "ended"]);
    assert_eq!(events.data("event")["event"]["Stdout"]["content"], "41\n");
    let devices = get(&world, "/api/devices").json();
    assert_eq!(
        (&devices["devices"][0]["name"], &devices["devices"][0]["presence"]),
        (&json!("laptop"), &json!("Online"))
    );
}

#[test]
fn a_reader_who_goes_away_ends_nothing() {
    let world = world();
    let code = "import os, time\nprint('begun', flush=True)\nwhile not os.path.exists('FOLDER/go'): time.sleep(0.01)\ndone = 7";
    let code = code.replace("FOLDER", &world.path("").display().to_string());
    let mut reader = opened(&unix(&world), "/mrp/v1/execute/stream", &json!({ "code": code }).to_string());
    reader.until("begun");
    drop(reader);
    std::fs::write(world.path("go"), "").expect("a file");
    let after = post(&world, "/mrp/v1/execute", &json!({ "code": "done" })).json();
    assert_eq!(after["result"], "7", "{after}");
}

#[test]
fn questions_are_answered_and_cells_interrupted_by_the_clients_own_name() {
    let world = world();
    let asks = json!({ "code": "print('got', input('name? '))", "execId": "exec-a" });
    let mut reader = opened(&unix(&world), "/mrp/v1/execute/stream", &asks.to_string());
    let asked = reader.until("stdin_request");
    assert!(asked.contains(r#""exec_id":"exec-a""#) && asked.contains(r#""execId":"exec-a""#), "{asked}");
    let input = |id: &str| post(&world, "/mrp/v1/input", &json!({ "exec_id": id, "text": "Ada\n" })).json();
    assert_eq!(input("exec-none")["accepted"], false);
    assert_eq!(input("exec-a")["accepted"], true);
    assert!(reader.until("event: done").contains("got Ada"));
    assert_eq!(input("exec-a")["accepted"], false, "it is over");
    let interrupt = || post(&world, "/mrp/v1/interrupt", &json!({})).json();
    assert_eq!(interrupt(), json!({ "interrupted": false, "error": "nothing runs" }));
    let sleeps = json!({ "code": "print('begun', flush=True)\nimport time\ntime.sleep(1000)" });
    let mut reader = opened(&unix(&world), "/mrp/v1/execute/stream", &sleeps.to_string());
    reader.until("begun");
    assert_eq!(interrupt(), json!({ "interrupted": true }));
    assert!(reader.until("event: done").contains("KeyboardInterrupt"));
    let kept = post(&world, "/mrp/v1/execute", &json!({ "code": "x = 1" })).json();
    assert_eq!(kept["success"], true);
    assert_eq!(post(&world, "/mrp/v1/reset", &json!({})).json(), json!({ "success": true }));
    let gone = post(&world, "/mrp/v1/execute", &json!({ "code": "x" })).json();
    assert_eq!(gone["error"]["type"], "NameError", "{gone}");
    // Where nobody could see a question, asking is an error of the code.
    let unseen = post(&world, "/mrp/v1/execute", &json!({ "code": "input()" })).json();
    assert_eq!((&unseen["success"], &unseen["error"]["type"]), (&json!(false), &json!("StdinNotImplementedError")));
}

/// Asked until it is not too early: on a busy machine a kernel takes its time to load what completes.
fn post_until(world: &World, path: &str, body: &Value) -> Value {
    loop {
        let answer = post(world, path, body);
        if answer.status != 504 {
            return answer.json();
        }
    }
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_kernel_is_asked_in_the_shapes_of_the_protocol() {
    let world = world();
    let ask = |route: &str, body: Value| post_until(&world, &format!("/mrp/v1/{route}"), &body);
    // Before the first run there is no kernel, and nothing is known.
    let early = ask("complete", json!({ "code": "le", "cursor": 2 }));
    assert_eq!((&early["matches"], &early["cursorStart"]), (&json!([]), &json!(2)));
    assert!(early["error"].as_str().is_some_and(|why| why.contains("first run")), "{early}");
    let code = "import sys\nnumber = 41\nwords = ['a', 'b']\n_own = 1\ndef f(x):\n    'Does it.'\n    return x";
    ask("execute", json!({ "code": code }));

    let completed = ask("complete", json!({ "code": "x = wor", "cursor": 7, "triggerKind": "invoked" }));
    assert_eq!(fields(&completed), ["cursorEnd", "cursorStart", "matches", "source"]);
    assert_eq!((&completed["cursorStart"], &completed["cursorEnd"]), (&json!(4), &json!(7)));
    let word = completed["matches"].as_array().expect("matches").iter().find(|found| found["label"] == "words");
    let word = word.unwrap_or_else(|| panic!("{completed}"));
    assert_eq!((&word["insertText"], &word["kind"]), (&json!("words"), &json!("variable")));

    let inspected = ask("inspect", json!({ "code": "f(1)", "cursor": 1, "detail": 2 }));
    let (kind, signature) = (&inspected["kind"], &inspected["signature"]);
    assert_eq!((&inspected["found"], kind, signature), (&json!(true), &json!("function"), &json!("f(x)")));
    assert!(inspected["sourceCode"].as_str().is_some_and(|source| source.contains("return x")), "{inspected}");
    let hovered = ask("hover", json!({ "code": "number", "cursor": 3 }));
    assert_eq!(fields(&hovered), ["docstring", "found", "name", "signature", "type", "value"]);
    assert_eq!(
        (&hovered["name"], &hovered["type"], &hovered["value"]),
        (&json!("number"), &json!("int"), &json!("41"))
    );
    assert_eq!(ask("hover", json!({ "code": "nowhere", "cursor": 3 }))["found"], false);

    let listed = ask("variables", json!({ "filter": { "excludePrivate": true, "types": ["int", "list"] } }));
    let names: Vec<_> =
        listed["variables"].as_array().expect("a list").iter().map(|one| one["name"].as_str()).collect();
    assert_eq!((names, &listed["count"]), (vec![Some("number"), Some("words")], &json!(2)), "{listed}");
    let every = ["dtype", "expandable", "keys", "length", "name", "shape", "size", "type", "value"];
    assert_eq!(fields(&listed["variables"][0]), every);
    let words = ask("variables/words", json!({}));
    assert_eq!((&words["fullValue"], &words["children"][1]["name"]), (&json!("['a', 'b']"), &json!("[1]")));
    assert_eq!(ask("variables/words", json!({ "path": ["[1]"] }))["fullValue"], "'b'");
    assert_eq!(post(&world, "/mrp/v1/variables/nothing", &json!({})).status, 404);
    assert_eq!(post(&world, "/mrp/v1/variables", &json!({ "filter": { "namePattern": "(" } })).status, 400);

    let completeness = |code: &str| ask("is_complete", json!({ "code": code }));
    assert_eq!(completeness("x = 1"), json!({ "status": "complete", "indent": "" }));
    assert_eq!(completeness("for i in x:"), json!({ "status": "incomplete", "indent": "    " }));
    let past = ask("history", json!({ "n": 5, "pattern": "number" }));
    assert_eq!(past, json!({ "entries": [{ "historyIndex": 1, "code": code }], "hasMore": false }));
    assert_eq!(post(&world, "/mrp/v1/format", &json!({ "code": "x=1" })).status, 501);

    let sleeps = json!({ "code": "print('begun', flush=True)\nimport time\ntime.sleep(1000)" });
    let mut reader = opened(&unix(&world), "/mrp/v1/execute/stream", &sleeps.to_string());
    reader.until("begun");
    let busy = ask("variables", json!({}));
    assert!(busy["count"] == 0 && busy["error"].as_str().is_some_and(|why| why.contains("executes")), "{busy}");
    assert_eq!(post(&world, "/mrp/v1/interrupt", &json!({})).json(), json!({ "interrupted": true }));
    assert!(reader.until("event: done").contains("KeyboardInterrupt"));
}

#[test]
fn a_language_that_nobody_has_is_an_error_of_the_run() {
    let world = world();
    let events = Events::of(&post(&world, "/s/test:main/cobol/mrp/v1/execute/stream", &json!({ "code": "x" })).body);
    assert_eq!(events.names(), ["start", "error", "done"]);
    assert!(events.data("error")["message"].as_str().is_some_and(|why| why.contains("cobol")), "{events:?}");
    let whole = post(&world, "/s/test:main/cobol/mrp/v1/execute", &json!({ "code": "x" }));
    assert_eq!((whole.status, &whole.json()["success"]), (200, &json!(false)));
    let capabilities = get(&world, "/s/test:main/mrp/v1/capabilities").json();
    assert_eq!(capabilities["languages"], json!(["python", "py", "python3"]));
    let features = &capabilities["features"];
    assert_eq!((&features["execute"], &features["format"]), (&json!(true), &json!(false)));
    let bash = get(&world, "/s/test:main/bash/mrp/v1/capabilities").json();
    assert_eq!(
        (&features["variables"], &bash["features"]["variables"], &bash["features"]["complete"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(get(&world, "/s/nonsense/mrp/v1/capabilities").status, 400);
}

#[test]
fn strangers_are_turned_away_with_a_reason() {
    let world = world();
    let (tcp, token) = (tcp(&world), token(&world));
    let mode = world.path("data/http.token").metadata().expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let bearer = format!("Bearer {token}");
    let json = ("Content-Type", "application/json");
    let auth = ("Authorization", bearer.as_str());
    let run = json!({ "code": "open('FOLDER/ran', 'w')".replace("FOLDER", &world.path("").display().to_string()) });
    let execute = |headers: &[(&str, &str)]| {
        let answer = ask(&tcp, "POST", "/mrp/v1/execute", headers, &run.to_string());
        (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    let refused = [
        (execute(&[json]), 401, "http.token"),
        (execute(&[json, ("Authorization", "Bearer wrong")]), 401, "http.token"),
        (execute(&[auth, ("Content-Type", "text/plain")]), 415, "application/json"),
        (execute(&[auth, json, ("Origin", "http://evil.example")]), 403, "origin"),
        (execute(&[auth, json, ("Host", "evil.example")]), 403, "127.0.0.1"),
    ];
    for ((status, why), expected, word) in refused {
        assert!(status == expected && why.contains(word), "{status} {why}, expected {expected} {word}");
    }
    let upgrade =
        [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")];
    assert_eq!(ask(&tcp, "GET", "/link", &upgrade, "").status, 401);
    let large = "x".repeat(7 * 1024 * 1024);
    let oversize = ask(&tcp, "POST", "/mrp/v1/execute", &[json, auth], &large);
    assert!(oversize.status == 413 && oversize.body.contains("larger than"), "{oversize:?}");
    let long = json!({ "code": "x".repeat(1024 * 1024 + 1) });
    let long = post(&world, "/mrp/v1/execute", &long);
    assert!(long.status == 400 && long.body.contains("over the limit"), "{}", long.body);
    assert_eq!(ask(&tcp, "POST", "/mrp/v1/execute", &[json, auth], "{").status, 400);
    assert_eq!(ask(&tcp, "POST", "/mrp/v1/execute", &[json, auth], "{}").status, 400);
    assert_eq!(ask(&tcp, "GET", "/mrp/v1/execute", &[auth], "").status, 405);
    assert_eq!(ask(&tcp, "GET", "/no/such", &[auth], "").status, 404);
    assert!(!world.path("ran").exists(), "refused code was run");
    // The page that is allowed, with the token before the path; it is in no log.
    let path = format!("/t/{token}/mrp/v1/execute");
    let page = ask(&tcp, "POST", &path, &[json, ("Origin", PAGE)], &run.to_string());
    assert_eq!((page.status, page.header("access-control-allow-origin")), (200, Some(PAGE)), "{page:?}");
    assert!(world.path("ran").exists());
    assert_eq!(ask(&tcp, "GET", &format!("/t/{token}/api/devices"), &[("Origin", PAGE)], "").status, 404);
    let log = std::fs::read_to_string(world.path("node.log")).expect("a log");
    assert!(log.contains("/t/…/mrp/v1/execute") && !log.contains(&token), "{log}");
}

#[test]
fn presence_is_told_at_once_and_when_it_changes() {
    let world = world();
    let mut reader = opened(&unix(&world), "GET /api/presence", "");
    assert!(reader.until("\n\n").contains(r#""name":"laptop""#));
}
