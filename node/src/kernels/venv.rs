//! What one place has: its kernelspecs, and a virtual environment's bare ipykernel.

use std::path::Path;

use super::places::Place;
use super::{Kernel, KernelSpec, SpecError};

impl Place {
    /// Its kernels by name, and the kernelspecs that could not be read.
    pub(super) fn kernels(&self) -> (Vec<Kernel>, Vec<SpecError>) {
        let (prefix, in_venv) = match self {
            Self::Data(_) => (None, false),
            Self::Prefix(prefix) => (Some(prefix.clone()), false),
            Self::Venv(prefix) => (Some(prefix.clone()), true),
        };
        let mut kernels = Vec::new();
        let mut broken = Vec::new();
        for folder in folders(&self.kernels_folder()) {
            let (Some(name), file) = (folder.file_name().and_then(|name| name.to_str()), folder.join("kernel.json"))
            else {
                continue;
            };
            if !file.is_file() {
                continue;
            }
            let name = name.to_ascii_lowercase();
            match KernelSpec::read(&file) {
                Ok(spec) => {
                    kernels.push(Kernel { name, spec, folder: Some(folder), prefix: prefix.clone(), in_venv });
                }
                Err(error) => broken.push(error),
            }
        }
        if let Self::Venv(venv) = self {
            let has_python = kernels.iter().any(|kernel| kernel.language().as_str() == "python");
            if !has_python && has_ipykernel(venv) {
                let spec = KernelSpec::bare_venv(venv);
                kernels.push(Kernel { name: "python3".to_owned(), spec, folder: None, prefix, in_venv });
            }
        }
        (kernels, broken)
    }
}

/// Whether `ipykernel` is installed in a virtual environment, judged by its folder.
pub(super) fn has_ipykernel(venv: &Path) -> bool {
    let python = |folder: &Path| {
        folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("python"))
    };
    venv.join("bin/python").exists()
        && folders(&venv.join("lib"))
            .iter()
            .any(|folder| python(folder) && folder.join("site-packages/ipykernel").is_dir())
}

/// The folders in a folder in order of name; none where it cannot be read.
fn folders(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
