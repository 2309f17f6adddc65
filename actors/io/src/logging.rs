//! Log lines of a program, on its standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, LogConfig, LogFormat};

/// Writes what the filter lets through to standard error from now on. To be called once, before anything else.
///
/// # Errors
/// If the filter cannot be read, or lines are written already.
pub fn start_logging(config: &LogConfig) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| ConfigError::Wrong(format!("log.filter: {:?}: {error}", config.filter)))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match config.format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| ConfigError::Wrong(format!("logging: {error}")))
}
