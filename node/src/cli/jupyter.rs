//! `wayfare jupyter`: front ends of Jupyter run their notebooks on the mesh.

use std::path::PathBuf;

use serde_json::json;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::session::{Environment, Language};

use super::app::App;
use super::exit::{Exit, Failure};
use super::jupyter_arguments::{JupyterInstall, JupyterServe, OnTheMesh};
use super::plan::over;
use crate::jupyter::spec::Install;
use crate::jupyter::{self, SessionWish};
use crate::kernels::KernelPlaces;
use crate::notebook::parse_needs;
use crate::render::Form;

/// Writes a kernelspec.
pub(super) fn install(app: &App, asked: &JupyterInstall) -> Result<Exit, Failure> {
    needs_of(asked.mesh.needs.as_deref())?; // wrong ones are said now, not at each start
    let language = Language::from_word(&asked.mesh.language);
    let device = asked.mesh.on.as_deref();
    let install = Install {
        name: asked.name.clone().unwrap_or_else(|| kernelspec_name(language.as_str(), device)),
        display_name: asked.display_name.clone().unwrap_or_else(|| {
            let place = device.map_or_else(|| "on your devices".to_owned(), |device| format!("on {device}"));
            format!("{} {place} (Wayfare)", titled(language.as_str()))
        }),
        language: language.as_str().to_owned(),
        program: std::env::current_exe()?,
        arguments: arguments(app, &asked.mesh),
    };
    let folder = install.write(&data_folder(asked.prefix.clone())?)?;
    if app.form == Form::Json {
        app.screen.json(&json!({ "name": install.name, "displayName": install.display_name, "folder": folder }))?;
    } else {
        app.screen.line(&format!("{}: {}", install.name, folder.display()))?;
        app.screen.line(&format!("Jupyter shows it as {:?}", install.display_name))?;
    }
    Ok(Exit::Good)
}

fn needs_of(words: Option<&str>) -> Result<Needs, Failure> {
    let needs = words.map(parse_needs).transpose().map_err(|error| Failure::Usage(format!("--needs: {error}")))?;
    Ok(needs.unwrap_or_default())
}

/// What the kernelspec's program is given; [`serve`] takes it.
fn arguments(app: &App, mesh: &OnTheMesh) -> Vec<String> {
    let mut arguments = vec!["--data-dir".to_owned(), app.folder.path().display().to_string()];
    if app.cloud_only {
        arguments.push("--cloud".to_owned());
    }
    arguments.extend(["jupyter", "serve", "--language", &mesh.language].map(str::to_owned));
    let flags = [
        ("--on", mesh.on.clone()),
        ("--needs", mesh.needs.clone()),
        ("--session", mesh.session.as_ref().map(ToString::to_string)),
        ("--kernel", mesh.environment.kernel.clone()),
        ("--venv", mesh.environment.venv.clone()),
        ("--cwd", mesh.environment.cwd.clone()),
    ];
    for (flag, value) in flags {
        arguments.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    arguments
}

/// A name that Jupyter takes.
fn kernelspec_name(language: &str, device: Option<&str>) -> String {
    let all = std::iter::once("wayfare").chain([language]).chain(device).collect::<Vec<_>>().join("-");
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    all.to_lowercase().chars().map(fit).collect()
}

fn titled(language: &str) -> String {
    let mut letters = language.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn data_folder(prefix: Option<PathBuf>) -> Result<PathBuf, Failure> {
    match prefix {
        Some(prefix) => Ok(prefix.join("share/jupyter")),
        None => KernelPlaces::of_process(&[]).user.ok_or_else(|| {
            Failure::Usage("no folder for Jupyter's data: set HOME or JUPYTER_DATA_DIR, or give --prefix".to_owned())
        }),
    }
}

/// Is a kernel to the front end that started this program.
pub(super) async fn serve(app: &App, asked: JupyterServe) -> Result<Exit, Failure> {
    let mesh = asked.mesh;
    let wish = SessionWish {
        language: Language::from_word(&mesh.language),
        name: mesh.session,
        environment: over(Environment::default(), &mesh.environment),
        device: mesh.on,
        needs: needs_of(mesh.needs.as_deref())?,
        here: app.key()?.device_id().short(),
    };
    let client = app.connect().await?;
    jupyter::serve(&asked.connection_file, client, &app.folder, wish).await?;
    Ok(Exit::Good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_such_that_jupyter_finds_them() {
        assert_eq!(kernelspec_name("python", None), "wayfare-python");
        assert_eq!(kernelspec_name("r", Some("Ada's Laptop")), "wayfare-r-ada-s-laptop");
        assert_eq!((titled("python").as_str(), titled("").as_str()), ("Python", ""));
    }
}
