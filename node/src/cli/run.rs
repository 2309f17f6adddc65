//! `wayfare run`: the cells of a notebook, one after the other, each in its session.

use std::collections::BTreeSet;

use serde_json::json;
use wayfare_core::routing::elsewhere;
use wayfare_protocol::NodeId;
use wayfare_protocol::control::OpenedSession;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{OpenSession, SessionKey};

use super::app::App;
use super::arguments::{IfElsewhere, Run};
use super::docs::Shelf;
use super::docs_arguments::DocumentName;
use super::elsewhere::{Choice, choose};
use super::exit::{Exit, Failure};
use super::later::{Later, is_out_of_reach};
use super::plan::{Opened, Step, is_met, plan, plan_document};
use super::watch::{End, Stage};
use crate::client::{MeshClient, device_of};
use crate::notebook::NotebookFile;
use crate::render::Form;

/// Runs what was asked for.
pub(super) async fn run(app: &App, asked: &Run) -> Result<Exit, Failure> {
    let known = if asked.document.is_none() { Some(plan(asked)?) } else { None };
    let mut stage = Stage::new(app.screen, app.form, app.limits.kernel_stop)?;
    let later = Later::of(app, asked).await?;
    let mut client = stage.or_interrupt(app.connect()).await?;
    let mut steps = match (known, &asked.document) {
        (None, Some(name)) => {
            let opened = stage.or_interrupt(open_document(&Shelf { app, library: client.library() }, name)).await?;
            plan_document(&opened, asked)?
        }
        (known, _) => known.unwrap_or_default(),
    };
    let device = match &asked.on {
        Some(name) => Some(device_of(&stage.or_interrupt(client.devices()).await?, name)?),
        None => None,
    };
    if let Some(device) = device {
        settle_elsewhere(&client, &mut stage, asked.if_elsewhere, device, &mut steps).await?;
    }
    let mut open: Option<SessionKey> = None;
    let mut exit = Exit::Good;
    for (at, step) in steps.iter().enumerate() {
        if open.as_ref() != Some(&step.key) {
            let Some(opened) = open_unless_later(&mut client, &mut stage, step, device, later.as_ref()).await? else {
                let Some(later) = &later else { break };
                return Ok(worse(exit, later.wait(&steps[at..], device).await?));
            };
            say_opened(&stage, step, &opened)?;
            open = Some(step.key.clone());
        }
        let run = match step.place {
            Some(place) => client.run_cell(step.request.clone(), place),
            None => client.run(step.request.clone()),
        };
        let end = stage.watch(&mut client, run, step.cell, 1, asked.timeout).await?;
        exit = worse(exit, exit_of(&end));
        match end {
            End::Left { next } => {
                let (name, language) = (&step.key.name, &step.key.language);
                app.screen.note(&format!(
                    "left running; show it again: wayfare attach {name} {run} --language {language} --from {next}"
                ));
                return Ok(if stage.was_interrupted { Exit::Interrupted } else { Exit::Bad });
            }
            End::Ended(_) if stage.was_interrupted => return Ok(Exit::Interrupted),
            End::Ended(RunOutcome::Succeeded) => {}
            End::Ended(_) | End::Refused(_) if asked.keep_going => {}
            End::Ended(_) | End::Refused(_) => return Ok(exit),
        }
    }
    Ok(exit)
}

async fn open_document(shelf: &Shelf<'_>, name: &DocumentName) -> Result<Opened, Failure> {
    let (project, document, copy) = shelf.open(name).await?;
    shelf.must_have_come(name, &copy).await?;
    let file = NotebookFile::of_document(&name.project, &name.path, &copy.text())?;
    Ok(Opened { project, document, copy, file })
}

/// Sessions that live on another device than the chosen one: what becomes of each is asked before anything runs.
async fn settle_elsewhere(
    client: &MeshClient,
    stage: &mut Stage,
    how: IfElsewhere,
    device: NodeId,
    steps: &mut [Step],
) -> Result<(), Failure> {
    let (devices, sessions) =
        (stage.or_interrupt(client.devices()).await?, stage.or_interrupt(client.sessions()).await?);
    let keys: BTreeSet<_> = steps.iter().map(|step| step.key.clone()).collect();
    for key in keys {
        let Some(between) = elsewhere(&key, device, &sessions, &devices) else { continue };
        if choose(stage, how, &between).await? == Choice::New {
            for step in steps.iter_mut().filter(|step| step.key == key) {
                step.key = between.new.clone();
            }
        }
    }
    Ok(())
}

/// `None`: its session is not within reach, and the cell may wait.
async fn open_unless_later(
    client: &mut MeshClient,
    stage: &mut Stage,
    step: &Step,
    device: Option<NodeId>,
    later: Option<&Later<'_>>,
) -> Result<Option<OpenedSession>, Failure> {
    if let Some(later) = later
        && later.must_wait(client, step).await?
    {
        return Ok(None);
    }
    match open_session(client, stage, step, device).await {
        Err(failure) if later.is_some() && is_out_of_reach(&failure) => Ok(None),
        Err(failure) => {
            if step.place.is_some() && is_out_of_reach(&failure) {
                stage.screen.note("with --queue the cell waits for it");
            }
            Err(failure)
        }
        Ok(opened) => Ok(Some(opened)),
    }
}

async fn open_session(
    client: &mut MeshClient,
    stage: &mut Stage,
    step: &Step,
    device: Option<NodeId>,
) -> Result<OpenedSession, Failure> {
    let open = OpenSession {
        key: step.key.clone(),
        id: client.new_session_id(),
        environment: step.environment.clone(),
        needs: step.needs.clone(),
        device,
    };
    stage.or_interrupt(client.open(open)).await
}

fn say_opened(stage: &Stage, step: &Step, opened: &OpenedSession) -> Result<(), Failure> {
    let session = &opened.session;
    if !opened.created && !is_met(&step.environment, &session.environment) {
        stage.screen.note(&format!(
            "{} runs already, with another environment than asked for: `wayfare session set` changes it for its next kernel",
            session.key
        ));
    }
    if stage.form == Form::Json {
        let line = json!({
            "kind": "opened", "session": session.key.name.to_string(), "language": session.key.language, "id": session.id,
            "owner": session.owner, "device": session.device_name, "reason": opened.reason, "created": opened.created,
        });
        stage.screen.json(&line)?;
    }
    Ok(())
}

/// The exit that a run alone would have.
pub(super) fn exit_of(end: &End) -> Exit {
    match end {
        End::Ended(RunOutcome::Succeeded) => Exit::Good,
        End::Ended(
            RunOutcome::Failed | RunOutcome::Interrupted { .. } | RunOutcome::Cancelled | RunOutcome::Unknown,
        ) => Exit::Bad,
        End::Refused(_) => Exit::Refused,
        End::Left { .. } => Exit::Bad,
    }
}

/// The first that is not good stays.
fn worse(before: Exit, after: Exit) -> Exit {
    if before == Exit::Good { after } else { before }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{ErrorCode, Refusal};

    use super::*;

    #[test]
    fn a_runs_end_is_its_exit() {
        let refused = End::Refused(Refusal::new(ErrorCode::SessionFull, ""));
        let ended = |outcome| exit_of(&End::Ended(outcome));
        assert_eq!((ended(RunOutcome::Succeeded), ended(RunOutcome::Failed)), (Exit::Good, Exit::Bad));
        assert_eq!(ended(RunOutcome::Interrupted { seen_through: 3 }), Exit::Bad);
        assert_eq!((ended(RunOutcome::Unknown), exit_of(&refused)), (Exit::Bad, Exit::Refused));
        assert_eq!(worse(Exit::Bad, Exit::Good), Exit::Bad);
        assert_eq!(worse(Exit::Good, Exit::Refused), Exit::Refused);
    }
}
