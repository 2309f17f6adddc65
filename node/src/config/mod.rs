//! The node's configuration: flags over environment over file over defaults.
//!
//! The environment's names are `WAYFARE_NODE_` and the key, with `__` between levels: `WAYFARE_NODE_LIMITS__DIAL=5s`. The file
//! is TOML: the one that is named, else `~/.config/wayfare/node.toml` if it is there. A key that does not exist is an error.
//! Durations are written as people write them: `500ms`, `30s`, `1m 30s`.

mod duration;
mod print;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use wayfare_protocol::Limits;
use wayfare_protocol::limits::DEVICE_NAME_MAX;

use crate::hardware::device_name;

/// Prefix of the environment's variables.
pub const ENV_PREFIX: &str = "WAYFARE_NODE_";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Filter in the form of `tracing-subscriber`: `info,wayfare_node=debug`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Folder of everything that the node keeps; one node at a time.
    pub data_dir: PathBuf,
    /// The device's name, for people.
    pub name: String,
    /// The session host's program; `None`: the one beside the node's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_host: Option<PathBuf>,
    /// Virtual environments whose kernels are offered.
    #[serde(default)]
    pub venvs: Vec<PathBuf>,
    /// What is logged.
    #[serde(default)]
    pub log: LogConfig,
    /// File to which every decision is traced; `None`: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_file: Option<PathBuf>,
    /// Divides the durations of liveness, so that tests run at a fraction of the time; 1 or absent: not at all.
    #[serde(default = "one")]
    pub hurry: u32,
    /// Every bound and duration, before `hurry`.
    #[serde(default)]
    pub limits: Limits,
}

fn one() -> u32 {
    1
}

/// The flags that set configuration; flatten them into a command.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub struct ConfigFlags {
    /// Configuration file (default: ~/.config/wayfare/node.toml, if it is there).
    #[arg(long, env = "WAYFARE_NODE_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Folder of everything that the node keeps.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// The device's name.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The session host's program.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_host: Option<PathBuf>,
    /// A virtual environment whose kernels are offered; may be given several times.
    #[arg(long = "venv")]
    #[serde(rename = "venvs", skip_serializing_if = "Vec::is_empty")]
    pub venvs: Vec<PathBuf>,
    /// What is logged: info, debug, or a list like info,wayfare_node=debug.
    #[arg(long = "log")]
    #[serde(skip)]
    pub log_filter: Option<String>,
    /// How log lines look.
    #[arg(long)]
    #[serde(skip)]
    pub log_format: Option<LogFormat>,
    /// File to which every decision is traced.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_file: Option<PathBuf>,
}

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value, a key or a file is wrong; the text names it and where it came from.
    #[error("configuration: {0}")]
    Wrong(String),
    /// There is no place for data.
    #[error("no data folder: set data_dir, XDG_DATA_HOME or HOME")]
    NoDataFolder,
}

impl NodeConfig {
    /// Puts flags, this process's environment, the file and the defaults together.
    ///
    /// # Errors
    /// If a file that was named is not there, a key does not exist, or a value is of the wrong kind.
    pub fn load(flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let under_home = |below: &str| set("HOME").map(|home| home.join(below));
        let data = set("XDG_DATA_HOME").or_else(|| under_home(".local/share"));
        let default_file = set("XDG_CONFIG_HOME").or_else(|| under_home(".config"));
        let mut figment = Figment::new().merge(Serialized::default("name", device_name()));
        if let Some(data) = data {
            figment = figment.merge(Serialized::default("data_dir", data.join("wayfare")));
        }
        figment = match (&flags.config, default_file) {
            (Some(named), _) => figment.merge(Toml::file_exact(named)),
            (None, Some(folder)) => figment.merge(Toml::file(folder.join("wayfare/node.toml"))),
            (None, None) => figment,
        };
        // A name is text even where it looks like a number.
        let environment = Env::prefixed(ENV_PREFIX).split("__").ignore(&["config", "name"]);
        figment = figment.merge(environment);
        if let Ok(name) = std::env::var(format!("{ENV_PREFIX}NAME")) {
            figment = figment.merge(Serialized::default("name", name));
        }
        Self::finish(figment, flags)
    }

    fn finish(figment: Figment, flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let mut figment = figment.merge(Serialized::defaults(flags));
        if let Some(filter) = &flags.log_filter {
            figment = figment.merge(Serialized::default("log.filter", filter));
        }
        if let Some(format) = &flags.log_format {
            figment = figment.merge(Serialized::default("log.format", format));
        }
        let figment = duration::read(figment).map_err(ConfigError::Wrong)?;
        let mut config: Self = figment.extract().map_err(wrong)?;
        config.check()?;
        config.data_dir = absolute(&config.data_dir)?;
        config.session_host = config.session_host.as_deref().map(absolute).transpose()?;
        Ok(config)
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        if self.hurry == 1 { self.limits.clone() } else { self.limits.clone().hurried(self.hurry) }
    }

    /// The configuration as TOML that could be given as file, secrets masked.
    #[must_use]
    pub fn print(&self) -> String {
        print::masked(self)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError::Wrong(what));
        match self.name.len() {
            0 => wrong("name is empty".to_owned()),
            length if length > DEVICE_NAME_MAX => {
                wrong(format!("name has {length} bytes, over the limit of {DEVICE_NAME_MAX}"))
            }
            _ if self.name.chars().any(char::is_control) => wrong("name has control characters".to_owned()),
            _ if self.hurry == 0 => wrong("hurry is 0; 1 is the least".to_owned()),
            _ => Ok(()),
        }
    }
}

fn wrong(error: figment::Error) -> ConfigError {
    if matches!(&error.kind, Kind::MissingField(field) if field == "data_dir") {
        return ConfigError::NoDataFolder;
    }
    ConfigError::Wrong(error.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join("; "))
}

fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    std::path::absolute(path).map_err(|error| ConfigError::Wrong(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
