//! Which Jupyter kernels this node can start, and how.
//!
//! Kernels are found as Jupyter finds them: folders `kernels/<name>/kernel.json` below each data folder of [`KernelPlaces`],
//! names without regard to case, the first place wins. A virtual environment that has `ipykernel` installed and no
//! kernelspec of its own counts as a Python kernel. Finding kernels reads a few folders and starts nothing, so it is done
//! anew whenever it is asked: a kernel installed a moment ago is seen.

mod places;
mod resolve;
mod spec;
mod venv;

pub use places::{KernelPlaces, expand_home};
pub use resolve::{KernelLaunch, ResolveError};
pub use spec::{InterruptMode, KernelSpec, OWN_METADATA, SpecError};

use std::path::{Path, PathBuf};

use wayfare_protocol::capability::RuntimeSpec;
use wayfare_protocol::session::Language;

use crate::jupyter::spec::is_door;

/// A kernel that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its name, unique among those found. A kernel of a virtual environment whose name is taken is called
    /// `<name>.<environment>`.
    pub name: String,
    /// What its `kernel.json` says, or what stands for one.
    pub spec: KernelSpec,
    /// The folder that has its `kernel.json`; `None` for a bare virtual environment.
    pub folder: Option<PathBuf>,
    /// The prefix it was found under (`/usr`, a virtual environment); `None` for the user's own folder.
    pub prefix: Option<PathBuf>,
    /// Whether the prefix is a virtual environment, which its kernel then sees as activated.
    pub in_venv: bool,
}

impl Kernel {
    /// The language it is made for, by its normal name.
    #[must_use]
    pub fn language(&self) -> Language {
        Language::from_word(&self.spec.language)
    }

    /// Whether it runs a language.
    #[must_use]
    pub fn runs(&self, language: &Language) -> bool {
        self.spec.languages().contains(language)
    }

    /// What it is offered as: once for each language that it runs.
    fn describe(&self, places: &KernelPlaces) -> Vec<RuntimeSpec> {
        let environment = if self.in_venv {
            self.prefix.clone()
        } else {
            self.program(places).or_else(|| self.spec.argv.first().map(PathBuf::from))
        };
        let environment = environment.unwrap_or_default().display().to_string();
        let offered = |language| RuntimeSpec {
            kernel: self.name.clone(),
            language,
            display_name: self.spec.display_name.clone(),
            environment: environment.clone(),
        };
        self.spec.languages().into_iter().map(offered).collect()
    }
}

/// The kernels of a node.
#[derive(Clone, Debug)]
pub struct Kernels {
    places: KernelPlaces,
    found: Vec<Kernel>,
    broken: Vec<SpecError>,
}

impl Kernels {
    /// Looks in every place. Kernelspecs that cannot be read are left out and kept in [`Kernels::broken`].
    #[must_use]
    pub fn discover(places: &KernelPlaces) -> Self {
        let mut kernels = Self { places: places.clone(), found: Vec::new(), broken: Vec::new() };
        for place in places.in_order() {
            let (found, broken) = place.kernels();
            kernels.broken.extend(broken);
            for kernel in found {
                kernels.add(kernel);
            }
        }
        // Jupyter's own default goes first, then the order of places.
        kernels.found.sort_by_key(|kernel| kernel.name != "python3");
        kernels
    }

    /// The kernels whose program is there, in order of preference.
    #[must_use]
    pub fn runtimes(&self) -> Vec<RuntimeSpec> {
        self.startable().flat_map(|kernel| kernel.describe(&self.places)).collect()
    }

    /// Kernelspecs that could not be read, and why.
    #[must_use]
    pub fn broken(&self) -> &[SpecError] {
        &self.broken
    }

    fn startable(&self) -> impl Iterator<Item = &Kernel> {
        self.found.iter().filter(|kernel| !is_door(&kernel.spec) && kernel.program(&self.places).is_some())
    }

    fn by_name(&self, name: &str) -> Option<&Kernel> {
        self.found.iter().find(|kernel| kernel.name.eq_ignore_ascii_case(name))
    }

    fn add(&mut self, mut kernel: Kernel) {
        if self.by_name(&kernel.name).is_some() {
            let Some(folder) = kernel.prefix.as_deref().filter(|_| kernel.in_venv).and_then(venv_name) else {
                return; // shadowed by an earlier place, as in Jupyter
            };
            kernel.name = format!("{}.{folder}", kernel.name);
            if self.by_name(&kernel.name).is_some() {
                return;
            }
        }
        self.found.push(kernel);
    }
}

/// What people call a virtual environment: its folder, or the folder above one called `venv` or `.venv`.
fn venv_name(venv: &Path) -> Option<String> {
    let own = venv.file_name()?.to_str()?;
    let name =
        if matches!(own, "venv" | ".venv" | "env" | ".env") { venv.parent()?.file_name()?.to_str()? } else { own };
    Some(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
