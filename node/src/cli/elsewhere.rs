//! `--on DEVICE` for a session that lives on another one: what each way to go on means is said, and one is asked for.

use std::io::IsTerminal as _;

use wayfare_core::routing::Elsewhere;

use super::arguments::IfElsewhere;
use super::exit::Failure;
use super::watch::Stage;
use crate::render::Form;

/// How to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Where the session lives.
    Attach,
    /// In another session, on the chosen device.
    New,
}

/// What was chosen by flag, or is chosen now by whoever sits at the terminal.
pub(super) async fn choose(stage: &mut Stage, how: IfElsewhere, between: &Elsewhere) -> Result<Choice, Failure> {
    match how {
        IfElsewhere::Attach => {
            stage
                .screen
                .note(&format!("{} lives on {}: it runs there", between.attach.key, between.attach.device_name));
            Ok(Choice::Attach)
        }
        IfElsewhere::New => {
            stage.screen.note(&format!(
                "{} lives on {}: {} runs on {}",
                between.attach.key, between.attach.device_name, between.new.name, between.device
            ));
            Ok(Choice::New)
        }
        IfElsewhere::Ask if stage.form == Form::Text && std::io::stdin().is_terminal() => ask(stage, between).await,
        IfElsewhere::Ask => Err(Failure::NotFound(format!(
            "{between}; say which with --if-elsewhere attach or --if-elsewhere new (a copy with its variables cannot be made yet)"
        ))),
    }
}

async fn ask(stage: &mut Stage, between: &Elsewhere) -> Result<Choice, Failure> {
    stage.screen.note(&between.to_string());
    loop {
        stage.screen.note("attach or new? (nothing: neither)");
        match read(&stage.line().await?) {
            Some(Answer::Choice(choice)) => return Ok(choice),
            Some(Answer::Neither) => return Err(Failure::Interrupted),
            None => {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Choice(Choice),
    Neither,
}

/// `None` for a word that is neither.
fn read(line: &str) -> Option<Answer> {
    match line.trim().to_lowercase().as_str() {
        "attach" | "a" => Some(Answer::Choice(Choice::Attach)),
        "new" | "n" => Some(Answer::Choice(Choice::New)),
        "" | "q" | "neither" => Some(Answer::Neither),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_word_or_its_letter() {
        assert_eq!(read(" Attach\n"), Some(Answer::Choice(Choice::Attach)));
        assert_eq!(
            (read("n"), read(""), read("yes")),
            (Some(Answer::Choice(Choice::New)), Some(Answer::Neither), None)
        );
    }
}
