//! `wayfare session history`, `variables` and `inspect`: what is asked of a session's kernel.

use wayfare_protocol::ask::{Detail, Inspection, KernelAsk, KernelTold, Variable};

use super::app::App;
use super::arguments::{SessionHistory, SessionInspect, SessionVariables};
use super::exit::{Exit, Failure};
use super::session::opened;
use crate::client::ClientError;
use crate::render::{Form, size};

/// Most children of a variable that are shown.
const CHILDREN: u32 = 100;
/// Most characters of a value that are shown.
const VALUE: u32 = 10_000;

/// Shows what a kernel has executed.
pub(super) async fn history(app: &App, asked: &SessionHistory) -> Result<Exit, Failure> {
    let (mut client, _) = opened(app, &asked.which).await?;
    let what = KernelAsk::History { last: asked.last, before: 0, contains: asked.contains.clone() };
    let KernelTold::History { entries, has_more } = client.ask_kernel(what).await? else { return Err(other()) };
    if app.form == Form::Json {
        app.screen.json(&entries)?;
        return Ok(Exit::Good);
    }
    if has_more {
        app.screen.note("… there are older ones: --last says how many to show");
    }
    for entry in entries {
        app.screen.line(&format!("[{}] {}", entry.history_index, entry.code.replace('\n', "\n    ")))?;
    }
    Ok(Exit::Good)
}

/// Shows a session's variables, or one.
pub(super) async fn variables(app: &App, asked: &SessionVariables) -> Result<Exit, Failure> {
    let (mut client, _) = opened(app, &asked.which).await?;
    let Some((name, path)) = asked.path.split_first() else {
        let told = client.ask_kernel(KernelAsk::Variables).await?;
        let KernelTold::Variables { variables, truncated } = told else { return Err(other()) };
        return list(app, &variables, truncated);
    };
    let (name, path) = (name.clone(), path.to_vec());
    let what = KernelAsk::Variable { name, path, max_children: CHILDREN, max_value: VALUE };
    let KernelTold::Variable(detail) = client.ask_kernel(what).await? else { return Err(other()) };
    if app.form == Form::Json {
        app.screen.json(&detail)?;
        return Ok(Exit::Good);
    }
    app.screen.line(&detail.full_value)?;
    list(app, &detail.children, detail.truncated)
}

fn list(app: &App, variables: &[Variable], truncated: bool) -> Result<Exit, Failure> {
    if app.form == Form::Json {
        app.screen.json(&variables)?;
        return Ok(Exit::Good);
    }
    app.screen.table(&variables.iter().map(row).collect::<Vec<_>>())?;
    if truncated {
        app.screen.note("… and more");
    }
    Ok(Exit::Good)
}

fn row(variable: &Variable) -> Vec<String> {
    let shape = variable.shape.as_ref().map(|shape| shape.iter().map(u64::to_string).collect::<Vec<_>>().join("×"));
    let extent = shape.or_else(|| variable.length.map(|length| length.to_string())).unwrap_or_default();
    let value = variable.value.lines().next().unwrap_or_default();
    let more = if variable.value.lines().count() > 1 { " …" } else { "" };
    vec![
        variable.name.clone(),
        variable.r#type.clone(),
        extent,
        variable.size.map(size).unwrap_or_default(),
        format!("{value}{more}"),
    ]
}

/// Shows what a kernel knows of a name.
pub(super) async fn inspect(app: &App, asked: &SessionInspect) -> Result<Exit, Failure> {
    let (mut client, info) = opened(app, &asked.which).await?;
    let cursor = u32::try_from(asked.code.chars().count()).unwrap_or(u32::MAX);
    let detail = if asked.source { Detail::Source } else { Detail::Documentation };
    let told = client.ask_kernel(KernelAsk::Inspect { code: asked.code.clone(), cursor, detail }).await?;
    let KernelTold::Inspection(told) = told else { return Err(other()) };
    if app.form == Form::Json {
        app.screen.json(&told)?;
        return Ok(if told.found { Exit::Good } else { Exit::Refused });
    }
    if !told.found {
        return Err(Failure::NotFound(format!("the kernel of {} knows nothing of {:?}", info.key, told.name)));
    }
    let Inspection { kind, signature, value, docstring, source_code, file, .. } = told;
    let about = [("type", kind), ("signature", signature), ("value", value), ("file", file)];
    let rows = about.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), value?]));
    app.screen.table(&rows.collect::<Vec<_>>())?;
    for text in [docstring, source_code].into_iter().flatten() {
        app.screen.line(&format!("\n{text}"))?;
    }
    Ok(Exit::Good)
}

/// The other end answered a question that was not asked.
fn other() -> Failure {
    Failure::Client(ClientError::NoAnswer)
}
