//! `kernel.json`: how a kernel is started, as the Jupyter client documentation describes it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wayfare_protocol::limits::KERNELSPEC_MAX;

/// How a kernel is interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InterruptMode {
    /// By SIGINT.
    #[default]
    Signal,
    /// By a message on its control channel.
    Message,
}

/// What a `kernel.json` says. Keys that it has beside these are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KernelSpec {
    /// Program and arguments; `{connection_file}` stands for a path.
    pub argv: Vec<String>,
    /// The language, as its author writes it.
    pub language: String,
    /// For people.
    pub display_name: String,
    /// How it is interrupted.
    #[serde(default)]
    pub interrupt_mode: InterruptMode,
    /// Variables added to its environment; `${NAME}` is replaced from the node's own.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Whatever its author added.
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// A kernelspec that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}", path = path.display())]
pub struct SpecError {
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl KernelSpec {
    /// Reads one file.
    ///
    /// # Errors
    /// If the file cannot be read, is larger than [`KERNELSPEC_MAX`] bytes, is not a kernelspec, or has an empty `argv`.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let wrong = |why: String| SpecError { path: path.to_owned(), why };
        let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
        let mut text = String::new();
        file.take(KERNELSPEC_MAX + 1).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        if text.len() as u64 > KERNELSPEC_MAX {
            return Err(wrong(format!("larger than {KERNELSPEC_MAX} bytes")));
        }
        let spec: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if spec.argv.is_empty() { Err(wrong("argv is empty".to_owned())) } else { Ok(spec) }
    }

    /// What stands for the kernelspec of a virtual environment that has ipykernel and no kernelspec.
    #[must_use]
    pub fn bare_venv(venv: &Path) -> Self {
        let python = venv.join("bin/python").display().to_string();
        let argv = [&python, "-m", "ipykernel_launcher", "-f", "{connection_file}"];
        Self {
            argv: argv.map(str::to_owned).to_vec(),
            language: "python".to_owned(),
            display_name: format!("Python ({})", super::venv_name(venv).unwrap_or_default()),
            interrupt_mode: InterruptMode::Signal,
            env: BTreeMap::new(),
            metadata: serde_json::Map::new(),
        }
    }
}
