//! `kernel.json`: how a kernel is started, as the Jupyter client documentation describes it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use wayfare_protocol::host::KernelTransport;
use wayfare_protocol::limits::KERNELSPEC_MAX;
use wayfare_protocol::session::Language;

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

/// Key of a kernelspec's metadata that says how Wayfare treats the kernel: `{"wayfare": {"transport": "tcp"}}`, or `"mrp"` for a
/// server of the run protocol.
pub const OWN_METADATA: &str = "wayfare";

/// What Deno prints has come by then after its `idle`.
const DENO_LATE: Duration = Duration::from_millis(100);

/// What a `kernel.json` says. Keys that it has beside these are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KernelSpec {
    /// Program and arguments; `{connection_file}` stands for a path.
    pub argv: Vec<String>,
    /// The language, as its author writes it.
    pub language: String,
    /// For people.
    pub display_name: String,
    /// How it is interrupted, where its author says so.
    #[serde(default)]
    pub interrupt_mode: Option<InterruptMode>,
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
        if spec.argv.is_empty() {
            return Err(wrong("argv is empty".to_owned()));
        }
        if let Some(Err(error)) = spec.own_transport() {
            return Err(wrong(format!("metadata.{OWN_METADATA}.transport: {error}")));
        }
        if spec.transport() == KernelTransport::Mrp && !spec.argv.iter().any(|word| word.contains("{port}")) {
            return Err(wrong(
                "argv does not say where {port} goes, on which a server of the run protocol listens".to_owned(),
            ));
        }
        Ok(spec)
    }

    /// How it is reached: as its metadata says, else over unix sockets, which nobody else can connect to; kernels that are known
    /// to speak TCP only, over loopback.
    #[must_use]
    pub fn transport(&self) -> KernelTransport {
        let known = if self.is_deno() { KernelTransport::Tcp } else { KernelTransport::Ipc };
        self.own_transport().and_then(Result::ok).unwrap_or(known)
    }

    /// How it is interrupted: as its author says, else by SIGINT, save for kernels that are known to die of it.
    #[must_use]
    pub fn interrupt_mode(&self) -> InterruptMode {
        let known = if self.is_deno() { InterruptMode::Message } else { InterruptMode::Signal };
        self.interrupt_mode.unwrap_or(known)
    }

    /// How long its outputs may come after it has said that there are no more: zero, save for kernels that are known for it.
    #[must_use]
    pub fn late_output(&self) -> Duration {
        if self.is_deno() { DENO_LATE } else { Duration::ZERO }
    }

    /// The languages that it runs, by their normal names: every JavaScript is TypeScript too.
    #[must_use]
    pub fn languages(&self) -> Vec<Language> {
        let own = Language::from_word(&self.language);
        let javascript = (own.as_str() == "typescript").then(|| Language::from_word("javascript"));
        std::iter::once(own).chain(javascript).collect()
    }

    fn own_transport(&self) -> Option<Result<KernelTransport, serde_json::Error>> {
        self.metadata.get(OWN_METADATA)?.get("transport").map(KernelTransport::deserialize)
    }

    /// Deno's kernel refuses unix sockets, SIGINT ends it, and what it prints may come after its `idle` (seen with 2.9.8).
    fn is_deno(&self) -> bool {
        let program = self.argv.first().map(Path::new).and_then(Path::file_name);
        program.is_some_and(|name| name == "deno") && self.argv.get(1).is_some_and(|word| word == "jupyter")
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
            interrupt_mode: None,
            env: BTreeMap::new(),
            metadata: serde_json::Map::new(),
        }
    }
}
