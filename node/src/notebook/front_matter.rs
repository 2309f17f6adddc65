//! Front matter: the YAML between two `---` lines at the top of a notebook.

use std::collections::BTreeMap;

use serde::Deserialize;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::session::{Environment, Language};

use super::NotebookError;
use super::needs::parse_needs;

/// What a notebook says about its sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// Key `project`.
    pub project: Option<String>,
    /// Key `session`, where it is a text, or `session.default`.
    pub default_session: Option<String>,
    /// Key `session.<language>`.
    pub languages: BTreeMap<Language, LanguageSettings>,
    /// Key `needs`: what every session of the notebook asks of its device.
    pub needs: Needs,
}

/// What a notebook says about the sessions of one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageSettings {
    /// The session's name.
    pub name: Option<String>,
    /// Working directory on the device.
    pub cwd: Option<String>,
    /// Folder of a virtual environment on the device.
    pub venv: Option<String>,
    /// Name of the kernelspec.
    pub kernel: Option<String>,
}

impl LanguageSettings {
    /// How a session of the language is started.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment { kernel: self.kernel.clone(), venv: self.venv.clone(), cwd: self.cwd.clone() }
    }
}

/// Keys that other programs read (`title`, `date`, …) are left to them.
#[derive(Default, Deserialize)]
struct Written {
    project: Option<String>,
    session: Option<Session>,
    needs: Option<Words>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Session {
    Name(String),
    ByLanguage(BTreeMap<String, Settings>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Settings {
    Name(String),
    All(LanguageSettings),
}

fn needs_of(words: &str) -> Result<Needs, NotebookError> {
    parse_needs(words).map_err(|error| NotebookError::FrontMatter(format!("needs: {error}")))
}

/// Reads the text between the two lines.
pub(super) fn parse(yaml: &str) -> Result<FrontMatter, NotebookError> {
    let wrong = |error: serde_saphyr::Error| {
        let text = error.to_string();
        let known = "keys are project, session and needs; a session is a name, or name, cwd, venv, kernel per language";
        NotebookError::FrontMatter(format!("{} ({known})", text.trim_end()))
    };
    let written: Option<Written> = serde_saphyr::from_str(yaml).map_err(wrong)?;
    let written = written.unwrap_or_default();
    let needs = match written.needs {
        None => Needs::default(),
        Some(Words::One(words)) => needs_of(&words)?,
        Some(Words::Several(words)) => needs_of(&words.join(","))?,
    };
    let mut front = FrontMatter { project: written.project, needs, ..FrontMatter::default() };
    match written.session {
        None => {}
        Some(Session::Name(name)) => front.default_session = Some(name),
        Some(Session::ByLanguage(languages)) => {
            for (word, settings) in languages {
                let settings = match settings {
                    Settings::Name(name) => LanguageSettings { name: Some(name), ..LanguageSettings::default() },
                    Settings::All(settings) => settings,
                };
                if word == "default" {
                    front.default_session = settings.name;
                } else {
                    front.languages.insert(Language::from_word(&word), settings);
                }
            }
        }
    }
    Ok(front)
}
