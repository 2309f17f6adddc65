//! Questions, and the server's answers. Texts are cut to what an answer may have; what the server leaves out is forgiven.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wayfare_protocol::ask::{
    Completeness, Completion, Detail, Inspection, KernelAsk, KernelTold, Variable, VariableDetail,
};
use wayfare_protocol::limits::{ANSWER_ITEM_MAX, ANSWER_ITEMS_MAX, ANSWER_TEXT_MAX};
use wayfare_protocol::{ErrorCode, Refusal};

use super::http::Address;
use crate::answers::cut;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Completions {
    matches: Vec<Completion>,
    cursor_start: u32,
    cursor_end: u32,
}

#[derive(Deserialize)]
struct Complete {
    status: String,
    /// A text, or a number of blanks.
    #[serde(default)]
    indent: Value,
}

#[derive(Deserialize)]
struct Listed {
    variables: Vec<Variable>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    #[serde(flatten)]
    variable: Variable,
    full_value: Option<String>,
    children: Option<Vec<Variable>>,
    methods: Option<Vec<String>>,
    #[serde(default)]
    truncated: bool,
}

/// Asks, and waits for the answer. The machine gives the question up when it takes too long.
pub(super) async fn ask(address: Address, what: &KernelAsk) -> Result<KernelTold, Refusal> {
    let (path, body) = match what {
        KernelAsk::Complete { code, cursor } => ("complete".to_owned(), json!({"code": code, "cursor": cursor})),
        KernelAsk::Inspect { code, cursor, detail } => {
            let detail = match detail {
                Detail::Signature => 0,
                Detail::Documentation => 1,
                Detail::Source => 2,
            };
            ("inspect".to_owned(), json!({"code": code, "cursor": cursor, "detail": detail}))
        }
        KernelAsk::IsComplete { code } => ("is_complete".to_owned(), json!({"code": code})),
        KernelAsk::Variables => ("variables".to_owned(), json!({})),
        KernelAsk::Variable { name, path, max_children, max_value } => {
            let body = json!({"path": path, "maxChildren": max_children, "maxValueLength": max_value});
            (format!("variables/{}", utf8_percent_encode(name, NON_ALPHANUMERIC)), body)
        }
        KernelAsk::History { .. } => {
            return Err(Refusal::new(ErrorCode::Unsupported, "the host keeps the history"));
        }
    };
    let unreadable = |error: anyhow::Error| {
        let why = format!("the server of the run protocol did not answer: {error:#}");
        Refusal::new(ErrorCode::Unsupported, cut(&why, ANSWER_ITEM_MAX))
    };
    let answer = address.post(&format!("/mrp/v1/{path}"), &body).await.map_err(unreadable)?;
    told(what, answer).map_err(unreadable)
}

fn told(what: &KernelAsk, answer: Value) -> anyhow::Result<KernelTold> {
    fn read<T: DeserializeOwned>(answer: Value) -> anyhow::Result<T> {
        Ok(serde_json::from_value(answer)?)
    }
    Ok(match what {
        KernelAsk::Complete { .. } => {
            let Completions { matches, cursor_start, cursor_end } = read(answer)?;
            let short = |text: String| cut(&text, ANSWER_ITEM_MAX);
            let bounded = |Completion { label, kind, detail }| Completion {
                label: short(label),
                kind: kind.map(short),
                detail: detail.map(short),
            };
            let matches = matches.into_iter().take(ANSWER_ITEMS_MAX).map(bounded).collect();
            KernelTold::Completions { matches, cursor_start, cursor_end }
        }
        KernelAsk::Inspect { .. } => {
            let kind = answer.get("type").and_then(Value::as_str).map(str::to_owned);
            let mut told: Inspection = read(answer)?;
            told.kind = kind.or(told.kind);
            for text in [&mut told.signature, &mut told.value, &mut told.docstring, &mut told.source_code] {
                *text = text.take().map(|text| cut(&text, ANSWER_TEXT_MAX));
            }
            KernelTold::Inspection(told)
        }
        KernelAsk::IsComplete { .. } => {
            let Complete { status, indent } = read(answer)?;
            let status = serde_json::from_value(Value::String(status)).unwrap_or(Completeness::Unknown);
            let indent = match indent {
                Value::String(indent) => cut(&indent, ANSWER_ITEM_MAX),
                Value::Number(blanks) => " ".repeat(blanks.as_u64().map_or(0, |n| n.min(64) as usize)),
                _ => String::new(),
            };
            KernelTold::Completeness { status, indent }
        }
        KernelAsk::Variables | KernelAsk::History { .. } => {
            let Listed { mut variables, mut truncated } = read(answer)?;
            truncated |= variables.len() > ANSWER_ITEMS_MAX;
            variables.truncate(ANSWER_ITEMS_MAX);
            variables.iter_mut().for_each(shorten);
            KernelTold::Variables { variables, truncated }
        }
        KernelAsk::Variable { .. } => {
            let One { mut variable, full_value, children, methods, mut truncated } = read(answer)?;
            let full_value = cut(&full_value.unwrap_or_else(|| variable.value.clone()), ANSWER_TEXT_MAX);
            shorten(&mut variable);
            let mut children = children.unwrap_or_default();
            truncated |= children.len() > ANSWER_ITEMS_MAX;
            children.truncate(ANSWER_ITEMS_MAX);
            children.iter_mut().for_each(shorten);
            let methods = methods.unwrap_or_default().into_iter().take(ANSWER_ITEMS_MAX).collect();
            KernelTold::Variable(Box::new(VariableDetail { variable, full_value, children, methods, truncated }))
        }
    })
}

fn shorten(variable: &mut Variable) {
    variable.name = cut(&variable.name, ANSWER_ITEM_MAX);
    variable.value = cut(&variable.value, ANSWER_ITEM_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_servers_write_it() {
        let complete = KernelAsk::IsComplete { code: String::new() };
        for (indent, expected) in [(json!(4), "    "), (json!(""), ""), (json!(null), "")] {
            let answer = told(&complete, json!({"status": "incomplete", "indent": indent})).expect("told");
            let indent = expected.to_owned();
            assert_eq!(answer, KernelTold::Completeness { status: Completeness::Incomplete, indent });
        }
        let one = KernelAsk::Variable { name: "xs".to_owned(), path: Vec::new(), max_children: 9, max_value: 9 };
        let answer = json!({"name": "xs", "type": "list", "value": "[1]", "size": null, "expandable": true, "length": 1,
            "fullValue": null, "children": [{"name": "[0]", "type": "int", "value": "1", "keys": null}], "methods": null});
        let KernelTold::Variable(detail) = told(&one, answer).expect("told") else { panic!("a variable") };
        assert_eq!((detail.full_value.as_str(), detail.children[0].name.as_str()), ("[1]", "[0]"));
        let inspect = KernelAsk::Inspect { code: String::new(), cursor: 0, detail: Detail::Source };
        let answer = json!({"found": true, "name": "print", "kind": "function", "type": "builtin", "line": null});
        let KernelTold::Inspection(told) = told(&inspect, answer).expect("told") else { panic!("an inspection") };
        assert_eq!(told.kind.as_deref(), Some("builtin"));
    }
}
