//! Plain HTTP requests over a unix socket or TCP, as a program without a library writes them.

use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// A test that waits longer for a byte has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where to ask.
pub(crate) enum At {
    Unix(PathBuf),
    Tcp(String),
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl At {
    fn connect(&self) -> Box<dyn Stream> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).expect("the door is open");
                stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
                Box::new(stream)
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).expect("the door is open");
                stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
                stream.set_nodelay(true).expect("no delay");
                Box::new(stream)
            }
        }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Asks and reads the answer to its end. HTTP/1.0 has no chunks: what comes is the body.
pub(crate) fn ask(at: &At, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = at.connect();
    let mut head = format!("{method} {path} HTTP/1.0\r\n");
    if headers.iter().all(|(name, _)| *name != "Host") {
        head.push_str("Host: localhost\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).expect("it is read");
    let _ = stream.write_all(body.as_bytes()); // a body that is too large is not read to its end
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert!(!bytes.is_empty(), "no answer: {error}");
    }
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// An answer that is read as it comes.
pub(crate) struct Reader {
    stream: Box<dyn Stream>,
    text: String,
}

/// Posts JSON to a path, or does what is asked for as `GET /path`.
pub(crate) fn opened(at: &At, path: &str, body: &str) -> Reader {
    let mut stream = at.connect();
    let line = if path.starts_with('/') { format!("POST {path}") } else { path.to_owned() };
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).expect("it is read");
    let mut reader = Reader { stream, text: String::new() };
    reader.until("\r\n\r\n");
    reader
}

impl Reader {
    /// Reads on until something has come, and the rest of its event; returns what came since the last time.
    pub(crate) fn until(&mut self, wanted: &str) -> String {
        let mut buffer = [0; 4096];
        while !self.text.contains(wanted) || !self.text.ends_with('\n') {
            let read = self.stream.read(&mut buffer).expect("more of it");
            assert!(read > 0, "{wanted:?} did not come: {}", self.text);
            self.text.push_str(std::str::from_utf8(&buffer[..read]).expect("text"));
        }
        std::mem::take(&mut self.text)
    }
}

/// The events of a stream.
#[derive(Debug)]
pub(crate) struct Events(Vec<(String, Value)>);

impl Events {
    /// Read line by line, as parsers in browsers do.
    pub(crate) fn of(text: &str) -> Self {
        let (mut name, mut events) = (None, Vec::new());
        for line in text.lines() {
            if let Some(event) = line.strip_prefix("event: ") {
                name = Some(event.to_owned());
            } else if let Some(data) = line.strip_prefix("data: ") {
                let name = name.take().expect("an event's name comes before its data");
                events.push((name, serde_json::from_str(data).expect("JSON on one line")));
            }
        }
        Self(events)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The data of the first event of a name.
    pub(crate) fn data(&self, wanted: &str) -> &Value {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, data)| data).unwrap_or_else(|| panic!("{self:?}"))
    }
}
