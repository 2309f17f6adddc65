//! `wayfare service install`: the node starts with the user's session, and again whenever it ends.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::app::App;
use super::arguments::ServiceInstall;
use super::exit::{Exit, Failure};
use crate::render::Form;
use crate::service::{Service, UNIT, agent_path, unit_path, write};

/// How a system is told of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Systemd,
    Launchd,
}

impl Manager {
    fn of_this_system() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }
}

/// Writes the service's file, and starts the service unless only the file is wanted.
pub(super) fn install(app: &App, asked: &ServiceInstall) -> Result<Exit, Failure> {
    let manager = Manager::of_this_system();
    let service = service(app, asked)?;
    let text = match manager {
        Manager::Systemd => service.unit(),
        Manager::Launchd => service.agent(),
    };
    if asked.print {
        print!("{text}");
        return Ok(Exit::Good);
    }
    let path = path(manager)?;
    write(&path, &text)?;
    let steps = steps(manager, &path);
    let started = !asked.no_start && steps.iter().all(|step| run(step));
    if app.form == Form::Json {
        app.screen.json(&json!({ "file": path, "started": started }))?;
        return Ok(Exit::Good);
    }
    app.screen.line(&format!("written: {}", path.display()))?;
    if started {
        app.screen.line("the node runs, and is started again with your session and whenever it ends")?;
    } else {
        let listed = steps.iter().map(|step| format!("  {}", step.join(" "))).collect::<Vec<_>>().join("\n");
        app.screen.note(&format!("not started; these commands do it:\n{listed}"));
    }
    if manager == Manager::Systemd {
        app.screen.note("to have it run while you are not logged in: loginctl enable-linger");
    }
    Ok(if started || asked.no_start { Exit::Good } else { Exit::Bad })
}

fn service(app: &App, asked: &ServiceInstall) -> Result<Service, Failure> {
    let program = match &asked.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("wayfare-node"),
    };
    if !program.is_file() {
        let why = format!("there is no {}; --program names wayfare-node", program.display());
        return Err(Failure::NotFound(why));
    }
    let mut arguments = vec!["--data-dir".to_owned(), app.folder.path().display().to_string()];
    arguments.extend(asked.node_arguments.iter().cloned());
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    Ok(Service { program, arguments, path, log: app.folder.path().join("node.log") })
}

fn path(manager: Manager) -> Result<PathBuf, Failure> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").ok_or_else(|| Failure::Usage("HOME is not set".to_owned()))?;
    Ok(match manager {
        Manager::Systemd => unit_path(&variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"))),
        Manager::Launchd => agent_path(&home),
    })
}

/// The commands that start the service, also in place of an older one.
fn steps(manager: Manager, path: &std::path::Path) -> Vec<Vec<String>> {
    let file = path.display().to_string();
    let steps: Vec<Vec<&str>> = match manager {
        Manager::Systemd => vec![
            vec!["systemctl", "--user", "daemon-reload"],
            vec!["systemctl", "--user", "enable", UNIT],
            vec!["systemctl", "--user", "restart", UNIT],
        ],
        Manager::Launchd => vec![vec!["launchctl", "load", "-w", &file]],
    };
    steps.into_iter().map(|step| step.into_iter().map(str::to_owned).collect()).collect()
}

fn run(step: &[String]) -> bool {
    let Some((program, arguments)) = step.split_first() else { return true };
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_manager_has_its_own_commands() {
        let systemd = steps(Manager::Systemd, "/x".as_ref());
        assert_eq!(
            systemd.last().map(|step| step.join(" ")).as_deref(),
            Some("systemctl --user restart wayfare-node.service")
        );
        let launchd = steps(Manager::Launchd, "/x.plist".as_ref());
        assert_eq!(launchd.concat().join(" "), "launchctl load -w /x.plist");
    }
}
