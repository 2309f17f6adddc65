//! What MRP asks of a kernel besides running code.
//!
//! A server of MRP is a kernel that is always there. A session's kernel may not be: it is executing a cell, is being started, or has
//! not been started yet. Then the answer has the shape of one that knows nothing, and `error` says why; nothing is started for a
//! question.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawPathParams, State};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::ask::{Completion, Detail, Inspection, KernelAsk, KernelTold, Variable, VariableDetail};

use super::super::Door;
use super::super::answer::{Answer, Failure, body};
use super::super::target::Target;
use crate::client::ClientError;

type Sent = Result<Bytes, BytesRejection>;

/// Entries of a history when the client names no number.
const HISTORY: u32 = 100;
/// Children and characters of a variable when the client names none: MRP's own.
const CHILDREN: u32 = 100;
const VALUE: u32 = 1000;

/// Code and a place in it.
#[derive(Debug, Deserialize)]
struct Place {
    code: String,
    /// Characters before it; its end if it is not named.
    cursor: Option<u32>,
    #[serde(default)]
    detail: u8,
}

impl Place {
    fn cursor(&self) -> u32 {
        self.cursor.unwrap_or_else(|| u32::try_from(self.code.chars().count()).unwrap_or(u32::MAX))
    }
}

/// Asks the kernel; `None` and the reason if it cannot be asked now.
async fn ask(door: &Door, target: &Target, what: KernelAsk) -> Result<Result<KernelTold, String>, Failure> {
    let mut client = door.clients.borrow().await?;
    let info = match target.find(&mut client).await {
        Ok(info) => info,
        Err(Failure::NotFound(why)) => {
            client.give_back();
            return Ok(Err(why));
        }
        Err(other) => return Err(other),
    };
    client.open_again(&info).await?;
    let told = client.ask_kernel(what).await;
    client.give_back();
    match told {
        Ok(told) => Ok(Ok(told)),
        Err(ClientError::CallRefused(refusal)) if is_about_now(refusal.code) => Ok(Err(refusal.detail)),
        Err(other) => Err(other.into()),
    }
}

fn is_about_now(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NotFound | ErrorCode::KernelBusy)
}

/// An answer of the shape that MRP has for it. `told` reads the kernel's; `nothing` is what is said without one.
fn answer(asked: Result<KernelTold, String>, nothing: Value, told: impl Fn(&KernelTold) -> Option<Value>) -> Answer {
    match asked {
        Ok(answered) => told(&answered).map(Json).ok_or(Failure::Mesh(ClientError::NoAnswer)),
        Err(why) => {
            let mut nothing = nothing;
            nothing["error"] = why.into();
            Ok(Json(nothing))
        }
    }
}

pub(super) async fn complete(State(door): State<Door>, target: Target, sent: Sent) -> Answer {
    let place: Place = body(sent)?;
    let cursor = place.cursor();
    let asked = ask(&door, &target, KernelAsk::Complete { code: place.code, cursor }).await?;
    let of = |matches: Vec<Value>, start: u32, end: u32| json!({ "matches": matches, "cursorStart": start, "cursorEnd": end, "source": "runtime" });
    answer(asked, of(Vec::new(), cursor, cursor), |told| match told {
        KernelTold::Completions { matches, cursor_start, cursor_end } => {
            Some(of(matches.iter().map(of_completion).collect(), *cursor_start, *cursor_end))
        }
        _ => None,
    })
}

fn of_completion(completion: &Completion) -> Value {
    json!({
        "label": completion.label,
        "insertText": completion.label,
        "kind": completion.kind.as_deref().and_then(kind_of_word),
        "detail": completion.detail,
        "documentation": null,
        "valuePreview": null,
        "type": completion.kind,
    })
}

/// MRP's word for what a kernel calls a completion (those of Jedi, which IPython passes on).
fn kind_of_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "function" | "magic" => "function",
        "method" => "method",
        "property" => "property",
        "class" => "class",
        "module" | "namespace" => "module",
        "keyword" => "keyword",
        "instance" | "statement" | "param" | "variable" => "variable",
        "path" | "dict key" => "value",
        _ => return None,
    })
}

pub(super) async fn inspect(State(door): State<Door>, target: Target, sent: Sent) -> Answer {
    let place: Place = body(sent)?;
    let detail = match place.detail {
        0 => Detail::Signature,
        1 => Detail::Documentation,
        _ => Detail::Source,
    };
    let cursor = place.cursor();
    let asked = ask(&door, &target, KernelAsk::Inspect { code: place.code, cursor, detail }).await?;
    answer(asked, of_inspection(&Inspection::default()), |told| match told {
        KernelTold::Inspection(inspection) => Some(of_inspection(inspection)),
        _ => None,
    })
}

fn of_inspection(told: &Inspection) -> Value {
    json!({
        "found": told.found,
        "source": "runtime",
        "name": told.name,
        "kind": told.found.then(|| kind_of_type(told)),
        "type": told.kind,
        "signature": told.signature,
        "docstring": told.docstring,
        "sourceCode": told.source_code,
        "file": told.file,
        "line": null, // kernels do not say
        "value": told.value,
        "children": null,
    })
}

/// MRP's word for a thing of a type.
fn kind_of_type(told: &Inspection) -> &'static str {
    match told.kind.as_deref() {
        Some("function" | "builtin_function_or_method") => "function",
        Some("method") => "method",
        Some("type") => "class",
        Some("module") => "module",
        Some("property") => "property",
        _ if told.signature.is_some() && told.value.is_none() => "function",
        _ => "variable",
    }
}

pub(super) async fn hover(State(door): State<Door>, target: Target, sent: Sent) -> Answer {
    let place: Place = body(sent)?;
    let cursor = place.cursor();
    let what = KernelAsk::Inspect { code: place.code, cursor, detail: Detail::Documentation };
    let asked = ask(&door, &target, what).await?;
    answer(asked, of_hover(&Inspection::default()), |told| match told {
        KernelTold::Inspection(inspection) => Some(of_hover(inspection)),
        _ => None,
    })
}

fn of_hover(told: &Inspection) -> Value {
    json!({
        "found": told.found,
        "name": told.name,
        "type": told.kind,
        "value": told.value,
        "signature": told.signature,
        "docstring": told.docstring,
    })
}

#[derive(Debug, Default, Deserialize)]
struct Listing {
    #[serde(default)]
    filter: Option<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    types: Option<Vec<String>>,
    /// A regular expression that the beginning of a name must match, as `re.match` does.
    name_pattern: Option<String>,
    exclude_private: bool,
}

impl Filter {
    fn pattern(&self) -> Result<Option<Regex>, Failure> {
        let Some(pattern) = &self.name_pattern else { return Ok(None) };
        let whole = Regex::new(&format!("^(?:{pattern})"));
        whole.map(Some).map_err(|error| Failure::Wrong(format!("filter.namePattern: {error}")))
    }

    fn takes(&self, pattern: Option<&Regex>, variable: &Variable) -> bool {
        self.types.as_ref().is_none_or(|types| types.is_empty() || types.contains(&variable.r#type))
            && pattern.is_none_or(|pattern| pattern.is_match(&variable.name))
            && !(self.exclude_private && variable.name.starts_with('_'))
    }
}

pub(super) async fn variables(State(door): State<Door>, target: Target, sent: Sent) -> Answer {
    let listing: Listing = body(sent)?;
    let filter = listing.filter.unwrap_or_default();
    let pattern = filter.pattern()?;
    let asked = ask(&door, &target, KernelAsk::Variables).await?;
    let of = |variables: Vec<&Variable>, truncated: bool| json!({ "variables": variables, "count": variables.len(), "truncated": truncated });
    answer(asked, of(Vec::new(), false), |told| match told {
        KernelTold::Variables { variables, truncated } => {
            let taken = variables.iter().filter(|variable| filter.takes(pattern.as_ref(), variable)).collect();
            Some(of(taken, *truncated))
        }
        _ => None,
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Expansion {
    path: Vec<String>,
    max_children: u32,
    max_value_length: u32,
}

impl Default for Expansion {
    fn default() -> Self {
        Self { path: Vec::new(), max_children: CHILDREN, max_value_length: VALUE }
    }
}

pub(super) async fn variable(
    State(door): State<Door>,
    target: Target,
    parameters: RawPathParams,
    sent: Sent,
) -> Answer {
    let Expansion { path, max_children, max_value_length: max_value } = body(sent)?;
    let name = parameters.iter().find(|(name, _)| *name == "name").map_or("", |(_, value)| value).to_owned();
    let what = KernelAsk::Variable { name: name.clone(), path, max_children, max_value };
    match ask(&door, &target, what).await? {
        Ok(KernelTold::Variable(detail)) => Ok(Json(of_variable(&detail))),
        Ok(_) => Err(Failure::Mesh(ClientError::NoAnswer)),
        Err(why) => Err(Failure::NotFound(format!("{name}: {why}"))),
    }
}

fn of_variable(detail: &VariableDetail) -> Value {
    let mut value = json!(detail.variable);
    let attributes = detail.children.iter().filter_map(|child| child.name.strip_prefix('.'));
    value["attributes"] = attributes.collect();
    value["fullValue"] = detail.full_value.as_str().into();
    value["children"] = json!(detail.children);
    value["methods"] = json!(detail.methods);
    value["truncated"] = detail.truncated.into();
    value
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

pub(super) async fn is_complete(State(door): State<Door>, target: Target, sent: Sent) -> Answer {
    let Code { code } = body(sent)?;
    let asked = ask(&door, &target, KernelAsk::IsComplete { code }).await?;
    answer(asked, json!({ "status": "unknown", "indent": "" }), |told| match told {
        KernelTold::Completeness { status, indent } => Some(json!({ "status": status, "indent": indent })),
        _ => None,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Past {
    n: Option<u32>,
    pattern: Option<String>,
    before: Option<u64>,
}

pub(super) async fn history(State(door): State<Door>, target: Target, sent: Sent) -> Answer {
    let Past { n, pattern, before } = body(sent)?;
    let (last, before) = (n.unwrap_or(HISTORY), before.unwrap_or(0));
    let what = KernelAsk::History { last, before, contains: pattern.unwrap_or_default() };
    let asked = ask(&door, &target, what).await?;
    answer(asked, json!({ "entries": [], "hasMore": false }), |told| match told {
        KernelTold::History { entries, has_more } => Some(json!({ "entries": entries, "hasMore": has_more })),
        _ => None,
    })
}

/// No kernel of Jupyter's formats code, and code that comes back as it was would be a claim that it is well formed.
pub(super) async fn format() -> Failure {
    Failure::Unsupported("formatting code")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_type(name: &str, kind: &str) -> Variable {
        Variable { name: name.to_owned(), r#type: kind.to_owned(), ..Variable::default() }
    }

    fn taken(filter: &Value) -> Vec<String> {
        let filter: Filter = serde_json::from_value(filter.clone()).expect("a filter");
        let pattern = filter.pattern().expect("a pattern");
        let variables = [of_type("_x", "int"), of_type("frame", "DataFrame"), of_type("x_frame", "int")];
        let taken = variables.iter().filter(|variable| filter.takes(pattern.as_ref(), variable));
        taken.map(|variable| variable.name.clone()).collect()
    }

    #[test]
    fn variables_are_chosen_by_type_name_and_privacy() {
        assert_eq!(taken(&json!({})), ["_x", "frame", "x_frame"]);
        assert_eq!(taken(&json!({ "types": [], "excludePrivate": true })), ["frame", "x_frame"]);
        assert_eq!(taken(&json!({ "types": ["int"] })), ["_x", "x_frame"]);
        assert_eq!(taken(&json!({ "namePattern": "f|_" })), ["_x", "frame"]);
        let wrong = Filter { name_pattern: Some("(".to_owned()), ..Filter::default() };
        assert!(wrong.pattern().expect_err("no pattern").to_string().contains("namePattern"));
    }

    #[test]
    fn a_completion_has_every_field_and_a_kind_that_the_protocol_knows() {
        let completion = Completion { label: "len".into(), kind: Some("function".into()), detail: Some("(x)".into()) };
        let expected = json!({
            "label": "len", "insertText": "len", "kind": "function", "detail": "(x)", "documentation": null,
            "valuePreview": null, "type": "function",
        });
        assert_eq!(of_completion(&completion), expected);
        assert_eq!((kind_of_word("instance"), kind_of_word("unheard of")), (Some("variable"), None));
    }

    #[test]
    fn an_expanded_variable_has_the_fields_of_a_variable_too() {
        let variable = Variable { length: Some(1), ..of_type("point", "Point") };
        let children = vec![of_type(".x", "int"), of_type("[0]", "int")];
        let detail = VariableDetail { variable, full_value: "Point".into(), children, ..VariableDetail::default() };
        let value = of_variable(&detail);
        let fields: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        let expected = [
            "attributes",
            "children",
            "dtype",
            "expandable",
            "fullValue",
            "keys",
            "length",
            "methods",
            "name",
            "shape",
            "size",
            "truncated",
            "type",
            "value",
        ];
        assert_eq!(fields, expected);
        assert_eq!((&value["attributes"], &value["children"][1]["name"]), (&json!(["x"]), &json!("[0]")));
    }
}
