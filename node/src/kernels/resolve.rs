//! From a session's environment and language to a command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use wayfare_protocol::host::KernelTransport;
use wayfare_protocol::session::{Environment, Language};

use super::places::Place;
use super::venv::has_ipykernel;
use super::{InterruptMode, Kernel, KernelPlaces, Kernels, expand_home};

/// How a session's kernel is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelLaunch {
    /// Name of the kernelspec.
    pub kernel: String,
    /// Program (an absolute path) and arguments; `{connection_file}` is left in.
    pub argv: Vec<String>,
    /// Variables added to the environment.
    pub env: Vec<(String, String)>,
    /// The working folder.
    pub cwd: PathBuf,
    /// How it is interrupted.
    pub interrupt_mode: InterruptMode,
    /// How it is reached.
    pub transport: KernelTransport,
    /// How long its outputs may come after it has said that there are no more.
    pub late_output: Duration,
}

/// No kernel can be started as asked; says what was looked for and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No kernelspec of that name.
    #[error("no kernel is called {name:?}; there are [{found}]; searched: {searched}")]
    NoSuchKernel {
        /// The name.
        name: String,
        /// The names there are.
        found: String,
        /// The folders.
        searched: String,
    },
    /// No kernelspec for the language.
    #[error("no kernel for {language} can be started{but}; searched: {searched}")]
    NoneForLanguage {
        /// The language.
        language: Language,
        /// Kernelspecs whose program is missing.
        but: String,
        /// The folders.
        searched: String,
    },
    /// The kernel runs another language.
    #[error("kernel {name:?} runs {runs}, not {language}")]
    OtherLanguage {
        /// The kernel.
        name: String,
        /// What it runs.
        runs: Language,
        /// What the session needs.
        language: Language,
    },
    /// The kernel's program does not exist.
    #[error("kernel {name:?} needs the program {program:?}, which is not there")]
    NoProgram {
        /// The kernel.
        name: String,
        /// What its command line starts with.
        program: String,
    },
    /// The virtual environment has no kernel for the language.
    #[error("{venv} has no kernel for {language}: {why}", venv = venv.display())]
    NoneInVenv {
        /// Its folder.
        venv: PathBuf,
        /// The language.
        language: Language,
        /// What was looked for, and what would help.
        why: String,
    },
    /// The working folder does not exist.
    #[error("working folder {} is not a folder on this device", .0.display())]
    NoFolder(PathBuf),
    /// Neither a working folder nor a home.
    #[error("no working folder was given and HOME is not set")]
    NoHome,
}

impl Kernels {
    /// The command line for a session. A relative `cwd` is below the home folder, a relative `venv` below the `cwd`; a `venv`
    /// goes before a `kernel`.
    ///
    /// # Errors
    /// If nothing fits; the error says what was looked for and where.
    pub fn resolve(&self, environment: &Environment, language: &Language) -> Result<KernelLaunch, ResolveError> {
        let cwd = self.working_folder(environment)?;
        let kernel = match (&environment.venv, &environment.kernel) {
            (Some(venv), _) => {
                self.in_venv(&cwd.join(expand_home(Path::new(venv), self.places.home.as_deref())), language)?
            }
            (None, Some(name)) => self.named(name, language)?.clone(),
            (None, None) => self.first(language)?.clone(),
        };
        let program = kernel.program(&self.places).ok_or_else(|| ResolveError::NoProgram {
            name: kernel.name.clone(),
            program: kernel.spec.argv.first().cloned().unwrap_or_default(),
        })?;
        Ok(kernel.launch(&program, cwd, &self.places))
    }

    fn working_folder(&self, environment: &Environment) -> Result<PathBuf, ResolveError> {
        let home = self.places.home.as_deref();
        let folder = match (&environment.cwd, home) {
            (Some(cwd), home) => {
                let cwd = expand_home(Path::new(cwd), home);
                if cwd.is_absolute() { cwd } else { home.ok_or(ResolveError::NoHome)?.join(cwd) }
            }
            (None, Some(home)) => home.to_owned(),
            (None, None) => return Err(ResolveError::NoHome),
        };
        if folder.is_dir() { Ok(folder) } else { Err(ResolveError::NoFolder(folder)) }
    }

    fn in_venv(&self, venv: &Path, language: &Language) -> Result<Kernel, ResolveError> {
        let place = Place::Venv(venv.to_owned());
        let (kernels, broken) = place.kernels();
        if let Some(kernel) = kernels.into_iter().find(|kernel| kernel.runs(language)) {
            return Ok(kernel);
        }
        let mut why = format!("looked for a kernelspec in {}", place.kernels_folder().display());
        for error in broken {
            why.push_str(&format!("; {error}"));
        }
        if !venv.is_dir() {
            why = "it is not a folder on this device".to_owned();
        } else if language.as_str() == "python" && !has_ipykernel(venv) {
            let python = venv.join("bin/python");
            why.push_str(&format!(
                " and for ipykernel in {}; `{} -m pip install ipykernel` adds it",
                venv.join("lib/python*/site-packages").display(),
                python.display()
            ));
        }
        Err(ResolveError::NoneInVenv { venv: venv.to_owned(), language: language.clone(), why })
    }

    fn named(&self, name: &str, language: &Language) -> Result<&Kernel, ResolveError> {
        let kernel = self.by_name(name).ok_or_else(|| ResolveError::NoSuchKernel {
            name: name.to_owned(),
            found: self.found.iter().map(|kernel| kernel.name.as_str()).collect::<Vec<_>>().join(", "),
            searched: self.places.searched(),
        })?;
        if kernel.runs(language) {
            return Ok(kernel);
        }
        let (name, runs) = (kernel.name.clone(), kernel.language());
        Err(ResolveError::OtherLanguage { name, runs, language: language.clone() })
    }

    fn first(&self, language: &Language) -> Result<&Kernel, ResolveError> {
        // A kernel made for the language goes before one that runs it too.
        let made_for = self.startable().find(|kernel| kernel.language() == *language);
        made_for.or_else(|| self.startable().find(|kernel| kernel.runs(language))).ok_or_else(|| {
            let unusable: Vec<_> = self
                .found
                .iter()
                .filter(|kernel| kernel.runs(language))
                .map(|kernel| format!("{} needs {:?}", kernel.name, kernel.spec.argv[0]))
                .collect();
            let but = if unusable.is_empty() { String::new() } else { format!(" ({})", unusable.join(", ")) };
            ResolveError::NoneForLanguage { language: language.clone(), but, searched: self.places.searched() }
        })
    }
}

impl Kernel {
    /// The absolute path of its program; `None` if it is not there.
    pub(super) fn program(&self, places: &KernelPlaces) -> Option<PathBuf> {
        let named = self.substituted(self.spec.argv.first()?);
        let named = Path::new(&named);
        if named.components().count() > 1 {
            return (named.is_absolute() && named.is_file()).then(|| named.to_owned());
        }
        // A kernelspec that a wheel installed says just `python` and means the one beside it.
        let beside = self.prefix.as_ref().map(|prefix| prefix.join("bin"));
        beside.iter().chain(&places.path).map(|folder| folder.join(named)).find(|path| path.is_file())
    }

    fn launch(&self, program: &Path, cwd: PathBuf, places: &KernelPlaces) -> KernelLaunch {
        let rest = self.spec.argv.iter().skip(1).map(|argument| self.substituted(argument));
        let argv = std::iter::once(program.display().to_string()).chain(rest).collect();
        let mut env: Vec<_> = if self.in_venv { self.activated(places) } else { Vec::new() };
        env.extend(self.spec.env.iter().map(|(name, value)| (name.clone(), expand(value, &places.variables))));
        KernelLaunch {
            kernel: self.name.clone(),
            argv,
            env,
            cwd,
            interrupt_mode: self.spec.interrupt_mode(),
            transport: self.spec.transport(),
            late_output: self.spec.late_output(),
        }
    }

    /// `{resource_dir}` and `{prefix}` as the Jupyter client replaces them.
    fn substituted(&self, argument: &str) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        argument.replace("{resource_dir}", &path(&self.folder)).replace("{prefix}", &path(&self.prefix))
    }

    /// What a virtual environment's `activate` sets, so that `!pip` in a cell means the environment's.
    fn activated(&self, places: &KernelPlaces) -> Vec<(String, String)> {
        let Some(venv) = &self.prefix else { return Vec::new() };
        let folders = std::iter::once(venv.join("bin")).chain(places.path.iter().cloned());
        let mut env = vec![("VIRTUAL_ENV".to_owned(), venv.display().to_string())];
        if let Some(path) = std::env::join_paths(folders).ok().and_then(|path| path.into_string().ok()) {
            env.push(("PATH".to_owned(), path));
        }
        env
    }
}

/// Replaces `${NAME}` by the variable's value; an unknown one stays as it is, as in the Jupyter client.
fn expand(text: &str, variables: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let name = &rest[start + 2..start + length];
        out.push_str(&rest[..start]);
        match variables.iter().find(|(key, _)| key == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}
