//! The kernelspec by which front ends find the mesh.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::kernels::{KernelSpec, OWN_METADATA};

/// In what a kernelspec's metadata says to Wayfare: of which version this door is. By it a node knows its own door and does not offer
/// it as a kernel.
const DOOR: &str = "door";

/// A kernelspec to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// Its name, which is its folder's.
    pub name: String,
    /// What people choose it by.
    pub display_name: String,
    /// The language, by its normal name.
    pub language: String,
    /// The program `wayfare`.
    pub program: PathBuf,
    /// Its arguments; the connection file's are appended.
    pub arguments: Vec<String>,
}

impl Install {
    /// Writes it below a Jupyter data folder, in place of one of the same name; returns its folder.
    ///
    /// # Errors
    /// If the name is none that Jupyter finds, or the system refuses.
    pub fn write(&self, data: &Path) -> io::Result<PathBuf> {
        // Jupyter's own rule (jupyter_client.kernelspec).
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if self.name.is_empty() || !self.name.chars().all(is_name) || self.name.starts_with('.') {
            let why = format!("{:?} is no name of a kernelspec: letters, digits, '.', '_' and '-'", self.name);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let folder = data.join("kernels").join(&self.name);
        std::fs::create_dir_all(&folder)?;
        let mut argv = vec![self.program.display().to_string()];
        argv.extend(self.arguments.iter().cloned());
        argv.extend(["--connection-file", "{connection_file}"].map(str::to_owned));
        let spec = json!({
            "argv": argv,
            "display_name": self.display_name,
            "language": self.language,
            "interrupt_mode": "message",
            "metadata": { OWN_METADATA: { DOOR: env!("CARGO_PKG_VERSION") } },
        });
        let (whole, path) = (folder.join("kernel.json.new"), folder.join("kernel.json"));
        std::fs::write(&whole, format!("{spec:#}\n"))?;
        std::fs::rename(&whole, &path)?;
        Ok(folder)
    }
}

/// Whether a kernelspec is a door to a mesh: a node that offered it would wait for itself.
#[must_use]
pub fn is_door(spec: &KernelSpec) -> bool {
    spec.metadata.get(OWN_METADATA).is_some_and(|own| own.get(DOOR).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{KernelPlaces, Kernels};

    fn install(name: &str) -> Install {
        Install {
            name: name.to_owned(),
            display_name: "Python 3 on the mesh".to_owned(),
            language: "python".to_owned(),
            program: "/bin/sh".into(),
            arguments: vec!["jupyter".to_owned(), "serve".to_owned()],
        }
    }

    #[test]
    fn a_door_is_written_as_a_kernelspec_that_no_node_offers() {
        let data = tempfile::tempdir().unwrap();
        let folder = install("wayfare-python").write(data.path()).unwrap();
        install("wayfare-python").write(data.path()).expect("in place of the one before");
        let spec = KernelSpec::read(&folder.join("kernel.json")).unwrap();
        assert_eq!(spec.argv, ["/bin/sh", "jupyter", "serve", "--connection-file", "{connection_file}"]);
        assert!(is_door(&spec));
        let places = KernelPlaces { user: Some(data.path().to_owned()), ..KernelPlaces::default() };
        assert_eq!(Kernels::discover(&places).runtimes(), []);
    }

    #[test]
    fn a_name_that_jupyter_would_not_find_is_refused() {
        let data = tempfile::tempdir().unwrap();
        for name in ["", "a b", "../x", "ü", ".hidden"] {
            assert!(install(name).write(data.path()).is_err(), "{name}");
        }
    }
}
