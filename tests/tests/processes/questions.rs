//! What a cell asks of people, and what people ask of a kernel.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::ask::{Completion, Detail, KernelAsk, KernelTold};
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{SessionAnswer, SessionCall};
use wayfare_protocol::{RunId, SessionId};
use wayfare_tests::device::Device;
use wayfare_tests::world::in_a_world;

use crate::runtimes::mesh;

/// A cell that asks twice; the second time when the gate is there.
fn asks(gate: &Path) -> String {
    format!(
        "import getpass, os, time\nname = input('Name? ')\nwhile not os.path.exists({gate:?}):\n    time.sleep(0.01)\n\
         secret = getpass.getpass('Secret: ')\nprint(name, len(secret))"
    )
}

fn is_question(event: &RunEvent, wanted: &str) -> bool {
    matches!(event, RunEvent::StdinRequest { prompt, password } if prompt == wanted && *password == (wanted == "Secret: "))
}

async fn answer(device: &mut Device, run: RunId, text: &str) -> Result<SessionAnswer> {
    device.call(SessionCall::Input { run, text: text.to_owned() }).await
}

/// A run that asks for input while nobody watches: begun by a device that went away at once.
async fn asked_alone(device: &mut Device, gate: &Path) -> Result<(SessionId, RunId)> {
    device.open("tests:main").await?;
    let run = device.begin(&asks(gate));
    device.sees("the start", |event| matches!(event, RunEvent::Start { .. })).await?;
    Ok((device.session()?, run))
}

#[test]
fn a_question_that_nobody_was_there_for_waits_until_somebody_comes() -> Result<()> {
    in_a_world(async |world| {
        let mut device = mesh(world).await?;
        let gate = world.witness_folder().join("gate");
        fs::write(&gate, "")?;
        let (session, run) = asked_alone(&mut device, &gate).await?;
        drop(device);
        let mut later = world.device("later").await?;
        later.open("tests:main").await?;
        later.attach(session, run);
        later.sees("the question", |event| is_question(event, "Name? ")).await?;
        ensure!(answer(&mut later, run, "Ada").await? == SessionAnswer::Done);
        later.sees("the second question", |event| is_question(event, "Secret: ")).await?;
        ensure!(answer(&mut later, run, "abc").await? == SessionAnswer::Done);
        let shown = later.end().await?;
        ensure!(shown.outcome == Some(RunOutcome::Succeeded) && shown.whole().stdout == "Ada 3\n", "{shown:?}");
        let secret = shown.events.iter().any(|(_, event)| format!("{event:?}").contains("abc"));
        ensure!(!secret, "what was typed is in no event");
        Ok(())
    })
}

#[test]
fn of_two_who_answer_a_question_one_is_taken_the_other_told_and_both_see_the_same() -> Result<()> {
    in_a_world(async |world| {
        let mut first = mesh(world).await?;
        let gate = world.witness_folder().join("gate");
        let (session, run) = asked_alone(&mut first, &gate).await?;
        let mut second = world.device("second").await?;
        second.open("tests:main").await?;
        second.attach(session, run);
        for device in [&mut first, &mut second] {
            device.sees("the question", |event| is_question(event, "Name? ")).await?;
        }
        let (one, other) = (answer(&mut first, run, "Ada").await?, answer(&mut second, run, "Eve").await?);
        ensure!(one == SessionAnswer::Done, "{one:?}");
        let SessionAnswer::Refused(refused) = other else { bail!("both answers were taken") };
        ensure!(refused.code == ErrorCode::NotWaiting, "{refused}");
        fs::write(&gate, "")?;
        for device in [&mut first, &mut second] {
            device.sees("the answer", |event| *event == RunEvent::StdinAnswered).await?;
            device.sees("the second question", |event| is_question(event, "Secret: ")).await?;
        }
        ensure!(answer(&mut second, run, "abc").await? == SessionAnswer::Done);
        let (first, second) = (first.end().await?, second.end().await?);
        ensure!(first == second, "they were shown different things");
        ensure!(first.whole().stdout == "Ada 3\n", "{first:?}");
        Ok(())
    })
}

#[test]
fn a_kernel_is_asked_from_afar_and_answers_or_is_busy_or_gone() -> Result<()> {
    in_a_world(async |world| {
        let mut device = mesh(world).await?;
        device.open("tests:main").await?;
        device.run("number = 41\nwords = ['a', 'b']\ndef f(x):\n    '''Does it.'''\n    return x").await?;
        let KernelTold::Variables { variables, .. } = device.ask(KernelAsk::Variables).await? else {
            bail!("another answer")
        };
        let names: Vec<_> = variables.iter().map(|variable| variable.name.as_str()).collect();
        ensure!(names == ["f", "number", "words"], "{names:?}");
        let what =
            KernelAsk::Variable { name: "words".into(), path: vec!["[1]".into()], max_children: 9, max_value: 99 };
        let KernelTold::Variable(word) = device.ask(what).await? else { bail!("another answer") };
        ensure!(word.full_value == "'b'", "{word:?}");
        let what = KernelAsk::Complete { code: "wor".into(), cursor: 3 };
        let matches = completions(&mut device, what).await?;
        ensure!(matches.iter().any(|found| found.label == "words"), "{matches:?}");
        let what = KernelAsk::Inspect { code: "f(1)".into(), cursor: 1, detail: Detail::Source };
        let KernelTold::Inspection(f) = device.ask(what).await? else { bail!("another answer") };
        ensure!(f.found && f.signature.as_deref() == Some("f(x)"), "{f:?}");
        ensure!(f.source_code.as_deref().is_some_and(|source| source.contains("return x")), "{f:?}");
        let hover = KernelAsk::Inspect { code: "number".into(), cursor: 2, detail: Detail::Signature };
        let KernelTold::Inspection(number) = device.ask(hover).await? else { bail!("another answer") };
        ensure!((number.kind.as_deref(), number.value.as_deref()) == (Some("int"), Some("41")), "{number:?}");
        let KernelTold::History { entries, .. } = device.ask(history()).await? else { bail!("another answer") };
        ensure!(
            entries.len() == 1 && entries[0].code.starts_with("number = 41"),
            "questions are no history: {entries:?}"
        );

        device.begin("import time\nprint('on', flush=True)\ntime.sleep(600)");
        device.sees("the text", |event| matches!(event, RunEvent::Stdout { .. })).await?;
        let SessionAnswer::Refused(busy) = device.call(SessionCall::Ask(KernelAsk::Variables)).await? else {
            bail!("it answered")
        };
        ensure!(busy.code == ErrorCode::KernelBusy, "{busy}");
        ensure!(matches!(device.ask(history()).await?, KernelTold::History { entries, .. } if entries.len() == 2));
        device.call(SessionCall::Interrupt { run: None }).await?;
        device.end().await?;

        ensure!(device.call(SessionCall::Reset).await? == SessionAnswer::Done);
        let shown = device.run("'number' in dir()").await?;
        ensure!(shown.whole().result.as_deref() == Some("False") && shown.kernel()? == 2, "{shown:?}");
        ensure!(device.call(SessionCall::Stop).await? == SessionAnswer::Done);
        let SessionAnswer::Refused(gone) = device.call(SessionCall::Ask(KernelAsk::Variables)).await? else {
            bail!("it answered")
        };
        ensure!(gone.code == ErrorCode::NotFound && gone.detail.contains("no kernel"), "{gone}");
        Ok(())
    })
}

/// On a busy machine a kernel takes its time to load what completes: it is asked again.
async fn completions(device: &mut Device, what: KernelAsk) -> Result<Vec<Completion>> {
    loop {
        match device.call(SessionCall::Ask(what.clone())).await? {
            SessionAnswer::Told(KernelTold::Completions { matches, cursor_start: 0, cursor_end: 3 }) => {
                return Ok(matches);
            }
            SessionAnswer::Refused(refusal) if refusal.code == ErrorCode::DeadlineExceeded => {}
            other => bail!("{other:?}"),
        }
    }
}

fn history() -> KernelAsk {
    KernelAsk::History { last: 10, before: 0, contains: String::new() }
}
