//! The node's configuration: flags over environment over file over defaults.
//!
//! The environment's names are `WAYFARE_NODE_` and the key, the file is `~/.config/wayfare/node.toml`: see [`wayfare_io::config`]. A
//! key that does not exist is an error.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use figment::Figment;
use figment::providers::Serialized;
use serde::{Deserialize, Serialize};
pub use wayfare_io::config::{ConfigError, LogConfig, LogFormat};
use wayfare_io::config::{Sources, absolute};
use wayfare_io::http::{Origin, OriginError};
use wayfare_protocol::Limits;
use wayfare_protocol::capability::Policy;
use wayfare_protocol::limits::DEVICE_NAME_MAX;

use crate::hardware::{device_name, gpu};

/// Prefix of the environment's variables.
pub const ENV_PREFIX: &str = "WAYFARE_NODE_";

/// The door for programs that speak HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Loopback address at which it listens besides its unix socket; port 0: one that is free, see `door/http.addr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Origin of the pages that may speak MRP with the token before the path, as MRMD's editor does: `http://localhost:5173`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrmd_origin: Option<String>,
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
    /// Free tags that a cell may ask for.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The program that tells of NVIDIA's graphics processors; `None`: `nvidia-smi`, where `PATH` finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nvidia_smi: Option<PathBuf>,
    /// What is transferred costs money: documents and assets come when they are opened, and not before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub metered: bool,
    /// What other devices may run here.
    #[serde(default)]
    pub policy: Policy,
    /// The door for programs that speak HTTP.
    #[serde(default)]
    pub http: HttpConfig,
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
    #[arg(long, global = true, env = "WAYFARE_NODE_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Folder of everything that the node keeps.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// The device's name.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The session host's program.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_host: Option<PathBuf>,
    /// A virtual environment whose kernels are offered; may be given several times.
    #[arg(long = "venv", global = true)]
    #[serde(rename = "venvs", skip_serializing_if = "Vec::is_empty")]
    pub venvs: Vec<PathBuf>,
    /// A tag that cells may ask for; may be given several times.
    #[arg(long = "tag", global = true)]
    #[serde(rename = "tags", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The program that tells of NVIDIA's graphics processors (default: nvidia-smi).
    #[arg(long, global = true, value_name = "PROGRAM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nvidia_smi: Option<PathBuf>,
    /// The door for programs that speak HTTP.
    #[command(flatten)]
    pub http: HttpFlags,
    /// What is logged: info, debug, or a list like info,wayfare_node=debug.
    #[arg(long = "log", global = true)]
    #[serde(skip)]
    pub log_filter: Option<String>,
    /// How log lines look.
    #[arg(long, global = true)]
    #[serde(skip)]
    pub log_format: Option<LogFormat>,
    /// File to which every decision is traced.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_file: Option<PathBuf>,
}

/// The flags below `http`.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub struct HttpFlags {
    /// Listen for HTTP at this loopback address too, with the token of http.token: 127.0.0.1:7445.
    #[arg(long = "http-listen", global = true, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Pages of this origin may speak MRP with the token before the path: http://localhost:5173.
    #[arg(long, global = true, value_name = "ORIGIN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrmd_origin: Option<String>,
}

impl NodeConfig {
    /// Puts flags, this process's environment, the file and the defaults together.
    ///
    /// # Errors
    /// If a file that was named is not there, a key does not exist, or a value is of the wrong kind.
    pub fn load(flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let sources = Sources {
            prefix: ENV_PREFIX,
            named: flags.config.as_deref(),
            own: "wayfare/node.toml",
            data: "wayfare",
            texts: &["name"],
        };
        let defaults = Figment::new().merge(Serialized::default("name", device_name()));
        Self::finish(sources.over(defaults), flags)
    }

    fn finish(figment: Figment, flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let mut config: Self = wayfare_io::config::read(figment, flags, flags.log_filter.as_deref(), flags.log_format)?;
        config.check()?;
        config.data_dir = absolute(&config.data_dir)?;
        config.session_host = config.session_host.as_deref().map(absolute).transpose()?;
        Ok(config)
    }

    /// The origin whose pages may speak MRP, if there is one.
    ///
    /// # Errors
    /// If it is none.
    pub fn mrmd_origin(&self) -> Result<Option<Origin>, ConfigError> {
        let wrong = |error| ConfigError::Wrong(format!("http.mrmd_origin: {error}"));
        self.http.mrmd_origin.as_deref().map(str::parse).transpose().map_err(|error: OriginError| wrong(error))
    }

    /// The program that tells of graphics processors.
    #[must_use]
    pub fn gpu_program(&self) -> OsString {
        self.nvidia_smi.clone().map_or_else(|| gpu::PROGRAM.into(), PathBuf::into_os_string)
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        if self.hurry == 1 { self.limits.clone() } else { self.limits.clone().hurried(self.hurry) }
    }

    /// The configuration as TOML that could be given as file, secrets masked.
    #[must_use]
    pub fn print(&self) -> String {
        wayfare_io::config::print(self)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError::Wrong(what));
        self.mrmd_origin()?;
        if let Some(listen) = self.http.listen.filter(|listen| !listen.ip().is_loopback()) {
            return wrong(format!("http.listen is {listen}: the door is for this machine, such as 127.0.0.1:7445"));
        }
        match self.name.len() {
            0 => wrong("name is empty".to_owned()),
            length if length > DEVICE_NAME_MAX => {
                wrong(format!("name has {length} bytes, over the limit of {DEVICE_NAME_MAX}"))
            }
            _ if self.name.chars().any(char::is_control) => wrong("name has control characters".to_owned()),
            _ if self
                .tags
                .iter()
                .any(|tag| tag.is_empty() || tag.contains(',') || tag.chars().any(char::is_control)) =>
            {
                wrong("a tag is empty or has commas or control characters".to_owned())
            }
            _ if self.hurry == 0 => wrong("hurry is 0; 1 is the least".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
