//! Questions that the kernel was asked, from the message to the answer.
//!
//! Variables have no message of their own: a small program in the kernel's language, executed silently, prints them as JSON
//! between two record separators. It leaves no name behind and counts as no execution.

use std::collections::BTreeMap;

use jupyter_protocol::messaging::{CompleteRequest, ExecuteRequest, InspectRequest, IsCompleteRequest, JupyterMessage};
use serde::Serialize;
use wayfare_core::kernel_host::KernelEvent;
use wayfare_protocol::ask::{Detail, KernelAsk, KernelTold};
use wayfare_protocol::session::Language;
use wayfare_protocol::{ErrorCode, Refusal};

use crate::answers;

/// Prefix of the message id of a question; its number follows.
const QUESTION: &str = "ask-";
/// Questions that are remembered; of more, the oldest is forgotten: the machine has given it up long ago.
const KEPT: usize = 64;
/// Longest text that a program prints as an answer.
const PRINTED_MAX: usize = 3 * 1024 * 1024;

const PYTHON: &str = include_str!("variables.py");
const R: &str = include_str!("variables.R");

struct Asked {
    what: KernelAsk,
    printed: String,
    /// Of two messages that end the answer of a program, one has come: the reply, or `idle`.
    half_over: bool,
}

/// The open questions.
pub(crate) struct Asks {
    language: Language,
    open: BTreeMap<u64, Asked>,
}

/// What a program is asked.
#[derive(Serialize)]
struct Wanted<'a> {
    name: Option<&'a str>,
    path: &'a [String],
    max_children: u32,
    max_value: u32,
    max_items: usize,
    max_item: usize,
}

impl Asks {
    pub(crate) fn new(language: Language) -> Self {
        Self { language, open: BTreeMap::new() }
    }

    /// The message that asks, for the shell channel; or why the kernel cannot be asked that.
    pub(crate) fn message(&mut self, ask: u64, what: &KernelAsk) -> Result<JupyterMessage, Refusal> {
        let mut message = match what {
            KernelAsk::Complete { code, cursor } => {
                JupyterMessage::new(CompleteRequest { code: code.clone(), cursor_pos: *cursor as usize }, None)
            }
            KernelAsk::Inspect { code, cursor, detail } => {
                let level = match detail {
                    Detail::Signature | Detail::Documentation => 0,
                    Detail::Source => 1,
                };
                let (code, cursor_pos) = (code.clone(), *cursor as usize);
                JupyterMessage::new(InspectRequest { code, cursor_pos, detail_level: Some(level) }, None)
            }
            KernelAsk::IsComplete { code } => JupyterMessage::new(IsCompleteRequest { code: code.clone() }, None),
            KernelAsk::Variables => self.program(&wanted(None, &[], 0, 0))?,
            KernelAsk::Variable { name, path, max_children, max_value } => {
                self.program(&wanted(Some(name), path, *max_children, *max_value))?
            }
            KernelAsk::History { .. } => {
                return Err(Refusal::new(ErrorCode::Unsupported, "the host keeps the history"));
            }
        };
        message.header.msg_id = format!("{QUESTION}{ask}");
        self.open.insert(ask, Asked { what: what.clone(), printed: String::new(), half_over: false });
        while self.open.len() > KEPT {
            self.open.pop_first();
        }
        Ok(message)
    }

    fn program(&self, wanted: &Wanted<'_>) -> Result<JupyterMessage, Refusal> {
        let text = |value: &str| serde_json::to_string(value).unwrap_or_default();
        let wanted = text(&serde_json::to_string(wanted).unwrap_or_default());
        // A JSON string is a string of both languages.
        let (code, silent) = match self.language.as_str() {
            "python" => (format!("exec({}, {{'wanted': {wanted}}})", text(PYTHON)), true),
            // IRkernel shows nothing of what is executed silently.
            "r" => {
                let surroundings = format!("list2env(list(wanted = {wanted}), parent = globalenv())");
                (format!("invisible(eval(parse(text = {}), {surroundings}))", text(R)), false)
            }
            other => {
                let detail = format!("variables of {other} cannot be listed; of python and r they can");
                return Err(Refusal::new(ErrorCode::Unsupported, detail));
            }
        };
        let request = ExecuteRequest {
            code,
            silent,
            store_history: false,
            user_expressions: None,
            allow_stdin: false,
            stop_on_error: false,
        };
        Ok(JupyterMessage::new(request, None))
    }

    /// Takes a message that belongs to a question, by the id of its parent. `None`: it belongs to none.
    pub(crate) fn take(&mut self, parent: &str, kind: &str, content: &[u8]) -> Option<Vec<KernelEvent>> {
        let ask: u64 = parent.strip_prefix(QUESTION)?.parse().ok()?;
        let Some(asked) = self.open.get_mut(&ask) else { return Some(Vec::new()) };
        let outcome = match (kind, &asked.what) {
            ("complete_reply", KernelAsk::Complete { .. }) => answers::completions(content),
            ("inspect_reply", KernelAsk::Inspect { code, cursor, detail }) => {
                answers::inspection(content, code, *cursor, *detail)
            }
            ("is_complete_reply", KernelAsk::IsComplete { .. }) => answers::completeness(content),
            ("stream", _) => {
                if asked.printed.len() < PRINTED_MAX {
                    asked.printed.push_str(&answers::printed(content));
                }
                return Some(Vec::new());
            }
            ("execute_reply", what @ (KernelAsk::Variables | KernelAsk::Variable { .. })) => {
                if let Some(why) = answers::failure(content) {
                    Err(Refusal::new(ErrorCode::Unsupported, format!("the variables cannot be read: {why}")))
                } else if std::mem::replace(&mut asked.half_over, true) {
                    answers::variables(what, &asked.printed)
                } else {
                    return Some(Vec::new());
                }
            }
            ("status", what @ (KernelAsk::Variables | KernelAsk::Variable { .. })) if answers::is_idle(content) => {
                if !std::mem::replace(&mut asked.half_over, true) {
                    return Some(Vec::new());
                }
                answers::variables(what, &asked.printed)
            }
            _ => return Some(Vec::new()),
        };
        self.open.remove(&ask);
        Some(vec![told(ask, outcome)])
    }
}

/// The event of an answer.
pub(crate) fn told(ask: u64, outcome: Result<KernelTold, Refusal>) -> KernelEvent {
    KernelEvent::Told { ask, outcome }
}

fn wanted<'a>(name: Option<&'a str>, path: &'a [String], max_children: u32, max_value: u32) -> Wanted<'a> {
    use wayfare_protocol::limits::{ANSWER_ITEM_MAX, ANSWER_ITEMS_MAX, ANSWER_TEXT_MAX};
    Wanted {
        name,
        path,
        max_children: max_children.min(u32::try_from(ANSWER_ITEMS_MAX).unwrap_or(u32::MAX)),
        max_value: max_value.min(u32::try_from(ANSWER_TEXT_MAX).unwrap_or(u32::MAX)),
        max_items: ANSWER_ITEMS_MAX,
        max_item: ANSWER_ITEM_MAX,
    }
}
