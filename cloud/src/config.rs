//! The cloud's configuration: flags over environment over file over defaults.
//!
//! The environment's names are `WAYFARE_CLOUD_` and the key, the file is `~/.config/wayfare/cloud.toml`: see
//! [`wayfare_io::config`]. A key that does not exist is an error.

mod assets;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub use assets::{AssetPlace, AssetsConfig};
use clap::Args;
use figment::Figment;
use serde::{Deserialize, Serialize};
pub use wayfare_io::config::{ConfigError, LogConfig, LogFormat};
use wayfare_io::config::{Sources, absolute};
use wayfare_protocol::Limits;

/// Prefix of the environment's variables.
pub const ENV_PREFIX: &str = "WAYFARE_CLOUD_";

/// How the cloud shows who it is, and whether what passes is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// File of a public certificate's chain, leaf first, as PEM; `None`: a CA of the cloud's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// File of the public certificate's private key, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// No TLS, on an address of this machine only.
    pub plaintext: bool,
    /// No TLS, on any address: whoever is on the way can read and change everything.
    pub insecure_plaintext: bool,
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudConfig {
    /// Folder of everything that the cloud keeps; one cloud at a time.
    pub data_dir: PathBuf,
    /// Where devices connect. Port 0: one that is free, see `listen.addr` in the data folder.
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Where health, metrics and pairing strings are asked for; without TLS.
    #[serde(default = "admin_listen")]
    pub admin_listen: SocketAddr,
    /// Where programs that speak HTTP connect, encrypted as links are; `None`: nowhere. Port 0: see `http.addr` in the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_listen: Option<SocketAddr>,
    /// Names and addresses under which devices reach the cloud, the best first: that one is in pairing strings.
    #[serde(default)]
    pub names: Vec<String>,
    /// The port under which devices reach the cloud, where it is not that of `listen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_port: Option<u16>,
    /// How the cloud shows who it is.
    #[serde(default)]
    pub tls: TlsConfig,
    /// Where assets are.
    #[serde(default)]
    pub assets: AssetsConfig,
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

fn listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 7443))
}

fn admin_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 7444))
}

fn one() -> u32 {
    1
}

/// The flags that set configuration; flatten them into a command.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub struct ConfigFlags {
    /// Configuration file (default: ~/.config/wayfare/cloud.toml, if it is there).
    #[arg(long, global = true, env = "WAYFARE_CLOUD_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Folder of everything that the cloud keeps.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Where devices connect: 127.0.0.1:7443.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Where health, metrics and pairing strings are asked for: 127.0.0.1:7444.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_listen: Option<SocketAddr>,
    /// Where programs that speak HTTP connect (default: nowhere).
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_listen: Option<SocketAddr>,
    /// A name or address under which devices reach the cloud; may be given several times, the best first.
    #[arg(long = "name", global = true)]
    #[serde(rename = "names", skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The port under which devices reach the cloud, where it is not that of --listen.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_port: Option<u16>,
    /// How the cloud shows who it is.
    #[command(flatten)]
    pub tls: TlsFlags,
    /// What is logged: info, debug, or a list like info,wayfare_io=debug.
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

/// The flags below `tls`.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub struct TlsFlags {
    /// File of a public certificate's chain, leaf first, as PEM.
    #[arg(long = "tls-certificate", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// File of the public certificate's private key, as PEM.
    #[arg(long = "tls-key", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// No TLS, on an address of this machine only.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "is_unset")]
    pub plaintext: bool,
    /// No TLS, on any address: whoever is on the way can read and change everything.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "is_unset")]
    pub insecure_plaintext: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_unset(flag: &bool) -> bool {
    !flag
}

/// How links come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security<'a> {
    /// Over TLS, by a CA of the cloud's own.
    OwnCa,
    /// Over TLS, by a public certificate.
    Public {
        /// File of its chain.
        certificate: &'a Path,
        /// File of its key.
        key: &'a Path,
        /// The host that devices dial.
        host: &'a str,
    },
    /// Without TLS.
    Plain,
}

impl CloudConfig {
    /// Puts flags, this process's environment, the file and the defaults together.
    ///
    /// # Errors
    /// If a file that was named is not there, a key does not exist, a value is of the wrong kind, or values do not go together.
    pub fn load(flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let sources = Sources {
            prefix: ENV_PREFIX,
            named: flags.config.as_deref(),
            own: "wayfare/cloud.toml",
            data: "wayfare-cloud",
            texts: &[],
        };
        Self::finish(sources.over(Figment::new()), flags)
    }

    fn finish(figment: Figment, flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let mut config: Self = wayfare_io::config::read(figment, flags, flags.log_filter.as_deref(), flags.log_format)?;
        config.check()?;
        config.data_dir = absolute(&config.data_dir)?;
        for path in [&mut config.tls.certificate, &mut config.tls.key, &mut config.trace_file].into_iter().flatten() {
            *path = absolute(path)?;
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError::Wrong(what.to_owned()));
        if self.hurry == 0 {
            return wrong("hurry is 0; 1 is the least");
        }
        if self.public_port == Some(0) {
            return wrong("public_port is 0");
        }
        self.assets.bucket()?;
        if self.security()? == Security::Plain && !self.tls.insecure_plaintext {
            let doors = [("listen", Some(self.listen)), ("http_listen", self.http_listen)];
            for (door, address) in doors {
                let Some(address) = address.filter(|address| !address.ip().is_loopback()) else { continue };
                let what = format!(
                    "tls.plaintext is for this machine only and {door} is {address}: use TLS, or set tls.insecure_plaintext if \
                     whoever is on the way may read and change everything"
                );
                return Err(ConfigError::Wrong(what));
            }
        }
        Ok(())
    }

    /// How links come in.
    ///
    /// # Errors
    /// If settings of `tls` contradict one another.
    pub fn security(&self) -> Result<Security<'_>, ConfigError> {
        let wrong = |what: &str| Err(ConfigError::Wrong(what.to_owned()));
        let is_plain = self.tls.plaintext || self.tls.insecure_plaintext;
        match (&self.tls.certificate, &self.tls.key, self.names.first()) {
            (None, None, _) if is_plain => Ok(Security::Plain),
            (None, None, _) => Ok(Security::OwnCa),
            _ if is_plain => wrong("tls.certificate and tls.key are for TLS, and plain text was asked for"),
            (Some(certificate), Some(key), Some(host)) => Ok(Security::Public { certificate, key, host }),
            (Some(_), Some(_), None) => wrong("with tls.certificate, names must begin with the host that devices dial"),
            (Some(_), None, _) => wrong("tls.certificate needs tls.key"),
            (None, Some(_), _) => wrong("tls.key needs tls.certificate"),
        }
    }

    /// The host in pairing strings: the first name, else the address that is listened on, else the machine's name.
    #[must_use]
    pub fn public_host(&self) -> String {
        if let Some(name) = self.names.first() {
            return name.clone();
        }
        let address = self.listen.ip();
        if address.is_unspecified() { machine_name() } else { address.to_string() }
    }

    /// The names in a certificate of the cloud's own CA.
    #[must_use]
    pub fn certificate_names(&self) -> Vec<String> {
        let mut names = self.names.clone();
        names.push(self.public_host());
        names.push("localhost".to_owned());
        names.extend([IpAddr::V4(Ipv4Addr::LOCALHOST)].map(|address| address.to_string()));
        names.sort();
        names.dedup();
        names
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
}

fn machine_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests;
