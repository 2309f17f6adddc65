//! What `wayfare run` is to execute: the chosen cells, or one piece of code, each with its session.

use std::collections::BTreeMap;
use std::path::Path;

use wayfare_core::document::Body;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::limits::CODE_MAX;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{Environment, Language, SessionKey, SessionName};
use wayfare_protocol::{DocumentId, ProjectId};

use super::arguments::{EnvironmentFlags, Run};
use super::exit::Failure;
use crate::notebook::{Cell, DEFAULT_SESSION, NotebookFile, Project, all};

/// One execution.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The cell's number in its notebook.
    pub(super) cell: Option<u32>,
    pub(super) key: SessionKey,
    pub(super) environment: Environment,
    /// What all steps of the session ask of its device.
    pub(super) needs: Needs,
    pub(super) request: ExecuteRequest,
    /// The cell of a document into which its output is to be written.
    pub(super) place: Option<DocumentCell>,
}

/// A document whose cells are to run.
pub(super) struct Opened {
    pub(super) project: ProjectId,
    pub(super) document: DocumentId,
    pub(super) copy: Body,
    pub(super) file: NotebookFile,
}

/// The steps in order; at least one.
pub(super) fn plan(asked: &Run) -> Result<Vec<Step>, Failure> {
    let steps = match (&asked.notebook, &asked.code) {
        (Some(path), _) => of_notebook(&NotebookFile::read(path)?, asked, |_| None)?,
        (None, Some(code)) => vec![of_code(code, asked)?],
        (None, None) => Vec::new(),
    };
    checked(steps)
}

/// Those of a document.
pub(super) fn plan_document(opened: &Opened, asked: &Run) -> Result<Vec<Step>, Failure> {
    let (project, document) = (opened.project, opened.document);
    let place = |cell: &Cell| {
        let begins = opened.copy.character_at(cell.block.start)?;
        Some(DocumentCell { project, document, begins })
    };
    checked(of_notebook(&opened.file, asked, place)?)
}

fn checked(mut steps: Vec<Step>) -> Result<Vec<Step>, Failure> {
    if let Some(long) = steps.iter().find(|step| step.request.code.len() > CODE_MAX) {
        let which = long.cell.map_or_else(|| "the code".to_owned(), |cell| format!("cell {cell}"));
        return Err(Failure::Usage(format!("{which} is longer than {CODE_MAX} bytes")));
    }
    if steps.is_empty() {
        return Err(Failure::Usage("there is nothing to run: no cell fits what was asked for".to_owned()));
    }
    share_needs(&mut steps);
    Ok(steps)
}

/// A session is made once, for all that will run in it.
fn share_needs(steps: &mut [Step]) {
    let mut needs: BTreeMap<SessionKey, Needs> = BTreeMap::new();
    for step in steps.iter() {
        let shared = needs.entry(step.key.clone()).or_default();
        *shared = all(std::mem::take(shared), step.needs.clone());
    }
    for step in steps {
        step.needs = needs.get(&step.key).cloned().unwrap_or_default();
    }
}

fn of_notebook(
    file: &NotebookFile,
    asked: &Run,
    place: impl Fn(&Cell) -> Option<DocumentCell>,
) -> Result<Vec<Step>, Failure> {
    let cells = &file.notebook.cells;
    if let Some(selection) = &asked.cells
        && usize::try_from(selection.last()).is_ok_and(|last| last > cells.len())
    {
        let (path, count) = (file.path.display(), cells.len());
        return Err(Failure::Usage(format!("there is no cell {} in {path}: it has {count}", selection.last())));
    }
    let language = asked.language.as_deref().map(Language::from_word);
    let chosen = |cell: &&Cell| {
        asked.cells.as_ref().is_none_or(|selection| selection.contains(cell.index))
            && language.as_ref().is_none_or(|language| cell.language == *language)
    };
    cells.iter().filter(chosen).map(|cell| of_cell(file, cell, asked, place(cell))).collect()
}

fn of_cell(file: &NotebookFile, cell: &Cell, asked: &Run, place: Option<DocumentCell>) -> Result<Step, Failure> {
    let (mut key, environment) = file.session_of(cell)?;
    if let Some(name) = &asked.session {
        key.name = session_name(name, &file.project.name)?;
    }
    let needs = all(file.notebook.needs_of(cell)?, asked.needs.clone().unwrap_or_default());
    let request = ExecuteRequest { cell: Some(file.cell_ref(cell)), ..ExecuteRequest::of(cell.code.clone()) };
    let environment = over(environment, &asked.environment);
    Ok(Step { cell: Some(cell.index), key, environment, needs, request, place })
}

/// Code without a notebook belongs to the project of the folder in which the command is given.
fn of_code(code: &str, asked: &Run) -> Result<Step, Failure> {
    let here = std::env::current_dir()?;
    let project = Project::of(&here.join("code"), None)?;
    let name = session_name(asked.session.as_deref().unwrap_or(DEFAULT_SESSION), &project.name)?;
    let language = Language::from_word(asked.language.as_deref().unwrap_or("python"));
    Ok(Step {
        cell: None,
        key: SessionKey { name, language },
        environment: over(Environment::default(), &asked.environment),
        needs: asked.needs.clone().unwrap_or_default(),
        request: ExecuteRequest::of(code),
        place: None,
    })
}

fn session_name(text: &str, project: &str) -> Result<SessionName, Failure> {
    let name = if text.contains(':') { text.parse() } else { SessionName::new(project, text) };
    name.map_err(|error| Failure::Usage(format!("--session: {error}")))
}

/// Flags over an environment; an empty text takes away what was there.
pub(super) fn over(environment: Environment, flags: &EnvironmentFlags) -> Environment {
    let put = |flag: &Option<String>, before: Option<String>| match flag {
        Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        None => before,
    };
    Environment {
        kernel: put(&flags.kernel, environment.kernel),
        venv: put(&flags.venv, environment.venv),
        cwd: put(&flags.cwd, environment.cwd),
    }
}

/// Whether a path is the same environment as another in all that was asked for.
pub(super) fn is_met(asked: &Environment, by: &Environment) -> bool {
    let met = |asked: &Option<String>, by: &Option<String>| {
        asked.as_ref().is_none_or(|asked| by.as_ref().is_some_and(|by| Path::new(asked) == Path::new(by)))
    };
    met(&asked.kernel, &by.kernel) && met(&asked.venv, &by.venv) && met(&asked.cwd, &by.cwd)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::arguments::{Arguments, Command};
    use super::*;

    const NOTEBOOK: &str = "---\nproject: thesis\nsession: {python: {name: analysis, venv: .venv}}\n---\n\
        ```python\n1\n```\n```r\n2\n```\n```python scratch\n3\n```\n";

    fn planned(flags: &[&str]) -> Result<Vec<Step>, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.md");
        std::fs::write(&path, NOTEBOOK).expect("notebook");
        let path = path.display().to_string();
        let line = ["wayfare", "run", &path].into_iter().chain(flags.iter().copied());
        match Arguments::try_parse_from(line).expect("arguments").command {
            Command::Run(run) => plan(&run).map_err(|failure| failure.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn shown(flags: &[&str]) -> Vec<String> {
        let steps = planned(flags).expect("a plan");
        steps.iter().map(|step| format!("{} {}", step.request.code.trim(), step.key)).collect()
    }

    #[test]
    fn every_cell_goes_to_the_session_that_the_notebook_says() {
        assert_eq!(shown(&[]), ["1 thesis:analysis (python)", "2 thesis:main (r)", "3 thesis:scratch (python)"]);
    }

    #[test]
    fn flags_choose_cells_language_and_session() {
        assert_eq!(shown(&["--cell", "2-3"]), ["2 thesis:main (r)", "3 thesis:scratch (python)"]);
        assert_eq!(shown(&["--language", "R"]), ["2 thesis:main (r)"]);
        assert_eq!(shown(&["--cell", "1", "--session", "x"]), ["1 thesis:x (python)"]);
        assert_eq!(shown(&["--cell", "1", "--session", "lab:x"]), ["1 lab:x (python)"]);
    }

    #[test]
    fn cells_of_a_document_are_named_by_where_they_begin() {
        let mut copy = Body::new(1);
        let insert = NOTEBOOK.replacen("project: thesis\n", "title: \u{1f680}\n", 1);
        copy.edit(&[wayfare_core::document::Edit::Splice { at: 0, delete: 0, insert: insert.clone() }])
            .expect("an edit");
        let file = NotebookFile::of_document("my lab", "a.md", &insert).expect("a notebook");
        let (project, document) = (ProjectId(uuid::Uuid::from_u128(1)), DocumentId(uuid::Uuid::from_u128(2)));
        let opened = Opened { project, document, copy, file };
        let line = ["wayfare", "run", "--document", "my lab/a.md", "--cell", "2-3"];
        let Command::Run(run) = Arguments::try_parse_from(line).expect("arguments").command else { panic!() };
        let steps = plan_document(&opened, &run).expect("a plan");
        let places: Vec<_> = steps.iter().filter_map(|step| Some(opened.copy.place_of(step.place?.begins))).collect();
        let at = |code: &str| wayfare_core::document::Place::At(insert.find(code).expect("a cell"));
        assert_eq!(places, [at("```r\n2"), at("```python scratch")]);
        assert_eq!(steps[0].key.name.to_string(), "my-lab:main");
        assert!(Arguments::try_parse_from(["wayfare", "run", "a.md", "--document", "lab/a.md"]).is_err());
    }

    #[test]
    fn flags_go_before_the_notebooks_environment() {
        let environment = |flags: &[&str]| planned(flags).expect("a plan")[0].environment.clone();
        assert_eq!(environment(&[]).venv.as_deref(), Some(".venv"));
        let changed = environment(&["--venv", "", "--cwd", "/w"]);
        assert_eq!((changed.venv, changed.cwd.as_deref()), (None, Some("/w")));
    }

    #[test]
    fn a_session_is_made_for_what_all_of_its_cells_need() {
        let text = "```python\n1\n```\n```python scratch\n2\n```\n```python main needs=gpu\n3\n```\n";
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.md");
        std::fs::write(&path, text).expect("notebook");
        let line = ["wayfare", "run", &path.display().to_string(), "--needs", "tag:lab"].map(str::to_owned);
        let Command::Run(run) = Arguments::try_parse_from(line).expect("arguments").command else { panic!() };
        let needs: Vec<_> =
            plan(&run).expect("a plan").into_iter().map(|step| (step.needs.gpu, step.needs.tags)).collect();
        let lab = vec!["lab".to_owned()];
        assert_eq!(needs, [(true, lab.clone()), (false, lab.clone()), (true, lab)]);
    }

    #[test]
    fn a_choice_of_what_is_not_there_is_refused() {
        assert!(planned(&["--cell", "4"]).expect_err("three cells").contains("no cell 4"));
        assert!(planned(&["--language", "julia"]).expect_err("none").contains("nothing to run"));
        assert!(planned(&["--session", "a b"]).expect_err("no name").contains("--session"));
    }
}
