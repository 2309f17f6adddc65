//! What the programs' configurations have in common: flags over environment over file over defaults.
//!
//! The environment's names are a prefix and the key, with `__` between levels: `WAYFARE_NODE_LIMITS__DIAL=5s`. The file is
//! TOML: the one that is named, else the program's own below the user's folder for configuration, if it is there.
//! Durations are written as people write them: `500ms`, `30s`, `1m 30s`. [`print()`] shows a configuration in the same form,
//! secrets masked.

mod duration;
mod print;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use print::print;

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
    /// Filter in the form of `tracing-subscriber`: `info,wayfare_io=debug`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
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

/// Where a program's configuration comes from, besides defaults and flags.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Prefix of the environment's variables.
    pub prefix: &'a str,
    /// The file that was named; it must be there.
    pub named: Option<&'a Path>,
    /// The program's own file, below the user's folder for configuration: `wayfare/node.toml`.
    pub own: &'a str,
    /// The program's folder for data, below the user's.
    pub data: &'a str,
    /// Keys of the first level that are text even where they look like something else.
    pub texts: &'a [&'a str],
}

impl Sources<'_> {
    /// Puts the file and this process's environment over defaults. `data_dir` has its default here.
    #[must_use]
    pub fn over(&self, defaults: Figment) -> Figment {
        let mut figment = defaults;
        if let Some(data) = user_folder("XDG_DATA_HOME", ".local/share") {
            figment = figment.merge(Serialized::default("data_dir", data.join(self.data)));
        }
        figment = match (self.named, user_folder("XDG_CONFIG_HOME", ".config")) {
            (Some(named), _) => figment.merge(Toml::file_exact(named)),
            (None, Some(folder)) => figment.merge(Toml::file(folder.join(self.own))),
            (None, None) => figment,
        };
        // `<prefix>CONFIG` names the file.
        let passed_over: Vec<&str> = self.texts.iter().copied().chain(["config"]).collect();
        figment = figment.merge(Env::prefixed(self.prefix).split("__").ignore(&passed_over));
        for key in self.texts {
            if let Ok(text) = std::env::var(format!("{}{}", self.prefix, key.to_ascii_uppercase())) {
                figment = figment.merge(Serialized::default(key, text));
            }
        }
        figment
    }
}

fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name: &str| -> Option<OsString> { std::env::var_os(name).filter(|value| !value.is_empty()) };
    set(variable).map(PathBuf::from).or_else(|| set("HOME").map(|home| PathBuf::from(home).join(below_home)))
}

/// Puts flags over everything else, `log_filter` and `log_format` being those of `log`, and reads the whole.
///
/// # Errors
/// If a file that was named is not there, a key does not exist, or a value is of the wrong kind.
pub fn read<T: DeserializeOwned>(
    figment: Figment,
    flags: &impl Serialize,
    log_filter: Option<&str>,
    log_format: Option<LogFormat>,
) -> Result<T, ConfigError> {
    let mut figment = figment.merge(Serialized::defaults(flags));
    if let Some(filter) = log_filter {
        figment = figment.merge(Serialized::default("log.filter", filter));
    }
    if let Some(format) = log_format {
        figment = figment.merge(Serialized::default("log.format", format));
    }
    duration::read(figment).map_err(ConfigError::Wrong)?.extract().map_err(wrong)
}

fn wrong(error: figment::Error) -> ConfigError {
    if matches!(&error.kind, Kind::MissingField(field) if field == "data_dir") {
        return ConfigError::NoDataFolder;
    }
    ConfigError::Wrong(error.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join("; "))
}

/// A path that still means the same when the process changes its folder.
///
/// # Errors
/// If the path is empty, or the process's folder is gone.
pub fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    std::path::absolute(path).map_err(|error| ConfigError::Wrong(format!("{}: {error}", path.display())))
}
