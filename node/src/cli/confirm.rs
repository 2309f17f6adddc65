//! Asks whoever sits at the terminal before something that cannot be taken back.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::app::App;
use super::exit::Failure;
use crate::render::Form;

/// `unasked`: what is refused where nobody can be asked.
///
/// # Errors
/// If the answer is not yes, or nobody can be asked.
pub(super) fn confirmed(app: &App, question: &str, unasked: &str) -> Result<(), Failure> {
    if app.form == Form::Json || !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("nobody can be asked whether {unasked}: say so with --yes")));
    }
    app.screen.note(&format!("{question} (yes or nothing)"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match line.trim().to_lowercase().as_str() {
        "yes" | "y" => Ok(()),
        _ => Err(Failure::Interrupted),
    }
}
