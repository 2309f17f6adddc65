//! A kernel's messages as [`KernelEvent`]s.
//!
//! Only the fields that are used are read, and missing ones are forgiven: what one kernel leaves out or adds must not cost
//! a reply, without which a run would never end. What is unknown is ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wayfare_core::kernel_host::{KernelEvent, KernelOutput, ReplyOutcome};
use wayfare_protocol::mrp::{ExecuteError, MimeBundle};

/// Prefix of the message id of an execution; its position follows.
const EXECUTION: &str = "run-";

/// The message id of the execution at that position.
pub(crate) fn message_id(position: u64) -> String {
    format!("{EXECUTION}{position}")
}

#[derive(Deserialize)]
struct Head {
    msg_type: String,
}

#[derive(Default, Deserialize)]
struct Parent {
    #[serde(default)]
    msg_id: String,
}

#[derive(Deserialize)]
struct Stream {
    name: String,
    text: String,
}

/// A rich value, as kernels and servers of the run protocol write it.
#[derive(Deserialize)]
pub(crate) struct Rich {
    #[serde(default)]
    pub(crate) data: serde_json::Map<String, Value>,
    #[serde(default)]
    metadata: serde_json::Map<String, Value>,
    #[serde(default)]
    transient: Option<Transient>,
}

impl From<Rich> for MimeBundle {
    fn from(rich: Rich) -> Self {
        Self { data: texts(&rich.data), metadata: Value::Object(rich.metadata).to_string() }
    }
}

#[derive(Deserialize)]
struct Transient {
    #[serde(default)]
    display_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    ename: String,
    evalue: String,
    traceback: Vec<String>,
}

#[derive(Deserialize)]
struct Clear {
    #[serde(default)]
    wait: bool,
}

#[derive(Deserialize)]
struct Comm {
    comm_id: String,
}

#[derive(Deserialize)]
struct Status {
    execution_state: String,
}

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    password: bool,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    status: String,
    #[serde(default)]
    execution_count: Option<u32>,
    #[serde(default)]
    payload: Vec<Value>,
}

/// What a message that is not what its type says lacks.
#[derive(Debug)]
pub(crate) struct Undecodable(pub(crate) String);

/// The type of a message, from its header.
pub(crate) fn kind(header: &[u8]) -> Result<String, Undecodable> {
    part::<Head>("header", header).map(|head| head.msg_type)
}

/// The message that another one belongs to, from its parent header; empty for none.
pub(crate) fn parent(header: &[u8]) -> String {
    part::<Parent>("parent header", header).unwrap_or_default().msg_id
}

/// The events of a message: its type, the message it belongs to, and its content.
pub(crate) fn events(kind: &str, parent: &str, content: &[u8]) -> Result<Vec<KernelEvent>, Undecodable> {
    let parent = parent.strip_prefix(EXECUTION).and_then(|position| position.parse().ok());
    let output = |output| vec![KernelEvent::Output { parent, output }];
    Ok(match kind {
        "stream" => {
            let Stream { name, text } = part(kind, content)?;
            output(if name == "stderr" { KernelOutput::Stderr(text) } else { KernelOutput::Stdout(text) })
        }
        "display_data" => {
            let (bundle, display_id) = rich(part(kind, content)?);
            output(KernelOutput::Display { bundle, display_id })
        }
        "update_display_data" => match rich(part(kind, content)?) {
            (bundle, Some(display_id)) => output(KernelOutput::DisplayUpdate { bundle, display_id }),
            (_, None) => Vec::new(), // it updates nothing
        },
        "execute_result" => output(KernelOutput::Result(rich(part(kind, content)?).0)),
        "error" => output(KernelOutput::Error(failure(part(kind, content)?))),
        "clear_output" => output(KernelOutput::ClearOutput { wait: part::<Clear>(kind, content)?.wait }),
        "status" if part::<Status>(kind, content)?.execution_state == "idle" => vec![KernelEvent::Idle { parent }],
        "input_request" => {
            let Question { prompt, password } = part(kind, content)?;
            vec![KernelEvent::StdinRequest { parent, prompt, password }]
        }
        "comm_open" => vec![KernelEvent::CommOpened { comm: part::<Comm>(kind, content)?.comm_id }],
        "execute_reply" => reply(parent, content),
        _ => Vec::new(),
    })
}

/// A reply ends its run whatever else it says.
fn reply(parent: Option<u64>, content: &[u8]) -> Vec<KernelEvent> {
    let Some(position) = parent else { return Vec::new() };
    let unreadable = |_| Reply { status: "error".to_owned(), execution_count: None, payload: Vec::new() };
    let Reply { status, execution_count, payload } = part("execute_reply", content).unwrap_or_else(unreadable);
    let outcome = match status.as_str() {
        "ok" | "" => ReplyOutcome::Ok,
        "aborted" | "abort" => ReplyOutcome::Aborted,
        _ => ReplyOutcome::Error(failure(part("execute_reply", content).unwrap_or_default())),
    };
    let mut events: Vec<_> =
        payload.iter().filter_map(page).map(|output| KernelEvent::Output { parent, output }).collect();
    events.push(KernelEvent::Reply { position, outcome, execution_count });
    events
}

/// What a kernel wants shown in a pager (help texts) is a rich output.
fn page(payload: &Value) -> Option<KernelOutput> {
    let data = payload.get("data")?.as_object().filter(|_| payload.get("source").is_some_and(|s| s == "page"))?;
    Some(KernelOutput::Display {
        bundle: MimeBundle { data: texts(data), metadata: "{}".to_owned() },
        display_id: None,
    })
}

fn rich(mut rich: Rich) -> (MimeBundle, Option<String>) {
    let display_id = rich.transient.take().and_then(|transient| transient.display_id);
    (rich.into(), display_id)
}

/// Values as texts: text as it is, lines joined, anything else as JSON.
fn texts(data: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) if !lines.is_empty() && lines.iter().all(Value::is_string) => {
            lines.iter().filter_map(Value::as_str).collect()
        }
        other => other.to_string(),
    };
    data.iter().map(|(kind, value)| (kind.clone(), text(value))).collect()
}

fn failure(failure: Failure) -> ExecuteError {
    let line = failure.traceback.iter().find_map(|text| line_in_cell(text));
    let Failure { ename, evalue, traceback } = failure;
    // bash_kernel has only an exit status to tell.
    let kind = if ename.is_empty() { "Error".to_owned() } else { ename };
    ExecuteError { kind, message: evalue, traceback, line, column: None }
}

/// The line that ipykernel names: `Cell In[3], line 2`, between colours.
fn line_in_cell(text: &str) -> Option<u32> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let (_, after) = plain.split_once("Cell In[")?;
    let (_, after) = after.split_once("line ")?;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok()
}

fn part<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Undecodable> {
    serde_json::from_slice(bytes).map_err(|error| Undecodable(format!("{what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "run-7";

    fn one(kind: &str, content: &str) -> KernelEvent {
        let mut events = events(kind, PARENT, content.as_bytes()).expect("decodes");
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    #[test]
    fn values_keep_their_types_and_become_texts() {
        let content = r#"{"data":{"text/plain":["a\n","b"],"image/png":"iVB","application/json":{"x":[1]}},
            "metadata":{"image/png":{"width":3}},"transient":{"display_id":"d"},"unheard":"of"}"#;
        let KernelEvent::Output { parent: Some(7), output: KernelOutput::Display { bundle, display_id } } =
            one("display_data", content)
        else {
            panic!("not a display")
        };
        assert_eq!(bundle.data["text/plain"], "a\nb");
        assert_eq!(bundle.data["application/json"], r#"{"x":[1]}"#);
        assert_eq!(bundle.metadata, r#"{"image/png":{"width":3}}"#);
        assert_eq!(display_id.as_deref(), Some("d"));
    }

    #[test]
    fn a_reply_ends_its_run_however_odd_it_is() {
        for content in
            ["{}", r#"{"status":"error"}"#, r#"{"status":"ok","payload":[{"source":"new"}]}"#, "[]", "nothing"]
        {
            let KernelEvent::Reply { position, .. } = one("execute_reply", content) else {
                panic!("no reply: {content}")
            };
            assert_eq!(position, 7);
        }
    }

    #[test]
    fn a_page_is_shown_before_the_reply() {
        let content = r#"{"status":"ok","execution_count":2,"payload":[{"source":"page","data":{"text/plain":"help"},"start":0}]}"#;
        let events = events("execute_reply", PARENT, content.as_bytes()).expect("decodes");
        assert!(matches!(&events[0], KernelEvent::Output { output: KernelOutput::Display { bundle, .. }, .. }
            if bundle.text() == Some("help")));
        assert!(matches!(events[1], KernelEvent::Reply { execution_count: Some(2), .. }));
    }

    #[test]
    fn an_error_names_its_line_between_colours() {
        let traceback =
            "\u{1b}[36mCell\u{1b}[39m\u{1b}[36m \u{1b}[39m\u{1b}[32mIn[3]\u{1b}[39m\u{1b}[32m, line 12\u{1b}[39m\n";
        assert_eq!(line_in_cell(traceback), Some(12));
        assert_eq!(line_in_cell("Cell In[3]"), None);
        assert_eq!(line_in_cell("\u{1b}["), None);
    }

    #[test]
    fn what_is_unknown_or_of_nobody_is_ignored() {
        assert!(events("comm_msg", PARENT, b"{}").expect("ignored").is_empty());
        assert!(events("execute_reply", "", b"{}").expect("ignored").is_empty());
        assert!(events("stream", PARENT, b"{}").is_err());
    }
}
