//! `wayfare attach`: a run that was started before, here or elsewhere.

use wayfare_protocol::SessionId;
use wayfare_protocol::session::SessionName;

use super::app::{App, only};
use super::arguments::Attach;
use super::exit::{Exit, Failure};
use super::run::exit_of;
use super::watch::{End, Stage};

/// Shows a run to its end.
pub(super) async fn attach(app: &App, asked: &Attach) -> Result<Exit, Failure> {
    let mut stage = Stage::new(app.screen, app.form, app.limits.kernel_stop)?;
    let mut client = stage.or_interrupt(app.connect()).await?;
    let session = match asked.session.parse::<SessionId>() {
        Ok(id) => id,
        Err(_) => {
            let name: SessionName =
                asked.session.parse().map_err(|error| Failure::Usage(format!("{error}, or give its id")))?;
            let sessions = stage.or_interrupt(client.sessions()).await?;
            only(&sessions, &name, asked.language.as_deref())?.id
        }
    };
    client.attach(session, asked.run, asked.from);
    let end = stage.watch(&mut client, asked.run, None, asked.from, None).await?;
    match end {
        End::Left { next } => {
            app.screen
                .note(&format!("left running; show it again: wayfare attach {session} {} --from {next}", asked.run));
            Ok(Exit::Interrupted)
        }
        End::Ended(_) if stage.was_interrupted => Ok(Exit::Interrupted),
        End::Ended(_) | End::Refused(_) => Ok(exit_of(&end)),
    }
}
