//! A kernel's answers to questions, from the content of its messages.
//!
//! As with outputs, only the fields that are used are read, and missing ones are forgiven. Every text is cut to what an answer may
//! have.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wayfare_protocol::ask::{
    Completeness, Completion, Detail, Inspection, KernelAsk, KernelTold, Variable, VariableDetail, word_at,
};
use wayfare_protocol::limits::{ANSWER_ITEM_MAX, ANSWER_ITEMS_MAX, ANSWER_TEXT_MAX};
use wayfare_protocol::{ErrorCode, Refusal};

/// What a program's answer stands between.
const SEPARATOR: char = '\u{1e}';
/// Kinds of completions, where a kernel tells more of them than their texts (ipykernel).
const KINDS: &str = "_jupyter_types_experimental";

type Told = Result<KernelTold, Refusal>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Completions {
    matches: Vec<String>,
    cursor_start: u32,
    cursor_end: u32,
    metadata: serde_json::Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Kind {
    text: String,
    r#type: String,
    signature: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inspected {
    found: bool,
    data: serde_json::Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Complete {
    status: String,
    indent: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ended {
    status: String,
    ename: String,
    evalue: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Text {
    text: String,
    execution_state: String,
}

#[derive(Deserialize)]
struct Listed {
    variables: Vec<Variable>,
    truncated: bool,
}

/// Reads what there is of a content; what is not even an object says nothing.
fn part<T: DeserializeOwned + Default>(content: &[u8]) -> T {
    serde_json::from_slice(content).unwrap_or_default()
}

pub(crate) fn completions(content: &[u8]) -> Told {
    let Completions { matches, cursor_start, cursor_end, metadata } = part(content);
    let kinds: Vec<Kind> = metadata.get(KINDS).and_then(|kinds| Vec::deserialize(kinds).ok()).unwrap_or_default();
    let some = |text: &str| (!text.is_empty() && text != "<unknown>").then(|| cut(text, ANSWER_ITEM_MAX));
    let completion = |label: &String| {
        let kind = kinds.iter().find(|kind| kind.text == *label);
        Completion {
            label: cut(label, ANSWER_ITEM_MAX),
            kind: kind.and_then(|kind| some(&kind.r#type)),
            detail: kind.and_then(|kind| some(&kind.signature)),
        }
    };
    let matches = matches.iter().take(ANSWER_ITEMS_MAX).map(completion).collect();
    Ok(KernelTold::Completions { matches, cursor_start, cursor_end })
}

pub(crate) fn completeness(content: &[u8]) -> Told {
    let Complete { status, indent } = part(content);
    let status = match status.as_str() {
        "complete" => Completeness::Complete,
        "incomplete" => Completeness::Incomplete,
        "invalid" => Completeness::Invalid,
        _ => Completeness::Unknown,
    };
    Ok(KernelTold::Completeness { status, indent: cut(&indent, ANSWER_ITEM_MAX) })
}

pub(crate) fn inspection(content: &[u8], code: &str, cursor: u32, detail: Detail) -> Told {
    let Inspected { found, data } = part(content);
    let text = data.get("text/plain").and_then(Value::as_str).map(plain).unwrap_or_default();
    let (_, name) = word_at(code, cursor);
    let mut told = fields(&text);
    told.found = found && !text.is_empty();
    told.name = cut(&name, ANSWER_ITEM_MAX);
    if detail == Detail::Signature {
        (told.docstring, told.file) = (None, None);
    }
    Ok(KernelTold::Inspection(if told.found { told } else { Inspection { name: told.name, ..Inspection::default() } }))
}

/// Parts what IPython writes as `Field: value`, where a value goes on over lines until the next field. What another kernel
/// writes is all documentation.
fn fields(text: &str) -> Inspection {
    const FIELDS: [&str; 10] = [
        "Signature",
        "Call signature",
        "Init signature",
        "Type",
        "String form",
        "Length",
        "File",
        "Docstring",
        "Init docstring",
        "Source",
    ];
    let field = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        FIELDS.iter().find(|known| **known == name).map(|known| (*known, rest.trim_start().to_owned()))
    };
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (field(line), parts.last_mut()) {
            (Some(part), _) => parts.push(part),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line);
            }
            (None, None) => {
                let docstring = Some(cut(text.trim_end(), ANSWER_TEXT_MAX));
                return Inspection { docstring, ..Inspection::default() };
            }
        }
    }
    let get = |names: &[&str]| {
        let value = parts.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value.trim().to_owned());
        value.filter(|value| !value.is_empty()).map(|value| cut(&value, ANSWER_TEXT_MAX))
    };
    Inspection {
        kind: get(&["Type"]),
        signature: get(&["Signature", "Call signature", "Init signature"]),
        value: get(&["String form"]),
        docstring: get(&["Docstring", "Init docstring"]),
        source_code: get(&["Source"]),
        file: get(&["File"]),
        ..Inspection::default()
    }
}

/// Without colours, and without the overstrikes (`x`, backspace, `x`) by which R marks bold and underlined.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\u{8}' => drop(out.pop()),
            '\u{1b}' => while rest.next().is_some_and(|c| !c.is_ascii_alphabetic()) {},
            other => out.push(other),
        }
    }
    out
}

/// What a message of a stream says.
pub(crate) fn printed(content: &[u8]) -> String {
    part::<Text>(content).text
}

pub(crate) fn is_idle(content: &[u8]) -> bool {
    part::<Text>(content).execution_state == "idle"
}

/// How a program failed, if it did.
pub(crate) fn failure(content: &[u8]) -> Option<String> {
    let Ended { status, ename, evalue } = part(content);
    (status != "ok").then(|| format!("{ename}: {evalue}"))
}

/// What a program printed between its separators.
pub(crate) fn variables(what: &KernelAsk, printed: &str) -> Told {
    let unreadable = |why: String| Refusal::new(ErrorCode::Unsupported, format!("the variables cannot be read: {why}"));
    let mut parts = printed.split(SEPARATOR);
    let json = parts.nth(1).ok_or_else(|| unreadable("the kernel printed no answer".to_owned()))?;
    if let KernelAsk::Variable { name, path, .. } = what {
        let detail: Option<VariableDetail> =
            serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?;
        let detail = detail.ok_or_else(|| {
            Refusal::new(ErrorCode::NotFound, format!("there is no {}", [name.clone(), path.concat()].concat()))
        })?;
        return Ok(KernelTold::Variable(Box::new(detail)));
    }
    let Listed { variables, truncated } = serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?;
    Ok(KernelTold::Variables { variables, truncated })
}

pub(crate) fn cut(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ipython_says_of_a_name_is_parted() {
        let text = "\u{1b}[31mSignature:\u{1b}[39m f(x)\n\u{1b}[31mDocstring:\u{1b}[39m\nDoes it.\n\nTwice.\n\u{1b}[31mFile:\u{1b}[39m      /a.py\n\u{1b}[31mType:\u{1b}[39m      function";
        let content = serde_json::json!({"found": true, "data": {"text/plain": text}}).to_string();
        let told = inspection(content.as_bytes(), "y = f(1)", 5, Detail::Documentation).expect("told");
        let KernelTold::Inspection(told) = told else { panic!("{told:?}") };
        assert_eq!(
            (told.name.as_str(), told.signature.as_deref(), told.kind.as_deref()),
            ("f", Some("f(x)"), Some("function"))
        );
        assert_eq!((told.docstring.as_deref(), told.file.as_deref()), (Some("Does it.\n\nTwice."), Some("/a.py")));
    }

    #[test]
    fn what_another_kernel_says_is_documentation_without_overstrikes() {
        let content =
            serde_json::json!({"found": true, "data": {"text/plain": "_\u{8}Mean\n\nUsage: mean(x)"}}).to_string();
        let told = inspection(content.as_bytes(), "mean", 2, Detail::Documentation).expect("told");
        let KernelTold::Inspection(told) = told else { panic!("{told:?}") };
        assert_eq!(told.docstring.as_deref(), Some("Mean\n\nUsage: mean(x)"));
    }

    #[test]
    fn an_answer_is_read_between_its_separators_whatever_stands_around() {
        let printed =
            "noise\u{1e}{\"variables\":[{\"name\":\"x\",\"type\":\"int\",\"value\":\"1\"}],\"truncated\":false}\u{1e}";
        let told = variables(&KernelAsk::Variables, printed).expect("told");
        assert!(matches!(told, KernelTold::Variables { variables, .. } if variables[0].name == "x"));
        assert_eq!(variables(&KernelAsk::Variables, "noise").expect_err("none").code, ErrorCode::Unsupported);
        let one = KernelAsk::Variable { name: "y".into(), path: vec![], max_children: 1, max_value: 1 };
        assert_eq!(variables(&one, "\u{1e}null\u{1e}").expect_err("none").code, ErrorCode::NotFound);
    }

    #[test]
    fn odd_answers_are_forgiven() {
        for content in ["{}", "[]", "nothing"] {
            assert!(completions(content.as_bytes()).is_ok());
            assert!(matches!(
                completeness(content.as_bytes()),
                Ok(KernelTold::Completeness { status: Completeness::Unknown, .. })
            ));
            let KernelTold::Inspection(told) = inspection(content.as_bytes(), "x", 1, Detail::Source).expect("told")
            else {
                panic!()
            };
            assert!(!told.found);
        }
    }
}
