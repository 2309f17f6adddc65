//! Markdown notebooks: which session each cell belongs to and what it needs. `docs/notebooks.md` has the rules for people; which
//! fences are cells is `wayfare-notebook`'s to say.

mod front_matter;
mod needs;
mod project;

use std::io::Read;
use std::path::{Path, PathBuf};

use wayfare_notebook::Document;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::limits::NOTEBOOK_MAX;
use wayfare_protocol::mrp::CellRef;
use wayfare_protocol::session::{Environment, SessionKey, SessionName, SessionNameError};

pub use front_matter::{FrontMatter, LanguageSettings};
pub use needs::{NeedsError, all, parse_needs};
pub use project::Project;
pub use wayfare_notebook::Cell;

/// Name of the session of a cell for which nothing chooses one.
pub const DEFAULT_SESSION: &str = "main";

/// A parsed notebook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notebook {
    /// What stands between the `---` lines at its top.
    pub front_matter: FrontMatter,
    /// Its cells in order.
    pub cells: Vec<Cell>,
}

/// A notebook that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotebookError {
    /// It cannot be read.
    #[error("{path}: {why}", path = path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// Its front matter is not as documented.
    #[error("front matter: {0}")]
    FrontMatter(String),
    /// A session's name is none.
    #[error("line {line}: {error}")]
    Session {
        /// Line of the cell's opening fence.
        line: u32,
        /// What is wrong with it.
        error: SessionNameError,
    },
    /// What a cell needs is not a list of needs.
    #[error("line {line}: needs={error}")]
    Needs {
        /// Line of the cell's opening fence.
        line: u32,
        /// What is wrong with it.
        error: NeedsError,
    },
}

impl Notebook {
    /// Parses a notebook's text.
    ///
    /// # Errors
    /// If the front matter is not as documented.
    pub fn parse(text: &str) -> Result<Self, NotebookError> {
        let document = Document::parse(text);
        let front_matter = document.front_matter().map(|found| front_matter::parse(&text[found.yaml.clone()]));
        Ok(Self { front_matter: front_matter.transpose()?.unwrap_or_default(), cells: document.into_cells() })
    }

    /// The session of a cell, and how its kernel is started if it is made now. The first that says something wins:
    ///
    /// 1. the second word of the cell's info string;
    /// 2. the front matter for the cell's language;
    /// 3. the front matter's default;
    /// 4. [`DEFAULT_SESSION`].
    ///
    /// A name without `project:` is completed with `project`. The environment is the front matter's for the language,
    /// whatever the session is called.
    ///
    /// # Errors
    /// If what was chosen is not a session name.
    pub fn session_of(&self, cell: &Cell, project: &str) -> Result<(SessionKey, Environment), NotebookError> {
        let settings = self.front_matter.languages.get(&cell.language);
        let name = cell
            .session
            .as_deref()
            .or_else(|| settings.and_then(|settings| settings.name.as_deref()))
            .or(self.front_matter.default_session.as_deref())
            .unwrap_or(DEFAULT_SESSION);
        let name = if name.contains(':') { name.parse() } else { SessionName::new(project, name) };
        let name = name.map_err(|error| NotebookError::Session { line: cell.line, error })?;
        let environment = settings.map(LanguageSettings::environment).unwrap_or_default();
        Ok((SessionKey { name, language: cell.language.clone() }, environment))
    }
}

impl Notebook {
    /// What a cell asks of the device that runs it: its attribute `needs=…` and the front matter's `needs`.
    ///
    /// # Errors
    /// If the attribute is not a list of needs.
    pub fn needs_of(&self, cell: &Cell) -> Result<Needs, NotebookError> {
        let mut needs = self.front_matter.needs.clone();
        for words in cell.attributes.iter().filter_map(|attribute| attribute.strip_prefix("needs=")) {
            let words = words.trim_matches(['"', '\'']);
            let own = parse_needs(words).map_err(|error| NotebookError::Needs { line: cell.line, error })?;
            needs = all(needs, own);
        }
        Ok(needs)
    }
}

fn unreadable(path: &Path, why: String) -> NotebookError {
    NotebookError::Unreadable { path: path.to_owned(), why }
}

/// The text of a file of so many bytes at the most.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String, NotebookError> {
    let refused = |error: std::io::Error| unreadable(path, error.to_string());
    let mut text = String::new();
    std::fs::File::open(path).map_err(refused)?.take(most + 1).read_to_string(&mut text).map_err(refused)?;
    if text.len() as u64 > most {
        return Err(unreadable(path, format!("larger than {most} bytes")));
    }
    Ok(text)
}

/// A notebook file together with the project it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookFile {
    /// Its path.
    pub path: PathBuf,
    /// What is in it.
    pub notebook: Notebook,
    /// Its project.
    pub project: Project,
}

impl NotebookFile {
    /// Reads a notebook and finds its project.
    ///
    /// # Errors
    /// If it cannot be read, is larger than [`NOTEBOOK_MAX`], is not UTF-8, or its front matter is not as documented.
    pub fn read(path: &Path) -> Result<Self, NotebookError> {
        let full = path.canonicalize().map_err(|error| unreadable(path, error.to_string()))?;
        let notebook = Notebook::parse(&read_text(path, NOTEBOOK_MAX)?)?;
        let project = Project::of(&full, notebook.front_matter.project.as_deref())?;
        Ok(Self { path: full, notebook, project })
    }

    /// A document of a project as a notebook.
    ///
    /// # Errors
    /// If its front matter is not as documented.
    pub fn of_document(project: &str, path: &str, text: &str) -> Result<Self, NotebookError> {
        let notebook = Notebook::parse(text)?;
        let project = Project::of_document(project, notebook.front_matter.project.as_deref())?;
        Ok(Self { path: PathBuf::from(path), notebook, project })
    }

    /// The session of a cell; see [`Notebook::session_of`].
    ///
    /// # Errors
    /// As there.
    pub fn session_of(&self, cell: &Cell) -> Result<(SessionKey, Environment), NotebookError> {
        self.notebook.session_of(cell, &self.project.name)
    }

    /// Where a cell stands, for its run request.
    #[must_use]
    pub fn cell_ref(&self, cell: &Cell) -> CellRef {
        let document = self.path.strip_prefix(&self.project.root).unwrap_or(&self.path);
        CellRef { document: document.display().to_string(), index: cell.index }
    }
}

#[cfg(test)]
mod tests;
