//! Where kernels are looked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a search for kernels depends on: folders and the environment, read once.
///
/// The order in which places are searched, first wins: `JUPYTER_PATH`; the user's data folder; the virtual environments
/// of the configuration; `$VIRTUAL_ENV`; the prefix of every folder on `PATH` (`<prefix>/bin` has
/// `<prefix>/share/jupyter`); `/usr/local`; `/usr`.
#[derive(Clone, Debug, Default)]
pub struct KernelPlaces {
    /// Data folders of `JUPYTER_PATH`.
    pub jupyter_path: Vec<PathBuf>,
    /// The user's Jupyter data folder.
    pub user: Option<PathBuf>,
    /// Virtual environments.
    pub venvs: Vec<PathBuf>,
    /// Prefixes with a `share/jupyter`.
    pub prefixes: Vec<PathBuf>,
    /// Folders where a program without a path is looked for.
    pub path: Vec<PathBuf>,
    /// The user's home folder: the default working folder, and what `~` stands for.
    pub home: Option<PathBuf>,
    /// Variables that `${NAME}` in a kernelspec stands for.
    pub variables: Vec<(String, String)>,
}

impl KernelPlaces {
    /// The places of this process: its environment, and the virtual environments of the configuration.
    #[must_use]
    pub fn of_process(venvs: &[PathBuf]) -> Self {
        let variables = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self::of_variables(variables.collect(), venvs)
    }

    /// The same, with the environment as an argument.
    #[must_use]
    pub fn of_variables(variables: Vec<(String, String)>, configured: &[PathBuf]) -> Self {
        let get = |name: &str| {
            variables.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
        };
        let list = |name: &str| {
            let value = OsString::from(get(name).unwrap_or_default());
            std::env::split_paths(&value).filter(|path| path.is_absolute()).collect::<Vec<_>>()
        };
        let home = get("HOME").map(PathBuf::from);
        let user = get("JUPYTER_DATA_DIR")
            .map(PathBuf::from)
            .or_else(|| get("XDG_DATA_HOME").map(|data| Path::new(data).join("jupyter")))
            .or_else(|| home.as_ref().map(|home| home.join(".local/share/jupyter")));
        let mut venvs: Vec<_> = configured.iter().map(|venv| expand_home(venv, home.as_deref())).collect();
        venvs.extend(get("VIRTUAL_ENV").map(PathBuf::from));
        let path = list("PATH");
        let bins = path.iter().filter(|folder| folder.ends_with("bin"));
        let mut prefixes: Vec<_> = bins.filter_map(|bin| bin.parent()).map(Path::to_owned).collect();
        prefixes.retain(|prefix| {
            prefix.parent().is_some() && prefix != Path::new("/usr/local") && prefix != Path::new("/usr")
        });
        prefixes.extend(["/usr/local".into(), "/usr".into()]);
        Self { jupyter_path: list("JUPYTER_PATH"), user, venvs, prefixes, path, home, variables }
    }

    /// Every place in the order of search, none twice.
    pub(super) fn in_order(&self) -> Vec<Place> {
        let mut places: Vec<Place> = self.jupyter_path.iter().cloned().map(Place::Data).collect();
        places.extend(self.user.clone().map(Place::Data));
        places.extend(self.venvs.iter().cloned().map(Place::Venv));
        for prefix in &self.prefixes {
            // A virtual environment that is on PATH without being activated is one all the same.
            let venv = prefix.join("pyvenv.cfg").is_file();
            places.push(if venv { Place::Venv(prefix.clone()) } else { Place::Prefix(prefix.clone()) });
        }
        let mut seen: Vec<PathBuf> = Vec::new();
        places.retain(|place| {
            let kernels = place.kernels_folder();
            let fresh = !seen.contains(&kernels);
            seen.push(kernels);
            fresh
        });
        places
    }

    /// The folders that are searched, for people.
    pub(super) fn searched(&self) -> String {
        let folders = self.in_order();
        folders.iter().map(|place| place.kernels_folder().display().to_string()).collect::<Vec<_>>().join(", ")
    }
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A Jupyter data folder.
    Data(PathBuf),
    /// A prefix with `share/jupyter`.
    Prefix(PathBuf),
    /// A virtual environment.
    Venv(PathBuf),
}

impl Place {
    pub(super) fn kernels_folder(&self) -> PathBuf {
        match self {
            Self::Data(folder) => folder.join("kernels"),
            Self::Prefix(prefix) | Self::Venv(prefix) => prefix.join("share/jupyter/kernels"),
        }
    }
}

/// The path with a leading `~` replaced by the home folder, where there is one.
#[must_use]
pub fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
