//! What the fake kernel answers to questions.

use std::collections::BTreeMap;

use wayfare_protocol::ask::{
    Completeness, Completion, Inspection, KernelAsk, KernelTold, Variable, VariableDetail, word_at,
};
use wayfare_protocol::{ErrorCode, Refusal};

pub(super) fn answer(variables: &BTreeMap<String, i64>, what: &KernelAsk) -> Result<KernelTold, Refusal> {
    Ok(match what {
        KernelAsk::Complete { code, cursor } => {
            let (start, word) = word_at(code, *cursor);
            let typed: String = word.chars().take((*cursor - start) as usize).collect();
            let label = |name: &String| Completion { label: name.clone(), ..Completion::default() };
            let matches = variables.keys().filter(|name| name.starts_with(&typed)).map(label).collect();
            KernelTold::Completions { matches, cursor_start: start, cursor_end: *cursor }
        }
        KernelAsk::Inspect { code, cursor, .. } => {
            let (_, name) = word_at(code, *cursor);
            let value = variables.get(&name).map(ToString::to_string);
            KernelTold::Inspection(Inspection { found: value.is_some(), name, value, ..Inspection::default() })
        }
        KernelAsk::IsComplete { code } => {
            let status = if code.ends_with('\\') { Completeness::Incomplete } else { Completeness::Complete };
            KernelTold::Completeness { status, indent: String::new() }
        }
        KernelAsk::Variables => {
            let variables = variables.iter().map(|(name, value)| variable(name, *value)).collect();
            KernelTold::Variables { variables, truncated: false }
        }
        KernelAsk::Variable { name, path, .. } => {
            let value = variables.get(name).filter(|_| path.is_empty());
            let value = value.ok_or_else(|| Refusal::new(ErrorCode::NotFound, format!("no variable {name:?}")))?;
            KernelTold::Variable(Box::new(VariableDetail {
                variable: variable(name, *value),
                full_value: value.to_string(),
                ..VariableDetail::default()
            }))
        }
        KernelAsk::History { .. } => return Err(Refusal::new(ErrorCode::Unsupported, "its host keeps the history")),
    })
}

fn variable(name: &str, value: i64) -> Variable {
    Variable { name: name.to_owned(), r#type: "number".to_owned(), value: value.to_string(), ..Variable::default() }
}
