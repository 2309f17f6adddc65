//! The project that a notebook belongs to.

use std::path::{Path, PathBuf};

use wayfare_protocol::session::{SessionName, SessionNameError};

use super::NotebookError;

/// Files that mark a folder as a project.
const MARKERS: [&str; 2] = ["wayfare.toml", "mrmd.md"];

/// A project: sessions of one project share its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its name, fit to stand before the `:` of a session name.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
}

impl Project {
    /// The project of a notebook at an absolute path: the name in its front matter, else the nearest folder above it that has
    /// `wayfare.toml` or `mrmd.md`, else its own folder.
    ///
    /// # Errors
    /// If the front matter's name cannot stand in a session name. A folder's name is made fit: each other character becomes `-`.
    pub fn of(notebook: &Path, named: Option<&str>) -> Result<Self, NotebookError> {
        let own = notebook.parent().unwrap_or(Path::new("/"));
        let is_project = |folder: &&Path| MARKERS.iter().any(|marker| folder.join(marker).is_file());
        let root = own.ancestors().find(is_project).unwrap_or(own).to_owned();
        let folder = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name: chosen(named, &folder)?, root })
    }

    /// The project of a document: the name in its front matter, else that of the project that it is in.
    ///
    /// # Errors
    /// As of [`Project::of`].
    pub fn of_document(project: &str, named: Option<&str>) -> Result<Self, NotebookError> {
        Ok(Self { name: chosen(named, project)?, root: PathBuf::new() })
    }
}

fn chosen(named: Option<&str>, otherwise: &str) -> Result<String, NotebookError> {
    let Some(name) = named else { return Ok(fit(otherwise)) };
    let refused = |error: SessionNameError| NotebookError::FrontMatter(format!("project: {error}"));
    Ok(SessionName::new(name, super::DEFAULT_SESSION).map_err(refused)?.project)
}

fn fit(name: &str) -> String {
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name.chars().take(SessionName::PART_MAX).map(|c| if legal(c) { c } else { '-' }).collect();
    if name.is_empty() { "root".to_owned() } else { name }
}
